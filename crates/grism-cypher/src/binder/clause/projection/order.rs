//! ORDER BY over the columns of a projection, which may repeat what it lists.

use grism_core::Result;
use grism_logical::{LogicalExpr, LogicalPlan, SharedPlan, SortKey};

use super::items::{Item, bind_order};
use crate::binder::clause::rows::{Rows, with_column};
use crate::binder::expression::{ExpressionBinder, ExpressionInput, Needs, bind_expression};
use crate::binder::{Notes, QueryContext};
use crate::projected::{Projected, names_in};
use crate::syntax::{Expr, ExprKind, Name, OrderItem, Projection, Visitor, walk_expr};

/// What a projection orders by, with the columns in place of what it repeats of the list.
pub(super) fn over_columns(projection: &Projection, projected: &Projected<'_>) -> Vec<OrderItem> {
    let items = projection.order_by.iter();
    let items = items.map(|item| OrderItem {
        expression: projected.replaced(&item.expression),
        ..item.clone()
    });
    items.collect()
}

/// Whether ORDER BY looks at the graph from a column of the projection, which is there behind it only.
pub(super) fn looks_from_columns(projection: &Projection, items: &[Item]) -> bool {
    struct Finder(Vec<String>);
    impl<'ast> Visitor<'ast> for Finder {
        fn visit_expr(&mut self, expression: &'ast Expr) {
            match &expression.kind {
                ExprKind::Subquery(_)
                | ExprKind::Pattern(_)
                | ExprKind::PatternComprehension(_) => {
                    self.0.extend(names_in(expression));
                }
                _ => walk_expr(self, expression),
            }
        }
    }
    let mut finder = Finder(Vec::new());
    for item in &projection.order_by {
        finder.visit_expr(&item.expression);
    }
    items.iter().any(|item| finder.0.contains(&item.name))
}

/// Items for the aggregates that ORDER BY repeats of larger expressions; their variables take their places.
pub(super) fn bind_aggregates(
    binder: &mut ExpressionBinder<'_, '_>,
    order: &mut [OrderItem],
) -> Result<Vec<Item>> {
    let mut items = Vec::new();
    for own in order {
        bind_aggregates_of(binder, &mut own.expression, &mut items)?;
    }
    Ok(items)
}

fn bind_aggregates_of(
    binder: &mut ExpressionBinder<'_, '_>,
    expression: &mut Expr,
    items: &mut Vec<Item>,
) -> Result<()> {
    if let ExprKind::Function(call) = &expression.kind
        && call.aggregates()
    {
        let bound = bind_expression(binder, expression)?;
        let ty = binder.type_of(&bound, expression)?;
        let column = binder.notes.fresh("ordered");
        items.push(Item {
            name: column.clone(),
            column: column.clone(),
            expression: bound,
            ty,
            span: expression.span,
        });
        expression.kind = ExprKind::Variable(Name {
            text: column,
            span: expression.span,
        });
        return Ok(());
    }
    let mut parts = expression.children_mut().into_iter();
    parts.try_for_each(|part| bind_aggregates_of(binder, part, items))
}

/// The rows of a projection in their order.
pub(super) fn sorted(
    context: QueryContext<'_>,
    notes: &mut Notes,
    rows: Rows,
    order: &[OrderItem],
) -> Result<Rows> {
    if order.is_empty() {
        return Ok(rows);
    }
    let (columns, mut needs) = (rows.plan.schema()?, Needs::default());
    let input = ExpressionInput::new(&rows.scope, &columns);
    let mut binder = ExpressionBinder::new(context, notes, input, &mut needs);
    let bound = bind_order(&mut binder, order)?;
    let mut rows = rows.with_needs(&mut needs)?;
    let mut keys = Vec::new();
    for key in bound {
        let expression = match key.expression {
            column @ LogicalExpr::Column(_) => column,
            computed => {
                let column = notes.fresh("order");
                rows.plan = with_column(rows.plan, computed.named(&column))?;
                LogicalExpr::Column(column)
            }
        };
        keys.push(SortKey {
            expression,
            descending: key.descending,
        });
    }
    rows.plan = LogicalPlan::Sort {
        input: SharedPlan::new(rows.plan),
        keys,
        fetch: None,
    };
    Ok(rows)
}
