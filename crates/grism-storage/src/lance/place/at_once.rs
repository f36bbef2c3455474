//! Work on many datasets at the same time, most of which is waiting for the disk or the network.

use grism_core::{Error, Result};
use tokio::task::JoinSet;

/// Datasets that are worked on at the same time.
const AT_ONCE: usize = 16;

/// The results of some work, in any order.
///
/// # Errors
/// The first one.
pub(in crate::lance) async fn all_at_once<T: Send + 'static>(
    work: Vec<impl Future<Output = Result<T>> + Send + 'static>,
) -> Result<Vec<T>> {
    let mut waiting = work.into_iter();
    let mut tasks = JoinSet::new();
    let mut all = Vec::new();
    loop {
        while tasks.len() < AT_ONCE
            && let Some(next) = waiting.next()
        {
            tasks.spawn(next);
        }
        let Some(done) = tasks.join_next().await else {
            return Ok(all);
        };
        all.push(done.map_err(|error| Error::internal(error.to_string()))??);
    }
}
