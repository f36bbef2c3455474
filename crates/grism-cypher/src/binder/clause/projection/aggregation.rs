//! Aggregation below a projection: its keys, and expressions over its groups.

use grism_core::Result;
use grism_logical::{
    Aggregate, LogicalExpr, LogicalPlan, NamedAggregate, NamedExpr, SharedPlan, plain_column,
};

use super::items::{Item, Order};
use crate::binder::QueryContext;
use crate::binder::clause::rows::with_pending;
use crate::binder::expression::Pending;
use crate::syntax::Span;

/// The groups of an aggregation.
struct Groups {
    /// What is grouped by.
    keys: Vec<NamedExpr>,
    /// Columns of aggregates, and those made of them.
    made: Vec<String>,
}

/// Puts an aggregation on top of the plan and the columns that read aggregates above it, and rewrites the expressions of the
/// projection over the groups.
pub(super) fn aggregate(
    context: QueryContext<'_>,
    plan: LogicalPlan,
    items: &mut [Item],
    order: &mut [Order],
    aggregates: Vec<NamedAggregate>,
    above: Vec<Pending>,
) -> Result<LogicalPlan> {
    let is_aggregate = |column: &String| {
        aggregates.iter().any(|own| &own.name == column)
            || above.iter().any(|pending| pending.makes(column))
    };
    let mut keys: Vec<NamedExpr> = Vec::new();
    for item in items.iter() {
        if item.expression.columns().iter().any(is_aggregate)
            || keys.iter().any(|key| key.expression == item.expression)
        {
            continue;
        }
        // A constant is a key too: over no rows it makes no group.
        keys.push(item.expression.clone().named(&item.column));
    }
    let made = aggregates.iter().map(|own| own.name.clone()).collect();
    let mut groups = Groups { keys, made };
    let mut plan = LogicalPlan::Aggregate(Aggregate {
        input: SharedPlan::new(plan),
        keys: groups.keys.clone(),
        aggregates,
    });
    for pending in above {
        plan = with_pending(plan, groups.over(pending))?;
    }
    for item in items.iter_mut() {
        item.expression = groups.rewritten(context, &item.expression, item.span)?;
    }
    for key in order.iter_mut() {
        key.expression = groups.rewritten(context, &key.expression, key.span)?;
    }
    Ok(plan)
}

impl Groups {
    /// The column that reads aggregates, over the groups.
    fn over(&mut self, pending: Pending) -> Pending {
        match pending {
            Pending::Column(own) => Pending::Column(self.made_of_groups(own)),
            Pending::Hydrate(own, depth) => Pending::Hydrate(self.made_of_groups(own), depth),
            other @ Pending::Apply(..) => other,
        }
    }

    fn made_of_groups(&mut self, own: NamedExpr) -> NamedExpr {
        self.made.push(own.name.clone());
        replace(&own.expression, &self.keys).named(own.name)
    }

    /// The expression over the groups; what it reads is an aggregate or grouped by.
    fn rewritten(
        &self,
        context: QueryContext<'_>,
        expression: &LogicalExpr,
        span: Span,
    ) -> Result<LogicalExpr> {
        let rewritten = replace(expression, &self.keys);
        let known = |column: &String| {
            self.made.contains(column) || self.keys.iter().any(|key| &key.name == column)
        };
        let property = self.has_stray_property(&rewritten);
        let columns = rewritten.columns();
        let strays = columns.iter().filter(|column| !known(column) || property);
        // An aggregate's own column is never what is missing.
        let Some(stray) = strays.max_by_key(|column| !self.made.contains(column)) else {
            return Ok(rewritten);
        };
        let message = format!(
            "`{}` is neither aggregated nor grouped by; put it among the columns, or in a WITH before",
            plain_column(stray)
        );
        Err(context
            .source
            .invalid(message, span)
            .with_code("SyntaxError:AmbiguousAggregationExpression"))
    }

    /// Whether a property is read of anything but what was made above the aggregation, or an entity that is grouped by: its
    /// properties are the same in all rows of a group.
    fn has_stray_property(&self, expression: &LogicalExpr) -> bool {
        let is_known = |entity: &String| {
            let mut keys = self.keys.iter();
            self.made.contains(entity)
                || keys.any(|key| key.source().is_some() && &key.name == entity)
        };
        matches!(expression, LogicalExpr::Property { entity, .. } if !is_known(entity))
            || expression
                .children()
                .into_iter()
                .any(|child| self.has_stray_property(child))
    }
}

/// `expression` with every part that equals one of the named expressions replaced by its column.
fn replace(expression: &LogicalExpr, named: &[NamedExpr]) -> LogicalExpr {
    if let Some(own) = named.iter().find(|own| &own.expression == expression) {
        return LogicalExpr::column(&own.name);
    }
    if let LogicalExpr::Property { entity, key, ty } = expression {
        let of_key = |own: &&NamedExpr| own.source() == Some(entity);
        if let Some(own) = named.iter().find(of_key) {
            return LogicalExpr::Property {
                entity: own.name.clone(),
                key: key.clone(),
                ty: ty.clone(),
            };
        }
    }
    expression.map_children(|child| replace(child, named))
}
