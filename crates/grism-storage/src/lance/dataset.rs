//! One Lance dataset of a graph: created empty, then grown by detached versions that only our log names.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::{Arc, OnceLock};

use arrow::array::AsArray;
use arrow::datatypes::{Field, Schema, SchemaRef, UInt64Type};
use arrow::error::ArrowError;
use arrow::record_batch::{RecordBatch, RecordBatchIterator};
use grism_core::{Error, Result};
use lance::dataset::builder::DatasetBuilder;
use lance::dataset::transaction::{Operation, Transaction};
use lance::dataset::{
    CommitBuilder, Dataset, InsertBuilder, ProjectionRequest, WriteMode, WriteParams,
};
use lance::session::Session;
use lance_core::ROW_ADDR;
use lance_core::datatypes::Schema as LanceSchema;
use lance_io::object_store::ObjectStoreRegistry;
use lance_table::format::{Fragment, RowIdMeta};
use lance_table::io::deletion::relative_deletion_file_path;
use lance_table::rowids::{RowIdSequence, write_row_ids};

use super::error::from_lance;
use super::sync::{sync_directory, sync_file};

/// Bytes of Lance's caches: indices, and manifests with file metadata.
const INDEX_CACHE: usize = 64 << 20;
const METADATA_CACHE: usize = 256 << 20;

/// The Lance session of this process.
pub(super) fn session() -> Arc<Session> {
    static SESSION: OnceLock<Arc<Session>> = OnceLock::new();
    Arc::clone(SESSION.get_or_init(|| {
        Arc::new(Session::new(
            INDEX_CACHE,
            METADATA_CACHE,
            Arc::new(ObjectStoreRegistry::default()),
        ))
    }))
}

/// Opens a dataset at a version, detached or not.
pub(super) async fn open(root: &Path, path: &str, version: u64) -> Result<Dataset> {
    let uri = root.join(path);
    DatasetBuilder::from_uri(uri.to_string_lossy())
        .with_version(version)
        .with_session(session())
        .load()
        .await
        .map_err(|error| from_lance(error).context(path))
}

/// Opens the first version of the dataset at `<stem>.lance`, which has no rows; makes the dataset where there is none.
/// Returns its path, which has a number behind the stem where the name belongs to a dataset of other fields.
///
/// What a failed or lost commit left under the name is harmless: it never reaches the first version.
pub(super) async fn create(
    root: &Path,
    stem: &str,
    fields: Vec<Field>,
) -> Result<(String, Dataset)> {
    let parameters = WriteParams {
        mode: WriteMode::Create,
        enable_stable_row_ids: true,
        enable_v2_manifest_paths: true,
        session: Some(session()),
        skip_auto_cleanup: true,
        ..WriteParams::default()
    };
    let schema: SchemaRef = Arc::new(Schema::new(fields));
    for attempt in 1.. {
        let path = if attempt == 1 {
            format!("{stem}.lance")
        } else {
            format!("{stem}~{attempt}.lance")
        };
        let uri = root.join(&path);
        let none = RecordBatchIterator::new(
            std::iter::empty::<Result<RecordBatch, ArrowError>>(),
            Arc::clone(&schema),
        );
        let builder = InsertBuilder::new(uri.to_string_lossy().as_ref())
            .with_params(&parameters)
            .execute_stream(none)
            .await;
        match builder {
            Ok(dataset) => {
                sync_new(&uri, &dataset, &HashSet::new())?;
                return Ok((path, dataset));
            }
            Err(lance_core::Error::DatasetAlreadyExists { .. }) => {
                let first = open(root, &path, 1).await?;
                if Schema::from(first.schema()).fields() == schema.fields() {
                    return Ok((path, first));
                }
            }
            Err(error) => return Err(from_lance(error).context(path)),
        }
    }
    Err(Error::internal("unreachable: every name is taken"))
}

/// Stages rows on top of exactly `base`, as a detached version that no reader sees until the log names it.
///
/// Fields that `base` does not have yet are added; rows get the row ids from `base`'s next one on, in order.
pub(super) async fn append(
    root: &Path,
    path: &str,
    base: Dataset,
    batches: Vec<RecordBatch>,
    fragment_rows: usize,
) -> Result<Dataset> {
    let Some(first) = batches.first() else {
        return Ok(base);
    };
    let added: Vec<Field> = first
        .schema()
        .fields()
        .iter()
        .filter(|field| base.schema().field(field.name()).is_none())
        .map(|field| (**field).clone())
        .collect();
    let old: HashSet<u64> = base
        .fragments()
        .iter()
        .map(|fragment| fragment.id)
        .collect();
    let first_row = base.manifest().next_row_id;
    let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
    let mut base = Arc::new(base);
    if !added.is_empty() {
        base = Arc::new(with_fields(&base, added).await?);
    }
    let parameters = WriteParams {
        mode: WriteMode::Append,
        max_rows_per_file: fragment_rows,
        max_rows_per_group: fragment_rows,
        skip_auto_cleanup: true,
        ..WriteParams::default()
    };
    let transaction = InsertBuilder::new(Arc::clone(&base))
        .with_params(&parameters)
        .execute_uncommitted(batches)
        .await
        .map_err(from_lance)?;
    let staged = commit_detached(base, transaction).await?;
    if staged.manifest().next_row_id != first_row + rows as u64 {
        return Err(Error::internal(format!(
            "{path}: Lance gave other row ids than expected"
        )));
    }
    sync_new(&root.join(path), &staged, &old)?;
    Ok(staged)
}

/// Stages changed and deleted rows on top of exactly `base`, as a detached version. A changed row is written anew and
/// keeps its row id; the batches hold the row ids first, then every field of the dataset.
///
/// `removed` are the row ids of the rows that go from where they stand, changed ones among them.
pub(super) async fn change(
    root: &Path,
    path: &str,
    base: Dataset,
    updated: Vec<(Vec<u64>, RecordBatch)>,
    removed: &[u64],
    fragment_rows: usize,
) -> Result<Dataset> {
    let old: HashSet<u64> = base
        .fragments()
        .iter()
        .map(|fragment| fragment.id)
        .collect();
    let next_row = base.manifest().next_row_id;
    let base = Arc::new(base);
    let mut new_fragments = Vec::new();
    for (ids, batch) in updated {
        let parameters = WriteParams {
            mode: WriteMode::Append,
            max_rows_per_file: fragment_rows,
            max_rows_per_group: fragment_rows,
            skip_auto_cleanup: true,
            ..WriteParams::default()
        };
        let transaction = InsertBuilder::new(Arc::clone(&base))
            .with_params(&parameters)
            .execute_uncommitted(vec![batch])
            .await
            .map_err(from_lance)?;
        let Operation::Append { fragments } = transaction.operation else {
            return Err(Error::internal("Lance appends rows in another way"));
        };
        let mut ids = &ids[..];
        for mut fragment in fragments {
            let rows = fragment.physical_rows.unwrap_or_default();
            let (own, rest) = ids
                .split_at_checked(rows)
                .ok_or_else(|| Error::internal("Lance wrote more rows than it was given"))?;
            ids = rest;
            let sequence = write_row_ids(&RowIdSequence::from(own));
            fragment.row_id_meta = Some(RowIdMeta::Inline(sequence.into()));
            new_fragments.push(fragment);
        }
    }
    let (updated_fragments, removed_fragment_ids) = without_rows(&base, removed).await?;
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
    let directory = root.join(path);
    sync_new(&directory, &staged, &old)?;
    sync_deletions(&directory, &staged)?;
    Ok(staged)
}

/// The fragments that lose some of their rows, and the numbers of those that lose all.
async fn without_rows(base: &Dataset, removed: &[u64]) -> Result<(Vec<Fragment>, Vec<u64>)> {
    let projection = ProjectionRequest::from_columns([ROW_ADDR], base.schema());
    let places = base
        .take_rows(removed, projection)
        .await
        .map_err(from_lance)?;
    let addresses = places
        .column_by_name(ROW_ADDR)
        .and_then(|column| column.as_primitive_opt::<UInt64Type>())
        .ok_or_else(|| Error::internal("Lance did not return row addresses"))?;
    let mut by_fragment: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
    for address in addresses.values() {
        by_fragment
            .entry(address >> 32)
            .or_default()
            .push((address & u64::from(u32::MAX)) as u32);
    }
    let (mut changed, mut gone) = (Vec::new(), Vec::new());
    for (id, rows) in by_fragment {
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
pub(super) async fn read_rows(dataset: &Dataset, ids: &[u64]) -> Result<RecordBatch> {
    let fields: Vec<String> = dataset
        .schema()
        .fields
        .iter()
        .map(|field| field.name.clone())
        .collect();
    let projection = ProjectionRequest::from_columns(fields, dataset.schema());
    dataset.take_rows(ids, projection).await.map_err(from_lance)
}

/// The same rows with further fields, which are null in them.
pub(super) async fn with_fields(base: &Arc<Dataset>, added: Vec<Field>) -> Result<Dataset> {
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

async fn commit_detached(base: Arc<Dataset>, transaction: Transaction) -> Result<Dataset> {
    CommitBuilder::new(base)
        .with_detached(true)
        .with_skip_auto_cleanup(true)
        .execute(transaction)
        .await
        .map_err(from_lance)
}

/// Brings the dataset's main line to `published`, for readers that know Lance and not our log. Best effort: our own
/// readers never look at it.
pub(super) async fn publish_main_line(root: &Path, path: &str, published: &Dataset) -> Result<()> {
    let uri = root.join(path);
    let main = DatasetBuilder::from_uri(uri.to_string_lossy())
        .with_session(session())
        .load()
        .await
        .map_err(from_lance)?;
    let operation = Operation::Overwrite {
        fragments: published.fragments().as_ref().clone(),
        schema: published.schema().clone(),
        config_upsert_values: None,
        initial_bases: None,
    };
    let transaction = Transaction::new(main.manifest().version, operation, None);
    CommitBuilder::new(Arc::new(main))
        .with_skip_auto_cleanup(true)
        .execute(transaction)
        .await
        .map_err(from_lance)?;
    Ok(())
}

/// Syncs the files of the fragments that are not in `old`, the manifest, and their directories.
fn sync_new(directory: &Path, dataset: &Dataset, old: &HashSet<u64>) -> Result<()> {
    for fragment in dataset
        .fragments()
        .iter()
        .filter(|fragment| !old.contains(&fragment.id))
    {
        for file in fragment.referenced_lance_files() {
            sync_file(&directory.join("data").join(&file.path))?;
        }
    }
    if let Some(manifest) = dataset.manifest_location().path.filename() {
        sync_file(&directory.join("_versions").join(manifest))?;
    }
    for name in ["data", "_versions", ""] {
        let inner = directory.join(name);
        if inner.is_dir() {
            sync_directory(&inner)?;
        }
    }
    if let Some(parent) = directory.parent() {
        sync_directory(parent)?;
    }
    Ok(())
}

/// Syncs the files that say which rows of a fragment are gone.
fn sync_deletions(directory: &Path, dataset: &Dataset) -> Result<()> {
    let mut any = false;
    for fragment in dataset.fragments().iter() {
        if let Some(file) = &fragment.deletion_file {
            sync_file(&directory.join(relative_deletion_file_path(fragment.id, file)))?;
            any = true;
        }
    }
    if any {
        sync_directory(&directory.join("_deletions"))?;
        sync_directory(directory)?;
    }
    Ok(())
}
