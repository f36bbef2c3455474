//! `InputPlaceExec`: stands for an input of an operator that travels without it.

use std::sync::Arc;

use grism_core::{Error, GraphStatistics, Result};
use grism_engine::{
    Distribution, ExecutionContextTrait, Leaf, PhysicalOperator, PhysicalSchema, PlanProperties,
    RecordBatchStream,
};
use serde::{Deserialize, Serialize};

/// A leaf with the columns of the input that it stands for. It cannot run.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct InputPlaceExec {
    schema: PhysicalSchema,
}

impl InputPlaceExec {
    /// The place of `input`.
    pub(crate) fn of(input: &Arc<dyn PhysicalOperator>) -> Arc<dyn PhysicalOperator> {
        Self {
            schema: input.schema().clone(),
        }
        .into_operator()
    }
}

#[typetag::serde]
impl Leaf for InputPlaceExec {
    fn name(&self) -> &'static str {
        "InputPlaceExec"
    }

    fn schema(&self) -> PhysicalSchema {
        self.schema.clone()
    }

    fn properties(&self, _statistics: &GraphStatistics) -> PlanProperties {
        PlanProperties::of(Distribution::Single)
    }

    fn describe(&self) -> String {
        "InputPlace".to_owned()
    }

    fn execute(
        &self,
        _schema: &PhysicalSchema,
        _context: Arc<dyn ExecutionContextTrait>,
    ) -> Result<RecordBatchStream> {
        Err(Error::internal("the place of an input cannot run"))
    }
}
