//! `MemorySnapshot`: tables as chunks of Arrow batches, incidences as segments. Snapshots share what did not change.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use arrow::compute::{filter_record_batch, interleave};
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use futures::StreamExt;
use grism_core::{
    BatchStream, ChangeSet, EntityId, Error, GraphSchema, GraphStatistics, Incidence,
    IncidenceSegment, Result, ScanRange, ScanRequest, SegmentKey, Snapshot, SnapshotId, TableId,
    TableStatistics,
};

use super::storage::cut;
use crate::columns::{
    column_or_null, column_type, id_array, named_batch, passing_rows, scan_names,
};
use crate::incidences::{by_segment, collect_incidences};

type Segments = HashMap<(TableId, String, SegmentKey), Arc<IncidenceSegment>>;

/// One snapshot of an in-memory graph.
#[derive(Debug)]
pub(super) struct MemorySnapshot {
    pub(super) id: SnapshotId,
    pub(super) schema: Arc<GraphSchema>,
    statistics: Arc<GraphStatistics>,
    pub(super) segment_shift: u8,
    pub(super) fragment_rows: usize,
    pub(super) tables: BTreeMap<TableId, Chunks>,
    segments: Segments,
}

/// The rows of a table, in the order of their offsets.
#[derive(Clone, Debug, Default)]
pub(super) struct Chunks {
    pub(super) batches: Vec<RecordBatch>,
    /// The offset of the first row of each batch, and behind the last one the offset of the next row.
    starts: Vec<u64>,
}

impl Chunks {
    fn push(&mut self, batch: RecordBatch) {
        if self.starts.is_empty() {
            self.starts.push(0);
        }
        let next = self.rows() + batch.num_rows() as u64;
        self.starts.push(next);
        self.batches.push(batch);
    }

    fn rows(&self) -> u64 {
        self.starts.last().copied().unwrap_or(0)
    }

    /// The batch that holds `offset`, and the row within it.
    fn place(&self, offset: u64) -> Option<(usize, usize)> {
        let chunk = self
            .starts
            .partition_point(|start| *start <= offset)
            .checked_sub(1)?;
        (chunk < self.batches.len()).then(|| (chunk, (offset - self.starts[chunk]) as usize))
    }
}

impl MemorySnapshot {
    pub(super) fn empty(segment_shift: u8, fragment_rows: usize) -> Self {
        Self {
            id: SnapshotId(1),
            schema: Arc::default(),
            statistics: Arc::default(),
            segment_shift,
            fragment_rows,
            tables: BTreeMap::new(),
            segments: HashMap::new(),
        }
    }

    /// The next snapshot.
    pub(super) fn with_changes(&self, changes: &ChangeSet) -> Result<Self> {
        let mut tables = self.tables.clone();
        let mut segments = self.segments.clone();
        let mut statistics = (*self.statistics).clone();
        let alive = |table: TableId| changes.schema.table(table).is_ok();
        tables.retain(|table, _| alive(*table));
        statistics.tables.retain(|table, _| alive(*table));
        segments.retain(|(table, _, _), _| alive(*table));
        for table in changes.schema.tables() {
            statistics.tables.entry(table.id).or_default();
            tables.entry(table.id).or_default();
        }
        for (id, batches) in &changes.appends {
            let table = changes.schema.table(*id)?;
            let chunks = tables.entry(*id).or_default();
            let first = chunks.rows();
            if let Some(hyperedge_type) = table.hyperedge_type() {
                for (role, incidences) in collect_incidences(*id, hyperedge_type, batches, first)? {
                    let counts = statistics
                        .tables
                        .entry(*id)
                        .or_default()
                        .roles
                        .entry(role.clone())
                        .or_default();
                    for (key, added) in by_segment(&incidences, self.segment_shift) {
                        *counts.incidences.entry(key.table).or_insert(0) += added.len() as u64;
                        let slot = segments.entry((*id, role.clone(), key)).or_default();
                        *slot = Arc::new(extended(
                            slot,
                            key,
                            added,
                            self.segment_shift,
                            hyperedge_type.is_binary(),
                        ));
                    }
                }
            }
            for piece in cut(batches, self.fragment_rows) {
                chunks.push(piece);
            }
            let counts: &mut TableStatistics = statistics.tables.entry(*id).or_default();
            counts.rows = chunks.rows();
            counts.next_offset = chunks.rows();
        }
        Ok(Self {
            id: SnapshotId(self.id.0 + 1),
            schema: Arc::new(changes.schema.clone()),
            statistics: Arc::new(statistics),
            segment_shift: self.segment_shift,
            fragment_rows: self.fragment_rows,
            tables,
            segments,
        })
    }

    fn chunks(&self, table: TableId) -> Result<&Chunks> {
        self.tables
            .get(&table)
            .ok_or_else(|| Error::internal(format!("the snapshot has no table {table}")))
    }
}

/// `segment` with more incidences.
fn extended(
    segment: &IncidenceSegment,
    key: SegmentKey,
    added: &[Incidence],
    shift: u8,
    binary: bool,
) -> IncidenceSegment {
    let mut all = added.to_vec();
    for local in 0..segment.offsets.len().saturating_sub(1) {
        let member = EntityId::new(key.table, (key.segment << shift) + local as u64).raw();
        for place in segment.range(local) {
            all.push(Incidence {
                member,
                hyperedge: segment.hyperedges[place],
                position: segment.positions.get(place).copied().unwrap_or(0),
                opposite: segment.opposites.get(place).copied().unwrap_or(0),
            });
        }
    }
    all.sort_unstable();
    IncidenceSegment::from_sorted(&all, shift, binary)
}

#[async_trait]
impl Snapshot for MemorySnapshot {
    fn id(&self) -> SnapshotId {
        self.id
    }

    fn schema(&self) -> &Arc<GraphSchema> {
        &self.schema
    }

    fn statistics(&self) -> &Arc<GraphStatistics> {
        &self.statistics
    }

    fn segment_shift(&self) -> u8 {
        self.segment_shift
    }

    fn scan_ranges(&self, table: TableId) -> Vec<ScanRange> {
        let batches = self
            .tables
            .get(&table)
            .map_or(&[][..], |chunks| &chunks.batches);
        let range = |(fragment, batch): (usize, &RecordBatch)| ScanRange {
            table,
            fragment: fragment as u64,
            rows: batch.num_rows() as u64,
        };
        batches.iter().enumerate().map(range).collect()
    }

    async fn scan(&self, request: ScanRequest) -> Result<BatchStream> {
        let table = self.schema.table(request.range.table)?;
        let chunks = self.chunks(table.id)?;
        let fragment = request.range.fragment as usize;
        let (Some(batch), Some(start)) =
            (chunks.batches.get(fragment), chunks.starts.get(fragment))
        else {
            return Err(Error::internal(format!(
                "the table {} has no fragment {fragment}",
                table.id
            )));
        };
        let passing = passing_rows(batch, &request.predicate, table)?;
        let mut columns = vec![id_array(table.id, *start..*start + batch.num_rows() as u64)];
        for name in &request.columns {
            let data_type = column_type(table, name).ok_or_else(|| {
                Error::internal(format!("the table {} has no column `{name}`", table.id))
            })?;
            columns.push(column_or_null(batch, name, &data_type)?);
        }
        let mut found = named_batch(&scan_names(&request.columns), columns, batch.num_rows())?;
        if passing.true_count() < found.num_rows() {
            found = filter_record_batch(&found, &passing)?;
        }
        let pieces = cut(&[found], request.batch_rows.max(1));
        Ok(futures::stream::iter(pieces.into_iter().map(Ok)).boxed())
    }

    async fn take(
        &self,
        table: TableId,
        offsets: &[u64],
        columns: &[String],
    ) -> Result<RecordBatch> {
        let entry = self.schema.table(table)?;
        let chunks = self.chunks(table)?;
        let places = offsets
            .iter()
            .map(|offset| {
                let place = chunks.place(*offset);
                place.ok_or_else(|| {
                    Error::internal(format!("the table {table} has no row {offset}"))
                })
            })
            .collect::<Result<Vec<_>>>()?;
        let mut taken: Vec<ArrayRef> = Vec::with_capacity(columns.len());
        for name in columns {
            let data_type = column_type(entry, name).ok_or_else(|| {
                Error::internal(format!("the table {table} has no column `{name}`"))
            })?;
            let pieces: Vec<ArrayRef> = chunks
                .batches
                .iter()
                .map(|batch| column_or_null(batch, name, &data_type))
                .collect::<Result<_>>()?;
            let pieces: Vec<&dyn Array> = pieces.iter().map(AsRef::as_ref).collect();
            taken.push(if offsets.is_empty() {
                arrow::array::new_empty_array(&data_type)
            } else {
                interleave(&pieces, &places)?
            });
        }
        named_batch(columns, taken, offsets.len())
    }

    async fn incidences(
        &self,
        table: TableId,
        role: &str,
        key: SegmentKey,
    ) -> Result<Arc<IncidenceSegment>> {
        Ok(self
            .segments
            .get(&(table, role.to_owned(), key))
            .cloned()
            .unwrap_or_default())
    }
}
