//! Expressions over the values that a column shares: they are evaluated for each value and not for each row.

use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Array, ArrayData, ArrayRef};
use arrow::datatypes::{DataType, Schema};
use arrow::record_batch::RecordBatch;
use grism_core::{Error, Result};
use grism_functions::{Operand, SharedValues};

use super::indexed::Indexed;
use super::node::{Kind, Node, OwnExpr, evaluate};

/// An expression over one column that shares values.
#[derive(Debug)]
pub(super) struct PerValue {
    column: usize,
    /// Compiled against the plain column alone.
    inner: Node,
    schema: Arc<Schema>,
    /// What it gave for the values it saw last; constants stay the same from batch to batch.
    last: Mutex<Option<(ArrayData, ArrayRef)>>,
}

impl PerValue {
    /// `inner`, whose only input is a column of `schema`, over the values of the column at `column`.
    pub(super) fn node(
        column: usize,
        inner: Node,
        schema: Arc<Schema>,
        data_type: DataType,
    ) -> Node {
        let kind = Self {
            column,
            inner,
            schema,
            last: Mutex::default(),
        };
        OwnExpr::node(kind, Vec::new(), data_type)
    }
}

impl Kind for PerValue {
    fn name(&self) -> &'static str {
        "per_value"
    }

    fn evaluate(&self, children: &[Node], batch: &RecordBatch) -> Result<Operand> {
        self.evaluate_indexed(children, batch)?.into_operand()
    }

    fn evaluate_indexed(&self, _: &[Node], batch: &RecordBatch) -> Result<Indexed> {
        let shared = SharedValues::of(batch.column(self.column))?
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
                let found = evaluate(&self.inner, &batch)?.into_column(batch.num_rows())?;
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
