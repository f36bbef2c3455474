//! `LanceSnapshot`: the datasets of one log entry, and caches of what was read of them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use arrow::array::{Array, ArrayRef, AsArray, UInt32Array, new_null_array};
use arrow::compute::{interleave, take};
use arrow::datatypes::{DataType, UInt64Type};
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt};
use grism_core::{
    BatchStream, Error, GraphSchema, GraphStatistics, IncidenceSegment, IndexKind, IndexSearch,
    Result, ScanPredicate, ScanRange, ScanRequest, SearchHit, SegmentKey, Snapshot, SnapshotId,
    Table, TableId,
};
use lance::dataset::{Dataset, ProjectionRequest, TakeBuilder};
use lance_core::ROW_ID;
use lance_table::format::RowIdMeta;
use lance_table::rowids::{RowIdSequence, read_row_ids};
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::adjacency::{Delta, read_delta, read_lengths, read_segment};
use super::dataset::{open, read_range};
use super::error::from_lance;
use super::format::GraphOptions;
use super::indexes::{TableIndex, search, table_indexes, usable};
use super::log::{AdjacencyEntry, DatasetVersion, SnapshotEntry};
use super::physical::{merged_column, physical_columns};
use super::predicate::{lance_filter, reaches_lance};
use super::root::Root;
use super::search::index_search;
use crate::columns::{
    column_or_null, column_type, id_array, named_batch, passing_rows, scan_names,
};
use crate::memory_limit::cache_bytes;
use crate::search::scan_search;

/// Rows of a column that are read, and kept, together.
const CHUNK_ROWS: u64 = 1 << 16;
/// The fragment that stands for the rows that an index finds.
const INDEXED: u64 = u64::MAX - 1;
/// The chunk under which the delta of a role is kept.
const DELTA: u64 = u64::MAX;
/// Added to the number of a segment, under which the lengths of its lists are kept.
const LENGTHS: u64 = 1 << 62;
/// Rows of a chunk that must be wanted for the chunk to be read where the whole column is too large to be kept.
const WORTHWHILE: usize = 256;

/// One snapshot of a graph on disk.
pub(super) struct LanceSnapshot {
    uri: Arc<str>,
    entry: SnapshotEntry,
    schema: Arc<GraphSchema>,
    statistics: Arc<GraphStatistics>,
    options: GraphOptions,
    tables: BTreeMap<TableId, Arc<OpenTable>>,
    adjacency: HashMap<(TableId, String), (usize, Arc<Dataset>)>,
}

impl std::fmt::Debug for LanceSnapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LanceSnapshot({} of {})", self.entry.id, self.uri)
    }
}

/// The dataset of a table, and what its manifest tells.
struct OpenTable {
    dataset: Arc<Dataset>,
    /// Whether row ids are the places of the rows, since rows were only ever appended.
    is_plain: bool,
    indexes: Vec<TableIndex>,
}

impl OpenTable {
    async fn open(
        root: &Root,
        entry: &SnapshotEntry,
        table: TableId,
        dataset: &DatasetVersion,
    ) -> Result<Self> {
        let dataset = open(root, &dataset.path, dataset.version).await?;
        let table = entry.schema.table(table)?;
        Ok(Self {
            is_plain: is_plain(&dataset),
            indexes: table_indexes(&entry.schema, table, &dataset).await?,
            dataset: Arc::new(dataset),
        })
    }
}

/// Whether row ids are the places of the rows.
fn is_plain(dataset: &Dataset) -> bool {
    let mut first = 0;
    let in_place = dataset.fragments().iter().all(|fragment| {
        let end = first + fragment.physical_rows.unwrap_or_default() as u64;
        let ids = match &fragment.row_id_meta {
            Some(RowIdMeta::Inline(ids)) => read_row_ids(ids).ok(),
            _ => None,
        };
        let in_place = ids == Some(RowIdSequence::from(first..end));
        first = end;
        in_place && fragment.deletion_file.is_none()
    });
    // The last fragments may have gone with all their rows.
    in_place && first == dataset.manifest().next_row_id
}

/// Where the rows of `ids`, which ascend, stand in a dataset whose row ids are the places of its rows.
fn plain_addresses(dataset: &Dataset, ids: &[u64]) -> Result<Vec<u64>> {
    let mut addresses = Vec::with_capacity(ids.len());
    let mut ids = ids.iter().peekable();
    let mut first = 0;
    for fragment in dataset.fragments().iter() {
        let end = first + fragment.physical_rows.unwrap_or_default() as u64;
        while let Some(id) = ids.next_if(|id| **id < end) {
            addresses.push(fragment.id << 32 | (id - first));
        }
        first = end;
    }
    match ids.next() {
        Some(id) => Err(Error::internal(format!("there is no row {id}"))),
        None => Ok(addresses),
    }
}

/// What is kept of datasets: by graph, dataset version, column or role, and place.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct CacheKey {
    root: Arc<str>,
    dataset: DatasetVersion,
    column: String,
    members: Option<TableId>,
    chunk: u64,
}

#[derive(Clone, Debug)]
enum Cached {
    Column(ArrayRef),
    Delta(Arc<Delta>),
    Segment(Arc<IncidenceSegment>),
}

#[derive(Clone)]
struct ByteWeighter;

impl Weighter<CacheKey, Cached> for ByteWeighter {
    fn weight(&self, _: &CacheKey, value: &Cached) -> u64 {
        let bytes = match value {
            Cached::Column(column) => column.get_array_memory_size(),
            Cached::Delta(delta) => delta.bytes(),
            Cached::Segment(segment) => segment.bytes(),
        };
        bytes as u64 + 256
    }
}

fn cache() -> &'static Cache<CacheKey, Cached, ByteWeighter> {
    static CACHE: OnceLock<Cache<CacheKey, Cached, ByteWeighter>> = OnceLock::new();
    CACHE.get_or_init(|| Cache::with_weighter(1 << 12, cache_bytes(), ByteWeighter))
}

/// Lets the cache hold so many bytes.
pub(crate) fn limit_cache(bytes: u64) {
    cache().set_capacity(bytes);
}

impl LanceSnapshot {
    /// Opens the datasets of `entry`, but for those that `known` has open.
    pub(super) async fn open(
        root: &Root,
        options: GraphOptions,
        entry: SnapshotEntry,
        known: Option<&Self>,
    ) -> Result<Self> {
        let mut tables = BTreeMap::new();
        for (table, dataset) in &entry.tables {
            let same = known
                .filter(|known| known.entry.tables.get(table) == Some(dataset))
                .and_then(|known| known.tables.get(table));
            let opened = match same {
                Some(same) => Arc::clone(same),
                None => Arc::new(OpenTable::open(root, &entry, *table, dataset).await?),
            };
            tables.insert(*table, opened);
        }
        let mut adjacency = HashMap::new();
        for (index, own) in entry.adjacency.iter().enumerate() {
            let key = (own.table, own.role.clone());
            let same = known.and_then(|known| {
                let (place, dataset) = known.adjacency.get(&key)?;
                let entry = known.entry.adjacency.get(*place)?;
                (entry.dataset == own.dataset).then_some(dataset)
            });
            let opened = match same {
                Some(same) => Arc::clone(same),
                None => Arc::new(open(root, &own.dataset.path, own.dataset.version).await?),
            };
            adjacency.insert(key, (index, opened));
        }
        Ok(Self {
            uri: root.uri().into(),
            schema: Arc::new(entry.schema.clone()),
            statistics: Arc::new(entry.statistics.clone()),
            options,
            entry,
            tables,
            adjacency,
        })
    }

    /// The entry of the log that the snapshot was opened from.
    pub(super) fn entry(&self) -> &SnapshotEntry {
        &self.entry
    }

    fn open_table(&self, table: TableId) -> Result<&OpenTable> {
        self.tables
            .get(&table)
            .map(AsRef::as_ref)
            .ok_or_else(|| Error::internal(format!("the snapshot has no dataset of table {table}")))
    }

    fn dataset(&self, table: TableId) -> Result<&Arc<Dataset>> {
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

    /// The chunk of a column that starts at `chunk * CHUNK_ROWS`, one row for each offset, from the cache or the disk.
    async fn column_chunk(&self, table: TableId, column: &str, chunk: u64) -> Result<ArrayRef> {
        let version = self.entry.tables.get(&table).cloned();
        let version = version
            .ok_or_else(|| Error::internal(format!("there is no dataset of table {table}")))?;
        let key = CacheKey {
            root: Arc::clone(&self.uri),
            dataset: version,
            column: column.to_owned(),
            members: None,
            chunk,
        };
        let load = async {
            self.read_chunk(table, column, chunk)
                .await
                .map(Cached::Column)
        };
        match cache().get_or_insert_async(&key, load).await? {
            Cached::Column(column) => Ok(column),
            _ => Err(Error::internal("a column was cached as something else")),
        }
    }

    async fn read_chunk(&self, table: TableId, column: &str, chunk: u64) -> Result<ArrayRef> {
        let dataset = self.dataset(table)?;
        let next = self
            .statistics
            .tables
            .get(&table)
            .map_or(0, |statistics| statistics.next_offset);
        let (start, end) = (
            (chunk * CHUNK_ROWS).min(next),
            ((chunk + 1) * CHUNK_ROWS).min(next),
        );
        let columns = physical_columns(dataset, column);
        let data_type = column_type(self.schema.table(table)?, column).ok_or_else(|| {
            Error::internal(format!("the table {table} has no column `{column}`"))
        })?;
        if self.open_table(table)?.is_plain {
            let mut pieces = Vec::new();
            read_range(dataset, &columns, start, end - start, |rows| {
                pieces.extend(merged_column(&rows, &columns, &data_type)?);
                Ok(())
            })
            .await?;
            return match &pieces[..] {
                [] => Ok(new_null_array(&data_type, 0)),
                [only] => Ok(Arc::clone(only)),
                pieces => {
                    let pieces: Vec<&dyn Array> = pieces.iter().map(AsRef::as_ref).collect();
                    Ok(arrow::compute::concat(&pieces)?)
                }
            };
        }
        let ids: Vec<u64> = (start..end).collect();
        self.read_offsets(table, &columns, &data_type, &ids).await
    }

    /// A property or role of the rows at `ids`, which ascend: one value for each, null for a row that is gone.
    async fn read_offsets(
        &self,
        table: TableId,
        columns: &[String],
        data_type: &DataType,
        ids: &[u64],
    ) -> Result<ArrayRef> {
        let open = self.open_table(table)?;
        let dataset = &open.dataset;
        let wanted = columns.iter().map(String::as_str).chain([ROW_ID]);
        let projection = ProjectionRequest::from_columns(wanted, dataset.schema());
        let rows = if open.is_plain {
            // Lance would make an index of all row ids to find out where they are.
            let plan = projection
                .into_projection_plan(Arc::clone(dataset))
                .map_err(from_lance)?;
            let rows = plain_addresses(dataset, ids)?;
            let take =
                TakeBuilder::try_new_from_addresses(Arc::clone(dataset), rows, Arc::new(plan));
            take.map_err(from_lance)?.execute().await
        } else {
            dataset.take_rows(ids, projection).await
        };
        let rows = rows.map_err(from_lance)?;
        let values = merged_column(&rows, columns, data_type)?
            .ok_or_else(|| Error::internal(format!("Lance did not return {columns:?}")))?;
        if rows.num_rows() == ids.len() {
            return Ok(values);
        }
        // Rows that are gone leave nulls, so that offsets stay positions.
        let found = rows
            .column_by_name(ROW_ID)
            .and_then(|column| column.as_primitive_opt::<UInt64Type>());
        let found = found.ok_or_else(|| Error::internal("Lance did not return row ids"))?;
        let mut places: Vec<Option<u32>> = vec![None; ids.len()];
        for (place, id) in found.values().iter().enumerate() {
            if let Ok(at) = ids.binary_search(id) {
                places[at] = Some(place as u32);
            }
        }
        Ok(take(&values, &UInt32Array::from(places), None)?)
    }

    /// Whether rows of a column are read one by one: the column is too large to be kept, and few of each chunk are
    /// wanted.
    fn is_scattered(&self, table: TableId, data_type: &DataType, offsets: &[u64]) -> bool {
        let width = data_type.primitive_width().unwrap_or(32) as u64;
        let rows = self.statistics.tables.get(&table);
        let bytes = rows.map_or(0, |rows| rows.next_offset * width);
        if bytes <= cache_bytes() / 2 {
            return false;
        }
        let chunks: HashSet<u64> = offsets.iter().map(|offset| offset / CHUNK_ROWS).collect();
        offsets.len() < chunks.len() * WORTHWHILE
    }

    /// The values at `offsets`, in any order and perhaps repeated, without keeping what is read.
    async fn take_scattered(
        &self,
        table: TableId,
        column: &str,
        data_type: &DataType,
        offsets: &[u64],
    ) -> Result<ArrayRef> {
        let mut ids = offsets.to_vec();
        ids.sort_unstable();
        ids.dedup();
        let columns = physical_columns(self.dataset(table)?, column);
        let values = self.read_offsets(table, &columns, data_type, &ids).await?;
        let places = offsets.iter().map(|offset| {
            let place = ids.binary_search(offset);
            place.unwrap_or_default() as u32
        });
        Ok(take(&values, &UInt32Array::from_iter_values(places), None)?)
    }

    async fn take_column(&self, table: TableId, column: &str, offsets: &[u64]) -> Result<ArrayRef> {
        let entry = self.schema.table(table)?;
        let data_type = column_type(entry, column).ok_or_else(|| {
            Error::internal(format!("the table {table} has no column `{column}`"))
        })?;
        if offsets.is_empty() || self.dataset(table)?.schema().field(column).is_none() {
            return Ok(new_null_array(&data_type, offsets.len()));
        }
        if self.is_scattered(table, &data_type, offsets) {
            return self
                .take_scattered(table, column, &data_type, offsets)
                .await;
        }
        let mut pieces: Vec<ArrayRef> = Vec::new();
        let mut known: HashMap<u64, usize> = HashMap::new();
        let mut places = Vec::with_capacity(offsets.len());
        let mut last = (u64::MAX, 0);
        for offset in offsets {
            let chunk = offset / CHUNK_ROWS;
            if last.0 != chunk {
                let piece = match known.get(&chunk) {
                    Some(piece) => *piece,
                    None => {
                        pieces.push(self.column_chunk(table, column, chunk).await?);
                        known.insert(chunk, pieces.len() - 1);
                        pieces.len() - 1
                    }
                };
                last = (chunk, piece);
            }
            let row = (offset % CHUNK_ROWS) as usize;
            if row >= pieces[last.1].len() {
                return Err(Error::internal(format!(
                    "the table {table} has no row {offset}"
                )));
            }
            places.push((last.1, row));
        }
        let values = match &pieces[..] {
            [only] => take(
                only,
                &UInt32Array::from_iter_values(places.iter().map(|(_, row)| *row as u32)),
                None,
            )?,
            _ => interleave(
                &pieces
                    .iter()
                    .map(AsRef::as_ref)
                    .collect::<Vec<&dyn Array>>(),
                &places,
            )?,
        };
        if values.data_type() == &data_type {
            Ok(values)
        } else {
            grism_core::widen_column(&values, &data_type)
        }
    }

    fn adjacency_of(&self, table: TableId, role: &str) -> Option<(&AdjacencyEntry, &Arc<Dataset>)> {
        let (index, dataset) = self.adjacency.get(&(table, role.to_owned()))?;
        Some((self.entry.adjacency.get(*index)?, dataset))
    }

    fn is_binary(&self, table: TableId) -> Result<bool> {
        let ty = self.schema.table(table)?.hyperedge_type();
        Ok(ty.is_some_and(|ty| ty.is_binary()))
    }

    fn segment_key(&self, entry: &AdjacencyEntry, key: SegmentKey) -> CacheKey {
        CacheKey {
            root: Arc::clone(&self.uri),
            dataset: entry.dataset.clone(),
            column: entry.role.clone(),
            members: Some(key.table),
            chunk: key.segment,
        }
    }

    /// The delta of a role, from the cache or the disk.
    async fn delta(
        &self,
        entry: &AdjacencyEntry,
        dataset: &Dataset,
        binary: bool,
    ) -> Result<Arc<Delta>> {
        let key = CacheKey {
            root: Arc::clone(&self.uri),
            dataset: entry.dataset.clone(),
            column: entry.role.clone(),
            members: None,
            chunk: DELTA,
        };
        let load = async {
            let shift = self.options.segment_shift;
            let delta = read_delta(dataset, entry, shift, binary).await?;
            Ok::<_, Error>(Cached::Delta(Arc::new(delta)))
        };
        match cache().get_or_insert_async(&key, load).await? {
            Cached::Delta(delta) => Ok(delta),
            _ => Err(Error::internal("a delta was cached as something else")),
        }
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

    fn schema(&self) -> &Arc<GraphSchema> {
        &self.schema
    }

    fn statistics(&self) -> &Arc<GraphStatistics> {
        &self.statistics
    }

    fn segment_shift(&self) -> u8 {
        self.options.segment_shift
    }

    fn scan_ranges(&self, table: TableId) -> Vec<ScanRange> {
        let Some(open) = self.tables.get(&table) else {
            return Vec::new();
        };
        let range = |fragment: &lance_table::format::Fragment| ScanRange {
            table,
            fragment: fragment.id,
            rows: fragment.num_rows().unwrap_or(0) as u64,
        };
        open.dataset.fragments().iter().map(range).collect()
    }

    fn scan_ranges_for(&self, table: TableId, predicate: &ScanPredicate) -> Vec<ScanRange> {
        let mut ranges = self.scan_ranges(table);
        let indexes = self.tables.get(&table).map(|open| &open.indexes[..]);
        if let Some((index, _)) = usable(indexes.unwrap_or_default(), predicate) {
            ranges.retain(|range| !index.fragments.contains(&range.fragment));
            ranges.push(ScanRange {
                table,
                fragment: INDEXED,
                rows: 1,
            });
        }
        ranges
    }

    async fn scan(&self, request: ScanRequest) -> Result<BatchStream> {
        if request.range.fragment == INDEXED {
            let rows = self.indexed_rows(&request).await?;
            return Ok(futures::stream::iter([Ok(rows)]).boxed());
        }
        let table = self.schema.table(request.range.table)?.clone();
        let dataset = self.dataset(table.id)?;
        let fragment = dataset
            .fragments()
            .iter()
            .find(|fragment| fragment.id == request.range.fragment)
            .cloned();
        let fragment = fragment
            .ok_or_else(|| Error::internal(format!("no fragment {}", request.range.fragment)))?;
        let stored = |name: &String| dataset.schema().field(name).is_some();
        // A property that has been widened stands in several columns, which Lance cannot compare as one.
        let plain = |name: &String| physical_columns(dataset, name).len() == 1;
        let mut columns: Vec<String> = request
            .columns
            .iter()
            .flat_map(|name| physical_columns(dataset, name))
            .collect();
        let checked = !reaches_lance(&request.predicate)
            || request.predicate.iter().any(|own| !plain(&own.column));
        if checked {
            let compared = request.predicate.iter().map(|own| &own.column);
            columns.extend(compared.flat_map(|name| physical_columns(dataset, name)));
        }
        let mut known = HashSet::new();
        columns.retain(|name| stored(name) && known.insert(name.clone()));
        let logical: Vec<(String, Vec<String>)> = request
            .columns
            .iter()
            .chain(request.predicate.iter().map(|own| &own.column))
            .map(|name| (name.clone(), physical_columns(dataset, name)))
            .collect();
        let mut scan = dataset.scan();
        scan.with_fragments(vec![fragment])
            .with_row_id()
            .batch_size(request.batch_rows);
        scan.project(&columns).map_err(from_lance)?;
        let pushed: Vec<_> = request
            .predicate
            .iter()
            .filter(|own| plain(&own.column))
            .cloned()
            .collect();
        if let Some(filter) = lance_filter(&pushed) {
            scan.filter_expr(filter);
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
        let dataset = self.dataset(table)?;
        let projection = ProjectionRequest::from_columns([ROW_ID], dataset.schema());
        let rows = dataset
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
        let property = entry.property(&search.index.property);
        let fits = property.is_some_and(|own| search.index.kind.fits(&own.value_type));
        let own = |index: &TableIndex| index.definition == search.index;
        let is_text = search.index.kind == IndexKind::FullText;
        let columns = physical_columns(&open.dataset, &search.index.property).len();
        // Without its index Lance would split texts into other words.
        if !fits || columns != 1 || is_text && !open.indexes.iter().any(own) {
            return scan_search(self, table, search).await;
        }
        index_search(self, entry, &open.dataset, search).await
    }

    async fn incidences(
        &self,
        table: TableId,
        role: &str,
        key: SegmentKey,
    ) -> Result<Arc<IncidenceSegment>> {
        let Some((entry, dataset)) = self.adjacency_of(table, role) else {
            return Ok(Arc::default());
        };
        let binary = self.is_binary(table)?;
        let shift = self.options.segment_shift;
        let load = async {
            let delta = self.delta(entry, dataset, binary).await?;
            let segment = read_segment(dataset, entry, &delta, key, shift, binary).await?;
            Ok::<_, Error>(Cached::Segment(Arc::new(segment)))
        };
        segment_of(
            cache()
                .get_or_insert_async(&self.segment_key(entry, key), load)
                .await?,
        )
    }

    async fn degrees(
        &self,
        table: TableId,
        role: &str,
        key: SegmentKey,
    ) -> Result<Arc<IncidenceSegment>> {
        let Some((entry, dataset)) = self.adjacency_of(table, role) else {
            return Ok(Arc::default());
        };
        let whole = self.segment_key(entry, key);
        if let Some(known) = cache().get(&whole) {
            return segment_of(known);
        }
        let lengths = CacheKey {
            chunk: key.segment | LENGTHS,
            ..whole
        };
        if let Some(known) = cache().get(&lengths) {
            return segment_of(known);
        }
        let delta = self.delta(entry, dataset, self.is_binary(table)?).await?;
        let read = read_lengths(dataset, entry, &delta, key, self.options.segment_shift);
        match read.await? {
            Some(segment) => {
                let segment = Arc::new(segment);
                cache().insert(lengths, Cached::Segment(Arc::clone(&segment)));
                Ok(segment)
            }
            None => self.incidences(table, role, key).await,
        }
    }
}

fn segment_of(cached: Cached) -> Result<Arc<IncidenceSegment>> {
    match cached {
        Cached::Segment(segment) => Ok(segment),
        _ => Err(Error::internal("a segment was cached as something else")),
    }
}
