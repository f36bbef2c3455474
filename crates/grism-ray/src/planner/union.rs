//! Unions in stages: branches at one place are split where others are.

use std::sync::Arc;

use grism_core::{Result, with_stack};
use grism_engine::operators::{StageInputOrder, UnitExec};
use grism_engine::{PartitioningSpec, PhysicalOperator};

use super::DistributedPlanner;
use super::placed::{Placed, Spread, exchange};
use crate::{ExchangeExec, ExchangeMode};

impl DistributedPlanner {
    pub(super) fn union(&self, operator: &Arc<dyn PhysicalOperator>) -> Result<Placed> {
        let mut inputs = operator
            .children()
            .into_iter()
            .map(|child| self.insert_exchanges(child))
            .collect::<Result<Vec<_>>>()?;
        if inputs.iter().any(|input| input.spread != Spread::Single) {
            for input in inputs.iter_mut().filter(|input| {
                input.spread == Spread::Single && !starts_from_unit(&input.operator)
            }) {
                let partitioning = PartitioningSpec::RoundRobin {
                    partitions: self.config.partitions,
                };
                let reason = "the other branches are split".to_owned();
                let child = Arc::clone(&input.operator);
                *input = exchange(
                    child,
                    ExchangeMode::Shuffle,
                    partitioning,
                    StageInputOrder::Sequential,
                    reason,
                );
            }
        }
        let single = inputs.iter().all(|input| input.spread == Spread::Single);
        let operator =
            operator.with_new_children(inputs.into_iter().map(|input| input.operator).collect())?;
        Ok(Placed {
            operator,
            spread: if single {
                Spread::Single
            } else {
                Spread::Split(None)
            },
        })
    }
}

/// Whether rows come of the one row that a query starts with, one by one: the task that has this row has them all, and the
/// others none. What gathers rows would see none in the other tasks, and count 0 there.
fn starts_from_unit(operator: &Arc<dyn PhysicalOperator>) -> bool {
    if operator.children().is_empty() {
        return operator.as_any().is::<UnitExec>();
    }
    let capabilities = operator.capabilities();
    capabilities.streaming
        && capabilities.parallel_safe
        && !operator.as_any().is::<ExchangeExec>()
        && operator
            .children()
            .into_iter()
            .all(|child| with_stack(|| starts_from_unit(child)))
}
