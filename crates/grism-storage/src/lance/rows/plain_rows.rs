//! Datasets that only ever grew: row ids are the places of their rows.

use grism_core::{Error, Result};
use lance::dataset::Dataset;
use lance_table::format::RowIdMeta;
use lance_table::rowids::{RowIdSequence, read_row_ids};

/// Whether row ids are the places of the rows.
pub(in crate::lance) fn is_plain(dataset: &Dataset) -> bool {
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
pub(in crate::lance) fn plain_addresses(dataset: &Dataset, ids: &[u64]) -> Result<Vec<u64>> {
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
