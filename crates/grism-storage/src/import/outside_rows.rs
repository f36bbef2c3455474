//! Rows from outside the graph, for [`grism_core::Storage::rows`].

use std::collections::BTreeMap;
use std::sync::Arc;

use grism_core::{BatchStream, Error, MemoryManager, Result, RowOrigin};

use super::csv_records::csv_records;
use super::source_rows::file_rows;
use crate::shares::Shares;

/// The rows of a file, read in `memory`. `store` holds the options of object stores.
///
/// # Errors
/// Those of the file; `NotFound` for a table, which only the process that gave it has.
pub(crate) async fn outside_rows(
    source: &RowOrigin,
    store: &BTreeMap<String, String>,
    memory: &Arc<dyn MemoryManager>,
) -> Result<BatchStream> {
    match source {
        RowOrigin::Records(file) => csv_records(file, store, Shares::of(memory.as_ref())).await,
        RowOrigin::Named(file) => file_rows(file, store, memory).await,
        RowOrigin::Parameter(name) => Err(Error::not_found(format!(
            "the parameter ${name} is no table here"
        ))),
    }
}
