//! The exchange that brings rows to where a requirement wants them.

use grism_core::Tables;
use grism_engine::{
    Distribution, Exchange, ExchangeMode, InputRequirement, PartitioningSpec, ReadOrder,
    RequiredDistribution, StageTasks,
};

use super::DistributedPlanner;
use super::placed::Placed;

/// Bytes an incidence takes in memory, for the estimate of an adjacency's size.
const INCIDENCE_BYTES: u64 = 12;

impl DistributedPlanner {
    /// `input` as `requirement` wants it, behind an exchange where it is not.
    pub(super) fn moved(&self, input: Placed, requirement: &InputRequirement) -> Placed {
        let partitions = self.config.partitions;
        let mut reason = requirement.reason.clone();
        let (mode, partitioning) = match &requirement.distribution {
            RequiredDistribution::Any => return input,
            RequiredDistribution::Disjoint => match input.properties.distribution {
                Distribution::Single => (
                    ExchangeMode::Shuffle,
                    PartitioningSpec::RoundRobin { partitions },
                ),
                _ => return input,
            },
            RequiredDistribution::Single => (ExchangeMode::Gather, PartitioningSpec::Single),
            RequiredDistribution::Hash(keys) => {
                let is_there = input.properties.distribution == Distribution::Hash(keys.clone());
                if is_there && requirement.is_met_by(&input.properties, StageTasks::Several) {
                    return input;
                }
                let keys = keys.clone();
                (
                    ExchangeMode::Shuffle,
                    PartitioningSpec::Hash { keys, partitions },
                )
            }
            RequiredDistribution::Range(keys) => (
                ExchangeMode::Shuffle,
                PartitioningSpec::Range {
                    keys: keys.clone(),
                    partitions,
                    bounds: None,
                },
            ),
            RequiredDistribution::Adjacency {
                entity,
                column,
                tables,
            } => {
                let bytes = self.adjacency_bytes(tables);
                let limit = self.config.adjacency_replication_limit;
                if input.is_at_one_place() || bytes <= limit {
                    return input;
                }
                reason = format!(
                    "the adjacency of about {bytes} bytes is over the limit of {limit} and is partitioned"
                );
                let partitioning = PartitioningSpec::Adjacency {
                    entity: *entity,
                    column: column.clone(),
                    shift: self.segment_shift,
                    partitions,
                };
                (ExchangeMode::Shuffle, partitioning)
            }
            RequiredDistribution::Replicated => {
                if input.properties.distribution == Distribution::Replicated {
                    return input;
                }
                if let Some(rows) = input.properties.rows {
                    reason = format!("{reason}, at most {rows} rows");
                }
                (ExchangeMode::Broadcast, PartitioningSpec::Single)
            }
        };
        input.exchanged(Exchange {
            partitioning,
            mode,
            order: ReadOrder::of(&requirement.ordering),
            reason,
        })
    }

    /// `input` where the other inputs of its operator are: in the one task there is.
    pub(super) fn gathered(&self, input: Placed) -> Placed {
        if input.is_at_one_place() {
            return input;
        }
        input.exchanged(Exchange {
            partitioning: PartitioningSpec::Single,
            mode: ExchangeMode::Gather,
            order: ReadOrder::Sequential,
            reason: "the other side is at one place".to_owned(),
        })
    }

    /// About how many bytes the incidence lists of the tables take.
    fn adjacency_bytes(&self, tables: &Tables) -> u64 {
        let tables = tables
            .iter()
            .filter_map(|table| self.statistics.tables.get(table));
        let incidences: u64 = tables
            .flat_map(|table| table.roles.values())
            .map(grism_core::RoleStatistics::total)
            .sum();
        incidences * INCIDENCE_BYTES
    }
}
