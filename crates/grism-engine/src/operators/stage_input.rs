//! `StageInputExec`: what another stage put out, as this stage's plan sees it.

use std::sync::Arc;

use grism_core::Result;
use serde::{Deserialize, Serialize};

use super::no_child;
use crate::datafusion::merge_sorted;
use crate::{
    ExecutionContextTrait, OperatorCaps, PhysicalOperator, PhysicalSchema, RecordBatchStream,
};

/// In which order the pieces of a stage input are read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StageInputOrder {
    /// One after the other, in the order of the tasks that made them.
    Sequential,
    /// Merged by these columns (`true` is descending), since every piece is sorted by them.
    Merged(Vec<(String, bool)>),
}

/// Reads the partition of another stage's output that belongs to this task.
#[derive(Debug, Serialize, Deserialize)]
pub struct StageInputExec {
    input: usize,
    schema: PhysicalSchema,
    order: StageInputOrder,
}

impl StageInputExec {
    /// The input number `input` of the stage.
    #[must_use]
    pub fn new(input: usize, schema: PhysicalSchema, order: StageInputOrder) -> Self {
        Self {
            input,
            schema,
            order,
        }
    }

    /// Which input of the stage it reads.
    #[must_use]
    pub fn input(&self) -> usize {
        self.input
    }
}

#[typetag::serde]
impl PhysicalOperator for StageInputExec {
    fn name(&self) -> &'static str {
        "StageInputExec"
    }

    fn schema(&self) -> &PhysicalSchema {
        &self.schema
    }

    fn capabilities(&self) -> OperatorCaps {
        OperatorCaps::streaming()
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalOperator>> {
        Vec::new()
    }

    fn with_new_children(
        &self,
        children: Vec<Arc<dyn PhysicalOperator>>,
    ) -> Result<Arc<dyn PhysicalOperator>> {
        no_child(&children)?;
        Ok(Arc::new(Self::new(
            self.input,
            self.schema.clone(),
            self.order.clone(),
        )))
    }

    fn describe(&self) -> String {
        match &self.order {
            StageInputOrder::Sequential => format!("StageInput({})", self.input),
            StageInputOrder::Merged(_) => format!("SortMerge(input {})", self.input),
        }
    }

    fn execute(&self, context: Arc<dyn ExecutionContextTrait>) -> Result<RecordBatchStream> {
        match &self.order {
            StageInputOrder::Sequential => context.stage_input(self.input),
            StageInputOrder::Merged(keys) => {
                let pieces = context.stage_input_pieces(self.input)?;
                let columns = super::sort::sort_columns(&self.schema, keys)?;
                if pieces.is_empty() {
                    return Ok(Box::pin(futures::stream::empty()));
                }
                merge_sorted(
                    self.schema.arrow(),
                    pieces,
                    &columns,
                    None,
                    &context.query().task()?,
                )
            }
        }
    }
}
