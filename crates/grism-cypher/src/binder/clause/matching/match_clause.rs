//! MATCH: the graph of a pattern is planned on top of the rows, and filtered.

use grism_core::{Result, Type};
use grism_logical::ApplyKind;

use super::choices::match_choices;
use super::plan_graph::plan_graph;
use crate::binder::clause::filter::{filter, keep};
use crate::binder::clause::rows::{Rows, with_column};
use crate::binder::expression::{ExpressionBinder, ExpressionInput, Needs};
use crate::binder::names::column_for;
use crate::binder::pattern::{
    BoundPattern, Elements, Incidences, StepKind, bind_elements, choices, distinct_entities,
    late_condition, path_value, take_apart,
};
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

/// Plans the elements of a pattern whose steps are of these kinds on top of the rows.
pub(super) fn match_elements<'p>(
    context: QueryContext<'_>,
    notes: &mut Notes,
    rows: Rows,
    elements: Elements<'p>,
    kinds: &[StepKind],
    predicate: Option<&Expr>,
    incidences: Incidences,
) -> Result<(Rows, BoundPattern<'p>)> {
    let columns = rows.plan.schema()?;
    let scope = &rows.scope;
    let mut bound = bind_elements(context, notes, scope, &columns, elements, kinds, incidences)?;
    let mut rows = rows.with_needs(&mut bound.needs)?;
    rows.scope = bound.scope;
    let pattern = bound.pattern;
    let graph = pattern.graph.clone();
    let mut rows = plan_graph(context, notes, rows, graph, bound.conditions, predicate)?;
    for late in &bound.late {
        let (columns, mut needs) = (rows.plan.schema()?, Needs::default());
        let input = ExpressionInput::new(&rows.scope, &columns);
        let mut binder = ExpressionBinder::new(context, notes, input, &mut needs);
        let condition = late_condition(&mut binder, late)?;
        rows = keep(rows.with_needs(&mut needs)?, vec![condition]);
    }
    for (mode, items) in &pattern.elements.modes {
        rows = keep(rows, distinct_entities(notes, *mode, items, &pattern));
    }
    for path in &pattern.elements.paths {
        let name = &path.name.text;
        let column = column_for(name);
        let plan = with_column(rows.plan, path_value(path, &pattern), column.clone())?;
        rows = Rows::new(plan, rows.scope);
        rows.scope.put(name, &column, Type::Path);
    }
    for predicate in pattern.elements.wheres.iter().copied().chain(predicate) {
        rows = filter(context, notes, rows, predicate)?;
    }
    Ok((rows, pattern))
}
