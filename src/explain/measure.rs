//! Runs an explained plan, and adds what it did.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{StreamExt, TryStreamExt};
use grism_core::Result;
use grism_engine::{
    Executor, OperatorId, OperatorMetrics, PhysicalPlan, RecordBatchStream, TaskMetrics,
    add_metrics,
};
use grism_local::LocalExecutor;
use grism_ray::{DistributedPlan, RayExecutor, StagedExecutor};

use super::advice::advice;
use super::explained::{Explained, Measured, Run, Shape};
use crate::query::{Prepared, QueryOptions, check_for_ray};
use crate::views::PinnedStorage;
use crate::{Engine, Graph};

/// A run in stages that another driver has made, such as that of Python on Ray.
#[derive(Clone, Debug)]
pub struct FinishedRun {
    /// Rows of the result.
    pub rows: u64,
    /// From the start to the last row.
    pub time: Duration,
    /// What the tasks did.
    pub tasks: Vec<TaskMetrics>,
}

impl FinishedRun {
    /// Adds what it did to the plan that it ran.
    pub(super) fn add_to(self, explained: &mut Explained) {
        let operators = add_metrics(self.tasks.iter().flat_map(|task| &task.operators));
        add_run(explained, Engine::Ray, self, operators);
    }
}

/// Runs a plan on this machine.
///
/// # Errors
/// What a run can meet.
pub(super) async fn measure_plan(
    explained: &mut Explained,
    plan: PhysicalPlan,
    graph: &Graph,
    prepared: &Prepared,
    options: &QueryOptions,
) -> Result<()> {
    let start = Instant::now();
    let executor = LocalExecutor::with_config(options.runtime.clone())
        .with_cancellation(options.cancellation.clone());
    let run = executor.execute_at(
        plan,
        options.tables.over(graph.storage()),
        Arc::clone(&prepared.snapshot),
    )?;
    let handle = run.run().clone();
    let rows = counted(run.into_stream()).await?;
    let finished = FinishedRun {
        rows,
        time: start.elapsed(),
        tasks: Vec::new(),
    };
    add_run(explained, Engine::Local, finished, handle.operators());
    Ok(())
}

/// Runs stages on the engine of `options`: in this process, where they do not say Ray.
///
/// # Errors
/// What a run can meet.
pub(super) async fn measure_stages(
    explained: &mut Explained,
    plan: DistributedPlan,
    graph: &Graph,
    prepared: &Prepared,
    options: &QueryOptions,
) -> Result<()> {
    let start = Instant::now();
    let snapshot = prepared.snapshot.as_ref();
    let storage = options.tables.over(graph.storage());
    let pinned = Arc::new(PinnedStorage::new(storage, snapshot));
    let (runtime, cancellation) = (options.runtime.clone(), options.cancellation.clone());
    let (engine, run) = match options.engine {
        Engine::Ray => {
            check_for_ray(&prepared.optimized, options)?;
            let executor = RayExecutor::with_config(options.ray.clone())
                .with_runtime(runtime)
                .with_cancellation(cancellation);
            let run = Executor::execute(&executor, plan, pinned, snapshot.id().into()).await?;
            (Engine::Ray, run)
        }
        Engine::Local | Engine::Staged | Engine::Auto => {
            let executor = StagedExecutor::new(runtime).with_cancellation(cancellation);
            let run = executor.execute(plan, pinned, snapshot.id().into()).await?;
            (Engine::Staged, run)
        }
    };
    let handle = run.run().clone();
    let rows = counted(run.into_stream()).await?;
    let (tasks, operators) = (handle.tasks(), handle.operators());
    let finished = FinishedRun {
        rows,
        time: start.elapsed(),
        tasks,
    };
    add_run(explained, engine, finished, operators);
    Ok(())
}

async fn counted(stream: RecordBatchStream) -> Result<u64> {
    let rows = stream.map_ok(|batch| batch.num_rows() as u64);
    rows.boxed()
        .try_fold(0, |sum, rows| std::future::ready(Ok(sum + rows)))
        .await
}

/// Adds what a run of a query that reads did.
fn add_run(
    explained: &mut Explained,
    engine: Engine,
    finished: FinishedRun,
    metrics: Vec<OperatorMetrics>,
) {
    if let Shape::Query(plan) = &mut explained.shape {
        plan.tasks = finished.tasks;
    }
    let run = Run {
        engine: engine.name(),
        rows: finished.rows,
        time: finished.time,
        commits: None,
        functions: BTreeMap::new(),
        advice: None,
    };
    add_measured(explained, run, metrics);
}

/// Adds what operators did, by the numbers that they have in the explained query, to a run.
pub(super) fn add_measured(explained: &mut Explained, mut run: Run, metrics: Vec<OperatorMetrics>) {
    let by_id: HashMap<OperatorId, OperatorMetrics> =
        metrics.into_iter().map(|own| (own.id, own)).collect();
    for (name, calls) in by_id.values().flat_map(|own| &own.usage.functions) {
        run.functions.entry(name.clone()).or_default().add(calls);
    }
    for operator in &mut explained.operators {
        // A task that never ran the operator tells nothing of it.
        let metrics = by_id.get(&operator.id).cloned().unwrap_or_default();
        let below = operator.below().filter_map(|id| by_id.get(&id));
        let own = metrics.own_time(below);
        operator.measured = Some(Measured { metrics, own });
    }
    run.advice = advice(explained);
    explained.run = Some(run);
}
