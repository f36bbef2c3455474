//! MATCH: the graph of a pattern is planned on top of the rows, and filtered.

use grism_core::Result;
use grism_logical::ApplyKind;

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
    let outer_columns = rows.plan.schema()?;
    let inner = Rows::argument(outer_columns.clone(), rows.scope.clone());
    let inner = match_pattern(context, notes, inner, pattern, predicate)?;
    // Internal columns of the optional part end here.
    let mut names: Vec<String> = outer_columns.names().map(str::to_owned).collect();
    for variable in &inner.scope.variables {
        if !names.contains(&variable.column) {
            names.push(variable.column.clone());
        }
    }
    let subplan = inner.plan.keep_columns(&names)?;
    let plan = rows.applied(subplan, ApplyKind::Optional).plan;
    Ok(Rows::new(plan, inner.scope))
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
