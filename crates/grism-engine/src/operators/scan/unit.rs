//! `UnitExec`: one row without columns, from which a query without a pattern starts.

use std::sync::Arc;

use futures::StreamExt;
use grism_core::{GraphStatistics, Result};
use grism_logical::PlanSchema;
use serde::{Deserialize, Serialize};

use crate::batch::batch_of;
use crate::{
    Distribution, ExecutionContextTrait, Leaf, PhysicalSchema, PlanProperties, RecordBatchStream,
};

/// Puts out one row without columns; of all partitions, only one does.
#[derive(Debug, Serialize, Deserialize)]
pub struct UnitExec {
    leaf: u32,
}

impl UnitExec {
    /// The leaf number `leaf` of its plan.
    #[must_use]
    pub fn new(leaf: u32) -> Self {
        Self { leaf }
    }
}

#[typetag::serde]
impl Leaf for UnitExec {
    fn name(&self) -> &'static str {
        "UnitExec"
    }

    fn schema(&self) -> PhysicalSchema {
        PlanSchema::default().into()
    }

    fn properties(&self, _statistics: &GraphStatistics) -> PlanProperties {
        PlanProperties::of(Distribution::OnePiece).with_rows(Some(1))
    }

    fn describe(&self) -> String {
        "Unit".to_owned()
    }

    fn execute(
        &self,
        schema: &PhysicalSchema,
        context: Arc<dyn ExecutionContextTrait>,
    ) -> Result<RecordBatchStream> {
        if context.morsels(self.leaf, 1).take().is_none() {
            return Ok(futures::stream::empty().boxed());
        }
        let row = batch_of(schema.arrow(), Vec::new(), 1)?;
        Ok(futures::stream::iter([Ok(row)]).boxed())
    }
}
