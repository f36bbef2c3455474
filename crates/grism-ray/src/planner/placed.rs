//! `Placed`: an operator with exchanges below it, and how its output is spread.

use std::sync::Arc;

use grism_core::{GraphStatistics, Result};
use grism_engine::{Exchange, PhysicalOperator, PlanProperties};

use crate::ExchangeExec;

/// An operator with exchanges below it, and what it outputs.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub(super) operator: Arc<dyn PhysicalOperator>,
    pub(super) properties: PlanProperties,
}

impl Placed {
    /// `operator` over these inputs.
    pub(super) fn over(
        operator: &Arc<dyn PhysicalOperator>,
        inputs: Vec<Self>,
        statistics: &GraphStatistics,
    ) -> Result<Self> {
        let (children, inputs): (Vec<_>, Vec<_>) = inputs
            .into_iter()
            .map(|input| (input.operator, input.properties))
            .unzip();
        let operator = operator.over_inputs(children)?;
        let properties = operator.properties(&inputs, statistics);
        Ok(Self {
            operator,
            properties,
        })
    }

    /// What is read on the other side of `exchange`.
    pub(super) fn exchanged(self, exchange: Exchange) -> Self {
        let properties = exchange.properties(&self.properties);
        Self {
            operator: Arc::new(ExchangeExec::new(self.operator, exchange)),
            properties,
        }
    }

    /// Whether one task has all rows.
    pub(super) fn is_at_one_place(&self) -> bool {
        self.properties.distribution.is_at_one_place()
    }
}
