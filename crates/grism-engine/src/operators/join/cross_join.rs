//! `CrossJoinExec`: every pair of rows.

use std::sync::Arc;

use arrow::array::UInt32Array;
use arrow::compute::{concat_batches, take};
use arrow::record_batch::RecordBatch;
use futures::{StreamExt, TryStreamExt};
use grism_core::{Error, Result, batch_bytes, compact_slices};
use grism_logical::optimizer::Facts;
use serde::{Deserialize, Serialize};

use crate::batch::batch_of;
use crate::{
    Binary, BinaryExec, ExecutionContextTrait, InputRequirement, MemoryReservation, OperatorRun,
    PhysicalSchema, PlanProperties, RecordBatchStream, RequiredDistribution, run,
};

/// Pairs every left row with every right row. Output: left columns, then right columns.
///
/// The right input is held in memory, under the limit; the left one streams and may be partitioned, while the right
/// one must be whole everywhere.
#[derive(Debug, Serialize, Deserialize)]
pub struct CrossJoinExec;

#[typetag::serde]
impl Binary for CrossJoinExec {
    fn name(&self) -> &'static str {
        "CrossJoinExec"
    }

    fn schema(&self, left: &PhysicalSchema, right: &PhysicalSchema) -> Result<PhysicalSchema> {
        Ok(left.with(right.columns().columns.clone()))
    }

    fn properties(&self, left: &PlanProperties, right: &PlanProperties) -> PlanProperties {
        let (left, right) = (&left.distribution, &right.distribution);
        PlanProperties::of(left.joined(right, left)).blocking()
    }

    fn estimated_rows(&self, left: f64, right: f64, _facts: Facts<'_>) -> f64 {
        left * right
    }

    fn advice(&self, run: &OperatorRun<'_>) -> Option<String> {
        Some(format!(
            "{} by {} rows are combined, since nothing connects the two patterns: connect them, or filter each side",
            run.first_input(),
            run.input_rows.get(1).copied().unwrap_or_default()
        ))
    }

    fn required_inputs(&self) -> [InputRequirement; 2] {
        [
            InputRequirement::of(RequiredDistribution::Disjoint, ""),
            InputRequirement::of(
                RequiredDistribution::Replicated,
                "every row meets every other",
            ),
        ]
    }

    fn describe(&self) -> String {
        "CrossJoin".to_owned()
    }

    fn execute(
        &self,
        own: &BinaryExec,
        context: Arc<dyn ExecutionContextTrait>,
    ) -> Result<RecordBatchStream> {
        let right_schema = Arc::clone(own.right().schema().arrow());
        let schema = Arc::clone(own.schema().arrow());
        let batch_rows = context.query().config.batch_rows;
        let (left, right) = (Arc::clone(own.left()), Arc::clone(own.right()));
        let product = async_stream::try_stream! {
            let mut held = MemoryReservation::try_new(context.memory_manager(), 0)?;
            let mut batches = Vec::new();
            let mut stream = run(&right, &context)?;
            while let Some(batch) = stream.try_next().await? {
                let batch = compact_slices(batch)?;
                held.try_grow(batch_bytes(&batch))?;
                batches.push(batch);
            }
            let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
            if rows > 0 {
                let whole = concat_batches(&right_schema, &batches).map_err(Error::from)?;
                drop(batches);
                let mut stream = run(&left, &context)?;
                while let Some(batch) = stream.try_next().await? {
                    let pairs = batch.num_rows() * rows;
                    let mut start = 0;
                    while start < pairs {
                        let end = (start + batch_rows).min(pairs);
                        let left_rows: UInt32Array = (start..end).map(|pair| (pair / rows) as u32).collect();
                        let right_rows: UInt32Array = (start..end).map(|pair| (pair % rows) as u32).collect();
                        let mut columns = Vec::with_capacity(schema.fields().len());
                        for column in batch.columns() {
                            columns.push(take(column, &left_rows, None).map_err(Error::from)?);
                        }
                        for column in whole.columns() {
                            columns.push(take(column, &right_rows, None).map_err(Error::from)?);
                        }
                        yield batch_of(&schema, columns, end - start)?;
                        start = end;
                    }
                }
            }
        };
        Ok(product.boxed())
    }
}
