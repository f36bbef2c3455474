//! WITH and RETURN: projection, aggregation, DISTINCT, ORDER BY, SKIP and LIMIT.

use std::sync::Arc;

use grism_core::Result;
use grism_logical::{LogicalExpr, LogicalPlan, SortKey};

use super::aggregation::{aggregate, replace};
use super::items::{Item, Order, bind_items, bind_order};
use super::row_count::row_count;
use crate::binder::clause::filter::filter;
use crate::binder::clause::rows::Rows;
use crate::binder::expression::{ExpressionBinder, ExpressionInput, Needs};
use crate::binder::names::{Scope, variables_of};
use crate::binder::{Notes, QueryContext};
use crate::syntax::{Expr, ExprKind, Projection, ProjectionItemKind};

/// What a projection stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProjectionKind {
    /// WITH: every expression has a name.
    With,
    /// RETURN: names come from the text.
    Return,
}

/// The rows after a projection, filtered by `predicate`.
pub(crate) fn project(
    context: QueryContext<'_>,
    notes: &mut Notes,
    mut rows: Rows,
    projection: &Projection,
    mut predicate: Option<&Expr>,
    kind: ProjectionKind,
) -> Result<Rows> {
    if let Some(early) = predicate
        && projection.distinct
        && projection.limit.is_none()
        && projection.skip.is_none()
        && reads_before(&rows.scope, early, projection)
    {
        // Rows are dropped before they are put together, which comes to the same for what is projected.
        rows = filter(context, notes, rows, early)?;
        predicate = None;
    }
    let mut needs = Needs::of_projection();
    let columns = rows.plan.schema()?;
    let input = ExpressionInput::new(&rows.scope, &columns);
    let mut binder = ExpressionBinder::new(context, notes, input, &mut needs);
    let mut items = bind_items(&mut binder, projection, kind)?;
    let item_aggregates = binder.needs.aggregate_count();
    let mut order = ordered(context, notes, input, &mut needs, projection, &items)?;
    let (aggregates, above) = needs.take_aggregation();
    rows = rows.with_needs(&mut needs)?;
    if !aggregates.is_empty() {
        let plan = aggregate(
            context, rows.plan, &mut items, &mut order, aggregates, above,
        )?;
        rows = Rows::new(plan, rows.scope);
    }
    // A predicate may name what the projection drops, unless rows were put together.
    let hidden = if predicate.is_some() && item_aggregates == 0 {
        let variables = rows.scope.variables.iter();
        variables.map(|own| own.column.clone()).collect()
    } else {
        Vec::new()
    };
    let listed = Listed {
        items: &items,
        order,
        distinct: projection.distinct,
        hidden: &hidden,
    };
    rows.plan = projected(context, notes, rows.plan, listed)?;
    rows.plan = limited(context, notes, rows.plan, projection)?;
    let columns: Vec<String> = items.iter().map(|item| item.column.clone()).collect();
    let mut scope = Scope::default();
    for item in &items {
        scope.put(&item.name, &item.column, item.ty.clone());
    }
    let mut rows = Rows::new(rows.plan, rows.scope);
    if let Some(predicate) = predicate {
        show_hidden(&mut rows, &columns, &scope)?;
        rows = filter(context, notes, rows, predicate)?;
    }
    Ok(Rows::new(rows.plan.keep_columns(&columns)?, scope))
}

/// What the projection orders by; it may name the items.
fn ordered(
    context: QueryContext<'_>,
    notes: &mut Notes,
    input: ExpressionInput<'_>,
    needs: &mut Needs,
    projection: &Projection,
    items: &[Item],
) -> Result<Vec<Order>> {
    let item_aggregates = needs.aggregate_count();
    let aliases: Vec<(String, LogicalExpr)> = items
        .iter()
        .map(|item| (item.name.clone(), item.expression.clone()))
        .collect();
    let input = ExpressionInput {
        aliases: &aliases,
        ..input
    };
    let mut binder = ExpressionBinder::new(context, notes, input, needs);
    let order = bind_order(&mut binder, projection)?;
    if item_aggregates == 0 && binder.needs.aggregate_count() > 0 {
        let span = order.first().map_or(projection.span, |order| order.span);
        let message = "ORDER BY cannot aggregate where the projection does not";
        return Err(context
            .source
            .invalid(message, span)
            .with_code("SyntaxError:InvalidAggregation"));
    }
    Ok(order)
}

/// Whether the expression names a variable that the projection does not hand on.
fn reads_before(scope: &Scope, expression: &Expr, projection: &Projection) -> bool {
    let kept = |name: &str| {
        projection.items.iter().any(|item| match &item.kind {
            ProjectionItemKind::Expression { expression, alias } => {
                match (alias, &expression.kind) {
                    (Some(alias), _) => alias.text == name,
                    (None, ExprKind::Variable(own)) => own.text == name,
                    _ => false,
                }
            }
            _ => true,
        })
    };
    variables_of(expression)
        .iter()
        .any(|name| scope.find(name).is_some() && !kept(name))
}

/// Lets WHERE see the variables before the projection too, but for those that a new one hides.
fn show_hidden(rows: &mut Rows, columns: &[String], projected: &Scope) -> Result<()> {
    let known = rows.plan.schema()?;
    rows.scope
        .variables
        .retain(|variable| known.contains(&variable.column) && !columns.contains(&variable.column));
    for variable in &projected.variables {
        rows.scope
            .put(&variable.name, &variable.column, variable.ty.clone());
    }
    Ok(())
}

/// What a projection lists.
struct Listed<'i> {
    items: &'i [Item],
    order: Vec<Order>,
    distinct: bool,
    /// Columns that the predicate may read beside them.
    hidden: &'i [String],
}

fn projected(
    context: QueryContext<'_>,
    notes: &mut Notes,
    plan: LogicalPlan,
    listed: Listed<'_>,
) -> Result<LogicalPlan> {
    let distinct = listed.distinct;
    let shown: Vec<(LogicalExpr, String)> = listed
        .items
        .iter()
        .map(|item| (item.expression.clone(), item.column.clone()))
        .collect();
    let mut expressions = shown.clone();
    for column in listed.hidden {
        if !distinct && !shown.iter().any(|(_, own)| own == column) {
            expressions.push((LogicalExpr::column(column), column.clone()));
        }
    }
    let mut keys = Vec::new();
    for key in listed.order {
        let known = shown.iter().find(|(own, _)| own == &key.expression);
        let expression = match known {
            Some((_, column)) => LogicalExpr::Column(column.clone()),
            None if distinct => over_distinct(context, &key, &shown)?,
            None => {
                let column = notes.fresh("order");
                expressions.push((key.expression, column.clone()));
                LogicalExpr::Column(column)
            }
        };
        keys.push(SortKey {
            expression,
            descending: key.descending,
        });
    }
    let mut plan = LogicalPlan::Project {
        input: Arc::new(plan),
        expressions,
    };
    if distinct {
        plan = LogicalPlan::Distinct {
            input: Arc::new(plan),
        };
    }
    if !keys.is_empty() {
        plan = LogicalPlan::Sort {
            input: Arc::new(plan),
            keys,
            fetch: None,
        };
    }
    Ok(plan)
}

/// A key of ORDER BY over the different rows of what is shown.
fn over_distinct(
    context: QueryContext<'_>,
    key: &Order,
    shown: &[(LogicalExpr, String)],
) -> Result<LogicalExpr> {
    let rewritten = replace(&key.expression, shown);
    let known = |column: &String| shown.iter().any(|(_, own)| own == column);
    if rewritten.columns().iter().all(known) {
        return Ok(rewritten);
    }
    let message = "after DISTINCT, ORDER BY can only name the columns that are returned";
    Err(context
        .source
        .invalid(message, key.span)
        .with_code("SyntaxError:UndefinedVariable"))
}

/// SKIP and LIMIT.
fn limited(
    context: QueryContext<'_>,
    notes: &mut Notes,
    plan: LogicalPlan,
    projection: &Projection,
) -> Result<LogicalPlan> {
    if projection.skip.is_none() && projection.limit.is_none() {
        return Ok(plan);
    }
    let columns = plan.schema()?;
    let skip = row_count(context, notes, &columns, projection.skip.as_ref(), "SKIP")?;
    let fetch = row_count(context, notes, &columns, projection.limit.as_ref(), "LIMIT")?;
    Ok(LogicalPlan::Limit {
        input: Arc::new(plan),
        skip: skip.unwrap_or(0),
        fetch,
    })
}
