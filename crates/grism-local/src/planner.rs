//! `LocalPhysicalPlanner`: operators for one machine, with pipelines that several threads run.

use std::sync::Arc;

use grism_core::{Result, with_stack};
use grism_engine::operators::{
    AggregatePhase, HashAggregateExec, HyperedgeScanExec, LimitExec, NodeScanExec, ParallelExec,
    SortExec, SortMergeExec,
};
use grism_engine::{
    ExecutionMode, PhysicalOperator, PhysicalPlan, PhysicalPlanner, PlannerConfig, build_operators,
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
        let parallel = |pipeline: Arc<dyn PhysicalOperator>| -> Arc<dyn PhysicalOperator> {
            Arc::new(ParallelExec::new(pipeline, self.config.threads))
        };
        if is_pipeline(operator) {
            return Ok(if has_scan(operator) {
                parallel(Arc::clone(operator))
            } else {
                Arc::clone(operator)
            });
        }
        if let [child] = operator.children()[..]
            && is_pipeline(child)
            && has_scan(child)
        {
            let any = operator.as_any();
            if let Some(aggregate) = any.downcast_ref::<HashAggregateExec>()
                && aggregate.phase() == AggregatePhase::Single
                && !aggregate.schema().columns().columns.is_empty()
            {
                return Ok(Arc::new(
                    aggregate.finish(parallel(Arc::new(aggregate.partial()?)))?,
                ));
            }
            if let Some(sort) = any.downcast_ref::<SortExec>() {
                let (keys, fetch) = (sort.keys().to_vec(), sort.fetch());
                return Ok(Arc::new(SortMergeExec::new(
                    parallel(Arc::clone(operator)),
                    keys,
                    fetch,
                )));
            }
            if let Some(limit) = any.downcast_ref::<LimitExec>() {
                let cut = Arc::new(LimitExec::new(Arc::clone(child), 0, limit.reach()));
                return operator.with_new_children(vec![parallel(cut)]);
            }
        }
        let children = operator
            .children()
            .into_iter()
            .map(|child| with_stack(|| self.parallelize(child)))
            .collect::<Result<_>>()?;
        operator.with_new_children(children)
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

fn has_scan(operator: &Arc<dyn PhysicalOperator>) -> bool {
    operator.as_any().is::<NodeScanExec>()
        || operator.as_any().is::<HyperedgeScanExec>()
        || operator
            .children()
            .into_iter()
            .any(|child| with_stack(|| has_scan(child)))
}
