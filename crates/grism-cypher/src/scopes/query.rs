//! Queries: their branches, the clauses of each, and with what a query may end.

use grism_core::{GraphSchema, Result};

use super::known::Known;
use crate::binder::Scope;
use crate::source::Source;
use crate::syntax::{Clause, ClauseKind, Query, SingleQuery, SubqueryClause};

/// With what a query may end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// With RETURN, with a clause that writes, or with a call that needs no RETURN.
    Complete,
    /// With any clause: what the rows hold is for what comes after, or of no account.
    Open,
}

/// What every check of a query may read.
#[derive(Clone, Copy)]
pub(super) struct Checker<'a> {
    pub(super) source: Source<'a>,
    pub(super) schema: &'a GraphSchema,
}

/// Checks the variables of a query over rows with the variables of `scope`.
///
/// # Errors
/// `InvalidQuery` with the place and the code of what is wrong.
pub(crate) fn check_scopes(
    source: Source<'_>,
    schema: &GraphSchema,
    query: &Query,
    scope: &Scope,
    ending: Ending,
) -> Result<()> {
    let checker = Checker { source, schema };
    let known = Known::of_scope(scope);
    checker.query(&known, query, ending)
}

impl Checker<'_> {
    /// A query whose branches see these variables.
    pub(super) fn query(self, known: &Known, query: &Query, ending: Ending) -> Result<()> {
        for branch in query.branches() {
            self.branch(known.clone(), branch, &branch.clauses, ending)?;
        }
        self.unions(query)
    }

    /// The branches of a query are joined alike: by UNION or by UNION ALL, with RETURN at the end of all or of none.
    pub(super) fn unions(self, query: &Query) -> Result<()> {
        let ends = |branch: &SingleQuery| ends_with_return(&branch.clauses);
        for union in &query.unions {
            let message = if union.all != query.unions[0].all {
                "UNION and UNION ALL cannot be mixed in one query"
            } else if query.writes() && ends(&union.query) != ends(&query.head) {
                "the branches of a UNION all end with RETURN, or none does"
            } else {
                continue;
            };
            return Err(self
                .source
                .invalid(message, union.span)
                .with_code("SyntaxError:InvalidClauseComposition"));
        }
        Ok(())
    }

    /// Clauses of a branch; the variables after them, which are those of its RETURN where it has one.
    pub(super) fn branch(
        self,
        mut known: Known,
        branch: &SingleQuery,
        clauses: &[Clause],
        ending: Ending,
    ) -> Result<Known> {
        for (index, clause) in clauses.iter().enumerate() {
            let is_last = index + 1 == clauses.len();
            if let ClauseKind::Return(projection) = &clause.kind {
                if !is_last {
                    return Err(self
                        .source
                        .invalid("RETURN must be the last clause", clause.span)
                        .with_code("SyntaxError:InvalidClauseComposition"));
                }
                return self.projection(&known, projection, None);
            }
            self.clause(&mut known, clause)?;
            if yields_all(clause) {
                // The columns of `*` are known to the procedure alone, and the binder refuses a clause behind it.
                return Ok(known);
            }
        }
        if ending == Ending::Complete && !is_complete(clauses) {
            let span = clauses.last().map_or(branch.span, |clause| clause.span);
            return Err(self
                .source
                .invalid("a query that reads must end with RETURN", span)
                .with_code("SyntaxError:InvalidClauseComposition"));
        }
        Ok(known)
    }
}

/// Whether a query may end with the last of these clauses, which is no RETURN.
fn is_complete(clauses: &[Clause]) -> bool {
    match clauses.last().map(|clause| &clause.kind) {
        Some(ClauseKind::Call(call)) => call.yields.is_none() || clauses.len() == 1,
        Some(ClauseKind::Subquery(subquery)) => !returns(subquery),
        Some(
            ClauseKind::Match(_)
            | ClauseKind::Unwind(_)
            | ClauseKind::With(_)
            | ClauseKind::LoadRows(_),
        )
        | None => false,
        Some(_) => true,
    }
}

/// Whether the clause is `CALL … YIELD *`.
const fn yields_all(clause: &Clause) -> bool {
    let ClauseKind::Call(call) = &clause.kind else {
        return false;
    };
    matches!(&call.yields, Some(yields) if yields.items.is_none())
}

/// Whether a subquery gives columns.
pub(super) fn returns(subquery: &SubqueryClause) -> bool {
    ends_with_return(&subquery.query.head.clauses)
}

fn ends_with_return(clauses: &[Clause]) -> bool {
    let last = clauses.last().map(|clause| &clause.kind);
    matches!(last, Some(ClauseKind::Return(_)))
}
