//! `DistributedPlanner`: from a logical plan to stages.

use std::sync::Arc;

use grism_core::{GraphStatistics, Result};
use grism_engine::{ExecutionMode, PhysicalPlan, PhysicalPlanner, build_operators};
use grism_logical::LogicalPlan;

use super::DistributedPlannerConfig;
use crate::{DistributedPlan, split_into_stages, validate};

/// Plans in stages.
#[derive(Clone, Debug, Default)]
pub struct DistributedPlanner {
    pub(super) config: DistributedPlannerConfig,
    pub(super) statistics: Arc<GraphStatistics>,
    pub(super) segment_shift: u8,
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
        Ok(staged)
    }
}

impl PhysicalPlanner for DistributedPlanner {
    fn plan(&self, logical: &LogicalPlan) -> Result<PhysicalPlan> {
        let placed = self.insert_exchanges(&build_operators(logical)?)?;
        let root = placed.operator;
        Ok(PhysicalPlan::new(root, ExecutionMode::Distributed))
    }
}
