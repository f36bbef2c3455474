//! The rows of a batch in as many parts as it takes to work on them within memory.

use arrow::record_batch::RecordBatch;
use grism_core::{Error, ErrorKind, Result};

/// Parts of a batch that are still to be worked on, in order.
pub(crate) struct Parts(Vec<RecordBatch>);

impl Parts {
    pub(crate) fn of(batch: RecordBatch) -> Self {
        Self(vec![batch])
    }

    pub(crate) fn next(&mut self) -> Option<RecordBatch> {
        self.0.pop()
    }

    /// Puts the halves of a part back whose values were too much at once.
    ///
    /// # Errors
    /// `error` itself, where it says something else or the part is one row.
    pub(crate) fn halve(&mut self, part: RecordBatch, error: Error) -> Result<()> {
        let rows = part.num_rows();
        if error.kind() != ErrorKind::ResourceExhausted || rows < 2 {
            return Err(error);
        }
        self.0.push(part.slice(rows / 2, rows - rows / 2));
        self.0.push(part.slice(0, rows / 2));
        Ok(())
    }
}
