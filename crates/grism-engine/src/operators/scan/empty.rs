//! `EmptyExec`: no rows.

use std::sync::Arc;

use futures::StreamExt;
use grism_core::{GraphStatistics, Result};
use grism_logical::optimizer::Facts;
use serde::{Deserialize, Serialize};

use crate::{
    Distribution, ExecutionContextTrait, Leaf, PhysicalSchema, PlanProperties, RecordBatchStream,
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
impl Leaf for EmptyExec {
    fn name(&self) -> &'static str {
        "EmptyExec"
    }

    fn schema(&self) -> PhysicalSchema {
        self.schema.clone()
    }

    fn properties(&self, _statistics: &GraphStatistics) -> PlanProperties {
        PlanProperties::of(Distribution::OnePiece).with_rows(Some(0))
    }

    fn estimated_rows(&self, _argument: f64, _facts: Facts<'_>) -> f64 {
        0.0
    }

    fn describe(&self) -> String {
        "Empty".to_owned()
    }

    fn execute(
        &self,
        _schema: &PhysicalSchema,
        _context: Arc<dyn ExecutionContextTrait>,
    ) -> Result<RecordBatchStream> {
        Ok(futures::stream::empty().boxed())
    }
}
