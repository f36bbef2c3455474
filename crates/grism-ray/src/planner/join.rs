//! Joins in stages: a small side is broadcast, and otherwise equal keys meet.

use std::sync::Arc;

use grism_core::{Result, with_stack};
use grism_engine::operators::{
    FilterExec, HashJoinExec, NodeScanExec, ProjectExec, StageInputOrder,
};
use grism_engine::{PartitioningSpec, PhysicalOperator};
use grism_logical::JoinKind;

use super::DistributedPlanner;
use super::placed::{Placed, Spread, broadcast, exchange, gather};
use crate::ExchangeMode;

impl DistributedPlanner {
    pub(super) fn hash_join(
        &self,
        operator: &Arc<dyn PhysicalOperator>,
        join: &HashJoinExec,
    ) -> Result<Placed> {
        let (left, right) = (
            self.insert_exchanges(operator.children()[0])?,
            self.insert_exchanges(operator.children()[1])?,
        );
        if left.spread == Spread::Single && right.spread == Spread::Single {
            return Ok(Placed {
                operator: operator.with_new_children(vec![left.operator, right.operator])?,
                spread: Spread::Single,
            });
        }
        let rows = self.rows_read(&left.operator);
        if right.spread != Spread::Single
            && (left.spread == Spread::Single || rows <= self.config.broadcast_rows)
        {
            let reason = format!("the build side reads at most {rows} rows");
            let build = broadcast(left.operator, reason);
            let spread = right.spread.clone();
            return Ok(Placed {
                operator: operator.with_new_children(vec![build, right.operator])?,
                spread,
            });
        }
        let side = |placed: Placed, keys: Vec<String>| {
            let partitioning = PartitioningSpec::Hash {
                keys,
                partitions: self.config.partitions,
            };
            let reason = "rows with equal join keys meet".to_owned();
            exchange(
                placed.operator,
                ExchangeMode::Shuffle,
                partitioning,
                StageInputOrder::Sequential,
                reason,
            )
        };
        let (left_keys, right_keys): (Vec<String>, Vec<String>) = join.on().iter().cloned().unzip();
        let (left, right) = (side(left, left_keys), side(right, right_keys));
        let spread = match join.kind() {
            JoinKind::Inner => left.spread.clone(),
            // What comes out are right rows.
            JoinKind::Semi | JoinKind::Anti => right.spread.clone(),
        };
        Ok(Placed {
            operator: operator.with_new_children(vec![left.operator, right.operator])?,
            spread,
        })
    }

    pub(super) fn cross_join(&self, operator: &Arc<dyn PhysicalOperator>) -> Result<Placed> {
        let (left, right) = (
            self.insert_exchanges(operator.children()[0])?,
            self.insert_exchanges(operator.children()[1])?,
        );
        let right = match (&left.spread, &right.spread) {
            (Spread::Single, Spread::Single) => right.operator,
            (Spread::Single, Spread::Split(_)) => {
                gather(
                    right.operator,
                    StageInputOrder::Sequential,
                    "the other side is at one place".to_owned(),
                )
                .operator
            }
            (Spread::Split(_), _) => {
                broadcast(right.operator, "every row meets every other".to_owned())
            }
        };
        Ok(Placed {
            operator: operator.with_new_children(vec![left.operator, right])?,
            spread: left.spread,
        })
    }

    /// At most how many rows a pipeline of filters over a scan puts out; unknown is without end.
    fn rows_read(&self, operator: &Arc<dyn PhysicalOperator>) -> u64 {
        let any = operator.as_any();
        if let Some(scan) = any.downcast_ref::<NodeScanExec>() {
            let tables = scan
                .schema()
                .columns()
                .columns
                .first()
                .and_then(|column| column.ty.tables().cloned());
            return tables
                .iter()
                .flat_map(|tables| tables.iter())
                .map(|table| self.statistics.rows(*table))
                .sum();
        }
        let narrows = any.is::<FilterExec>() || any.is::<ProjectExec>();
        if narrows {
            with_stack(|| self.rows_read(operator.children()[0]))
        } else {
            u64::MAX
        }
    }
}
