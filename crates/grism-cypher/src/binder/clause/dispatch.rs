//! One clause that reads, whatever it is.

use grism_core::{Result, with_stack};

use super::call::bind_call;
use super::call_subquery::call_subquery;
use super::load_rows::load_rows;
use super::matching::match_clause;
use super::projection::{ProjectionKind, project};
use super::rows::Rows;
use super::unwind::unwind;
use crate::binder::{Notes, QueryContext};
use crate::syntax::{Clause, ClauseKind};

/// The rows after a clause that is not the last RETURN.
pub(crate) fn bind_clause(
    context: QueryContext<'_>,
    notes: &mut Notes,
    rows: Rows,
    clause: &Clause,
) -> Result<Rows> {
    // Clauses nest in subqueries.
    with_stack(|| bind_kind(context, notes, rows, clause))
}

fn bind_kind(
    context: QueryContext<'_>,
    notes: &mut Notes,
    rows: Rows,
    clause: &Clause,
) -> Result<Rows> {
    let name = match &clause.kind {
        ClauseKind::Match(matched) => return match_clause(context, notes, rows, matched),
        ClauseKind::Unwind(own) => return unwind(context, notes, rows, own),
        ClauseKind::With(with) => {
            let predicate = with.predicate.as_ref();
            let kind = ProjectionKind::With;
            return project(context, notes, rows, &with.projection, predicate, kind);
        }
        ClauseKind::Return(_) => {
            return Err(context
                .source
                .invalid("RETURN must be the last clause", clause.span));
        }
        ClauseKind::LoadRows(load) => return load_rows(context, notes, rows, load),
        ClauseKind::Call(call) => {
            return bind_call(context, notes, rows, call, clause.span, false);
        }
        ClauseKind::Create(_) => "CREATE within a query that reads",
        ClauseKind::Merge(_) => "MERGE within a query that reads",
        ClauseKind::Delete(_) => "DELETE within a query that reads",
        ClauseKind::Set(_) => "SET within a query that reads",
        ClauseKind::Remove(_) => "REMOVE within a query that reads",
        ClauseKind::Subquery(subquery) if !subquery.query.writes() => {
            return call_subquery(context, notes, rows, subquery);
        }
        ClauseKind::Subquery(_) => "CALL { … } that writes",
        ClauseKind::Foreach(_) => "FOREACH",
    };
    Err(context.source.unsupported(name, clause.span))
}
