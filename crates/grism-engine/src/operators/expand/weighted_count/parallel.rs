//! Pieces of work on all threads of a query.

use std::sync::Arc;

use grism_core::{Error, Result};
use tokio::task::JoinSet;

use crate::{ExecutionContextTrait, MorselQueue};

/// What `work` makes of each job, in the order of the jobs. Each thread makes a `state` for itself. Cancellation is checked
/// before each job.
///
/// # Errors
/// The first error of a job; `Cancelled`.
pub(crate) async fn in_parallel<J, S, T>(
    context: &Arc<dyn ExecutionContextTrait>,
    jobs: Vec<J>,
    state: impl Fn() -> Result<S> + Send + Sync + 'static,
    work: impl Fn(&mut S, &J) -> Result<T> + Send + Sync + 'static,
) -> Result<Vec<T>>
where
    J: Send + Sync + 'static,
    S: Send + 'static,
    T: Send + 'static,
{
    let threads = context.query().config.workers().min(jobs.len());
    if threads <= 1 {
        let mut own = state()?;
        let mut done = Vec::with_capacity(jobs.len());
        for job in &jobs {
            context.query().cancellation.check()?;
            done.push(work(&mut own, job)?);
            tokio::task::consume_budget().await;
        }
        return Ok(done);
    }
    let queue = MorselQueue::new((0..jobs.len()).collect());
    let count = jobs.len();
    let shared = Arc::new((queue, jobs, state, work));
    let mut workers = JoinSet::new();
    for _ in 0..threads {
        let (shared, context) = (Arc::clone(&shared), Arc::clone(context));
        workers.spawn(async move {
            let (queue, jobs, state, work) = &*shared;
            let (mut own, mut done) = (state()?, Vec::new());
            while let Some(number) = queue.take() {
                context.query().cancellation.check()?;
                done.push((number, work(&mut own, &jobs[number])?));
                tokio::task::consume_budget().await;
            }
            Ok::<_, Error>(done)
        });
    }
    let mut results: Vec<Option<T>> = (0..count).map(|_| None).collect();
    while let Some(joined) = workers.join_next().await {
        let done = joined.map_err(|_| Error::internal("a worker thread panicked"))??;
        for (number, result) in done {
            results[number] = Some(result);
        }
    }
    results
        .into_iter()
        .map(|result| result.ok_or_else(|| Error::internal("a piece of work was not done")))
        .collect()
}
