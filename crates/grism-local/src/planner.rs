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

#[cfg(test)]
mod tests {
    use grism_core::{Tables, Type};
    use grism_logical::{
        Aggregate, AggregateCall, AggregateFunction, LogicalExpr, NodeScan, SharedPlan, SortKey,
    };

    use super::*;

    fn scan() -> LogicalPlan {
        LogicalPlan::NodeScan(NodeScan {
            variable: "n".to_owned(),
            ty: Type::Node(Tables::from([])),
            tables: Tables::from([]),
            label: "Person".to_owned(),
            properties: Vec::new(),
            predicate: Vec::new(),
            index: None,
        })
    }

    fn sort(input: LogicalPlan, fetch: Option<usize>) -> LogicalPlan {
        LogicalPlan::Sort {
            input: SharedPlan::new(input),
            keys: vec![SortKey::ascending(LogicalExpr::column("n"))],
            fetch,
        }
    }

    fn count(input: LogicalPlan) -> LogicalPlan {
        LogicalPlan::Aggregate(Aggregate {
            input: SharedPlan::new(input),
            keys: Vec::new(),
            aggregates: vec![
                AggregateCall::new(AggregateFunction::Count, Vec::new()).named("rows"),
            ],
        })
    }

    fn limit(input: LogicalPlan) -> LogicalPlan {
        LogicalPlan::Limit {
            input: SharedPlan::new(input),
            skip: 1,
            fetch: Some(2),
        }
    }

    fn planned(threads: usize, plan: &LogicalPlan) -> String {
        let planner = LocalPhysicalPlanner::with_config(PlannerConfig { threads });
        planner.plan(plan).expect("a plan").display()
    }

    #[test]
    fn one_thread_runs_the_operators_as_they_are() {
        for plan in [scan(), sort(scan(), None), count(scan()), limit(scan())] {
            let planned = planned(1, &plan);
            assert!(!planned.contains("Parallel"), "{planned}");
        }
    }

    #[test]
    fn threads_share_the_pipeline_and_what_sees_all_rows_stands_above() {
        assert_eq!(
            planned(2, &scan()),
            "Parallel(2 threads)\n  NodeScan(n:Person)\n"
        );
        assert_eq!(
            planned(2, &count(scan())),
            "FinalAggregate(count(*))\n  Parallel(2 threads)\n    PartialAggregate(count(*))\n      Project()\n        NodeScan(n:Person)\n"
        );
        // A limit is counted once more over what each thread keeps.
        assert_eq!(
            planned(3, &limit(scan())),
            "Limit(2, skip 1)\n  Parallel(3 threads)\n    Limit(3)\n      NodeScan(n:Person)\n"
        );
    }

    #[test]
    fn each_thread_sorts_its_rows_and_the_runs_are_merged() {
        assert_eq!(
            planned(2, &sort(scan(), None)),
            "Parallel(2 threads, merged by n)\n  Sort(n)\n    NodeScan(n:Person)\n"
        );
        assert_eq!(
            planned(2, &sort(scan(), Some(5))),
            "Limit(5)\n  Parallel(2 threads, merged by n)\n    TopK(5, n)\n      NodeScan(n:Person)\n"
        );
    }

    #[test]
    fn rows_that_are_in_one_piece_are_not_given_to_threads() {
        let unit = LogicalPlan::Unit;
        for plan in [unit.clone(), count(unit.clone()), limit(unit)] {
            let planned = planned(4, &plan);
            assert!(!planned.contains("Parallel"), "{planned}");
        }
    }

    #[test]
    fn above_what_sees_all_rows_nothing_runs_on_threads_again() {
        let planned = planned(2, &limit(count(scan())));
        assert_eq!(planned.matches("Parallel").count(), 1, "{planned}");
        assert!(
            planned.starts_with("Limit(2, skip 1)\n  FinalAggregate"),
            "{planned}"
        );
    }
}
