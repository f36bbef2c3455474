//! The rows that an expression is evaluated over, and the memory it may take.

use std::ops::Deref;

use arrow::record_batch::RecordBatch;
use grism_functions::Budget;

/// The rows that an expression is evaluated over, and the memory it may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows<'a> {
    batch: &'a RecordBatch,
    budget: &'a Budget,
}

impl<'a> Rows<'a> {
    pub(crate) fn new(batch: &'a RecordBatch, budget: &'a Budget) -> Self {
        Self { batch, budget }
    }

    /// Other rows, under the same budget.
    pub(crate) fn over<'b>(&self, batch: &'b RecordBatch) -> Rows<'b>
    where
        'a: 'b,
    {
        Rows {
            batch,
            budget: self.budget,
        }
    }

    pub(crate) fn budget(&self) -> &'a Budget {
        self.budget
    }
}

impl Deref for Rows<'_> {
    type Target = RecordBatch;

    fn deref(&self) -> &RecordBatch {
        self.batch
    }
}
