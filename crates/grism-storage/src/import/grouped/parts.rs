//! Rows in files, cut by the hash of their key so that the rows of one key are in one part.

use std::sync::Arc;

use arrow::array::{AsArray, UInt64Array};
use arrow::compute::take_record_batch;
use arrow::record_batch::RecordBatch;
use grism_core::{MemoryManager, Result, RowBuffer, batch_bytes, stable_hash};

/// Bits of the hash that one cut takes.
const BITS: u32 = 6;
/// Parts of one cut.
const PARTS: usize = 1 << BITS;
/// Bytes that a part gathers before it writes them.
const WRITE_BYTES: usize = 16 << 10;
/// Cuts of rows that were cut before; the bits of a hash end somewhere.
pub(super) const DEEPEST: u32 = 8;

/// The parts of one cut.
pub(super) struct Parts {
    depth: u32,
    parts: Vec<Part>,
}

/// The rows of one part, in order.
pub(super) struct Part {
    /// How often its rows were cut.
    pub(super) depth: u32,
    pub(super) rows: RowBuffer,
    pub(super) bytes: usize,
}

impl Parts {
    /// No rows yet; those that come were cut `depth` times before.
    pub(super) fn new(depth: u32, memory: &Arc<dyn MemoryManager>) -> Self {
        let part = || Part {
            depth: depth + 1,
            rows: RowBuffer::with_write_buffer(0, WRITE_BYTES, memory),
            bytes: 0,
        };
        Self {
            depth,
            parts: (0..PARTS).map(|_| part()).collect(),
        }
    }

    /// Adds rows, whose keys are the first column.
    ///
    /// # Errors
    /// `ResourceExhausted` where the disk of temporary files is full.
    pub(super) fn add(&mut self, rows: &RecordBatch) -> Result<()> {
        // A stable hash, so that the same rows always become the same graph.
        let shift = u64::BITS - BITS * (self.depth + 1);
        let mut places = vec![Vec::new(); PARTS];
        for (row, key) in rows.column(0).as_string::<i32>().iter().enumerate() {
            let part = (stable_hash(key.unwrap_or_default().as_bytes()) >> shift) as usize % PARTS;
            places[part].push(row as u64);
        }
        for (part, places) in self.parts.iter_mut().zip(places) {
            if !places.is_empty() {
                let own = take_record_batch(rows, &UInt64Array::from(places))?;
                part.bytes += batch_bytes(&own);
                part.rows.push(own)?;
            }
        }
        Ok(())
    }

    /// The parts with rows.
    pub(super) fn finish(self) -> Vec<Part> {
        let parts = self.parts.into_iter();
        parts.filter(|part| part.bytes > 0).collect()
    }
}
