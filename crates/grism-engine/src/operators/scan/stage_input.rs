//! `StageInputExec`: what another stage put out, as this stage's plan sees it.

use std::sync::Arc;

use grism_core::{GraphStatistics, Result};
use serde::{Deserialize, Serialize};

use crate::datafusion::merge_sorted;
use crate::{
    Distribution, ExecutionContextTrait, Leaf, PhysicalSchema, PlanProperties, ReadOrder,
    RecordBatchStream, StageInput,
};

/// Reads the partition of another stage's output that belongs to this task.
#[derive(Debug, Serialize, Deserialize)]
pub struct StageInputExec {
    input: usize,
    schema: PhysicalSchema,
    order: ReadOrder,
}

impl StageInputExec {
    /// The input number `input` of the stage.
    #[must_use]
    pub fn new(input: usize, schema: PhysicalSchema, order: ReadOrder) -> Self {
        Self {
            input,
            schema,
            order,
        }
    }
}

#[typetag::serde]
impl Leaf for StageInputExec {
    fn name(&self) -> &'static str {
        "StageInputExec"
    }

    fn schema(&self) -> PhysicalSchema {
        self.schema.clone()
    }

    fn properties(&self, _statistics: &GraphStatistics) -> PlanProperties {
        // How the rows are spread is the stage's to say, which knows the exchange.
        self.order.read(
            &PlanProperties::of(Distribution::Split),
            Distribution::Split,
        )
    }

    fn stage_input(&self) -> Option<StageInput<'_>> {
        Some(StageInput {
            number: self.input,
            order: &self.order,
        })
    }

    fn describe(&self) -> String {
        match &self.order {
            ReadOrder::Sequential => format!("StageInput({})", self.input),
            ReadOrder::Merged(_) => format!("SortMerge(input {})", self.input),
        }
    }

    fn execute(
        &self,
        schema: &PhysicalSchema,
        context: Arc<dyn ExecutionContextTrait>,
    ) -> Result<RecordBatchStream> {
        match &self.order {
            ReadOrder::Sequential => context.stage_input(self.input),
            ReadOrder::Merged(keys) => {
                let pieces = context.stage_input_pieces(self.input)?;
                let columns = crate::operators::order::sort::sort_columns(schema, keys)?;
                if pieces.is_empty() {
                    return Ok(Box::pin(futures::stream::empty()));
                }
                merge_sorted(
                    schema.arrow(),
                    pieces,
                    &columns,
                    None,
                    &context.query().task()?,
                )
            }
        }
    }
}
