//! What hyperedges connect, for pictures of results.

use grism_core::{Result, SnapshotSelector, Value};
use grism_engine::operators::hydrate;

use crate::Graph;

/// Levels that are read: the hyperedges, and their members.
const DEPTH: u8 = 2;

impl Graph {
    /// The hyperedges of raw ids, binary edges included, with their members and what these hold, as a snapshot has them.
    ///
    /// # Errors
    /// `NotFound` where there is no such snapshot; those of the storage.
    pub async fn hyperedges(&self, snapshot: SnapshotSelector, ids: &[u64]) -> Result<Vec<Value>> {
        let snapshot = self.snapshot(snapshot).await?;
        let mut values: Vec<Value> = ids.iter().map(|id| Value::hyperedge(*id)).collect();
        hydrate(snapshot.as_ref(), &mut values, DEPTH).await?;
        Ok(values)
    }
}
