//! `LimitExec`: some rows, after some others.

use std::sync::Arc;

use futures::StreamExt;
use grism_core::Result;
use serde::{Deserialize, Serialize};

use super::only_child;
use crate::{
    ExecutionContextTrait, OperatorCaps, PhysicalOperator, PhysicalSchema, RecordBatchStream, run,
};

/// Leaves out the first `skip` rows and puts out at most `fetch` of the others, then stops its input.
///
/// Columns and order are the input's; needs one partition. Holds one batch.
#[derive(Debug, Serialize, Deserialize)]
pub struct LimitExec {
    input: Arc<dyn PhysicalOperator>,
    skip: usize,
    fetch: Option<usize>,
}

impl LimitExec {
    /// Cuts `input`.
    #[must_use]
    pub fn new(input: Arc<dyn PhysicalOperator>, skip: usize, fetch: Option<usize>) -> Self {
        Self { input, skip, fetch }
    }

    /// Rows that must come in for the output to be whole; `None` is all of them.
    #[must_use]
    pub fn reach(&self) -> Option<usize> {
        self.fetch.map(|fetch| fetch.saturating_add(self.skip))
    }
}

#[typetag::serde]
impl PhysicalOperator for LimitExec {
    fn name(&self) -> &'static str {
        "LimitExec"
    }

    fn schema(&self) -> &PhysicalSchema {
        self.input.schema()
    }

    fn capabilities(&self) -> OperatorCaps {
        OperatorCaps {
            streaming: true,
            blocking: false,
            ..OperatorCaps::blocking()
        }
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalOperator>> {
        vec![&self.input]
    }

    fn with_new_children(
        &self,
        children: Vec<Arc<dyn PhysicalOperator>>,
    ) -> Result<Arc<dyn PhysicalOperator>> {
        Ok(Arc::new(Self::new(
            only_child(children)?,
            self.skip,
            self.fetch,
        )))
    }

    fn describe(&self) -> String {
        match (self.skip, self.fetch) {
            (0, Some(fetch)) => format!("Limit({fetch})"),
            (skip, Some(fetch)) => format!("Limit({fetch}, skip {skip})"),
            (skip, None) => format!("Skip({skip})"),
        }
    }

    fn execute(&self, context: Arc<dyn ExecutionContextTrait>) -> Result<RecordBatchStream> {
        if self.fetch == Some(0) {
            return Ok(futures::stream::empty().boxed());
        }
        let mut input = run(&self.input, &context)?;
        let (mut skip, mut left) = (self.skip, self.fetch.unwrap_or(usize::MAX));
        let cut = async_stream::try_stream! {
            while left > 0 {
                let Some(batch) = input.next().await else { break };
                let batch = batch?;
                let dropped = skip.min(batch.num_rows());
                skip -= dropped;
                let kept = (batch.num_rows() - dropped).min(left);
                left -= kept;
                if kept > 0 {
                    yield batch.slice(dropped, kept);
                }
            }
        };
        Ok(cut.boxed())
    }
}
