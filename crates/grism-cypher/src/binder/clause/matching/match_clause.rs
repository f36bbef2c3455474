//! MATCH: the graph of a pattern is planned on top of the rows, and filtered.

use grism_core::Result;

use super::choices::match_choices;
use super::match_elements::match_elements;
use crate::binder::clause::rows::Rows;
use crate::binder::expression::{ExpressionBinder, ExpressionInput, Needs};
use crate::binder::pattern::{Incidences, choices, take_apart};
use crate::binder::{Notes, QueryContext};
use crate::syntax::{Expr, MatchClause, Pattern};

/// MATCH and OPTIONAL MATCH.
pub(in crate::binder::clause) fn match_clause(
    context: QueryContext<'_>,
    notes: &mut Notes,
    rows: Rows,
    matched: &MatchClause,
) -> Result<Rows> {
    let (pattern, predicate) = (&matched.pattern, matched.predicate.as_ref());
    if !matched.optional {
        return match_pattern(context, notes, rows, pattern, predicate);
    }
    let inner = Rows::argument(rows.plan.schema()?, rows.scope.clone());
    let inner = match_pattern(context, notes, inner, pattern, predicate)?;
    rows.with_optional(inner)
}

/// Plans `pattern` on top of the rows and filters by its properties, its uniqueness and `predicate`.
pub(crate) fn match_pattern(
    context: QueryContext<'_>,
    notes: &mut Notes,
    rows: Rows,
    pattern: &Pattern,
    predicate: Option<&Expr>,
) -> Result<Rows> {
    let (columns, mut needs) = (rows.plan.schema()?, Needs::default());
    let input = ExpressionInput::new(&rows.scope, &columns);
    let mut binder = ExpressionBinder::new(context, notes, input, &mut needs);
    let mut elements = take_apart(&mut binder, pattern)?;
    let mut choices = choices(context, notes, &elements.entities, &elements.steps)?;
    let rows = rows.with_needs(&mut needs)?;
    if choices.len() > 1 {
        return match_choices(context, notes, rows, &elements, &choices, predicate);
    }
    let choice = choices.swap_remove(0);
    elements.entities = choice.entities;
    let incidences = Incidences::Needed;
    let kinds = &choice.kinds;
    match_elements(context, notes, rows, elements, kinds, predicate, incidences)
        .map(|(rows, _)| rows)
}
