//! `example.steps`: the numbers from one to another, as rows.

use std::sync::Arc;

use arrow::array::Int64Array;
use arrow::datatypes::{DataType, Field, Schema};
use arrow::record_batch::RecordBatch;
use grism_core::{Result, Type, Value};
use grism_functions::{TableBatches, TableFunction, TableSignature, UserParameter};
use serde::{Deserialize, Serialize};

/// Rows of a batch.
const BATCH_ROWS: i64 = 1024;

/// The numbers from one to another, a row each.
#[derive(Debug, Serialize, Deserialize)]
pub struct Steps {
    signature: TableSignature,
}

impl Default for Steps {
    fn default() -> Self {
        let parameter = |name: &str| UserParameter::new(name, Type::Int64);
        let bounds = vec![parameter("first"), parameter("last")];
        let signature = TableSignature::new("example.steps", bounds, vec![parameter("step")]);
        Self {
            signature: signature.with_description("The numbers from one to another."),
        }
    }
}

#[typetag::serde]
impl TableFunction for Steps {
    fn signature(&self) -> &TableSignature {
        &self.signature
    }

    fn rows(&self, arguments: Vec<Value>) -> Result<TableBatches> {
        let [Value::Int64(first), Value::Int64(last)] = arguments[..] else {
            return Ok(Box::new(std::iter::empty()));
        };
        let schema = Arc::new(Schema::new(vec![Field::new("step", DataType::Int64, true)]));
        let starts = (first..=last).step_by(BATCH_ROWS as usize);
        Ok(Box::new(starts.map(move |start| {
            let end = start.saturating_add(BATCH_ROWS - 1).min(last);
            let steps = Int64Array::from_iter_values(start..=end);
            let batch = RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(steps)])?;
            Ok(batch)
        })))
    }
}
