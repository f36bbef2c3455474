//! One Lance dataset of a graph: opened, read, and grown by detached versions that only our log names.

use std::collections::HashSet;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::{Field, Schema, SchemaRef, UInt64Type};
use arrow::record_batch::RecordBatch;
use fail::fail_point;
use futures::{StreamExt, TryStreamExt};
use grism_core::{AppendedRows, Error, Meter, OffsetSet, Result, batches_of};
use lance::dataset::builder::DatasetBuilder;
use lance::dataset::fragment::FragReadConfig;
use lance::dataset::transaction::{Operation, Transaction};
use lance::dataset::{CommitBuilder, Dataset, ProjectionRequest, TakeBuilder};
use lance_core::ROW_ADDR;
use lance_core::datatypes::Schema as LanceSchema;
use lance_io::scheduler::{ScanScheduler, SchedulerConfig};
use lance_table::format::{Fragment, RowIdMeta};
use lance_table::io::deletion::relative_deletion_file_path;
use lance_table::rowids::{RowIdSequence, write_row_ids};

use crate::columns::row_offsets;
use crate::lance::history::dataset_version::DatasetVersion;
use crate::lance::place::error::from_lance;
use crate::lance::place::root::Root;
use crate::lance::place::sync::Unsynced;
use crate::lance::rows::physical::has_field;
use crate::lance::rows::plain_rows::{is_plain, plain_addresses};
use crate::lance::rows::write_rows::{Batches, WrittenTo, write_parts, write_rows, written_rows};
use crate::shares::Shares;

/// Rows of a batch that is read of a range.
const RANGE_ROWS: u32 = 1 << 17;

/// Opens a dataset at a version, detached or not.
///
/// # Errors
/// `InvalidData` where another dataset has taken its place.
pub(in crate::lance) async fn open(root: &Root, dataset: &DatasetVersion) -> Result<Dataset> {
    let path = &dataset.path;
    let load = |builder: DatasetBuilder| async move {
        let loaded = builder.with_version(dataset.version).load().await;
        loaded.map_err(|error| from_lance(error).context(path))
    };
    let is_it = |opened: &Dataset| {
        let transaction = &opened.manifest().transaction_file;
        dataset.stamp.is_empty() || transaction.as_ref() == Some(&dataset.stamp)
    };
    let opened = load(root.dataset(path)).await?;
    if is_it(&opened) {
        return Ok(opened);
    }
    // Lance's cache may hold the first version of a dataset that was at the path before.
    let opened = load(root.dataset(path).with_session(root.resources().uncached())).await?;
    if is_it(&opened) {
        return Ok(opened);
    }
    Err(Error::invalid_data(format!(
        "{path} is another dataset than the one that the snapshot names"
    )))
}

/// Stages rows on top of exactly `base`, as a detached version that no reader sees until the log names it. The batches
/// have the fields of `schema`; the parts are written at the same time.
///
/// Fields that `base` does not have yet are added; rows get the row ids from `base`'s next one on, in order.
pub(in crate::lance) async fn append(
    root: &Root,
    path: &str,
    base: Dataset,
    schema: SchemaRef,
    parts: Vec<Batches>,
    fragment_rows: usize,
    unsynced: &Unsynced,
) -> Result<Dataset> {
    let added: Vec<Field> = schema
        .fields()
        .iter()
        .filter(|field| !has_field(&base, field.name()))
        .map(|field| (**field).clone())
        .collect();
    let old = fragment_numbers(&base);
    let first_row = base.manifest().next_row_id;
    let mut base = Arc::new(base);
    if !added.is_empty() {
        base = Arc::new(with_fields(&base, added).await?);
    }
    let to = WrittenTo::Dataset(base.clone());
    let written = write_parts(root, &to, schema, parts, fragment_rows).await?;
    let (fragments, rows) = (written.fragments, written.rows);
    fail_point!("rows-written");
    let operation = Operation::Append { fragments };
    let transaction = Transaction::new(base.manifest().version, operation, None);
    let staged = commit_detached(base, transaction).await?;
    fail_point!("rows-staged");
    if staged.manifest().next_row_id != first_row + rows {
        return Err(Error::internal(format!(
            "{path}: Lance gave other row ids than expected"
        )));
    }
    note_new(root, path, &staged, &old, unsynced);
    Ok(staged)
}

/// Stages changed and deleted rows on top of exactly `base`, as a detached version. A changed row is written anew and
/// keeps its row id; `updated` hold the ids first, then fields of the dataset.
///
/// `removed` are the row ids of the rows that go from where they stand, changed ones among them.
pub(in crate::lance) async fn change(
    root: &Root,
    path: &str,
    base: Dataset,
    updated: &[AppendedRows],
    removed: &OffsetSet,
    fragment_rows: usize,
    unsynced: &Unsynced,
) -> Result<Dataset> {
    let old = fragment_numbers(&base);
    let next_row = base.manifest().next_row_id;
    let base = Arc::new(base);
    let mut new_fragments = Vec::new();
    if !updated.is_empty() {
        let schema: SchemaRef = Arc::new(Schema::from(base.schema()));
        let rows = written_rows(&base, updated);
        let to = WrittenTo::Dataset(base.clone());
        let written = write_rows(root, &to, schema, rows, fragment_rows).await?;
        new_fragments = with_row_ids(written.fragments, row_ids(updated))?;
    }
    fail_point!("changes-written");
    let (updated_fragments, removed_fragment_ids) =
        without_rows(&base, removed, root.resources().shares()).await?;
    fail_point!("deletions-written");
    let operation = Operation::Update {
        removed_fragment_ids,
        updated_fragments,
        new_fragments,
        fields_modified: Vec::new(),
        compacted_sstables: Vec::new(),
        fields_for_preserving_frag_bitmap: Vec::new(),
        update_mode: None,
        inserted_rows_filter: None,
        updated_fragment_offsets: None,
    };
    let transaction = Transaction::new(base.manifest().version, operation, None);
    let staged = commit_detached(base, transaction).await?;
    if staged.manifest().next_row_id != next_row {
        return Err(Error::internal(format!(
            "{path}: Lance gave changed rows new ids"
        )));
    }
    note_new(root, path, &staged, &old, unsynced);
    if let Some(graph) = root.directory() {
        note_deletions(&graph.join(path), &staged, unsynced);
    }
    Ok(staged)
}

/// The row ids of changed rows, in order.
fn row_ids(rows: &[AppendedRows]) -> impl Iterator<Item = Result<u64>> {
    batches_of(rows.to_vec()).flat_map(|batch| {
        let offsets = batch.and_then(|batch| row_offsets(&batch));
        match offsets {
            Ok(offsets) => offsets.into_iter().map(Ok).collect(),
            Err(error) => vec![Err(error)],
        }
    })
}

/// New fragments whose rows take the row ids `ids`, in order.
fn with_row_ids(
    mut fragments: Vec<Fragment>,
    mut ids: impl Iterator<Item = Result<u64>>,
) -> Result<Vec<Fragment>> {
    for fragment in &mut fragments {
        let rows = fragment.physical_rows.unwrap_or_default();
        let own = ids.by_ref().take(rows).collect::<Result<Vec<u64>>>()?;
        if own.len() < rows {
            return Err(Error::internal("Lance wrote more rows than it was given"));
        }
        let sequence = write_row_ids(&RowIdSequence::from(&own[..]));
        fragment.row_id_meta = Some(RowIdMeta::Inline(sequence.into()));
    }
    Ok(fragments)
}

fn fragment_numbers(dataset: &Dataset) -> HashSet<u64> {
    dataset
        .fragments()
        .iter()
        .map(|fragment| fragment.id)
        .collect()
}

/// The fragments that lose some of their rows, and the numbers of those that lose all.
async fn without_rows(
    base: &Dataset,
    removed: &OffsetSet,
    shares: Shares,
) -> Result<(Vec<Fragment>, Vec<u64>)> {
    // An address is the number of a fragment and a place in it: 32 bits each, as a set of 64 bits is divided.
    let mut addresses = OffsetSet::new();
    let plain = is_plain(base);
    let mut ids = removed.iter();
    loop {
        let ids: Vec<u64> = ids.by_ref().take(shares.change_rows()).collect();
        if ids.is_empty() {
            break;
        }
        if plain {
            addresses.extend(plain_addresses(base, &ids)?);
            continue;
        }
        let projection = ProjectionRequest::from_columns([ROW_ADDR], base.schema());
        let places = base.take_rows(&ids, projection).await.map_err(from_lance)?;
        let found = places
            .column_by_name(ROW_ADDR)
            .and_then(|column| column.as_primitive_opt::<UInt64Type>())
            .ok_or_else(|| Error::internal("Lance did not return row addresses"))?;
        addresses.extend(found.values().iter().copied());
    }
    let by_fragment = addresses.bitmaps();
    let (mut changed, mut gone) = (Vec::new(), Vec::new());
    for (id, rows) in by_fragment {
        let id = u64::from(id);
        let fragment = base
            .get_fragment(id as usize)
            .ok_or_else(|| Error::internal(format!("there is no fragment {id}")))?;
        match fragment.extend_deletions(rows).await.map_err(from_lance)? {
            Some(fragment) => changed.push(fragment.metadata().clone()),
            None => gone.push(id),
        }
    }
    Ok((changed, gone))
}

/// The rows of `ids`, all fields of them, in their order.
pub(in crate::lance) async fn read_rows(dataset: &Dataset, ids: &[u64]) -> Result<RecordBatch> {
    let fields: Vec<String> = dataset
        .schema()
        .fields
        .iter()
        .map(|field| field.name.clone())
        .collect();
    let projection = ProjectionRequest::from_columns(fields, dataset.schema());
    if !is_plain(dataset) || !ids.is_sorted() {
        return dataset.take_rows(ids, projection).await.map_err(from_lance);
    }
    // Lance would make an index of all row ids to find out where they are.
    let dataset = Arc::new(dataset.clone());
    let plan = projection
        .into_projection_plan(Arc::clone(&dataset))
        .map_err(from_lance)?;
    let rows = plain_addresses(&dataset, ids)?;
    let take = TakeBuilder::try_new_from_addresses(dataset, rows, Arc::new(plan));
    take.map_err(from_lance)?
        .execute()
        .await
        .map_err(from_lance)
}

/// The same rows with further fields, which are null in them.
pub(in crate::lance) async fn with_fields(
    base: &Arc<Dataset>,
    added: Vec<Field>,
) -> Result<Dataset> {
    let addition = LanceSchema::try_from(&Schema::new(added)).map_err(from_lance)?;
    let mut schema = base.schema().merge(&addition).map_err(from_lance)?;
    schema.set_field_id(Some(base.manifest().max_field_id()));
    let operation = Operation::Merge {
        fragments: base.fragments().as_ref().clone(),
        schema,
        preserves_nullability: true,
    };
    commit_detached(
        Arc::clone(base),
        Transaction::new(base.manifest().version, operation, None),
    )
    .await
}

pub(in crate::lance) async fn commit_detached(
    base: Arc<Dataset>,
    transaction: Transaction,
) -> Result<Dataset> {
    CommitBuilder::new(base)
        .with_detached(true)
        .with_skip_auto_cleanup(true)
        .execute(transaction)
        .await
        .map_err(from_lance)
}

/// Brings the dataset's main line to `version`, for readers that know Lance and not our log. Best effort: our own
/// readers never look at it.
pub(in crate::lance) async fn publish_main_line(
    root: &Root,
    dataset: &DatasetVersion,
) -> Result<()> {
    let (path, version) = (&dataset.path, dataset.version);
    let main = root.dataset(path).load().await.map_err(from_lance)?;
    if main.version_id() == version {
        return Ok(());
    }
    let operation = Operation::Restore { version };
    let transaction = Transaction::new(main.manifest().version, operation, None);
    CommitBuilder::new(Arc::new(main))
        .with_skip_auto_cleanup(true)
        .execute(transaction)
        .await
        .map_err(from_lance)?;
    fail_point!("main-line-published");
    Ok(())
}

/// Whether the dataset's main line was brought to `dataset` last.
pub(in crate::lance) async fn is_on_main_line(
    root: &Root,
    dataset: &DatasetVersion,
) -> Result<bool> {
    let main = root.dataset(&dataset.path).load().await;
    let main = main.map_err(from_lance)?;
    let last = main.read_transaction().await.map_err(from_lance)?;
    Ok(last.is_some_and(|last| match last.operation {
        Operation::Restore { version } => version == dataset.version,
        _ => false,
    }))
}

/// The rows of a dataset that only grew, in the order they stand in, of the range `wanted`.
pub(in crate::lance) async fn read_range(
    dataset: &Dataset,
    columns: &[String],
    wanted: Range<u64>,
    shares: Shares,
    mut visit: impl FnMut(RecordBatch) -> Result<()>,
) -> Result<()> {
    let projection = dataset.schema().project(columns).map_err(from_lance)?;
    let Range { start, end } = wanted;
    let mut first = 0;
    let store = dataset.object_store(None).await.map_err(from_lance)?;
    let scheduler = ScanScheduler::new(store, SchedulerConfig::new(shares.read_ahead()));
    let config = FragReadConfig::default().with_scan_scheduler(Arc::clone(&scheduler));
    for fragment in dataset.get_fragments() {
        let count = fragment.metadata().physical_rows.unwrap_or_default() as u64;
        let own = start.max(first)..end.min(first + count);
        if own.start < own.end {
            let place = |row: u64| {
                u32::try_from(row - first).map_err(|_| Error::internal("a row out of range"))
            };
            let reader = fragment
                .open(&projection, config.clone())
                .await
                .map_err(from_lance)?;
            let (mut at, stop) = (place(own.start)?, place(own.end)?);
            // All of a range that is asked for is read ahead, whatever the scheduler allows.
            let step = if shares.is_scarce() {
                RANGE_ROWS
            } else {
                u32::MAX
            };
            while at < stop {
                let next = stop.min(at.saturating_add(step));
                let mut batches = reader
                    .take_range(at..next, RANGE_ROWS)
                    .await
                    .map_err(from_lance)?
                    .buffered(1);
                while let Some(batch) = batches.try_next().await.map_err(from_lance)? {
                    visit(batch)?;
                }
                at = next;
            }
        }
        first += count;
    }
    if let Some(meter) = Meter::active() {
        meter.read(scheduler.stats().bytes_read);
    }
    Ok(())
}

/// Notes the files of the fragments that are not in `old`, the manifest, and their directories, to be synced.
pub(in crate::lance) fn note_new(
    root: &Root,
    path: &str,
    dataset: &Dataset,
    old: &HashSet<u64>,
    unsynced: &Unsynced,
) {
    let Some(graph) = root.directory() else {
        return;
    };
    let directory = graph.join(path);
    let fragments = dataset.fragments().iter();
    let new = fragments.filter(|fragment| !old.contains(&fragment.id));
    for file in new.flat_map(Fragment::referenced_lance_files) {
        unsynced.add(directory.join("data").join(&file.path));
    }
    if let Some(manifest) = dataset.manifest_location().path.filename() {
        unsynced.add(directory.join("_versions").join(manifest));
    }
    for name in ["data", "_versions"] {
        let inner = directory.join(name);
        if inner.is_dir() {
            unsynced.add(inner);
        }
    }
    unsynced.add(directory);
}

/// As [`note_new`], and syncs them.
pub(in crate::lance) fn sync_new(
    root: &Root,
    path: &str,
    dataset: &Dataset,
    old: &HashSet<u64>,
) -> Result<()> {
    let unsynced = Unsynced::default();
    note_new(root, path, dataset, old, &unsynced);
    unsynced.sync()
}

/// Notes the files that say which rows of a fragment are gone.
fn note_deletions(directory: &Path, dataset: &Dataset, unsynced: &Unsynced) {
    for fragment in dataset.fragments().iter() {
        if let Some(file) = &fragment.deletion_file {
            unsynced.add(directory.join(relative_deletion_file_path(fragment.id, file)));
            unsynced.add(directory.join("_deletions"));
        }
    }
}
