//! A table of a snapshot with its dataset open.

use std::sync::Arc;

use grism_core::{Error, Result, TableId};
use lance::dataset::Dataset;
use lance_table::format::RowIdMeta;
use lance_table::rowids::{RowIdSequence, read_row_ids};

use super::dataset::open;
use super::indexes::{TableIndex, table_indexes};
use super::log::{DatasetVersion, SnapshotEntry};
use super::root::Root;

/// The dataset of a table, and what its manifest tells.
pub(super) struct OpenTable {
    pub(super) dataset: Arc<Dataset>,
    /// Whether row ids are the places of the rows, since rows were only ever appended.
    pub(super) is_plain: bool,
    pub(super) indexes: Vec<TableIndex>,
}

impl OpenTable {
    pub(super) async fn open(
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

    /// The same dataset for a snapshot that has other names for it.
    pub(super) async fn reopened(&self, entry: &SnapshotEntry, table: TableId) -> Result<Self> {
        let table = entry.schema.table(table)?;
        Ok(Self {
            is_plain: self.is_plain,
            indexes: table_indexes(&entry.schema, table, &self.dataset).await?,
            dataset: Arc::clone(&self.dataset),
        })
    }
}

/// Whether row ids are the places of the rows.
pub(super) fn is_plain(dataset: &Dataset) -> bool {
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
pub(super) fn plain_addresses(dataset: &Dataset, ids: &[u64]) -> Result<Vec<u64>> {
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
