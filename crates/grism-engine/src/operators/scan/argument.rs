//! `ArgumentExec`: the outer rows of an apply, as its subplan sees them.

use std::sync::Arc;

use futures::StreamExt;
use grism_core::{Error, GraphStatistics, Result};
use serde::{Deserialize, Serialize};

use crate::{
    Distribution, ExecutionContextTrait, Leaf, PhysicalSchema, PlanProperties, RecordBatchStream,
};

/// Puts out the one batch of outer rows that the enclosing [`crate::operators::ApplyExec`] works on.
#[derive(Debug, Serialize, Deserialize)]
pub struct ArgumentExec {
    schema: PhysicalSchema,
}

impl ArgumentExec {
    /// Outer rows of `schema`.
    #[must_use]
    pub fn new(schema: PhysicalSchema) -> Self {
        Self { schema }
    }
}

#[typetag::serde]
impl Leaf for ArgumentExec {
    fn name(&self) -> &'static str {
        "ArgumentExec"
    }

    fn schema(&self) -> PhysicalSchema {
        self.schema.clone()
    }

    fn properties(&self, _statistics: &GraphStatistics) -> PlanProperties {
        PlanProperties::of(Distribution::Single)
    }

    fn describe(&self) -> String {
        "Argument".to_owned()
    }

    fn execute(
        &self,
        schema: &PhysicalSchema,
        context: Arc<dyn ExecutionContextTrait>,
    ) -> Result<RecordBatchStream> {
        let batch = context
            .argument()
            .cloned()
            .ok_or_else(|| Error::internal("an argument outside an apply"))?;
        // The outer rows may carry the numbers of rows further out, which are no business of this subplan.
        let places = schema
            .columns()
            .names()
            .map(|name| Ok(batch.schema().index_of(name)?))
            .collect::<Result<Vec<_>>>()?;
        let batch = batch.project(&places)?;
        Ok(futures::stream::iter([Ok(batch)]).boxed())
    }
}
