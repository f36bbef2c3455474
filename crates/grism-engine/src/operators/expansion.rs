//! What expansions have in common: incidence lists loaded once per stream, ids of a column, the text of bindings.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, UInt32Array, UInt64Array};
use arrow::compute::take;
use arrow::record_batch::RecordBatch;
use grism_core::{EntityId, Error, IncidenceSegment, Result, SegmentKey, Snapshot, TableId};
use grism_logical::RoleBinding;

use super::{comma_separated, shown};

/// The incidence lists a stream has asked for so far.
#[derive(Debug)]
pub(super) struct IncidenceReader {
    snapshot: Arc<dyn Snapshot>,
    segments: HashMap<(TableId, usize, SegmentKey), Arc<IncidenceSegment>>,
}

impl IncidenceReader {
    pub(super) fn new(snapshot: Arc<dyn Snapshot>) -> Self {
        Self {
            snapshot,
            segments: HashMap::new(),
        }
    }

    /// Loads what the members in `ids` need of the `index`-th role, called `role`, of `table`.
    pub(super) async fn load(
        &mut self,
        table: TableId,
        index: usize,
        role: &str,
        ids: &UInt64Array,
    ) -> Result<()> {
        let shift = self.snapshot.segment_shift();
        let mut last = None;
        for id in ids.iter().flatten() {
            let key = SegmentKey::of(EntityId::from_raw(id), shift);
            // Neighbouring rows mostly share a segment.
            if last == Some(key) {
                continue;
            }
            last = Some(key);
            if !self.segments.contains_key(&(table, index, key)) {
                let segment = self.snapshot.incidences(table, role, key).await?;
                self.segments.insert((table, index, key), segment);
            }
        }
        Ok(())
    }

    /// The loaded segment that holds `member`, and the member's place in it.
    pub(super) fn segment(
        &self,
        table: TableId,
        index: usize,
        member: u64,
    ) -> Option<(&IncidenceSegment, usize)> {
        let shift = self.snapshot.segment_shift();
        let id = EntityId::from_raw(member);
        let segment = self
            .segments
            .get(&(table, index, SegmentKey::of(id, shift)))?;
        Some((segment, (id.offset() & ((1 << shift) - 1)) as usize))
    }
}

/// The ids in a column.
pub(super) fn id_column(batch: &RecordBatch, name: &str) -> Result<UInt64Array> {
    batch
        .column_by_name(name)
        .and_then(|column| column.as_any().downcast_ref::<UInt64Array>().cloned())
        .ok_or_else(|| Error::internal(format!("`{name}` is no column of ids")))
}

/// The rows `rows` of every column of `batch`.
pub(super) fn take_columns(batch: &RecordBatch, rows: &UInt32Array) -> Result<Vec<ArrayRef>> {
    batch
        .columns()
        .iter()
        .map(|column| Ok(take(column, rows, None)?))
        .collect()
}

/// `roles origin=o, dest=d`.
pub(super) fn describe_bindings(bindings: &[RoleBinding]) -> String {
    let bound = bindings.iter().map(|binding| {
        let member = shown(&binding.member);
        format!(
            "{}={}",
            binding.roles.join("|"),
            if member.is_empty() { "_" } else { member }
        )
    });
    format!("roles {}", comma_separated(bound))
}
