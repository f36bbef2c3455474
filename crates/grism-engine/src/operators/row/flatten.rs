//! `FlattenExec`: columns that share values made plain again.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::record_batch::RecordBatch;
use futures::{StreamExt, TryStreamExt};
use grism_core::Result;
use grism_functions::{MOST_BYTES_AT_ONCE, SharedValues, taken_bytes};
use grism_logical::{Column, PlanSchema};
use serde::{Deserialize, Serialize};

use crate::batch::batch_of;
use crate::{
    ExecutionContextTrait, PhysicalOperator, PhysicalSchema, PlanProperties, RecordBatchStream,
    Unary, UnaryExec,
};

/// Gives every row its own copy of shared values, for an operator that takes plain columns only.
///
/// Rows, order and partitioning are the input's. Holds one batch; one with too much to copy comes out in parts.
#[derive(Debug, Serialize, Deserialize)]
pub struct FlattenExec {
    /// Columns that stay as they are.
    kept: Vec<String>,
}

impl FlattenExec {
    /// `input` with plain columns; itself where it has no others.
    ///
    /// # Errors
    /// None of its own: any input has plain columns.
    pub fn over(input: Arc<dyn PhysicalOperator>) -> Result<Arc<dyn PhysicalOperator>> {
        Self::over_except(input, Vec::new())
    }

    /// `input` with plain columns, except those of `kept`, which stay shared where they are.
    pub(crate) fn over_except(
        input: Arc<dyn PhysicalOperator>,
        kept: Vec<String>,
    ) -> Result<Arc<dyn PhysicalOperator>> {
        let mut columns = input.schema().columns().columns.iter();
        match columns.any(|column| column.shared && !kept.contains(&column.name)) {
            true => UnaryExec::over(input, Self { kept }),
            false => Ok(input),
        }
    }
}

#[typetag::serde]
impl Unary for FlattenExec {
    fn name(&self) -> &'static str {
        "FlattenExec"
    }

    fn schema(&self, input: &PhysicalSchema) -> Result<PhysicalSchema> {
        let columns = input.columns().columns.iter();
        let columns = columns.map(|column| match self.kept.contains(&column.name) {
            true => column.clone(),
            false => Column::new(&column.name, column.ty.clone()),
        });
        Ok(PlanSchema::new(columns.collect()).into())
    }

    fn properties(&self, own: &UnaryExec, input: &PlanProperties) -> PlanProperties {
        PlanProperties::filtered(input, own.schema())
    }

    fn describe(&self) -> String {
        "Flatten".to_owned()
    }

    fn execute(
        &self,
        own: &UnaryExec,
        context: Arc<dyn ExecutionContextTrait>,
    ) -> Result<RecordBatchStream> {
        Ok(flat_stream(own.schema().clone(), own.run_input(&context)?))
    }
}

/// The batches of `input` with the plain columns of `schema`; one with too much to copy comes out in parts.
pub(crate) fn flat_stream(
    schema: PhysicalSchema,
    mut input: RecordBatchStream,
) -> RecordBatchStream {
    let flat = async_stream::try_stream! {
        while let Some(batch) = input.try_next().await? {
            let mut parts = vec![batch];
            while let Some(part) = parts.pop() {
                let rows = part.num_rows();
                if rows > 1 && flat_bytes(&schema, &part)? > MOST_BYTES_AT_ONCE {
                    parts.push(part.slice(rows / 2, rows - rows / 2));
                    parts.push(part.slice(0, rows / 2));
                } else {
                    yield flatten(&schema, &part)?;
                }
            }
        }
    };
    flat.boxed()
}

/// The shared columns of `batch` that `schema` has plain.
fn shared_columns<'a>(
    schema: &'a PhysicalSchema,
    batch: &'a RecordBatch,
) -> impl Iterator<Item = Result<(&'a ArrayRef, Option<SharedValues>)>> {
    let columns = batch.columns().iter().zip(&schema.columns().columns);
    columns.map(|(column, wanted)| {
        let shared = match wanted.shared {
            true => None,
            false => SharedValues::of(column)?,
        };
        Ok((column, shared))
    })
}

/// The bytes of the columns of `batch` that become plain.
fn flat_bytes(schema: &PhysicalSchema, batch: &RecordBatch) -> Result<usize> {
    let mut bytes = 0;
    for column in shared_columns(schema, batch) {
        if let (_, Some(shared)) = column? {
            bytes += taken_bytes(&shared.values, &shared.keys);
        }
    }
    Ok(bytes)
}

fn flatten(schema: &PhysicalSchema, batch: &RecordBatch) -> Result<RecordBatch> {
    let columns = shared_columns(schema, batch)
        .map(|column| match column? {
            (_, Some(shared)) => shared.flat(),
            (column, None) => Ok(Arc::clone(column)),
        })
        .collect::<Result<Vec<_>>>()?;
    batch_of(schema.arrow(), columns, batch.num_rows())
}
