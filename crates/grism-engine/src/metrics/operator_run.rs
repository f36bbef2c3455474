//! `OperatorRun`: what an operator is told of its run, to say how it would be faster.

use grism_core::GraphStatistics;

use super::OperatorMetrics;

/// One run of an operator.
#[derive(Clone, Debug)]
pub struct OperatorRun<'a> {
    /// What it did.
    pub metrics: &'a OperatorMetrics,
    /// Rows that came out of its inputs, in their order.
    pub input_rows: &'a [u64],
    /// The counts of the graph.
    pub statistics: &'a GraphStatistics,
}

impl OperatorRun<'_> {
    /// Rows of the first input.
    #[must_use]
    pub fn first_input(&self) -> u64 {
        self.input_rows.first().copied().unwrap_or_default()
    }

    /// Rows that left the operator for each row of the first input.
    #[must_use]
    pub fn fan_out(&self) -> f64 {
        self.metrics.rows as f64 / self.first_input().max(1) as f64
    }
}
