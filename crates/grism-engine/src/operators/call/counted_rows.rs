//! The rows of one call of a table function, counted for EXPLAIN.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::record_batch::RecordBatch;
use grism_core::{Meter, Result, Value};
use grism_functions::{TableBatches, TableFunction};

/// The batches of a call. It tells the meter that was active at its start how many rows the function made, and in what time,
/// once it is dropped.
pub(crate) struct CountedRows {
    function: Arc<dyn TableFunction>,
    batches: TableBatches,
    meter: Option<Arc<Meter>>,
    rows: usize,
    time: Duration,
}

impl CountedRows {
    /// Calls `function`.
    ///
    /// # Errors
    /// Those of the function.
    pub(crate) fn call(function: &Arc<dyn TableFunction>, arguments: Vec<Value>) -> Result<Self> {
        let begun = Instant::now();
        let batches = function.rows(arguments)?;
        Ok(Self {
            function: Arc::clone(function),
            batches,
            meter: Meter::active(),
            rows: 0,
            time: begun.elapsed(),
        })
    }
}

impl Iterator for CountedRows {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        let begun = Instant::now();
        let batch = self.batches.next();
        self.time += begun.elapsed();
        if let Some(Ok(batch)) = &batch {
            self.rows += batch.num_rows();
        }
        batch
    }
}

impl Drop for CountedRows {
    fn drop(&mut self) {
        if let Some(meter) = &self.meter {
            meter.called(&self.function.signature().name, self.rows, self.time);
        }
    }
}
