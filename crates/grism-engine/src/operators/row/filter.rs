//! `FilterExec`: the rows for which a predicate is true.

use std::sync::Arc;

use arrow::compute::filter_record_batch;
use futures::{StreamExt, TryStreamExt};
use grism_core::{Error, GraphStatistics, Result};
use grism_logical::LogicalExpr;
use grism_logical::optimizer::Facts;
use serde::{Deserialize, Serialize};

use super::parts::Parts;
use crate::operators::children::only_child;
use crate::{
    ExecutionContextTrait, ExprEvaluator, InputRequirement, OperatorRun, PhysicalOperator,
    PhysicalSchema, PlanProperties, RecordBatchStream, run,
};

/// Keeps the rows for which the predicate is true, and drops those for which it is false or null.
///
/// Columns, order and partitioning are the input's. Holds one batch.
#[derive(Debug, Serialize, Deserialize)]
pub struct FilterExec {
    input: Arc<dyn PhysicalOperator>,
    predicate: LogicalExpr,
}

impl FilterExec {
    /// Filters `input`.
    ///
    /// # Errors
    /// `InvalidQuery` where the predicate does not fit the input.
    pub fn try_new(input: Arc<dyn PhysicalOperator>, predicate: LogicalExpr) -> Result<Self> {
        ExprEvaluator::try_new(&predicate, input.schema())?;
        Ok(Self { input, predicate })
    }
}

#[typetag::serde]
impl PhysicalOperator for FilterExec {
    fn name(&self) -> &'static str {
        "FilterExec"
    }

    fn schema(&self) -> &PhysicalSchema {
        self.input.schema()
    }

    fn properties(
        &self,
        inputs: &[PlanProperties],
        _statistics: &GraphStatistics,
    ) -> PlanProperties {
        PlanProperties::filtered(&inputs[0], self.schema())
    }

    fn estimated_rows(&self, inputs: &[f64], _facts: Facts<'_>) -> f64 {
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

    fn required_inputs(&self) -> Vec<InputRequirement> {
        vec![InputRequirement::any()]
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalOperator>> {
        vec![&self.input]
    }

    fn with_new_children(
        &self,
        children: Vec<Arc<dyn PhysicalOperator>>,
    ) -> Result<Arc<dyn PhysicalOperator>> {
        Ok(Arc::new(Self {
            input: only_child(children)?,
            predicate: self.predicate.clone(),
        }))
    }

    fn describe(&self) -> String {
        format!("Filter({})", self.predicate)
    }

    fn execute(&self, context: Arc<dyn ExecutionContextTrait>) -> Result<RecordBatchStream> {
        let predicate = ExprEvaluator::try_new(&self.predicate, self.input.schema())?
            .for_query(context.query());
        let mut input = run(&self.input, &context)?;
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
