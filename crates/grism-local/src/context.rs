//! `LocalExecutionContext`: one partition, which is everything, and queues that threads share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use grism_engine::{ExecutionContextTrait, MorselQueue, QueryContext};

/// The context of a query on one machine.
#[derive(Debug)]
pub struct LocalExecutionContext {
    query: QueryContext,
    queues: Mutex<HashMap<u32, Arc<MorselQueue>>>,
}

impl LocalExecutionContext {
    /// A context for one run of one query.
    #[must_use]
    pub fn new(query: QueryContext) -> Self {
        Self {
            query,
            queues: Mutex::default(),
        }
    }
}

impl ExecutionContextTrait for LocalExecutionContext {
    fn query(&self) -> &QueryContext {
        &self.query
    }

    fn morsels(&self, leaf: u32, count: usize) -> Arc<MorselQueue> {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = queues
            .entry(leaf)
            .or_insert_with(|| Arc::new(MorselQueue::new((0..count).collect())));
        Arc::clone(queue)
    }
}
