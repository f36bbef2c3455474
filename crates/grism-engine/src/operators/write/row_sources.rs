//! Rows between clauses that are made of others as they are read.

use std::sync::Arc;

use arrow::array::{BooleanArray, Int64Array};
use arrow::compute::filter_record_batch;
use arrow::record_batch::RecordBatch;
use grism_core::{OffsetSet, Result, RowSource};
use grism_logical::{PlanSchema, Rows};

use crate::PhysicalSchema;

/// Numbers of rows.
pub(super) type RowSet = OffsetSet;

/// Rows with a column of their numbers.
#[derive(Debug)]
pub(super) struct NumberedRows {
    rows: Rows,
    schema: PhysicalSchema,
}

impl NumberedRows {
    /// The rows with their numbers in the last column of `schema`.
    pub(super) fn new(rows: Rows, schema: &PlanSchema) -> Self {
        Self {
            rows,
            schema: PhysicalSchema::from(schema.clone()),
        }
    }
}

impl RowSource for NumberedRows {
    fn rows(&self) -> u64 {
        self.rows.row_count() as u64
    }

    fn batches(&self) -> Result<Box<dyn Iterator<Item = Result<RecordBatch>> + Send>> {
        let schema = Arc::clone(self.schema.arrow());
        let mut first = 0;
        Ok(Box::new(self.rows.batches().map(move |batch| {
            let batch = batch?;
            let end = first + batch.num_rows() as i64;
            let mut columns = batch.columns().to_vec();
            columns.push(Arc::new((first..end).collect::<Int64Array>()));
            first = end;
            Ok(RecordBatch::try_new(Arc::clone(&schema), columns)?)
        })))
    }
}

/// Some of the rows, by their numbers.
#[derive(Debug)]
pub(super) struct PickedRows {
    rows: Rows,
    wanted: Arc<RowSet>,
}

impl PickedRows {
    pub(super) fn new(rows: Rows, wanted: Arc<RowSet>) -> Self {
        Self { rows, wanted }
    }
}

impl RowSource for PickedRows {
    fn rows(&self) -> u64 {
        self.wanted.len()
    }

    fn batches(&self) -> Result<Box<dyn Iterator<Item = Result<RecordBatch>> + Send>> {
        let wanted = Arc::clone(&self.wanted);
        let mut first = 0;
        Ok(Box::new(self.rows.batches().map(move |batch| {
            let batch = batch?;
            let end = first + batch.num_rows() as u64;
            let flags: BooleanArray = (first..end).map(|row| Some(wanted.contains(row))).collect();
            first = end;
            Ok(filter_record_batch(&batch, &flags)?)
        })))
    }
}
