//! Expressions that are evaluated once and not for each row: over no column, or over the values that a column shares.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use arrow::array::{Array, ArrayData, ArrayRef};
use arrow::datatypes::Schema;
use arrow::record_batch::RecordBatch;
use grism_core::{Error, Result};
use grism_functions::{Operand, SharedValues};

use super::indexed::Indexed;
use super::node::Node;
use super::rows::Rows;
use crate::batch::batch_of;

/// An expression over no column: its value is computed where a row first asks for it, so that one that no row reaches
/// raises nothing.
#[derive(Debug)]
pub(super) struct Once {
    inner: Box<Node>,
    value: OnceLock<Operand>,
}

impl Once {
    pub(super) fn new(inner: Node) -> Self {
        Self {
            inner: Box::new(inner),
            value: OnceLock::new(),
        }
    }

    pub(super) fn evaluate(&self, rows: Rows<'_>) -> Result<Operand> {
        if let Some(value) = self.value.get() {
            return Ok(value.clone());
        }
        let one = batch_of(&Arc::new(Schema::empty()), vec![], 1)?;
        let value = self.inner.evaluate(rows.over(&one))?.into_column(1)?;
        Ok(self.value.get_or_init(|| Operand::scalar(value)).clone())
    }
}

/// An expression over one column that shares values: it is evaluated for each value and not for each row.
#[derive(Debug)]
pub(super) struct PerValue {
    column: usize,
    /// Compiled against the plain column alone.
    inner: Box<Node>,
    schema: Arc<Schema>,
    /// What it gave for the values it saw last; constants stay the same from batch to batch.
    last: Mutex<Option<(ArrayData, ArrayRef)>>,
}

impl PerValue {
    pub(super) fn new(column: usize, inner: Node, schema: Arc<Schema>) -> Self {
        Self {
            column,
            inner: Box::new(inner),
            schema,
            last: Mutex::default(),
        }
    }

    pub(super) fn evaluate(&self, rows: Rows<'_>) -> Result<Indexed> {
        let shared = SharedValues::of(rows.column(self.column))?
            .ok_or_else(|| Error::internal("a column that does not share its values"))?
            // A value that no row has is not reached.
            .compacted()?;
        let data = shared.values.to_data();
        let known = {
            let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            match &*last {
                Some((own, found)) if own.ptr_eq(&data) => Some(Arc::clone(found)),
                _ => None,
            }
        };
        let found = match known {
            Some(found) => found,
            None => {
                let values = vec![Arc::clone(&shared.values)];
                let batch = RecordBatch::try_new(Arc::clone(&self.schema), values)?;
                let found = self
                    .inner
                    .evaluate(rows.over(&batch))?
                    .into_column(batch.num_rows())?;
                let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
                *last = Some((data, Arc::clone(&found)));
                found
            }
        };
        Ok(Indexed::shared(SharedValues {
            keys: shared.keys,
            values: found,
        }))
    }
}
