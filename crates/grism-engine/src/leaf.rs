//! `Leaf`: the skeleton of every operator without inputs.

use std::fmt::Debug;
use std::sync::Arc;

use grism_core::{GraphStatistics, Result};
use grism_logical::optimizer::Facts;
use serde::{Deserialize, Serialize};

use crate::{
    ExecutionContextTrait, OperatorRun, PhysicalOperator, PhysicalSchema, PlanProperties,
    RecordBatchStream, Resources, StageInput,
};

/// What an operator without inputs does.
///
/// What planners see is the operator that [`Leaf::into_operator`] makes of it, which holds the columns of the output. Each other
/// method has the meaning of the one of [`PhysicalOperator`] that has its name.
#[typetag::serde(tag = "leaf")]
pub trait Leaf: Send + Sync + Debug + 'static {
    /// The operator's name in plans.
    fn name(&self) -> &'static str;

    /// The columns it outputs.
    fn schema(&self) -> PhysicalSchema;

    /// What it outputs over a graph of these statistics.
    fn properties(&self, statistics: &GraphStatistics) -> PlanProperties;

    /// About how many rows it outputs, where its argument has so many: by default as many.
    fn estimated_rows(&self, argument: f64, _facts: Facts<'_>) -> f64 {
        argument
    }

    /// How a query would spend less time in it.
    fn advice(&self, _run: &OperatorRun<'_>) -> Option<String> {
        None
    }

    /// What the process must have that runs it.
    fn required_resources(&self) -> Resources {
        Resources::default()
    }

    /// The input of its stage that it reads.
    fn stage_input(&self) -> Option<StageInput<'_>> {
        None
    }

    /// The operator in one line.
    fn describe(&self) -> String;

    /// Starts the operator, whose output has the columns `schema`.
    ///
    /// # Errors
    /// What can be told before the first batch.
    fn execute(
        &self,
        schema: &PhysicalSchema,
        context: Arc<dyn ExecutionContextTrait>,
    ) -> Result<RecordBatchStream>;

    /// The operator that does this.
    fn into_operator(self) -> Arc<dyn PhysicalOperator>
    where
        Self: Sized,
    {
        Arc::new(LeafExec {
            schema: self.schema(),
            leaf: Arc::new(self),
        })
    }
}

/// An operator without inputs: the columns of the output, and what is done.
#[derive(Debug, Serialize, Deserialize)]
struct LeafExec {
    schema: PhysicalSchema,
    leaf: Arc<dyn Leaf>,
}

#[typetag::serde]
impl PhysicalOperator for LeafExec {
    fn name(&self) -> &'static str {
        self.leaf.name()
    }

    fn schema(&self) -> &PhysicalSchema {
        &self.schema
    }

    fn properties(&self, _: &[PlanProperties], statistics: &GraphStatistics) -> PlanProperties {
        self.leaf.properties(statistics)
    }

    fn estimated_rows(&self, inputs: &[f64], facts: Facts<'_>) -> f64 {
        let argument = inputs.first().copied().unwrap_or(1.0);
        self.leaf.estimated_rows(argument, facts)
    }

    fn advice(&self, run: &OperatorRun<'_>) -> Option<String> {
        self.leaf.advice(run)
    }

    fn required_resources(&self) -> Resources {
        self.leaf.required_resources()
    }

    fn stage_input(&self) -> Option<StageInput<'_>> {
        self.leaf.stage_input()
    }

    fn describe(&self) -> String {
        self.leaf.describe()
    }

    fn execute(&self, context: Arc<dyn ExecutionContextTrait>) -> Result<RecordBatchStream> {
        self.leaf.execute(&self.schema, context)
    }
}
