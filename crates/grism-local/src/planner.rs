//! `LocalPhysicalPlanner`: operators for one machine, with pipelines that several threads run.

use std::sync::Arc;

use grism_core::{GraphStatistics, Result, with_stack};
use grism_engine::operators::ParallelExec;
use grism_engine::{
    ExecutionMode, PhysicalOperator, PhysicalPlan, PhysicalPlanner, PlannerConfig, ReadOrder,
    build_operators, derive_properties,
};
use grism_logical::LogicalPlan;

/// Plans for one machine. No exchange is inserted.
#[derive(Clone, Debug, Default)]
pub struct LocalPhysicalPlanner {
    config: PlannerConfig,
}

impl LocalPhysicalPlanner {
    /// A planner for all cores.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A planner with these settings.
    #[must_use]
    pub fn with_config(config: PlannerConfig) -> Self {
        Self { config }
    }

    /// The physical plan of an optimized logical plan.
    ///
    /// # Errors
    /// As [`PhysicalPlanner::plan`].
    pub fn plan(&self, logical: &LogicalPlan) -> Result<PhysicalPlan> {
        let root = build_operators(logical)?;
        let root = if self.config.threads > 1 {
            self.parallelize(&root)?
        } else {
            root
        };
        Ok(PhysicalPlan::new(root, ExecutionMode::Local))
    }

    /// Lets threads share the pipelines below `operator`; what must see all rows stays above them.
    fn parallelize(
        &self,
        operator: &Arc<dyn PhysicalOperator>,
    ) -> Result<Arc<dyn PhysicalOperator>> {
        let parallel = |pipeline, order| ParallelExec::over(pipeline, self.config.threads, order);
        if is_pipeline(operator) {
            return match is_spread(operator) {
                true => parallel(Arc::clone(operator), ReadOrder::Sequential),
                false => Ok(Arc::clone(operator)),
            };
        }
        if let [child] = operator.children()[..]
            && is_pipeline(child)
            && is_spread(child)
            && let Some(phases) = operator.phases()?
        {
            let order = ReadOrder::of(&phases.between.ordering);
            let local = parallel(phases.local, order)?;
            return match phases.global {
                Some(global) => global.over_inputs(vec![local]),
                None => Ok(local),
            };
        }
        let children = operator
            .children()
            .into_iter()
            .map(|child| with_stack(|| self.parallelize(child)))
            .collect::<Result<_>>()?;
        operator.over_inputs(children)
    }
}

impl PhysicalPlanner for LocalPhysicalPlanner {
    fn plan(&self, logical: &LogicalPlan) -> Result<PhysicalPlan> {
        Self::plan(self, logical)
    }
}

/// Whether everything down to the leaves works row by row on any split of its input.
fn is_pipeline(operator: &Arc<dyn PhysicalOperator>) -> bool {
    let capabilities = operator.capabilities();
    capabilities.streaming
        && capabilities.parallel_safe
        && operator
            .children()
            .into_iter()
            .all(|child| with_stack(|| is_pipeline(child)))
}

/// Whether threads can share the rows of the pipeline that ends at `operator`.
fn is_spread(operator: &Arc<dyn PhysicalOperator>) -> bool {
    let own = derive_properties(operator, &GraphStatistics::default());
    !own.distribution.is_at_one_place()
}
