//! `DistributedPlanner`: inserts exchanges where data must move, and says why.

use std::sync::Arc;

use grism_core::{EntityKind, Error, GraphStatistics, Result, Tables};
use grism_engine::operators::{
    AdjacencyExpandExec, CrossJoinExec, FilterExec, HashAggregateExec, HashJoinExec,
    HyperedgeScanExec, LimitExec, NodeScanExec, ProjectExec, RoleExpandExec, SortExec,
    StageInputOrder, UnionExec, UnitExec,
};
use grism_engine::{
    ExecutionMode, PartitioningSpec, PhysicalOperator, PhysicalPlan, PhysicalPlanner,
    build_operators,
};
use grism_logical::LogicalPlan;
use serde::{Deserialize, Serialize};

use crate::{DistributedPlan, ExchangeExec, ExchangeMode, split_into_stages, validate};

/// Bytes an incidence takes in memory, for the estimate of an adjacency's size.
const INCIDENCE_BYTES: u64 = 12;

/// Settings of the distributed planner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DistributedPlannerConfig {
    /// Partitions of a shuffle, and tasks of a stage that reads tables.
    pub partitions: usize,
    /// An adjacency up to this many bytes is read by every worker that needs it; a larger one is partitioned, and rows
    /// are routed to the worker that holds their segment.
    pub adjacency_replication_limit: u64,
    /// A join side that reads at most this many rows is broadcast.
    pub broadcast_rows: u64,
}

impl Default for DistributedPlannerConfig {
    fn default() -> Self {
        Self {
            partitions: 2,
            adjacency_replication_limit: 256 << 20,
            broadcast_rows: 10_000,
        }
    }
}

/// Plans in stages.
#[derive(Clone, Debug, Default)]
pub struct DistributedPlanner {
    config: DistributedPlannerConfig,
    statistics: Arc<GraphStatistics>,
    segment_shift: u8,
}

impl DistributedPlanner {
    /// A planner with default settings, for a graph of unknown size.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A planner with these settings.
    #[must_use]
    pub fn with_config(config: DistributedPlannerConfig) -> Self {
        Self {
            config,
            ..Self::default()
        }
    }

    /// The same planner for a graph with these counts and segments.
    #[must_use]
    pub fn with_statistics(mut self, statistics: Arc<GraphStatistics>, segment_shift: u8) -> Self {
        self.statistics = statistics;
        self.segment_shift = segment_shift;
        self
    }

    /// The stages of an optimized logical plan.
    ///
    /// # Errors
    /// `InvalidQuery` for a type error; `Internal` for a plan that the validator refuses.
    pub fn plan(&self, logical: &LogicalPlan) -> Result<DistributedPlan> {
        let plan = PhysicalPlanner::plan(self, logical)?;
        let stages = split_into_stages(&plan, self.config.partitions.max(1))?;
        let schema = plan.root.schema().clone();
        let staged = DistributedPlan { stages, schema };
        validate(&staged)?;
        check_travels(&staged)?;
        Ok(staged)
    }

    fn insert_exchanges(&self, operator: &Arc<dyn PhysicalOperator>) -> Result<Placed> {
        let any = operator.as_any();
        if any.is::<NodeScanExec>() || any.is::<HyperedgeScanExec>() {
            return Ok(Placed {
                operator: Arc::clone(operator),
                spread: Spread::Split(None),
            });
        }
        if any.is::<UnitExec>() || operator.children().is_empty() {
            return Ok(Placed {
                operator: Arc::clone(operator),
                spread: Spread::Single,
            });
        }
        if let Some(aggregate) = any.downcast_ref::<HashAggregateExec>() {
            return self.aggregate(operator, aggregate);
        }
        if let Some(sort) = any.downcast_ref::<SortExec>() {
            return self.sort(operator, sort);
        }
        if let Some(limit) = any.downcast_ref::<LimitExec>() {
            return self.limit(operator, limit);
        }
        if let Some(join) = any.downcast_ref::<HashJoinExec>() {
            return self.hash_join(operator, join);
        }
        if any.is::<CrossJoinExec>() {
            return self.cross_join(operator);
        }
        if any.is::<UnionExec>() {
            return self.union(operator);
        }
        let mut child = self.insert_exchanges(operator.children()[0])?;
        if let Some(expand) = any.downcast_ref::<AdjacencyExpandExec>() {
            child = self.route(child, expand.from(), EntityKind::Node, expand.tables());
        } else if let Some(expand) = any.downcast_ref::<RoleExpandExec>() {
            let (column, is_hyperedge) = expand.start();
            let entity = if is_hyperedge {
                EntityKind::Hyperedge
            } else {
                EntityKind::Node
            };
            child = self.route(child, column, entity, expand.tables());
        }
        let spread = match (&child.spread, any.downcast_ref::<ProjectExec>()) {
            (Spread::Split(Some(keys)), Some(project)) => Spread::Split(renamed(keys, project)),
            (spread, _) => spread.clone(),
        };
        Ok(Placed {
            operator: operator.with_new_children(vec![child.operator])?,
            spread,
        })
    }

    /// Routes rows to the worker that holds the segment of `column`, where the adjacency is too large to be everywhere.
    fn route(&self, child: Placed, column: &str, entity: EntityKind, tables: &Tables) -> Placed {
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

    fn aggregate(
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

    fn sort(&self, operator: &Arc<dyn PhysicalOperator>, sort: &SortExec) -> Result<Placed> {
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

    fn limit(&self, operator: &Arc<dyn PhysicalOperator>, limit: &LimitExec) -> Result<Placed> {
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

    fn hash_join(
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
        let spread = left.spread.clone();
        Ok(Placed {
            operator: operator.with_new_children(vec![left.operator, right.operator])?,
            spread,
        })
    }

    fn cross_join(&self, operator: &Arc<dyn PhysicalOperator>) -> Result<Placed> {
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

    fn union(&self, operator: &Arc<dyn PhysicalOperator>) -> Result<Placed> {
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
            self.rows_read(operator.children()[0])
        } else {
            u64::MAX
        }
    }
}

/// Refuses a plan that would not survive the journey to a worker: JSON's readers stop at 128 levels.
fn check_travels(plan: &DistributedPlan) -> Result<()> {
    let text = serde_json::to_string(plan).map_err(|error| Error::internal(error.to_string()))?;
    match serde_json::from_str::<DistributedPlan>(&text) {
        Ok(_) => Ok(()),
        Err(error) if error.to_string().contains("recursion limit") => Err(Error::unsupported(
            "an expression or a plan nested this deeply in stages; compute a part of it in a WITH before, or run it locally",
        )),
        Err(error) => Err(Error::internal(format!(
            "a plan that cannot be read back: {error}"
        ))),
    }
}

impl PhysicalPlanner for DistributedPlanner {
    fn plan(&self, logical: &LogicalPlan) -> Result<PhysicalPlan> {
        let placed = self.insert_exchanges(&build_operators(logical)?)?;
        Ok(PhysicalPlan::new(
            placed.operator,
            ExecutionMode::Distributed,
        ))
    }
}

/// An operator with exchanges below it, and how its output is spread.
struct Placed {
    operator: Arc<dyn PhysicalOperator>,
    spread: Spread,
}

/// How rows are spread over tasks.
#[derive(Clone, Debug, PartialEq)]
enum Spread {
    /// All in one task.
    Single,
    /// Over many, those that are equal in these columns together.
    Split(Option<Vec<String>>),
}

fn exchange(
    child: Arc<dyn PhysicalOperator>,
    mode: ExchangeMode,
    partitioning: PartitioningSpec,
    order: StageInputOrder,
    reason: String,
) -> Placed {
    let spread = match (&mode, &partitioning) {
        (ExchangeMode::Gather, _) => Spread::Single,
        (_, PartitioningSpec::Hash { keys, .. }) => Spread::Split(Some(keys.clone())),
        _ => Spread::Split(None),
    };
    Placed {
        operator: Arc::new(ExchangeExec {
            partitioning,
            mode,
            child,
            order,
            reason,
        }),
        spread,
    }
}

fn gather(child: Arc<dyn PhysicalOperator>, order: StageInputOrder, reason: String) -> Placed {
    exchange(
        child,
        ExchangeMode::Gather,
        PartitioningSpec::Single,
        order,
        reason,
    )
}

fn broadcast(child: Arc<dyn PhysicalOperator>, reason: String) -> Arc<dyn PhysicalOperator> {
    exchange(
        child,
        ExchangeMode::Broadcast,
        PartitioningSpec::Single,
        StageInputOrder::Sequential,
        reason,
    )
    .operator
}

/// The keys after a projection; `None` where one of them is not among its plain columns.
fn renamed(keys: &[String], project: &ProjectExec) -> Option<Vec<String>> {
    keys.iter()
        .map(|key| {
            project
                .renames()
                .find(|(source, _)| source == key)
                .map(|(_, name)| name.to_owned())
        })
        .collect()
}

fn starts_from_unit(operator: &Arc<dyn PhysicalOperator>) -> bool {
    if operator.children().is_empty() {
        return operator.as_any().is::<UnitExec>();
    }
    !operator.as_any().is::<ExchangeExec>() && operator.children().into_iter().all(starts_from_unit)
}
