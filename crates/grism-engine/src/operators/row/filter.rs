//! `FilterExec`: the rows for which a predicate is true.

use std::sync::Arc;

use arrow::compute::filter_record_batch;
use futures::{StreamExt, TryStreamExt};
use grism_core::{Error, Result};
use grism_logical::LogicalExpr;
use grism_logical::optimizer::Facts;
use serde::{Deserialize, Serialize};

use super::parts::Parts;
use crate::{
    ExecutionContextTrait, ExprEvaluator, OperatorRun, PhysicalSchema, PlanProperties,
    RecordBatchStream, Unary, UnaryExec,
};

/// Keeps the rows for which the predicate is true, and drops those for which it is false or null.
///
/// Columns, order and partitioning are the input's. Holds one batch.
#[derive(Debug, Serialize, Deserialize)]
pub struct FilterExec {
    predicate: LogicalExpr,
}

impl FilterExec {
    /// Keeps the rows for which `predicate` is true.
    #[must_use]
    pub fn new(predicate: LogicalExpr) -> Self {
        Self { predicate }
    }
}

#[typetag::serde]
impl Unary for FilterExec {
    fn name(&self) -> &'static str {
        "FilterExec"
    }

    fn schema(&self, input: &PhysicalSchema) -> Result<PhysicalSchema> {
        ExprEvaluator::try_new(&self.predicate, input)?;
        Ok(input.clone())
    }

    fn properties(&self, own: &UnaryExec, input: &PlanProperties) -> PlanProperties {
        PlanProperties::filtered(input, own.schema())
    }

    fn estimated_rows(&self, _own: &UnaryExec, inputs: &[f64], _facts: Facts<'_>) -> f64 {
        inputs[0] * 0.4
    }

    fn advice(&self, run: &OperatorRun<'_>) -> Option<String> {
        Some(format!(
            "{} of {} rows pass: a comparison of a property with a constant is checked by the scan itself, and an index may find \
             its rows",
            run.metrics.rows,
            run.first_input()
        ))
    }

    fn describe(&self) -> String {
        format!("Filter({})", self.predicate)
    }

    fn execute(
        &self,
        own: &UnaryExec,
        context: Arc<dyn ExecutionContextTrait>,
    ) -> Result<RecordBatchStream> {
        let predicate = ExprEvaluator::try_new(&self.predicate, own.input().schema())?
            .for_query(context.query());
        let mut input = own.run_input(&context)?;
        let filtered = async_stream::try_stream! {
            while let Some(batch) = input.try_next().await? {
                let mut parts = Parts::of(batch);
                while let Some(part) = parts.next() {
                    match predicate.evaluate_predicate(&part) {
                        Ok(flags) => yield filter_record_batch(&part, &flags).map_err(Error::from)?,
                        Err(error) => parts.halve(part, error)?,
                    }
                }
            }
        };
        Ok(filtered.boxed())
    }
}
