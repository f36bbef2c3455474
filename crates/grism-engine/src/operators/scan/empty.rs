//! `EmptyExec`: no rows.

use std::sync::Arc;

use futures::StreamExt;
use grism_core::{GraphStatistics, Result};
use grism_logical::optimizer::Facts;
use serde::{Deserialize, Serialize};

use crate::{
    Distribution, ExecutionContextTrait, PhysicalOperator, PhysicalSchema, PlanProperties,
    RecordBatchStream,
};

/// Puts out no rows of the given columns.
#[derive(Debug, Serialize, Deserialize)]
pub struct EmptyExec {
    schema: PhysicalSchema,
}

impl EmptyExec {
    /// No rows of `schema`.
    #[must_use]
    pub fn new(schema: PhysicalSchema) -> Self {
        Self { schema }
    }
}

#[typetag::serde]
impl PhysicalOperator for EmptyExec {
    fn name(&self) -> &'static str {
        "EmptyExec"
    }

    fn schema(&self) -> &PhysicalSchema {
        &self.schema
    }

    fn properties(
        &self,
        _inputs: &[PlanProperties],
        _statistics: &GraphStatistics,
    ) -> PlanProperties {
        PlanProperties::of(Distribution::OnePiece).with_rows(Some(0))
    }

    fn estimated_rows(&self, _inputs: &[f64], _facts: Facts<'_>) -> f64 {
        0.0
    }

    fn describe(&self) -> String {
        "Empty".to_owned()
    }

    fn execute(&self, _: Arc<dyn ExecutionContextTrait>) -> Result<RecordBatchStream> {
        Ok(futures::stream::empty().boxed())
    }
}
