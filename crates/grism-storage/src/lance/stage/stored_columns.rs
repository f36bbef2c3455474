//! How new rows are stored in the dataset of their table.

use std::sync::Arc;

use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use grism_core::{Result, Table};
use lance::dataset::Dataset;

use crate::columns::{column_or_null, table_fields};
use crate::lance::history::layout::first_fields;
use crate::lance::rows::physical::target_column;

/// How the columns of new rows are called and typed in their dataset.
pub(super) struct StoredColumns {
    fields: Vec<Field>,
    pub(super) schema: SchemaRef,
    /// Fields that a new dataset has beside them.
    pub(super) unwritten: Vec<Field>,
}

impl StoredColumns {
    /// The columns in `dataset`, or in one that is to be made.
    pub(super) fn of(table: &Table, dataset: Option<&Dataset>) -> Self {
        let mut fields = table_fields(table);
        if fields.is_empty() {
            // Lance keeps no rows without columns.
            fields = first_fields(table);
        }
        let Some(dataset) = dataset else {
            let mut unwritten = first_fields(table);
            unwritten.retain(|first| fields.iter().all(|own| own.name() != first.name()));
            let schema = Arc::new(Schema::new(fields.clone()));
            return Self {
                fields,
                schema,
                unwritten,
            };
        };
        let stored: Vec<Field> = fields
            .iter()
            .map(|field| target_column(dataset, table, field.name(), field.data_type()))
            .collect();
        Self {
            fields,
            schema: Arc::new(Schema::new(stored)),
            unwritten: Vec::new(),
        }
    }

    pub(super) fn convert(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let columns = self
            .fields
            .iter()
            .map(|field| column_or_null(batch, field.name(), field.data_type()))
            .collect::<Result<Vec<_>>>()?;
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), columns)?)
    }
}
