//! The rows of files and tables as maps, for queries that read them without loading them.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::record_batch::RecordBatch;
use futures::StreamExt;
use grism_core::{BatchStream, Error, ErrorKind, MemoryManager, Result, RowFile, Type, Value};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::file_options::ImportOptions;
use super::input::Input;
use super::options::{ImportSource, LoadProgress};
use super::parsed::Parsed;
use super::properties::normalized_columns;
use super::read::{cancelled, read};
use super::telling::Telling;
use crate::shares::Shares;

/// Batches that are read ahead of the query.
const BATCHES_AHEAD: usize = 2;

/// Rows of a batch that goes to the query.
const ROWS: usize = 1 << 13;

/// The rows of a file as [`grism_core::RowOrigin::Named`] says. `store` holds the options of object stores.
///
/// # Errors
/// `NotFound` where there is no such file; `Unsupported` for an option that there is not; those of the file.
pub(super) async fn file_rows(
    file: &RowFile,
    store: &BTreeMap<String, String>,
    memory: &Arc<dyn MemoryManager>,
) -> Result<BatchStream> {
    let mut options = ImportOptions {
        store: store.clone(),
        ..ImportOptions::default()
    };
    for option in &file.options {
        if !options.set(option)? {
            return Err(Error::unsupported(format!(
                "the option {} of LOAD FROM",
                option.name
            )));
        }
    }
    let source = ImportSource::file(&file.path, options);
    let rows = source_rows(source, &file.name, memory).await;
    rows.map_err(|error| match error.kind() {
        ErrorKind::NotFound => Error::not_found(format!(
            "{}, and no table is registered as '{}'",
            error.message(),
            file.name
        )),
        _ => error,
    })
}

/// The rows of a source as batches of a column `row`, a map for each row, read in `memory`. `name` is what messages call a table.
///
/// # Errors
/// `NotFound` for a file that does not exist.
pub async fn source_rows(
    source: ImportSource,
    name: &str,
    memory: &Arc<dyn MemoryManager>,
) -> Result<BatchStream> {
    let shares = Shares::of(memory.as_ref());
    let inputs = Input::of(source, shares).await?;
    let (out, mut batches) = mpsc::channel(BATCHES_AHEAD);
    let (runtime, name) = (Handle::current(), name.to_owned());
    tokio::task::spawn_blocking(move || {
        let sent = send_rows(inputs, &name, &runtime, shares, &out);
        // Nobody is left to tell where the query has ended before the rows.
        sent.or_else(|error| out.blocking_send(Err(error)).map_err(drop))
            .ok();
    });
    Ok(futures::stream::poll_fn(move |context| batches.poll_recv(context)).boxed())
}

/// Sends the rows of all inputs until they end or nobody takes them.
fn send_rows(
    inputs: Vec<Input>,
    name: &str,
    runtime: &Handle,
    shares: Shares,
    out: &mpsc::Sender<Result<RecordBatch>>,
) -> Result<()> {
    let telling = Arc::new(Telling::of_query());
    let progress = Arc::new(LoadProgress::default());
    for input in inputs {
        let convert = |parsed: Parsed| maps_of(parsed, name);
        let send = |batches: Vec<RecordBatch>| {
            for batch in batches {
                // The error ends the reader, and is not told to anybody.
                out.blocking_send(Ok(batch)).map_err(|_| cancelled())?;
            }
            Ok(())
        };
        read(input, &telling, &progress, runtime, shares, convert, send)?;
    }
    Ok(())
}

/// The rows of a batch as maps.
fn maps_of(parsed: Parsed, name: &str) -> Result<Vec<RecordBatch>> {
    if let Some(wrong) = parsed.rejected.first() {
        return Err(Error::invalid_data(wrong.describe(name)));
    }
    let columns = normalized_columns(&parsed.batch, &[]).map_err(|error| {
        let file = parsed.places.file();
        error.context(if file.is_empty() { name } else { file })
    })?;
    let rows = parsed.batch.num_rows();
    let mut batches = Vec::with_capacity(rows.div_ceil(ROWS));
    for first in (0..rows).step_by(ROWS) {
        let range = first..rows.min(first + ROWS);
        let mut maps = vec![BTreeMap::new(); range.len()];
        for (name, ty, values) in &columns {
            for (map, row) in maps.iter_mut().zip(range.clone()) {
                let value = Value::from_typed(values, row, ty)?;
                map.insert(name.clone(), value);
            }
        }
        let maps: Vec<Value> = maps.into_iter().map(Value::Map).collect();
        let column: ArrayRef = Value::column(&maps, &Type::Any.to_arrow())?;
        batches.push(RecordBatch::try_from_iter([("row", column)])?);
    }
    Ok(batches)
}
