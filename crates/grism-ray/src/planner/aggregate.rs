//! Aggregation in stages: partial groups where the rows are, final ones where equal keys meet.

use std::sync::Arc;

use grism_core::{Error, Result};
use grism_engine::operators::{HashAggregateExec, StageInputOrder};
use grism_engine::{PartitioningSpec, PhysicalOperator};

use super::DistributedPlanner;
use super::placed::{Placed, Spread, exchange, gather};
use crate::ExchangeMode;

impl DistributedPlanner {
    pub(super) fn aggregate(
        &self,
        operator: &Arc<dyn PhysicalOperator>,
        aggregate: &HashAggregateExec,
    ) -> Result<Placed> {
        let child = self.insert_exchanges(operator.children()[0])?;
        let keys = aggregate.keys();
        match &child.spread {
            Spread::Single => {
                return Ok(Placed {
                    operator: operator.with_new_children(vec![child.operator])?,
                    ..child
                });
            }
            // Rows with equal keys are together already where they were split by some of these keys.
            Spread::Split(Some(split))
                if !split.is_empty() && split.iter().all(|key| keys.contains(key)) =>
            {
                let spread = Spread::Split(Some(split.clone()));
                return Ok(Placed {
                    operator: operator.with_new_children(vec![child.operator])?,
                    spread,
                });
            }
            Spread::Split(_) => {}
        }
        let over = operator.with_new_children(vec![child.operator])?;
        let Some(over) = over.as_any().downcast_ref::<HashAggregateExec>() else {
            return Err(Error::internal("an aggregate that is none"));
        };
        if over.schema().columns().columns.is_empty() {
            let reason = "one row at most comes of no columns".to_owned();
            let child = Arc::clone(over.children()[0]);
            let gathered = gather(child, StageInputOrder::Sequential, reason);
            return Ok(Placed {
                operator: over.with_new_children(vec![gathered.operator])?,
                spread: Spread::Single,
            });
        }
        let partial: Arc<dyn PhysicalOperator> = Arc::new(over.partial()?);
        let moved = if keys.is_empty() {
            gather(
                partial,
                StageInputOrder::Sequential,
                "partial aggregates of one group are merged".to_owned(),
            )
        } else {
            let partitioning = PartitioningSpec::Hash {
                keys: keys.clone(),
                partitions: self.config.partitions,
            };
            let reason = "partial aggregates of equal keys are merged".to_owned();
            exchange(
                partial,
                ExchangeMode::Shuffle,
                partitioning,
                StageInputOrder::Sequential,
                reason,
            )
        };
        Ok(Placed {
            operator: Arc::new(over.finish(moved.operator)?),
            spread: moved.spread,
        })
    }
}
