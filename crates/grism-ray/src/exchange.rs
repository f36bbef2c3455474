//! `ExchangeExec`: where data moves from one stage to the next.

use std::sync::Arc;

use grism_core::{Error, GraphStatistics, Result};
use grism_engine::{
    Exchange, ExchangeMode, ExecutionContextTrait, InputRequirement, PhysicalOperator,
    PhysicalSchema, PlanProperties, RecordBatchStream,
};
use serde::{Deserialize, Serialize};

/// The border between two stages. It computes nothing: the planner cuts plans here, and what runs is on either side.
#[derive(Debug, Serialize, Deserialize)]
pub struct ExchangeExec {
    child: Arc<dyn PhysicalOperator>,
    exchange: Exchange,
}

impl ExchangeExec {
    /// Moves the rows of `child` in this way.
    #[must_use]
    pub fn new(child: Arc<dyn PhysicalOperator>, exchange: Exchange) -> Self {
        Self { child, exchange }
    }
}

#[typetag::serde]
impl PhysicalOperator for ExchangeExec {
    fn name(&self) -> &'static str {
        "ExchangeExec"
    }

    fn schema(&self) -> &PhysicalSchema {
        self.child.schema()
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalOperator>> {
        vec![&self.child]
    }

    fn properties(
        &self,
        inputs: &[PlanProperties],
        _statistics: &GraphStatistics,
    ) -> PlanProperties {
        self.exchange.properties(&inputs[0])
    }

    fn required_inputs(&self) -> Vec<InputRequirement> {
        vec![self.exchange.order.requirement()]
    }

    fn exchange(&self) -> Option<&Exchange> {
        Some(&self.exchange)
    }

    fn with_new_children(
        &self,
        mut children: Vec<Arc<dyn PhysicalOperator>>,
    ) -> Result<Arc<dyn PhysicalOperator>> {
        let child = children
            .pop()
            .ok_or_else(|| Error::internal("an exchange needs a child"))?;
        Ok(Arc::new(Self::new(child, self.exchange.clone())))
    }

    fn describe(&self) -> String {
        let Exchange {
            mode, partitioning, ..
        } = &self.exchange;
        match mode {
            ExchangeMode::Shuffle => format!("Exchange({mode}, {partitioning})"),
            ExchangeMode::Broadcast | ExchangeMode::Gather => format!("Exchange({mode})"),
        }
    }

    fn execute(&self, _: Arc<dyn ExecutionContextTrait>) -> Result<RecordBatchStream> {
        Err(Error::internal(
            "an exchange stands between stages and runs in none of them",
        ))
    }
}
