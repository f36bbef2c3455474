//! `MemorySnapshot`: tables as chunks of Arrow batches, incidences as segments. Snapshots share what did not change.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::ArrayRef;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use futures::StreamExt;
use grism_core::{
    BatchStream, ChangeSet, EntityId, Error, GraphSchema, GraphStatistics, HyperedgeType,
    IncidenceSegment, IndexSearch, ListDirectory, LoadState, MemoryManager, Result, ScanPiece,
    ScanRange, ScanRequest, SearchHit, SegmentKey, Snapshot, SnapshotId, TableId,
};

use super::append::{Appending, appended};
use super::chunks::{Chunks, cut};
use super::held::HeldData;
use super::segments::{TableSegments, edited, rename_roles};
use super::take::take_rows;
use crate::collector::{count_delete, count_update, settle};
use crate::columns::{column_or_null, column_type, row_offsets};
use crate::constraints::NewKeys;
use crate::incidences::{by_segment, collect_incidences, members_of};
use crate::search::scan_search;
use crate::selection::Piece;
use crate::shares::Shares;
use crate::value_lookups::ValueLookups;

/// The members of some hyperedges by role, as raw ids in ascending order.
type Members = BTreeMap<String, Vec<u64>>;

/// One snapshot of an in-memory graph. Copies share everything.
#[derive(Clone, Debug)]
pub(super) struct MemorySnapshot {
    pub(super) id: SnapshotId,
    pub(super) commit: String,
    pub(super) schema: Arc<GraphSchema>,
    statistics: Arc<GraphStatistics>,
    pub(super) segment_shift: u8,
    pub(super) fragment_rows: usize,
    pub(super) tables: Arc<BTreeMap<TableId, Chunks>>,
    segments: Arc<BTreeMap<TableId, Arc<TableSegments>>>,
    /// What incremental loads have taken, by table.
    loaded: Arc<BTreeMap<TableId, Arc<LoadState>>>,
    /// Those that were asked for, by segment.
    directories: Arc<Mutex<HashMap<SegmentKey, Arc<ListDirectory>>>>,
    lookups: Arc<ValueLookups>,
    /// What work on this snapshot is charged to.
    pub(super) memory: Arc<dyn MemoryManager>,
    /// What its data take of the memory of the process.
    held: Arc<HeldData>,
    /// The keys that the steps of a transaction brought; `None` in a committed snapshot.
    pub(super) new_keys: Option<Arc<NewKeys>>,
}

impl MemorySnapshot {
    /// A snapshot without data in a process with this memory.
    pub(super) fn empty(
        segment_shift: u8,
        fragment_rows: usize,
        memory: Arc<dyn MemoryManager>,
    ) -> Self {
        Self {
            id: SnapshotId(1),
            commit: uuid::Uuid::new_v4().to_string(),
            schema: Arc::default(),
            statistics: Arc::default(),
            segment_shift,
            fragment_rows,
            tables: Arc::default(),
            segments: Arc::default(),
            loaded: Arc::default(),
            held: Arc::new(HeldData::of(Arc::clone(&memory))),
            directories: Arc::default(),
            lookups: Arc::new(ValueLookups::new(&memory)),
            memory,
            new_keys: None,
        }
    }

    /// The same snapshot, as work that is charged to `memory` reads it.
    pub(super) fn within(&self, memory: &Arc<dyn MemoryManager>) -> Self {
        Self {
            memory: Arc::clone(memory),
            ..self.clone()
        }
    }

    /// The snapshot that `changes` make, with the number and the commit of this one.
    ///
    /// # Errors
    /// Those of the rows; `ResourceExhausted` where the memory of the process does not hold them.
    pub(super) fn with_changes(&self, changes: &ChangeSet) -> Result<Self> {
        let mut tables = (*self.tables).clone();
        let mut segments = (*self.segments).clone();
        let mut statistics = (*self.statistics).clone();
        let alive = |table: TableId| changes.schema.table(table).is_ok();
        tables.retain(|table, _| alive(*table));
        statistics.tables.retain(|table, _| alive(*table));
        segments.retain(|table, _| alive(*table));
        let mut held = (*self.held).clone();
        held.retain(alive);
        let mut loaded = (*self.loaded).clone();
        loaded.retain(|table, _| alive(*table));
        for (table, taken) in &changes.loaded {
            let own = loaded.entry(*table).or_default();
            Arc::make_mut(own).absorb(taken.clone());
        }
        rename_roles(&mut segments, &self.schema, &changes.schema);
        for table in changes.schema.tables() {
            let counts = statistics.tables.entry(table.id).or_default();
            settle(counts, table, self.schema.table(table.id).ok());
            tables.entry(table.id).or_default();
        }
        let mut appending = Vec::new();
        for id in changes.appends.keys() {
            let table = changes.schema.table(*id)?;
            let mut batches = Vec::new();
            for batch in changes.appended(*id) {
                for piece in cut(&[batch?], self.fragment_rows) {
                    held.append(*id, &piece)?;
                    batches.push(piece);
                }
            }
            appending.push(Appending {
                table,
                batches,
                first_offset: tables.get(id).map_or(0, Chunks::rows),
                statistics: statistics.tables.remove(id).unwrap_or_default(),
                segments: segments.remove(id).unwrap_or_default(),
                shift: self.segment_shift,
                cancellation: changes.cancellation.clone(),
            });
        }
        for appended in appended(appending, Shares::of(self.memory.as_ref()))? {
            let id = appended.table;
            let chunks = tables.entry(id).or_default();
            appended
                .batches
                .into_iter()
                .for_each(|piece| chunks.push(piece));
            let mut counts = appended.statistics;
            counts.next_offset = chunks.rows();
            statistics.tables.insert(id, counts);
            segments.insert(id, appended.segments);
        }
        let mut next = Self {
            id: self.id,
            commit: self.commit.clone(),
            schema: Arc::new(changes.schema.clone()),
            statistics: Arc::new(statistics),
            segment_shift: self.segment_shift,
            fragment_rows: self.fragment_rows,
            tables: Arc::new(tables),
            segments: Arc::new(segments),
            loaded: Arc::new(loaded),
            directories: Arc::default(),
            lookups: Arc::new(self.lookups.anew()),
            memory: Arc::clone(&self.memory),
            held: Arc::clone(&self.held),
            new_keys: None,
        };
        let changed: BTreeSet<TableId> = changes
            .updates
            .keys()
            .chain(changes.deletes.keys())
            .copied()
            .collect();
        for table in changed {
            let before = next.tables.get(&table).cloned().unwrap_or_default();
            next.change_rows(table, changes)?;
            if let Some(after) = next.tables.get(&table) {
                held.replace(table, &before, after)?;
            }
        }
        for (table, lists) in next.segments.iter() {
            let known = self.segments.get(table);
            if !known.is_some_and(|known| Arc::ptr_eq(known, lists)) {
                held.settle_lists(*table, lists)?;
            }
        }
        next.held = Arc::new(held);
        Ok(next)
    }

    /// Applies the updates and deletes of one table.
    fn change_rows(&mut self, id: TableId, changes: &ChangeSet) -> Result<()> {
        let schema = Arc::clone(&self.schema);
        let table = schema.table(id)?;
        let updates: Vec<RecordBatch> = changes.updated(id).collect::<Result<_>>()?;
        let gone_now: BTreeSet<u64> = changes.deletes.get(&id).into_iter().flatten().collect();
        let mut touched = gone_now.clone();
        for batch in &updates {
            touched.extend(row_offsets(batch)?);
        }
        let mut before = Members::new();
        if let Some(hyperedge_type) = table.hyperedge_type() {
            before = self.drop_incidences(id, hyperedge_type, &touched)?;
        }
        let chunks = Arc::make_mut(&mut self.tables).entry(id).or_default();
        let statistics = Arc::make_mut(&mut self.statistics);
        let counts = statistics.tables.entry(id).or_default();
        for batch in &updates {
            changes.cancellation.check()?;
            let offsets = row_offsets(batch)?;
            count_update(counts, table, batch, |column| {
                chunks.count_values(&offsets, column)
            })?;
            chunks.update(batch, table)?;
        }
        let gone: Vec<u64> = gone_now.difference(&chunks.deleted).copied().collect();
        count_delete(counts, table, |column| chunks.count_values(&gone, column));
        counts.rows -= gone.len() as u64;
        Arc::make_mut(&mut chunks.deleted).extend(gone);
        if let Some(hyperedge_type) = table.hyperedge_type() {
            let alive: Vec<u64> = touched.difference(&gone_now).copied().collect();
            let mut after = self.add_incidences(id, hyperedge_type, &alive)?;
            let statistics = Arc::make_mut(&mut self.statistics);
            let counts = statistics.tables.entry(id).or_default();
            for (role, before) in before {
                let after = after.remove(&role).unwrap_or_default();
                let own = counts.roles.entry(role).or_default();
                own.replace(&before, &after);
            }
        }
        Ok(())
    }

    /// The roles of some rows of a table of hyperedges.
    fn roles_of(
        &self,
        hyperedge_type: &HyperedgeType,
        id: TableId,
        offsets: &[u64],
    ) -> Result<RecordBatch> {
        self.take_rows(id, offsets, &hyperedge_type.role_columns())
    }

    fn drop_incidences(
        &mut self,
        id: TableId,
        hyperedge_type: &HyperedgeType,
        offsets: &BTreeSet<u64>,
    ) -> Result<Members> {
        let rows: Vec<u64> = offsets.iter().copied().collect();
        let batch = self.roles_of(hyperedge_type, id, &rows)?;
        let gone: BTreeSet<u64> = rows
            .iter()
            .map(|offset| EntityId::new(id, *offset).raw())
            .collect();
        let found = collect_incidences(id, hyperedge_type, &[batch], &|row| rows[row])?;
        let mut members = Members::new();
        for (role, incidences) in found {
            members.insert(role.clone(), members_of(&incidences));
            for (key, _) in by_segment(&incidences, self.segment_shift) {
                let segments = Arc::make_mut(&mut self.segments);
                let own = Arc::make_mut(segments.entry(id).or_default());
                if let Some(slot) = own.get_mut(&(role.clone(), key)) {
                    *slot = Arc::new(edited(
                        slot,
                        key,
                        &gone,
                        &[],
                        self.segment_shift,
                        hyperedge_type.is_binary(),
                    ));
                }
            }
        }
        Ok(members)
    }

    fn add_incidences(
        &mut self,
        id: TableId,
        hyperedge_type: &HyperedgeType,
        rows: &[u64],
    ) -> Result<Members> {
        let batch = self.roles_of(hyperedge_type, id, rows)?;
        let found = collect_incidences(id, hyperedge_type, &[batch], &|row| rows[row])?;
        let mut members = Members::new();
        for (role, incidences) in found {
            members.insert(role.clone(), members_of(&incidences));
            for (key, added) in by_segment(&incidences, self.segment_shift) {
                let segments = Arc::make_mut(&mut self.segments);
                let own = Arc::make_mut(segments.entry(id).or_default());
                let slot = own.entry((role.clone(), key)).or_default();
                *slot = Arc::new(edited(
                    slot,
                    key,
                    &BTreeSet::new(),
                    added,
                    self.segment_shift,
                    hyperedge_type.is_binary(),
                ));
            }
        }
        Ok(members)
    }

    fn take_rows(
        &self,
        table: TableId,
        offsets: &[u64],
        columns: &[String],
    ) -> Result<RecordBatch> {
        take_rows(
            self.schema.table(table)?,
            self.chunks(table)?,
            offsets,
            columns,
        )
    }

    fn chunks(&self, table: TableId) -> Result<&Chunks> {
        self.tables
            .get(&table)
            .ok_or_else(|| Error::internal(format!("the snapshot has no table {table}")))
    }
}

#[async_trait]
impl Snapshot for MemorySnapshot {
    fn id(&self) -> SnapshotId {
        self.id
    }

    fn commit(&self) -> &str {
        &self.commit
    }

    fn memory(&self) -> &Arc<dyn MemoryManager> {
        &self.memory
    }

    fn with_memory(&self, memory: Arc<dyn MemoryManager>) -> Arc<dyn Snapshot> {
        Arc::new(self.within(&memory))
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
        let Some(chunks) = self.tables.get(&table) else {
            return Vec::new();
        };
        let pieces = chunks.pieces();
        let range = |(number, rows)| ScanRange {
            table,
            piece: ScanPiece::Fragment(number),
            rows,
        };
        pieces.map(range).collect()
    }

    async fn scan(&self, request: ScanRequest) -> Result<BatchStream> {
        let table = self.schema.table(request.range.table)?;
        let chunks = self.chunks(table.id)?;
        let ScanPiece::Fragment(fragment) = request.range.piece else {
            let piece = request.range.piece;
            return Err(Error::internal(format!(
                "a table in memory without {piece}"
            )));
        };
        let Some((start, batch)) = chunks.piece(fragment) else {
            return Err(Error::internal(format!(
                "the table {} has no fragment {fragment}",
                table.id
            )));
        };
        let batch = &batch;
        let piece = Piece {
            table,
            first: start,
            rows: batch.num_rows(),
        };
        let mut selection = piece.select(&request.predicate, batch, &self.lookups)?;
        let range = start..start + batch.num_rows() as u64;
        if chunks.deleted.range(range).next().is_some() {
            let is_alive = |place: u32| !chunks.deleted.contains(&(start + u64::from(place)));
            selection = selection.and(batch.num_rows(), is_alive)?;
        }
        if selection.is_empty() {
            return Ok(futures::stream::empty().boxed());
        }
        let columns = request.columns.iter().map(|name| {
            let data_type = column_type(table, name).ok_or_else(|| {
                Error::internal(format!("the table {} has no column `{name}`", table.id))
            })?;
            column_or_null(batch, name, &data_type)
        });
        let columns = columns.collect::<Result<Vec<ArrayRef>>>()?;
        let pieces = piece.batches(&request, columns, &selection)?;
        Ok(futures::stream::iter(pieces.into_iter().map(Ok)).boxed())
    }

    async fn take(
        &self,
        table: TableId,
        offsets: &[u64],
        columns: &[String],
    ) -> Result<RecordBatch> {
        self.take_rows(table, offsets, columns)
    }

    async fn alive(&self, table: TableId, offsets: &[u64]) -> Result<Vec<bool>> {
        let chunks = self.chunks(table)?;
        let is_alive = |offset: &u64| *offset < chunks.rows() && !chunks.deleted.contains(offset);
        Ok(offsets.iter().map(is_alive).collect())
    }

    async fn search(&self, table: TableId, search: &IndexSearch) -> Result<Vec<SearchHit>> {
        scan_search(self, table, search).await
    }

    async fn loaded(&self, table: TableId) -> Result<LoadState> {
        let own = self.loaded.get(&table);
        Ok(own.map(|own| (**own).clone()).unwrap_or_default())
    }

    async fn list_directory(&self, key: SegmentKey) -> Result<Arc<ListDirectory>> {
        let known = || {
            self.directories
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        if let Some(known) = known().get(&key) {
            return Ok(Arc::clone(known));
        }
        let tables = self.segments.iter();
        let lists = tables.flat_map(|(table, own)| {
            let lists = own.iter().filter(|((_, members), _)| *members == key);
            lists.map(|((role, _), segment)| (*table, role.clone(), Arc::clone(segment)))
        });
        let directory = Arc::new(ListDirectory::of(lists.collect()));
        known().insert(key, Arc::clone(&directory));
        Ok(directory)
    }

    async fn incidences(
        &self,
        table: TableId,
        role: &str,
        key: SegmentKey,
    ) -> Result<Arc<IncidenceSegment>> {
        Ok(self
            .segments
            .get(&table)
            .and_then(|own| own.get(&(role.to_owned(), key)))
            .cloned()
            .unwrap_or_default())
    }
}
