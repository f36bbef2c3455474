//! WITH and RETURN: projection, aggregation, DISTINCT, ORDER BY, SKIP and LIMIT.

use grism_core::Result;
use grism_logical::{LogicalExpr, LogicalPlan, NamedExpr, SharedPlan, SortKey};

use super::aggregation::aggregate;
use super::early::{lists_aggregates, split};
use super::items::{Item, Order, ProjectionKind, bind_items, bind_order};
use super::order::{bind_aggregates, looks_from_columns, over_columns, sorted};
use super::row_count::row_count;
use crate::binder::clause::filter::filter;
use crate::binder::clause::rows::Rows;
use crate::binder::expression::{ExpressionBinder, ExpressionInput, Needs};
use crate::binder::names::Scope;
use crate::binder::{Notes, QueryContext};
use crate::projected::Projected;
use crate::syntax::{Expr, Projection};

/// The rows after a projection, filtered by `predicate`.
pub(crate) fn project(
    context: QueryContext<'_>,
    notes: &mut Notes,
    mut rows: Rows,
    projection: &Projection,
    predicate: Option<&Expr>,
    kind: ProjectionKind,
) -> Result<Rows> {
    let puts_together = projection.distinct || lists_aggregates(projection);
    let repeated = Projected::new(context.source, projection);
    let mut predicates: Vec<Expr> = Vec::new();
    match predicate {
        Some(own) if puts_together => {
            let parts = split(&rows.scope, own, projection, &repeated);
            for early in &parts.early {
                rows = filter(context, notes, rows, early)?;
            }
            predicates = parts.late;
        }
        own => predicates.extend(own.cloned()),
    }
    let mut needs = Needs::of_projection();
    let columns = rows.plan.schema()?;
    let input = ExpressionInput::new(&rows.scope, &columns);
    let mut binder = ExpressionBinder::new(context, notes, input, &mut needs);
    let mut items = bind_items(&mut binder, projection, kind)?;
    let shown: Vec<String> = items.iter().map(|item| item.column.clone()).collect();
    let mut keys = Vec::new();
    let mut order = Vec::new();
    if puts_together || looks_from_columns(projection, &items) {
        keys = over_columns(projection, &repeated);
        if !projection.distinct && binder.needs.aggregate_count() > 0 {
            items.extend(bind_aggregates(&mut binder, &mut keys)?);
        }
    } else {
        order = ordered(context, notes, input, &mut needs, projection, &items)?;
    }
    let (aggregates, above) = needs.take_aggregation();
    rows = rows.with_needs(&mut needs)?;
    if !aggregates.is_empty() {
        let plan = aggregate(
            context, rows.plan, &mut items, &mut order, aggregates, above,
        )?;
        rows = Rows::new(plan, rows.scope);
    }
    // What is behind the projection may name what it drops, unless rows were put together.
    let hidden = if puts_together || predicates.is_empty() && keys.is_empty() {
        Vec::new()
    } else {
        variables_of_rows(&rows)
    };
    let listed = Listed {
        items: &items,
        order,
        distinct: projection.distinct,
        hidden: &hidden,
    };
    let plan = projected(notes, rows.plan, listed);
    let mut rows = Rows::new(plan, rows.scope);
    let scope = scope_of(&items);
    show_hidden(&mut rows, &scope)?;
    rows = sorted(context, notes, rows, &keys)?;
    rows.plan = limited(context, notes, rows.plan, projection)?;
    for predicate in &predicates {
        rows = filter(context, notes, rows, predicate)?;
    }
    items.truncate(shown.len());
    Ok(Rows::new(rows.plan.keep_columns(&shown)?, scope_of(&items)))
}

/// The variables that items become.
fn scope_of(items: &[Item]) -> Scope {
    let mut scope = Scope::default();
    for item in items {
        scope.put(&item.name, &item.column, item.ty.clone());
    }
    scope
}

/// The columns of the variables.
fn variables_of_rows(rows: &Rows) -> Vec<String> {
    let variables = rows.scope.variables.iter();
    variables.map(|own| own.column.clone()).collect()
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
    let aliases: Vec<NamedExpr> = items
        .iter()
        .map(|item| item.expression.clone().named(&item.name))
        .collect();
    let input = ExpressionInput {
        aliases: &aliases,
        ..input
    };
    let mut binder = ExpressionBinder::new(context, notes, input, needs);
    let order = bind_order(&mut binder, &projection.order_by)?;
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

/// Lets what is behind the projection see the variables before it too, but for those that a new one hides.
fn show_hidden(rows: &mut Rows, projected: &Scope) -> Result<()> {
    let known = rows.plan.schema()?;
    let is_new = |column: &str| projected.variables.iter().any(|own| own.column == column);
    rows.scope
        .variables
        .retain(|variable| known.contains(&variable.column) && !is_new(&variable.column));
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

fn projected(notes: &mut Notes, plan: LogicalPlan, listed: Listed<'_>) -> LogicalPlan {
    let distinct = listed.distinct;
    let shown: Vec<NamedExpr> = listed
        .items
        .iter()
        .map(|item| item.expression.clone().named(&item.column))
        .collect();
    let mut expressions = shown.clone();
    for column in listed.hidden {
        if !distinct && !shown.iter().any(|own| &own.name == column) {
            expressions.push(NamedExpr::column(column));
        }
    }
    let mut keys = Vec::new();
    for key in listed.order {
        let known = shown.iter().find(|own| own.expression == key.expression);
        let expression = match known {
            Some(own) => LogicalExpr::column(&own.name),
            None => {
                let column = notes.fresh("order");
                expressions.push(key.expression.named(&column));
                LogicalExpr::Column(column)
            }
        };
        keys.push(SortKey {
            expression,
            descending: key.descending,
        });
    }
    let mut plan = LogicalPlan::Project {
        input: SharedPlan::new(plan),
        expressions,
    };
    if distinct {
        plan = LogicalPlan::Distinct {
            input: SharedPlan::new(plan),
        };
    }
    if !keys.is_empty() {
        plan = LogicalPlan::Sort {
            input: SharedPlan::new(plan),
            keys,
            fetch: None,
        };
    }
    plan
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
        input: SharedPlan::new(plan),
        skip: skip.unwrap_or(0),
        fetch,
    })
}
