//! Every row of a table, whatever pieces it lies in.

use arrow::record_batch::RecordBatch;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use grism_core::{Result, ScanPredicate, ScanRequest, Snapshot, TableId};

/// Rows of a batch.
const BATCH_ROWS: usize = 1 << 16;

/// Reads the whole of a table: the id of each row, then `columns`, in storage order.
pub(crate) fn all_rows<'a>(
    snapshot: &'a dyn Snapshot,
    table: TableId,
    columns: &[String],
) -> BoxStream<'a, Result<RecordBatch>> {
    rows_with(snapshot, table, columns, Vec::new())
}

/// Reads the rows of a table that pass a predicate, as [`all_rows`] does.
pub(crate) fn rows_with<'a>(
    snapshot: &'a dyn Snapshot,
    table: TableId,
    columns: &[String],
    predicate: ScanPredicate,
) -> BoxStream<'a, Result<RecordBatch>> {
    let columns = columns.to_vec();
    futures::stream::iter(snapshot.scan_ranges_for(table, &predicate))
        .then(move |range| {
            snapshot.scan(ScanRequest {
                columns: columns.clone(),
                predicate: predicate.clone(),
                range,
                batch_rows: BATCH_ROWS,
            })
        })
        .try_flatten()
        .boxed()
}
