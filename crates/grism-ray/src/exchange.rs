//! `ExchangeExec`: where data moves from one stage to the next, and why.

use std::fmt;
use std::sync::Arc;

use grism_core::{Error, Result};
use grism_engine::operators::StageInputOrder;
use grism_engine::{
    ExecutionContextTrait, OperatorCaps, PartitioningSpec, PhysicalOperator, PhysicalSchema,
    RecordBatchStream,
};
use serde::{Deserialize, Serialize};

/// How data move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExchangeMode {
    /// Every row goes to one of many partitions.
    Shuffle,
    /// Every row goes to every task.
    Broadcast,
    /// Every row goes to the one task there is.
    Gather,
}

impl fmt::Display for ExchangeMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// The border between two stages. It computes nothing: the planner cuts plans here, and what runs is on either side.
#[derive(Debug, Serialize, Deserialize)]
pub struct ExchangeExec {
    /// How the rows are split.
    pub partitioning: PartitioningSpec,
    /// How they move.
    pub mode: ExchangeMode,
    /// What makes them.
    pub child: Arc<dyn PhysicalOperator>,
    /// In which order the pieces of different tasks are read on the other side.
    pub order: StageInputOrder,
    /// Why it was inserted.
    pub reason: String,
}

#[typetag::serde]
impl PhysicalOperator for ExchangeExec {
    fn name(&self) -> &'static str {
        "ExchangeExec"
    }

    fn schema(&self) -> &PhysicalSchema {
        self.child.schema()
    }

    fn capabilities(&self) -> OperatorCaps {
        OperatorCaps {
            streaming: false,
            blocking: true,
            parallel_safe: false,
            requires_partitioning: None,
        }
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalOperator>> {
        vec![&self.child]
    }

    fn with_new_children(
        &self,
        mut children: Vec<Arc<dyn PhysicalOperator>>,
    ) -> Result<Arc<dyn PhysicalOperator>> {
        let child = children
            .pop()
            .ok_or_else(|| Error::internal("an exchange needs a child"))?;
        let (partitioning, order, reason) = (
            self.partitioning.clone(),
            self.order.clone(),
            self.reason.clone(),
        );
        Ok(Arc::new(Self {
            partitioning,
            mode: self.mode,
            child,
            order,
            reason,
        }))
    }

    fn describe(&self) -> String {
        match self.mode {
            ExchangeMode::Shuffle => format!("Exchange({}, {})", self.mode, self.partitioning),
            _ => format!("Exchange({})", self.mode),
        }
    }

    fn execute(&self, _: Arc<dyn ExecutionContextTrait>) -> Result<RecordBatchStream> {
        Err(Error::internal(
            "an exchange stands between stages and runs in none of them",
        ))
    }
}
