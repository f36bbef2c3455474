//! `QueryMetrics`: the meters of the operators of one plan.

use std::fmt::Debug;
use std::sync::Arc;

use super::{OperatorId, OperatorIds, OperatorMeter, OperatorMetrics};
use crate::PhysicalOperator;

/// Gives operators the meters that they report to.
pub trait MetricsSink: Send + Sync + Debug {
    /// The meter of an operator; `None` for one that is not of the plan.
    fn meter(&self, operator: &Arc<dyn PhysicalOperator>) -> Option<Arc<OperatorMeter>>;

    /// What the operators did so far, by their numbers, which ascend.
    fn operators(&self) -> Vec<OperatorMetrics>;
}

/// Keeps the figures of one plan that runs in this process.
#[derive(Debug)]
pub struct QueryMetrics {
    ids: OperatorIds,
    meters: Vec<Arc<OperatorMeter>>,
}

impl QueryMetrics {
    /// Meters for the operators of the plan that ends at `root`, whose numbers begin with `first`.
    #[must_use]
    pub fn of(root: &Arc<dyn PhysicalOperator>, first: OperatorId) -> Self {
        let ids = OperatorIds::of(root, first);
        let meters = ids
            .operators()
            .map(|(id, _)| Arc::new(OperatorMeter::new(id)))
            .collect();
        Self { ids, meters }
    }
}

impl MetricsSink for QueryMetrics {
    fn meter(&self, operator: &Arc<dyn PhysicalOperator>) -> Option<Arc<OperatorMeter>> {
        let place = self.ids.place(self.ids.id(operator)?);
        self.meters.get(place).map(Arc::clone)
    }

    fn operators(&self) -> Vec<OperatorMetrics> {
        self.meters.iter().map(|meter| meter.metrics()).collect()
    }
}
