//! The expressions of a plan's nodes, and how they are rewritten.

use grism_core::Value;

use super::{Aggregate, Join, LogicalPlan};
use crate::LogicalExpr;

impl LogicalPlan {
    /// Rewrites every expression of the node itself.
    pub(crate) fn rewrite_expressions(&mut self, rewrite: impl Fn(LogicalExpr) -> LogicalExpr) {
        let rewrite = |expression: &mut LogicalExpr| {
            let own = std::mem::replace(expression, LogicalExpr::Literal(Value::Null));
            *expression = rewrite(own);
        };
        match self {
            Self::Filter { predicate, .. } => rewrite(predicate),
            Self::Project { expressions, .. } => expressions
                .iter_mut()
                .for_each(|own| rewrite(&mut own.expression)),
            Self::Aggregate(Aggregate {
                keys, aggregates, ..
            }) => {
                let keys = keys.iter_mut();
                keys.for_each(|key| rewrite(&mut key.expression));
                aggregates
                    .iter_mut()
                    .flat_map(|own| &mut own.call.arguments)
                    .for_each(rewrite);
            }
            Self::Sort { keys, .. } => {
                keys.iter_mut().for_each(|key| rewrite(&mut key.expression));
            }
            Self::Unwind { expression, .. } => rewrite(expression),
            Self::IndexLookup(lookup) => {
                rewrite(&mut lookup.target);
                lookup.count.iter_mut().for_each(rewrite);
            }
            Self::TableCall(call) => call.arguments.iter_mut().for_each(rewrite),
            Self::LoadRows(load) => rewrite(&mut load.source),
            Self::PathExpand(expand) => {
                let properties = expand.properties.iter_mut();
                properties.for_each(|(_, value)| rewrite(value));
            }
            Self::Join(Join { on, .. }) => on.iter_mut().for_each(|(left, right)| {
                rewrite(left);
                rewrite(right);
            }),
            _ => {}
        }
    }
}
