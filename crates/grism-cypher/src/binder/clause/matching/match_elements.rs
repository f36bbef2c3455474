//! The elements of a pattern whose steps are of one kind each, planned on top of the rows.

use grism_core::{Result, Type};

use super::plan_graph::plan_graph;
use crate::binder::clause::filter::{filter, keep};
use crate::binder::clause::rows::{Rows, with_column};
use crate::binder::expression::{ExpressionBinder, ExpressionInput, Needs};
use crate::binder::names::column_for;
use crate::binder::pattern::{
    BoundPattern, Elements, Incidences, StepKind, bind_elements, distinct_entities, late_condition,
    path_value,
};
use crate::binder::{Notes, QueryContext};
use crate::syntax::Expr;

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
    let wheres = pattern.elements.wheres.iter().copied();
    let predicates: Vec<&Expr> = wheres.chain(predicate).collect();
    let mut rows = plan_graph(context, notes, rows, graph, bound.conditions, &predicates)?;
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
        let plan = with_column(rows.plan, path_value(path, &pattern).named(&column))?;
        rows = Rows::new(plan, rows.scope);
        rows.scope.put(name, &column, Type::Path);
    }
    for predicate in predicates {
        rows = filter(context, notes, rows, predicate)?;
    }
    Ok((rows, pattern))
}
