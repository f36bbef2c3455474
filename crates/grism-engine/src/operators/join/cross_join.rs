//! `CrossJoinExec`: every pair of rows.

use std::sync::Arc;

use arrow::array::UInt32Array;
use arrow::compute::{concat_batches, take};
use arrow::record_batch::RecordBatch;
use futures::{StreamExt, TryStreamExt};
use grism_core::{Error, GraphStatistics, Result, batch_bytes, compact_slices};
use grism_logical::optimizer::Facts;
use serde::{Deserialize, Serialize};

use crate::batch::batch_of;
use crate::{
    Distribution, ExecutionContextTrait, InputRequirement, MemoryReservation, OperatorRun,
    PhysicalOperator, PhysicalSchema, PlanProperties, RecordBatchStream, RequiredDistribution, run,
};

/// Pairs every left row with every right row. Output: left columns, then right columns.
///
/// The right input is held in memory, under the limit; the left one streams and may be partitioned, while the right
/// one must be whole everywhere.
#[derive(Debug, Serialize, Deserialize)]
pub struct CrossJoinExec {
    left: Arc<dyn PhysicalOperator>,
    right: Arc<dyn PhysicalOperator>,
    schema: PhysicalSchema,
}

impl CrossJoinExec {
    /// The product of `left` and `right`.
    #[must_use]
    pub fn new(left: Arc<dyn PhysicalOperator>, right: Arc<dyn PhysicalOperator>) -> Self {
        let schema = left.schema().with(right.schema().columns().columns.clone());
        Self {
            left,
            right,
            schema,
        }
    }
}

#[typetag::serde]
impl PhysicalOperator for CrossJoinExec {
    fn name(&self) -> &'static str {
        "CrossJoinExec"
    }

    fn schema(&self) -> &PhysicalSchema {
        &self.schema
    }

    fn properties(
        &self,
        inputs: &[PlanProperties],
        _statistics: &GraphStatistics,
    ) -> PlanProperties {
        let [left, right] = inputs else {
            return PlanProperties::of(Distribution::Single);
        };
        let is_at_one_place =
            left.distribution.is_at_one_place() && right.distribution.is_at_one_place();
        let distribution = match is_at_one_place {
            true => Distribution::Single,
            false => left.distribution.clone(),
        };
        PlanProperties::of(distribution).blocking()
    }

    fn estimated_rows(&self, inputs: &[f64], _facts: Facts<'_>) -> f64 {
        inputs.iter().product()
    }

    fn advice(&self, run: &OperatorRun<'_>) -> Option<String> {
        Some(format!(
            "{} by {} rows are combined, since nothing connects the two patterns: connect them, or filter each side",
            run.first_input(),
            run.input_rows.get(1).copied().unwrap_or_default()
        ))
    }

    fn required_inputs(&self) -> Vec<InputRequirement> {
        vec![
            InputRequirement::of(RequiredDistribution::Disjoint, ""),
            InputRequirement::of(
                RequiredDistribution::Replicated,
                "every row meets every other",
            ),
        ]
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalOperator>> {
        vec![&self.left, &self.right]
    }

    fn with_new_children(
        &self,
        children: Vec<Arc<dyn PhysicalOperator>>,
    ) -> Result<Arc<dyn PhysicalOperator>> {
        let [left, right] = <[_; 2]>::try_from(children)
            .map_err(|_| Error::internal("a join was given another number of inputs"))?;
        Ok(Arc::new(Self::new(left, right)))
    }

    fn describe(&self) -> String {
        "CrossJoin".to_owned()
    }

    fn execute(&self, context: Arc<dyn ExecutionContextTrait>) -> Result<RecordBatchStream> {
        let right_schema = Arc::clone(self.right.schema().arrow());
        let schema = Arc::clone(self.schema.arrow());
        let batch_rows = context.query().config.batch_rows;
        let (left, right) = (Arc::clone(&self.left), Arc::clone(&self.right));
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
