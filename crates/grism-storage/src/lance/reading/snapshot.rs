//! `LanceSnapshot`: the datasets of one log entry.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::UInt64Type;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt};
use grism_core::{
    BatchStream, Comparison, Error, GraphSchema, GraphStatistics, IncidenceSegment, IndexKind,
    IndexSearch, ListDirectory, LoadState, MemoryManager, Meter, Result, ScanPiece, ScanPredicate,
    ScanRange, ScanRequest, SearchHit, SegmentKey, Snapshot, SnapshotId, Table, TableId,
};
use lance::dataset::{Dataset, ProjectionRequest};
use lance_core::ROW_ID;

use crate::columns::{
    column_or_null, column_type, id_array, named_batch, passing_rows, scan_names,
};
use crate::constraints::NewKeys;
use crate::lance::history::dataset_version::DatasetVersion;
use crate::lance::history::loaded::read_loaded;
use crate::lance::history::log::SnapshotEntry;
use crate::lance::place::error::from_lance;
use crate::lance::place::root::Root;
use crate::lance::reading::cache::ReadCache;
use crate::lance::reading::found_graph::FoundGraph;
use crate::lance::reading::indexes::{TableIndex, search, usable};
use crate::lance::reading::open_table::{
    KnownDatasets, OpenDatasets, OpenLists, OpenTable, open_lists, open_tables,
};
use crate::lance::reading::search::index_search;
use crate::lance::rows::physical::{merged_column, physical_columns};
use crate::lance::rows::predicate::{lance_filter, reaches_lance};
use crate::search::scan_search;
use crate::shares::Shares;
use crate::value_lookups::ValueLookups;

/// One snapshot of a graph on disk. Copies share everything.
#[derive(Clone)]
pub(in crate::lance) struct LanceSnapshot {
    root: Root,
    pub(in crate::lance) graph: FoundGraph,
    pub(in crate::lance) entry: Arc<SnapshotEntry>,
    pub(in crate::lance) schema: Arc<GraphSchema>,
    pub(in crate::lance) statistics: Arc<GraphStatistics>,
    pub(in crate::lance) tables: Arc<BTreeMap<TableId, Arc<OpenTable>>>,
    pub(in crate::lance) adjacency: Arc<OpenLists>,
    /// The keys that the steps of a transaction brought; `None` in a committed snapshot.
    pub(in crate::lance) new_keys: Option<Arc<NewKeys>>,
    /// Random: what is kept of all lists together is kept under it.
    pub(super) identity: Arc<str>,
    pub(super) lookups: Arc<ValueLookups>,
}

impl std::fmt::Debug for LanceSnapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LanceSnapshot({} of {})", self.entry.id, self.graph.name)
    }
}

impl LanceSnapshot {
    /// Opens the datasets of `entry`, but for those that `known` has open or that are among `opened`.
    pub(in crate::lance) async fn open(
        root: &Root,
        graph: FoundGraph,
        entry: SnapshotEntry,
        known: Option<&Self>,
        opened: &OpenDatasets,
    ) -> Result<Self> {
        let schema = Arc::new(entry.schema.clone());
        let known = known.map(|known| KnownDatasets {
            entry: &known.entry,
            schema: &known.schema,
            tables: &known.tables,
            lists: &known.adjacency,
        });
        let tables = open_tables(root, &entry, &schema, known.as_ref(), opened).await?;
        let lists = open_lists(root, &entry, known.as_ref()).await?;
        let adjacency = entry.adjacency.iter().enumerate();
        let adjacency = adjacency.filter_map(|(index, own)| {
            let dataset = Arc::clone(lists.get(&own.dataset)?);
            Some(((own.table, own.role.clone()), (index, dataset)))
        });
        let adjacency = adjacency.collect();
        Ok(Self {
            root: root.clone(),
            graph,
            schema,
            statistics: Arc::new(entry.statistics.clone()),
            entry: Arc::new(entry),
            tables: Arc::new(tables),
            adjacency: Arc::new(adjacency),
            new_keys: None,
            identity: uuid::Uuid::new_v4().to_string().into(),
            lookups: Arc::new(ValueLookups::new(root.resources().cache().process_memory())),
        })
    }

    /// The snapshot, which was staged, as the one that `entry` has made of it.
    pub(in crate::lance) fn published(&self, entry: SnapshotEntry) -> Self {
        Self {
            entry: Arc::new(entry),
            new_keys: None,
            ..self.clone()
        }
    }

    /// The same snapshot, as work that is charged to `memory` reads it.
    pub(in crate::lance) fn within(&self, memory: &Arc<dyn MemoryManager>) -> Self {
        Self {
            root: self.root.within(Arc::clone(memory)),
            ..self.clone()
        }
    }

    /// What is kept of what was read.
    pub(in crate::lance) fn cache(&self) -> &ReadCache {
        self.root.resources().cache()
    }

    /// The shares of the memory that reading is charged to.
    pub(in crate::lance) fn shares(&self) -> Shares {
        self.root.resources().shares()
    }

    /// The datasets that are open, with their versions.
    pub(in crate::lance) fn open_datasets(
        &self,
    ) -> impl Iterator<Item = (&DatasetVersion, &Arc<Dataset>)> {
        let tables = self.tables.iter().filter_map(|(table, open)| {
            let version = self.entry.tables.get(table)?;
            Some((version, &open.dataset))
        });
        let lists = self.adjacency.values().filter_map(|(index, dataset)| {
            let entry = self.entry.adjacency.get(*index)?;
            Some((&entry.dataset, dataset))
        });
        let lists: HashMap<_, _> = lists.collect();
        tables.chain(lists)
    }

    /// The entry of the log that the snapshot was opened from.
    pub(in crate::lance) fn entry(&self) -> &SnapshotEntry {
        &self.entry
    }

    pub(in crate::lance) fn open_table(&self, table: TableId) -> Result<&OpenTable> {
        self.tables
            .get(&table)
            .map(AsRef::as_ref)
            .ok_or_else(|| Error::internal(format!("the snapshot has no dataset of table {table}")))
    }

    pub(in crate::lance) fn dataset(&self, table: TableId) -> Result<&Arc<Dataset>> {
        Ok(&self.open_table(table)?.dataset)
    }

    /// The rows that an index finds and that pass the predicate: the id, then the columns.
    async fn indexed_rows(&self, request: &ScanRequest) -> Result<RecordBatch> {
        let id = request.range.table;
        let open = self.open_table(id)?;
        let (index, query) = usable(&open.indexes, &request.predicate)
            .ok_or_else(|| Error::internal("a scan by an index that is not there"))?;
        let offsets = search(&open.dataset, index, query).await?;
        let mut columns = request.columns.clone();
        for comparison in &request.predicate {
            if !columns.contains(&comparison.column) {
                columns.push(comparison.column.clone());
            }
        }
        let rows = self.take(id, &offsets, &columns).await?;
        // What the index says of a row may be older than the row.
        let passing = passing_rows(&rows, &request.predicate, self.schema.table(id)?)?;
        let mut found = vec![id_array(id, offsets.iter().copied())];
        found.extend(rows.columns()[..request.columns.len()].iter().cloned());
        let batch = named_batch(&scan_names(&request.columns), found, offsets.len())?;
        Ok(arrow::compute::filter_record_batch(&batch, &passing)?)
    }
}

/// A batch of physical columns as the properties and roles they hold.
fn logical_batch(
    batch: &RecordBatch,
    columns: &[(String, Vec<String>)],
    table: &Table,
) -> Result<RecordBatch> {
    let (mut names, mut arrays) = (Vec::new(), Vec::new());
    for (name, physical) in columns {
        if names.contains(name) {
            continue;
        }
        let Some(data_type) = column_type(table, name) else {
            continue;
        };
        if let Some(array) = merged_column(batch, physical, &data_type)? {
            names.push(name.clone());
            arrays.push(array);
        }
    }
    named_batch(&names, arrays, batch.num_rows())
}

#[async_trait]
impl Snapshot for LanceSnapshot {
    fn id(&self) -> SnapshotId {
        self.entry.id
    }

    fn commit(&self) -> &str {
        &self.entry.commit
    }

    fn memory(&self) -> &Arc<dyn MemoryManager> {
        self.root.resources().memory()
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
        self.graph.options.segment_shift
    }

    fn scan_ranges(&self, table: TableId) -> Vec<ScanRange> {
        let Some(open) = self.tables.get(&table) else {
            return Vec::new();
        };
        let range = |fragment: &lance_table::format::Fragment| ScanRange {
            table,
            piece: ScanPiece::Fragment(fragment.id),
            rows: fragment.num_rows().unwrap_or(0) as u64,
        };
        open.dataset.fragments().iter().map(range).collect()
    }

    fn scan_ranges_for(&self, table: TableId, predicate: &ScanPredicate) -> Vec<ScanRange> {
        let mut ranges = self.scan_ranges(table);
        let indexes = self.tables.get(&table).map(|open| &open.indexes[..]);
        if let Some((index, _)) = usable(indexes.unwrap_or_default(), predicate) {
            let is_covered = |piece: ScanPiece| match piece {
                ScanPiece::Fragment(number) => index.fragments.contains(&number),
                ScanPiece::Indexed | ScanPiece::Created => false,
            };
            ranges.retain(|range| !is_covered(range.piece));
            ranges.push(ScanRange {
                table,
                piece: ScanPiece::Indexed,
                rows: 1,
            });
        }
        ranges
    }

    async fn scan(&self, request: ScanRequest) -> Result<BatchStream> {
        if request.range.piece == ScanPiece::Indexed {
            let rows = self.indexed_rows(&request).await?;
            return Ok(futures::stream::iter([Ok(rows)]).boxed());
        }
        if let Some(rows) = self.kept_rows(&request)? {
            return Ok(self.kept_scan(request, rows));
        }
        let table = self.schema.table(request.range.table)?.clone();
        let dataset = self.dataset(table.id)?;
        let fragment = dataset
            .fragments()
            .iter()
            .find(|fragment| ScanPiece::Fragment(fragment.id) == request.range.piece)
            .cloned();
        let fragment = fragment
            .ok_or_else(|| Error::internal(format!("a table without {}", request.range.piece)))?;
        let physical = |name: &String| physical_columns(dataset, &table, name);
        // A property that has been widened stands in several columns, which Lance cannot compare as one.
        let plain = |name: &String| physical(name).len() == 1;
        let mut columns: Vec<String> = request.columns.iter().flat_map(physical).collect();
        let checked = !reaches_lance(&request.predicate)
            || request.predicate.iter().any(|own| !plain(&own.column));
        if checked {
            let compared = request.predicate.iter().map(|own| &own.column);
            columns.extend(compared.flat_map(physical));
        }
        let mut known = HashSet::new();
        columns.retain(|name| known.insert(name.clone()));
        let logical: Vec<(String, Vec<String>)> = request
            .columns
            .iter()
            .chain(request.predicate.iter().map(|own| &own.column))
            .map(|name| (name.clone(), physical(name)))
            .collect();
        let mut scan = dataset.scan();
        scan.with_fragments(vec![fragment])
            .with_row_id()
            .batch_size(request.batch_rows);
        scan.project(&columns).map_err(from_lance)?;
        let pushed: Vec<_> = request
            .predicate
            .iter()
            .filter_map(|own| match &physical(&own.column)[..] {
                [column] => Some(Comparison {
                    column: column.clone(),
                    ..own.clone()
                }),
                _ => None,
            })
            .collect();
        if let Some(filter) = lance_filter(&pushed) {
            scan.filter_expr(filter);
        }
        if let Some(meter) = Meter::active() {
            scan.scan_stats_callback(Arc::new(move |counts| {
                meter.read(counts.bytes_read as u64);
            }));
        }
        let stream = scan.try_into_stream().await.map_err(from_lance)?;
        let batches = stream.map_err(from_lance).and_then(move |batch| {
            let read = || {
                let ids = batch
                    .column_by_name(ROW_ID)
                    .and_then(|column| column.as_primitive_opt::<UInt64Type>());
                let ids = ids.ok_or_else(|| Error::internal("Lance did not return row ids"))?;
                let batch = logical_batch(&batch, &logical, &table)?;
                let mut columns = vec![id_array(table.id, ids.values().iter().copied())];
                for name in &request.columns {
                    let data_type = column_type(&table, name).ok_or_else(|| {
                        Error::internal(format!("the table {} has no column `{name}`", table.id))
                    })?;
                    columns.push(column_or_null(&batch, name, &data_type)?);
                }
                let found = named_batch(&scan_names(&request.columns), columns, batch.num_rows())?;
                if !checked {
                    return Ok(found);
                }
                let passing = passing_rows(&batch, &request.predicate, &table)?;
                Ok(arrow::compute::filter_record_batch(&found, &passing)?)
            };
            std::future::ready(read())
        });
        Ok(batches.boxed())
    }

    async fn take(
        &self,
        table: TableId,
        offsets: &[u64],
        columns: &[String],
    ) -> Result<RecordBatch> {
        let mut taken = Vec::with_capacity(columns.len());
        for column in columns {
            taken.push(self.take_column(table, column, offsets).await?);
        }
        named_batch(columns, taken, offsets.len())
    }

    async fn alive(&self, table: TableId, offsets: &[u64]) -> Result<Vec<bool>> {
        // A table that never had a row has no dataset.
        let Some(open) = self.tables.get(&table) else {
            return Ok(vec![false; offsets.len()]);
        };
        let projection = ProjectionRequest::from_columns([ROW_ID], open.dataset.schema());
        let rows = open
            .dataset
            .take_rows(offsets, projection)
            .await
            .map_err(from_lance)?;
        let found = rows
            .column_by_name(ROW_ID)
            .and_then(|column| column.as_primitive_opt::<UInt64Type>())
            .ok_or_else(|| Error::internal("Lance did not return row ids"))?;
        let found: HashSet<u64> = found.values().iter().copied().collect();
        Ok(offsets
            .iter()
            .map(|offset| found.contains(offset))
            .collect())
    }

    async fn search(&self, table: TableId, search: &IndexSearch) -> Result<Vec<SearchHit>> {
        let entry = self.schema.table(table)?;
        let Some(open) = self.tables.get(&table) else {
            return Ok(Vec::new());
        };
        let Some(property) = entry.property(&search.index.property) else {
            return scan_search(self, table, search).await;
        };
        let fits = search.index.kind.fits(&property.value_type);
        let own = |index: &TableIndex| index.definition == search.index;
        let is_text = search.index.kind == IndexKind::FullText;
        let columns = physical_columns(&open.dataset, entry, property.column()).len();
        // Without its index Lance would split texts into other words.
        if !fits || columns != 1 || is_text && !open.indexes.iter().any(own) {
            return scan_search(self, table, search).await;
        }
        index_search(self, entry, &open.dataset, property.column(), search).await
    }

    async fn loaded(&self, table: TableId) -> Result<LoadState> {
        match self.entry.loaded.get(&table) {
            Some(parts) => read_loaded(&self.root, parts).await,
            None => Ok(LoadState::default()),
        }
    }

    async fn incidences(
        &self,
        table: TableId,
        role: &str,
        key: SegmentKey,
    ) -> Result<Arc<IncidenceSegment>> {
        self.segment(table, role, key).await
    }

    async fn list_directory(&self, key: SegmentKey) -> Result<Arc<ListDirectory>> {
        self.directory(key).await
    }

    async fn degrees(
        &self,
        table: TableId,
        role: &str,
        key: SegmentKey,
    ) -> Result<Arc<IncidenceSegment>> {
        self.lengths(table, role, key).await
    }
}
