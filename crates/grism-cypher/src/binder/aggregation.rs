//! Aggregation below a projection: its keys, and expressions over its groups.

use std::sync::Arc;

use grism_core::Result;
use grism_logical::{Aggregate, AggregateCall, LogicalExpr, LogicalPlan};

use super::projection_items::{Item, Order};
use super::{Binder, Pending};
use crate::syntax::Span;

impl Binder<'_> {
    /// Puts an aggregation below the projection and rewrites its expressions over the groups.
    pub(super) fn aggregate(
        &mut self,
        items: &mut [Item],
        order: &mut [Order],
        aggregates: Vec<(AggregateCall, String)>,
    ) -> Result<()> {
        let after = std::mem::take(&mut self.after_aggregates);
        let is_aggregate = |column: &String| {
            aggregates.iter().any(|(_, name)| name == column)
                || after.iter().any(|pending| pending.makes(column))
        };
        let mut keys: Vec<(LogicalExpr, String)> = Vec::new();
        for item in items.iter() {
            if item.expression.columns().iter().any(is_aggregate)
                || keys.iter().any(|(key, _)| key == &item.expression)
            {
                continue;
            }
            // A constant is a key too: over no rows it makes no group.
            keys.push((item.expression.clone(), item.column.clone()));
        }
        let input = Arc::new(std::mem::replace(&mut self.plan, LogicalPlan::Unit));
        let mut names: Vec<String> = aggregates.iter().map(|(_, name)| name.clone()).collect();
        self.plan = LogicalPlan::Aggregate(Aggregate {
            input,
            keys: keys.clone(),
            aggregates,
        });
        for pending in after {
            let pending = match pending {
                Pending::Column(expression, name) => {
                    names.push(name.clone());
                    Pending::Column(replace(&expression, &keys), name)
                }
                Pending::Hydrate(expression, name, depth) => {
                    names.push(name.clone());
                    Pending::Hydrate(replace(&expression, &keys), name, depth)
                }
                other => other,
            };
            self.make(pending)?;
        }
        // A property of an entity that is grouped by is the same in all rows of a group.
        let mut made = names.clone();
        let entities = keys
            .iter()
            .filter(|(key, _)| matches!(key, LogicalExpr::Column(_)));
        made.extend(entities.map(|(_, column)| column.clone()));
        let over_groups = |binder: &Self,
                           expression: &LogicalExpr,
                           span: Span|
         -> Result<LogicalExpr> {
            let rewritten = replace(expression, &keys);
            let known = |column: &String| {
                names.contains(column) || keys.iter().any(|(_, key)| key == column)
            };
            let property = has_stray_property(&rewritten, &made);
            let columns = rewritten.columns();
            let strays = columns.iter().filter(|column| !known(column) || property);
            // An aggregate's own column is never what is missing.
            if let Some(stray) = strays.max_by_key(|column| !names.contains(column)) {
                let message = format!(
                    "`{}` is neither aggregated nor grouped by; put it among the columns, or in a WITH before",
                    stray.trim_start_matches('#')
                );
                return Err(binder
                    .source
                    .invalid(message, span)
                    .with_code("SyntaxError:AmbiguousAggregationExpression"));
            }
            Ok(rewritten)
        };
        for item in items.iter_mut() {
            item.expression = over_groups(self, &item.expression, item.span)?;
        }
        for key in order.iter_mut() {
            key.expression = over_groups(self, &key.expression, key.span)?;
        }
        Ok(())
    }
}

/// `expression` with every part that equals one of the named expressions replaced by its column.
pub(super) fn replace(expression: &LogicalExpr, named: &[(LogicalExpr, String)]) -> LogicalExpr {
    if let Some((_, column)) = named.iter().find(|(own, _)| own == expression) {
        return LogicalExpr::Column(column.clone());
    }
    if let LogicalExpr::Property { entity, key, ty } = expression {
        let of_key = |(own, _): &&(LogicalExpr, String)| matches!(own, LogicalExpr::Column(column) if column == entity);
        if let Some((_, column)) = named.iter().find(of_key) {
            return LogicalExpr::Property {
                entity: column.clone(),
                key: key.clone(),
                ty: ty.clone(),
            };
        }
    }
    expression.map_children(|child| replace(child, named))
}

/// Whether a property is read of anything but what was made above the aggregation.
fn has_stray_property(expression: &LogicalExpr, made: &[String]) -> bool {
    matches!(expression, LogicalExpr::Property { entity, .. } if !made.contains(entity))
        || expression
            .children()
            .into_iter()
            .any(|child| has_stray_property(child, made))
}
