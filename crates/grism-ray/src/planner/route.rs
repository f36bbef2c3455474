//! Routes rows to the adjacency they read, where it is too large to be everywhere.

use grism_core::{EntityKind, Tables};
use grism_engine::PartitioningSpec;
use grism_engine::operators::StageInputOrder;

use super::DistributedPlanner;
use super::placed::{Placed, Spread, exchange};
use crate::ExchangeMode;

/// Bytes an incidence takes in memory, for the estimate of an adjacency's size.
const INCIDENCE_BYTES: u64 = 12;

impl DistributedPlanner {
    /// Routes rows to the worker that holds the segment of `column`, where the adjacency is too large to be everywhere.
    pub(super) fn route(
        &self,
        child: Placed,
        column: &str,
        entity: EntityKind,
        tables: &Tables,
    ) -> Placed {
        let incidences = tables
            .iter()
            .filter_map(|table| self.statistics.tables.get(table));
        let total: u64 = incidences
            .flat_map(|table| table.roles.values())
            .map(grism_core::RoleStatistics::total)
            .sum();
        let bytes = total * INCIDENCE_BYTES;
        if child.spread == Spread::Single || bytes <= self.config.adjacency_replication_limit {
            return child;
        }
        let partitioning = PartitioningSpec::Adjacency {
            entity,
            column: column.to_owned(),
            shift: self.segment_shift,
            partitions: self.config.partitions,
        };
        let limit = self.config.adjacency_replication_limit;
        let reason = format!(
            "the adjacency of about {bytes} bytes is over the limit of {limit} and is partitioned"
        );
        exchange(
            child.operator,
            ExchangeMode::Shuffle,
            partitioning,
            StageInputOrder::Sequential,
            reason,
        )
    }
}
