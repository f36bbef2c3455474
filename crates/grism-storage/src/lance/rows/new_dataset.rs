//! New datasets of a graph: the first version of one holds its first rows, and our log names that version.

use std::collections::HashSet;

use arrow::datatypes::{Field, Schema, SchemaRef};
use fail::fail_point;
use grism_core::{Error, Result};
use lance::dataset::transaction::{Operation, Transaction};
use lance::dataset::{CommitBuilder, Dataset};
use lance_core::datatypes::Schema as LanceSchema;

use crate::lance::place::error::from_lance;
use crate::lance::place::root::Root;
use crate::lance::place::sync::Unsynced;
use crate::lance::rows::dataset::note_new;
use crate::lance::rows::write_rows::{Batches, Written, WrittenTo, write_parts};

/// What a new dataset begins with.
pub(in crate::lance) struct FirstRows {
    /// The fields of the rows.
    pub(in crate::lance) schema: SchemaRef,
    /// Fields that no row has a value of, which follow the others.
    pub(in crate::lance) unwritten: Vec<Field>,
    /// The rows, in parts that are written at the same time.
    pub(in crate::lance) parts: Vec<Batches>,
    /// Rows of a fragment, at most.
    pub(in crate::lance) fragment_rows: usize,
}

/// Makes a dataset at `<stem>.lance` that holds `first`; its path, which has a number behind the stem where the name is
/// taken.
///
/// A name is taken for good: by a dataset of the graph, by one that a failed or lost commit left, or by one that another
/// writer is just making. So the first version of a dataset never changes, though it stands on the main line.
///
/// # Errors
/// Those of the rows; `Conflict` where, in an object store, another writer makes the dataset at the same time.
pub(in crate::lance) async fn create(
    root: &Root,
    stem: &str,
    first: FirstRows,
    unsynced: &Unsynced,
) -> Result<(String, Dataset)> {
    let path = taken_path(root, stem).await?;
    let to = WrittenTo::New(path.clone());
    let FirstRows {
        schema,
        unwritten,
        mut parts,
        fragment_rows,
    } = first;
    if parts.is_empty() {
        parts.push(Box::new(std::iter::empty()));
    }
    let written = write_parts(root, &to, schema, parts, fragment_rows).await?;
    fail_point!("rows-written");
    let rows = written.rows;
    let made = committed(root, &path, written, unwritten).await;
    let dataset = made.map_err(|error| error.context(&path))?;
    if dataset.manifest().next_row_id != rows {
        return Err(Error::internal(format!(
            "{path}: Lance gave other row ids than expected"
        )));
    }
    note_new(root, &path, &dataset, &HashSet::new(), unsynced);
    root.note_up(&path, unsynced);
    fail_point!("dataset-created");
    Ok((path, dataset))
}

/// A path that nobody else has taken.
async fn taken_path(root: &Root, stem: &str) -> Result<String> {
    let mut path = format!("{stem}.lance");
    let mut attempt = 1;
    while !root.reserve(&path).await? {
        attempt += 1;
        path = format!("{stem}~{attempt}.lance");
    }
    Ok(path)
}

/// Makes fragments the first version of a dataset.
async fn committed(
    root: &Root,
    path: &str,
    written: Written,
    unwritten: Vec<Field>,
) -> Result<Dataset> {
    let schema = written.schema;
    let mut schema = schema.ok_or_else(|| Error::internal("Lance wrote rows without fields"))?;
    if !unwritten.is_empty() {
        let last = schema.max_field_id();
        let addition = LanceSchema::try_from(&Schema::new(unwritten)).map_err(from_lance)?;
        schema = schema.merge(&addition).map_err(from_lance)?;
        schema.set_field_id(last);
    }
    let operation = Operation::Overwrite {
        fragments: written.fragments,
        schema,
        config_upsert_values: None,
        initial_bases: None,
    };
    let (uri, parameters) = (root.dataset_uri(path), root.write_parameters());
    let mut builder = CommitBuilder::new(uri.as_str())
        .use_stable_row_ids(true)
        .enable_v2_manifest_paths(true)
        .with_skip_auto_cleanup(true);
    if let Some(session) = parameters.session {
        builder = builder.with_session(session);
    }
    if let Some(store) = parameters.store_params {
        builder = builder.with_store_params(store);
    }
    let transaction = Transaction::new(0, operation, None);
    let dataset = builder.execute(transaction).await.map_err(from_lance)?;
    if dataset.version_id() != 1 {
        // The other writer's rows are the main line's again.
        let operation = Operation::Restore { version: 1 };
        let transaction = Transaction::new(dataset.version_id(), operation, None);
        let restored = CommitBuilder::new(std::sync::Arc::new(dataset))
            .with_skip_auto_cleanup(true)
            .execute(transaction)
            .await;
        restored.map_err(from_lance)?;
        return Err(Error::conflict(
            "another writer makes a dataset of this name at the same time",
        ));
    }
    // The manifest holds the transaction too; the file is for Lance's own writers, which must not write here.
    if let (Some(_), Some(name)) = (root.directory(), &dataset.manifest().transaction_file) {
        root.remove(&format!("{path}/_transactions/{name}")).await?;
    }
    Ok(dataset)
}
