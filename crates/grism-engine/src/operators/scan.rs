//! Reading tables piece by piece: what node and hyperedge scans have in common.

use std::sync::Arc;

use arrow::array::{ArrayRef, new_null_array};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use futures::{StreamExt, TryStreamExt};
use grism_core::{
    ID_COLUMN, LABELS_COLUMN, Result, ScanPredicate, ScanRange, ScanRequest, Snapshot, TableId,
    Tables, widen_column,
};

use crate::{ExecutionContextTrait, MorselQueue, PhysicalSchema, RecordBatchStream};

/// What a scan reads of every table.
#[derive(Clone, Debug)]
pub(super) struct ScanSource {
    pub(super) tables: Tables,
    /// Table columns; one that a table does not have is null there.
    pub(super) columns: Vec<String>,
    /// Rows that pass.
    pub(super) predicate: ScanPredicate,
    /// Whether an index finds the rows.
    pub(super) by_index: bool,
    /// The leaf's number; `None` reads everything in every partition.
    pub(super) leaf: Option<u32>,
}

impl ScanSource {
    /// Batches of one table each: the id, then `columns`.
    pub(super) fn scan(
        self,
        context: &Arc<dyn ExecutionContextTrait>,
    ) -> Result<futures::stream::BoxStream<'static, Result<(TableId, RecordBatch)>>> {
        let snapshot = Arc::clone(&context.query().snapshot);
        let batch_rows = context.query().config.batch_rows;
        let mut ranges: Vec<ScanRange> = Vec::new();
        for table in self.tables.iter() {
            if !self.by_index {
                ranges.extend(snapshot.scan_ranges(*table));
            } else if let Some((_, predicate)) = self.narrowed(snapshot.as_ref(), *table)? {
                ranges.extend(snapshot.scan_ranges_for(*table, &predicate));
            }
        }
        let queue = match self.leaf {
            Some(leaf) => context.morsels(leaf, ranges.len()),
            None => Arc::new(MorselQueue::new((0..ranges.len()).collect())),
        };
        let batches = async_stream::try_stream! {
            while let Some(piece) = queue.take() {
                let range = ranges[piece].clone();
                let table = range.table;
                let Some((columns, predicate)) = self.narrowed(snapshot.as_ref(), table)? else { continue };
                let request = ScanRequest { columns, predicate, range, batch_rows };
                let mut stream = snapshot.scan(request).await?;
                while let Some(batch) = stream.try_next().await? {
                    if batch.num_rows() > 0 {
                        yield (table, batch);
                    }
                }
            }
        };
        Ok(batches.boxed())
    }

    /// The columns that `table` has, and the predicate; `None` where no row of it can pass.
    fn narrowed(
        &self,
        snapshot: &dyn Snapshot,
        table: TableId,
    ) -> Result<Option<(Vec<String>, ScanPredicate)>> {
        let entry = snapshot.schema().table(table)?;
        let has = |name: &str| {
            entry.property(name).is_some()
                || name == LABELS_COLUMN && entry.hyperedge_type().is_none()
                || entry
                    .hyperedge_type()
                    .is_some_and(|ty| ty.role(name).is_some())
        };
        let mut predicate = Vec::new();
        for comparison in &self.predicate {
            if has(&comparison.column) {
                predicate.push(comparison.clone());
            } else if comparison.operator != grism_core::ComparisonOperator::IsNull {
                // A missing property is null, which no comparison passes but IS NULL.
                return Ok(None);
            }
        }
        Ok(Some((
            self.columns
                .iter()
                .filter(|name| has(name))
                .cloned()
                .collect(),
            predicate,
        )))
    }
}

/// The column `name` of a batch of a table, as the column at `index` of `schema`; null where the table has none.
pub(super) fn table_column(
    batch: &RecordBatch,
    name: &str,
    schema: &PhysicalSchema,
    index: usize,
) -> Result<ArrayRef> {
    let data_type = schema.arrow().field(index).data_type();
    match batch.column_by_name(name) {
        Some(column) if column.data_type() == data_type => Ok(Arc::clone(column)),
        Some(column) => widen_column(column, data_type),
        None => Ok(new_null_array(data_type, batch.num_rows())),
    }
}

/// Puts the batches of a scan under the operator's schema: the id, then columns by their names in the table.
pub(super) fn named_batches(
    batches: futures::stream::BoxStream<'static, Result<(TableId, RecordBatch)>>,
    schema: PhysicalSchema,
    names: Vec<String>,
) -> RecordBatchStream {
    batches
        .and_then(move |(_, batch)| {
            let named = || {
                let mut columns = vec![table_column(&batch, ID_COLUMN, &schema, 0)?];
                for (index, name) in names.iter().enumerate() {
                    columns.push(table_column(&batch, name, &schema, index + 1)?);
                }
                let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
                Ok(RecordBatch::try_new_with_options(
                    Arc::clone(schema.arrow()),
                    columns,
                    &options,
                )?)
            };
            std::future::ready(named())
        })
        .boxed()
}
