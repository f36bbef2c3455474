//! `LocalPhysicalPlanner`: operators for one machine, with pipelines that several threads run.

use std::sync::Arc;

use grism_core::{GraphStatistics, Result, with_stack};
use grism_engine::operators::ParallelExec;
use grism_engine::{
    ExecutionMode, InputRequirement, PhysicalOperator, PhysicalPlan, PhysicalPlanner,
    PlanProperties, PlannerConfig, ReadOrder, RequiredDistribution, StageTasks, build_operators,
    unmet_requirement,
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
        if let Some(own) = pipeline(operator) {
            return match is_spread(&own) {
                true => parallel(Arc::clone(operator), ReadOrder::Sequential),
                false => Ok(Arc::clone(operator)),
            };
        }
        if let [child] = operator.children()[..]
            && pipeline(child).is_some_and(|own| is_spread(&own))
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

/// How the rows of the pipeline that ends at `operator` are spread over threads that share its leaves; `None` where not everything
/// down to the leaves works on the rows of one thread alone: row by row on any split of its input, or on all rows of a group where
/// one thread has these.
fn pipeline(operator: &Arc<dyn PhysicalOperator>) -> Option<PlanProperties> {
    let children = operator.children().into_iter();
    let inputs = children.map(|child| with_stack(|| pipeline(child)));
    let inputs = inputs.collect::<Option<Vec<PlanProperties>>>()?;
    let own = operator.properties(&inputs, &GraphStatistics::default());
    let capabilities = operator.capabilities();
    let is_row_by_row = capabilities.streaming && capabilities.parallel_safe;
    let has_whole_groups = || {
        let requirements = operator.required_inputs();
        let by_keys =
            |own: &InputRequirement| matches!(own.distribution, RequiredDistribution::Hash(_));
        matches!(&requirements[..], [only] if by_keys(only))
            && unmet_requirement(operator.as_ref(), &inputs, StageTasks::Several).is_none()
    };
    (is_row_by_row || has_whole_groups()).then_some(own)
}

/// Whether threads can share the rows of a pipeline.
fn is_spread(pipeline: &PlanProperties) -> bool {
    !pipeline.distribution.is_at_one_place()
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

    fn counted_by(input: LogicalPlan, key: LogicalExpr) -> LogicalPlan {
        LogicalPlan::Aggregate(Aggregate {
            input: SharedPlan::new(input),
            keys: vec![key.named("k")],
            aggregates: vec![
                AggregateCall::new(AggregateFunction::Count, Vec::new()).named("rows"),
            ],
        })
    }

    #[test]
    fn what_one_thread_scans_it_groups_alone() {
        let by_entity = counted_by(scan(), LogicalExpr::column("n"));
        assert_eq!(
            planned(2, &count(by_entity)),
            "FinalAggregate(count(*))\n  Parallel(2 threads)\n    PartialAggregate(count(*))\n      Project()\n        \
             Aggregate(count(*), GROUP BY n)\n          Project(n AS k)\n            NodeScan(n:Person)\n"
        );
        let by_value = counted_by(scan(), LogicalExpr::Literal(grism_core::Value::Int64(1)));
        assert!(planned(2, &by_value).starts_with("FinalAggregate"));
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
