//! Clauses that run clauses of their own for each row: FOREACH, and subqueries that write.

use grism_core::{Error, Result};

use crate::binder::{BindContext, imported_scope, row_count};
use crate::query::{BindState, Query, QueryPart};
use crate::source::Source;
use crate::syntax::{
    self, Clause, ClauseKind, Expr, ExprKind, ForeachClause, SetItem, SetItemKind, SingleQuery,
    Span, SubqueryClause, UnwindClause, Visitor, walk_clause, walk_expr,
};

/// Rows of a batch of `IN TRANSACTIONS` that says no number.
const DEFAULT_BATCH: usize = 1000;

/// What a FOREACH or a subquery runs for each row.
#[derive(Clone, Debug)]
pub struct NestedQuery {
    /// Its clauses as a query of its own.
    pub query: Query,
    /// The variables that each of its branches sees; the rows it runs on have their columns alone.
    pub states: Vec<BindState>,
    /// Whether each element of a list is a row to run the clauses after the first for, and rows stay as they are.
    pub is_foreach: bool,
    /// Whether one row may see what was written for one before it, so that rows are run one after the other.
    pub by_row: bool,
    /// Whether it returns rows.
    pub returns: bool,
    /// Whether a row for which it returns none stays.
    pub optional: bool,
    /// How many rows one transaction takes; `None` where all are one.
    pub transaction_rows: Option<usize>,
}

impl Query {
    /// The clause `clause`, which runs clauses of its own, on top of what is bound so far.
    ///
    /// # Errors
    /// `InvalidQuery` with the place of what is wrong.
    pub fn bind_nested(
        &self,
        branch: usize,
        clause: usize,
        state: &BindState,
        context: BindContext<'_>,
    ) -> Result<NestedQuery> {
        let clause = self.clause(branch, clause);
        match &clause.kind {
            ClauseKind::Foreach(foreach) => Ok(self.nested_foreach(foreach, clause.span, state)),
            ClauseKind::Subquery(subquery) => self.nested_subquery(subquery, state, context),
            _ => Err(Error::internal("a clause without clauses of its own")),
        }
    }

    fn nested_foreach(
        &self,
        foreach: &ForeachClause,
        span: Span,
        state: &BindState,
    ) -> NestedQuery {
        let unwind = Clause {
            kind: ClauseKind::Unwind(UnwindClause {
                expression: foreach.list.clone(),
                variable: foreach.variable.clone(),
            }),
            span: foreach.list.span,
        };
        let mut clauses = vec![unwind];
        clauses.extend(foreach.clauses.iter().cloned());
        NestedQuery {
            by_row: !is_order_free(&clauses[1..]),
            query: self.nested(of_clauses(clauses, span)),
            states: vec![state.clone()],
            is_foreach: true,
            returns: false,
            optional: false,
            transaction_rows: None,
        }
    }

    fn nested_subquery(
        &self,
        subquery: &SubqueryClause,
        state: &BindState,
        context: BindContext<'_>,
    ) -> Result<NestedQuery> {
        let source = Source::new(self.input());
        let context = self.context(context);
        let transaction_rows = match &subquery.transactions {
            None => None,
            Some(transactions) => {
                let (columns, rows) = (&state.columns, transactions.rows.as_ref());
                let rows = row_count(context, &mut state.notes(), columns, rows, "OF … ROWS")?;
                match rows {
                    Some(0) => {
                        let message = "a transaction takes one row at least";
                        return Err(source.invalid(message, transactions.span));
                    }
                    rows => Some(rows.unwrap_or(DEFAULT_BATCH)),
                }
            }
        };
        let mut states = Vec::new();
        let mut branches = Vec::new();
        for branch in subquery.query.branches() {
            let (scope, imports) = imported_scope(context, &state.scope, subquery, branch)?;
            let mut columns = grism_logical::PlanSchema::default();
            for variable in &scope.variables {
                if let Some(column) = state.columns.find(&variable.column) {
                    columns.put(column.clone());
                }
            }
            states.push(BindState {
                scope,
                columns,
                counter: state.counter,
            });
            branches.push(branch.clauses[imports..].to_vec());
        }
        let returns = branches.iter().all(|clauses| {
            let last = clauses.last().map(|clause| &clause.kind);
            matches!(last, Some(ClauseKind::Return(_)))
        });
        Ok(NestedQuery {
            by_row: returns || branches.len() > 1 || !is_order_free(&branches[0]),
            query: self.nested(with_branches(&subquery.query, branches)),
            states,
            is_foreach: false,
            returns,
            optional: subquery.optional,
            transaction_rows,
        })
    }

    /// The clause that commits as it goes on; `None` where the query is one transaction.
    ///
    /// # Errors
    /// `InvalidQuery` where something is written outside of it, where it is not the only one, or where it stands within
    /// another clause or in a branch of a UNION.
    pub fn transactions(&self) -> Result<Option<usize>> {
        let mut all = InTransactions(Vec::new());
        all.visit_query(self.syntax());
        let Some(span) = all.0.first().copied() else {
            return Ok(None);
        };
        let invalid = |message: &str| Err(Source::new(self.input()).invalid(message, span));
        let (mut found, mut written) = (None, self.branches() > 1 || all.0.len() > 1);
        for part in self.parts(0) {
            let (QueryPart::Write { clause, .. } | QueryPart::Nested { clause }) = part else {
                continue;
            };
            match &self.clause(0, clause).kind {
                ClauseKind::Subquery(subquery) if subquery.transactions.is_some() => {
                    found = Some(clause);
                }
                _ => written = true,
            }
        }
        if found.is_none() {
            return invalid(
                "IN TRANSACTIONS commits as it goes on, so its subquery stands in no other clause and in no branch of a UNION",
            );
        }
        if written {
            return invalid("a query with IN TRANSACTIONS writes nothing outside of that subquery");
        }
        Ok(found)
    }
}

/// Finds where IN TRANSACTIONS is written.
struct InTransactions(Vec<Span>);

impl<'a> Visitor<'a> for InTransactions {
    fn visit_clause(&mut self, clause: &'a Clause) {
        if let ClauseKind::Subquery(subquery) = &clause.kind
            && let Some(transactions) = &subquery.transactions
        {
            self.0.push(transactions.span);
        }
        walk_clause(self, clause);
    }
}

fn of_clauses(clauses: Vec<Clause>, span: Span) -> syntax::Query {
    syntax::Query {
        head: SingleQuery { clauses, span },
        unions: Vec::new(),
        span,
    }
}

/// The query with other clauses in each of its branches.
fn with_branches(query: &syntax::Query, branches: Vec<Vec<Clause>>) -> syntax::Query {
    let mut query = query.clone();
    let unions = query.unions.iter_mut().map(|union| &mut union.query);
    let own = std::iter::once(&mut query.head).chain(unions);
    for (branch, clauses) in own.zip(branches) {
        branch.clauses = clauses;
    }
    query
}

/// Whether the clauses give the same for all rows at once as for one row after the other: they read nothing that they write.
fn is_order_free(clauses: &[Clause]) -> bool {
    let mut kinds = clauses.iter().filter_map(|clause| match &clause.kind {
        ClauseKind::Unwind(_) | ClauseKind::With(_) => None,
        ClauseKind::Create(_) => Some(Some("create")),
        ClauseKind::Set(items) if items.iter().all(sets_known_value) => Some(Some("set")),
        ClauseKind::Merge(merge) if merge.actions.is_empty() => Some(Some("merge")),
        _ => Some(None),
    });
    let Some(first) = kinds.next() else {
        return true;
    };
    // One merge after another may look for what the first one makes.
    let alone = first != Some("merge");
    first.is_some() && kinds.all(|kind| alone && kind == first) && !asks_the_graph(clauses)
}

/// Whether the value of an item of SET does not depend on the graph.
fn sets_known_value(item: &SetItem) -> bool {
    struct Reads(bool);
    impl<'a> Visitor<'a> for Reads {
        fn visit_expr(&mut self, expression: &'a Expr) {
            self.0 |= matches!(
                expression.kind,
                ExprKind::Property { .. } | ExprKind::Function(_) | ExprKind::Index { .. }
            );
            walk_expr(self, expression);
        }
    }
    let SetItemKind::Property { value, .. } = &item.kind else {
        return false;
    };
    let mut reads = Reads(false);
    reads.visit_expr(value);
    !reads.0
}

/// Whether a pattern or a subquery stands in an expression of the clauses.
fn asks_the_graph(clauses: &[Clause]) -> bool {
    struct Finder(bool);
    impl<'a> Visitor<'a> for Finder {
        fn visit_clause(&mut self, clause: &'a Clause) {
            self.0 |= matches!(
                clause.kind,
                ClauseKind::Match(_) | ClauseKind::Call(_) | ClauseKind::LoadRows(_)
            );
            walk_clause(self, clause);
        }

        fn visit_expr(&mut self, expression: &'a Expr) {
            self.0 |= matches!(
                expression.kind,
                ExprKind::Pattern(_) | ExprKind::PatternComprehension(_) | ExprKind::Subquery(_)
            );
            walk_expr(self, expression);
        }
    }
    let mut finder = Finder(false);
    clauses
        .iter()
        .for_each(|clause| finder.visit_clause(clause));
    finder.0
}
