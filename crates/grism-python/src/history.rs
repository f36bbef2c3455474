//! The snapshots of a graph, for Python to read.

use grism::{RowChanges, SnapshotInfo};
use serde_json::{Value, json};

/// A line for each snapshot: its number, its time in milliseconds, its operation, and the rows that it changed in all tables.
pub(crate) fn history_lines(history: &[SnapshotInfo]) -> Vec<Value> {
    let line = |info: &SnapshotInfo| {
        let sum =
            |pick: fn(&RowChanges) -> u64| info.summary.tables.values().map(pick).sum::<u64>();
        json!({
            "snapshot": info.id.0,
            "committed_at": info.committed_at,
            "operation": info.summary.operation,
            "added": sum(|rows| rows.added),
            "updated": sum(|rows| rows.updated),
            "deleted": sum(|rows| rows.deleted),
        })
    };
    history.iter().map(line).collect()
}
