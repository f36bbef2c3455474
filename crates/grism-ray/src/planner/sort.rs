//! Sorting and limits in stages: sorted runs are merged, and rows are counted at one place.

use std::sync::Arc;

use grism_core::Result;
use grism_engine::operators::{LimitExec, SortExec, StageInputOrder};
use grism_engine::{PartitioningSpec, PhysicalOperator};

use super::DistributedPlanner;
use super::placed::{Placed, Spread, exchange, gather};
use crate::ExchangeMode;

impl DistributedPlanner {
    pub(super) fn sort(
        &self,
        operator: &Arc<dyn PhysicalOperator>,
        sort: &SortExec,
    ) -> Result<Placed> {
        let child = self.insert_exchanges(operator.children()[0])?;
        let sorted = operator.with_new_children(vec![child.operator])?;
        if child.spread == Spread::Single {
            return Ok(Placed {
                operator: sorted,
                spread: Spread::Single,
            });
        }
        let keys = sort.keys().to_vec();
        if let Some(fetch) = sort.fetch() {
            let reason = format!("the first {fetch} rows of all tasks are merged");
            let merged = gather(sorted, StageInputOrder::Merged(keys), reason);
            let limited = Arc::new(LimitExec::new(merged.operator, 0, Some(fetch)));
            return Ok(Placed {
                operator: limited,
                spread: Spread::Single,
            });
        }
        let partitions = self.config.partitions;
        let partitioning = PartitioningSpec::Range {
            keys: keys.clone(),
            partitions,
            bounds: None,
        };
        let reason = "sorted runs are split by sampled bounds and merged".to_owned();
        Ok(exchange(
            sorted,
            ExchangeMode::Shuffle,
            partitioning,
            StageInputOrder::Merged(keys),
            reason,
        ))
    }

    pub(super) fn limit(
        &self,
        operator: &Arc<dyn PhysicalOperator>,
        limit: &LimitExec,
    ) -> Result<Placed> {
        let child = self.insert_exchanges(operator.children()[0])?;
        if child.spread == Spread::Single {
            return Ok(Placed {
                operator: operator.with_new_children(vec![child.operator])?,
                spread: Spread::Single,
            });
        }
        let cut: Arc<dyn PhysicalOperator> = match limit.reach() {
            Some(reach) => Arc::new(LimitExec::new(child.operator, 0, Some(reach))),
            None => child.operator,
        };
        let gathered = gather(
            cut,
            StageInputOrder::Sequential,
            "rows are counted at one place".to_owned(),
        );
        Ok(Placed {
            operator: operator.with_new_children(vec![gathered.operator])?,
            spread: Spread::Single,
        })
    }
}
