//! Rows that wait: in memory up to a limit and as far as there is room, in temporary files past it.

use std::fs::File;
use std::io::{BufReader, BufWriter, Seek, SeekFrom};
use std::sync::Arc;

use crate::{
    AppendedRows, Error, MemoryManager, MemoryReservation, Meter, Result, RowSource, batch_bytes,
    compact_slices,
};
use arrow::datatypes::SchemaRef;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use arrow::record_batch::RecordBatch;

/// Takes batches, and gives them back as often as they are asked for.
pub struct RowBuffer {
    /// Bytes that are held in memory.
    limit: usize,
    /// Bytes that are gathered before they are written.
    write: usize,
    memory: Arc<dyn MemoryManager>,
    held: Vec<RecordBatch>,
    /// What the held rows take.
    reserved: MemoryReservation,
    done: Vec<AppendedRows>,
    spilling: Option<Spilling>,
}

/// A temporary file that is being written; all its batches have one schema.
struct Spilling {
    writer: StreamWriter<BufWriter<File>>,
    schema: SchemaRef,
    rows: u64,
}

/// Rows in memory, which are charged for as long as they are here.
#[derive(Debug)]
struct HeldRows {
    batches: Vec<RecordBatch>,
    _reserved: MemoryReservation,
}

/// Rows in a temporary file, which has no name and goes with its last reader.
#[derive(Debug)]
struct SpilledRows {
    file: File,
    rows: u64,
}

impl RowBuffer {
    /// Holds up to `limit` bytes, as far as `memory` has them.
    #[must_use]
    pub fn new(limit: usize, memory: &Arc<dyn MemoryManager>) -> Self {
        Self::with_write_buffer(limit, 1 << 20, memory)
    }

    /// Holds up to `limit` bytes, as far as `memory` has them, and gathers `write` bytes before they go to a file.
    #[must_use]
    pub fn with_write_buffer(limit: usize, write: usize, memory: &Arc<dyn MemoryManager>) -> Self {
        Self {
            limit,
            write,
            memory: Arc::clone(memory),
            reserved: MemoryReservation::empty(Arc::clone(memory)),
            held: Vec::new(),
            done: Vec::new(),
            spilling: None,
        }
    }

    /// Adds rows behind those that are there.
    ///
    /// # Errors
    /// `ResourceExhausted` where the disk of temporary files is full.
    pub fn push(&mut self, batch: RecordBatch) -> Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let bytes = batch_bytes(&batch);
        if self.is_in_memory()
            && self.reserved.bytes() + bytes <= self.limit
            && self.reserved.try_grow(bytes).is_ok()
        {
            // The rest of what the rows are slices of would be kept as well.
            self.held.push(compact_slices(batch)?);
            return Ok(());
        }
        for held in std::mem::take(&mut self.held) {
            self.spill(&held)?;
        }
        self.reserved.resize(0);
        self.spill(&batch)
    }

    /// Whether no rows went to a file so far.
    fn is_in_memory(&self) -> bool {
        self.spilling.is_none() && self.done.is_empty()
    }

    fn spill(&mut self, batch: &RecordBatch) -> Result<()> {
        if self
            .spilling
            .as_ref()
            .is_some_and(|spilling| spilling.schema != batch.schema())
        {
            self.close()?;
        }
        if let Some(meter) = Meter::active() {
            let files = u64::from(self.spilling.is_none());
            meter.spilled(batch_bytes(batch) as u64, files);
        }
        let spilling = match &mut self.spilling {
            Some(spilling) => spilling,
            None => {
                let schema = batch.schema();
                let file = BufWriter::with_capacity(self.write, tempfile::tempfile()?);
                self.spilling.insert(Spilling {
                    writer: StreamWriter::try_new(file, &schema)?,
                    schema,
                    rows: 0,
                })
            }
        };
        spilling.writer.write(batch)?;
        spilling.rows += batch.num_rows() as u64;
        Ok(())
    }

    fn close(&mut self) -> Result<()> {
        if let Some(spilling) = self.spilling.take() {
            let file = spilling.writer.into_inner()?;
            let file = file.into_inner().map_err(|error| error.into_error())?;
            self.done.push(AppendedRows::Source(Arc::new(SpilledRows {
                file,
                rows: spilling.rows,
            })));
        }
        Ok(())
    }

    /// The rows, in order.
    ///
    /// # Errors
    /// As [`Self::push`].
    pub fn finish(mut self) -> Result<Vec<AppendedRows>> {
        self.close()?;
        let mut pieces = self.done;
        if !self.held.is_empty() {
            let empty = MemoryReservation::empty(self.memory);
            pieces.push(AppendedRows::Source(Arc::new(HeldRows {
                batches: self.held,
                _reserved: std::mem::replace(&mut self.reserved, empty),
            })));
        }
        Ok(pieces)
    }
}

impl RowSource for HeldRows {
    fn rows(&self) -> u64 {
        self.batches.iter().map(|own| own.num_rows() as u64).sum()
    }

    fn batches(&self) -> Result<Box<dyn Iterator<Item = Result<RecordBatch>> + Send>> {
        Ok(Box::new(self.batches.clone().into_iter().map(Ok)))
    }
}

impl RowSource for SpilledRows {
    fn rows(&self) -> u64 {
        self.rows
    }

    fn batches(&self) -> Result<Box<dyn Iterator<Item = Result<RecordBatch>> + Send>> {
        let reader = SharedFile {
            file: self.file.try_clone()?,
            at: 0,
        };
        let reader = StreamReader::try_new(BufReader::with_capacity(1 << 20, reader), None)?;
        Ok(Box::new(reader.map(|batch| batch.map_err(Error::from))))
    }
}

/// A reader with a place of its own in a file that others read too.
struct SharedFile {
    file: File,
    at: u64,
}

impl std::io::Read for SharedFile {
    #[cfg(unix)]
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        use std::os::unix::fs::FileExt;
        let read = self.file.read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }

    #[cfg(not(unix))]
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.file.seek(SeekFrom::Start(self.at))?;
        let read = self.file.read(buffer)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for SharedFile {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.file.metadata()?.len().checked_add_signed(by),
        };
        self.at = at.ok_or(std::io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, AsArray, Int64Array};
    use arrow::datatypes::Int64Type;

    use super::*;
    use crate::PoolMemoryManager;

    #[test]
    fn rows_are_charged_while_they_are_held_and_spill_where_there_is_no_room() {
        let pool: Arc<dyn MemoryManager> = Arc::new(PoolMemoryManager::new(3000));
        let large: ArrayRef = Arc::new(Int64Array::from_iter_values(0..100_000));
        let large = RecordBatch::try_from_iter([("a", large)]).unwrap();
        let mut buffer = RowBuffer::new(1 << 20, &pool);
        // A slice counts for its rows, and does not keep the others alive.
        buffer.push(large.slice(500, 100)).unwrap();
        assert_eq!(pool.current_usage(), 800);
        let pieces = buffer.finish().unwrap();
        assert_eq!(pool.current_usage(), 800);
        let held = pieces[0].batches().unwrap().next().unwrap().unwrap();
        assert!(held.get_array_memory_size() < 2000);
        drop(pieces);
        assert_eq!(pool.current_usage(), 0);
        let mut buffer = RowBuffer::new(1 << 20, &pool);
        buffer.push(large.slice(0, 300)).unwrap();
        buffer.push(large.slice(300, 300)).unwrap();
        assert_eq!(pool.current_usage(), 0);
        let rows: u64 = buffer
            .finish()
            .unwrap()
            .iter()
            .map(AppendedRows::rows)
            .sum();
        assert_eq!(rows, 600);
    }

    #[test]
    fn rows_past_the_limit_come_back_in_order_and_often() {
        let pool: Arc<dyn MemoryManager> = Arc::new(PoolMemoryManager::new(1 << 20));
        let mut buffer = RowBuffer::new(1000, &pool);
        let names = ["a", "b"];
        for start in 0..40i64 {
            let column: ArrayRef =
                Arc::new(Int64Array::from_iter_values(start * 20..(start + 1) * 20));
            // Every tenth batch has a column more.
            let width = if start % 10 == 9 { 2 } else { 1 };
            let columns = names[..width]
                .iter()
                .map(|name| (*name, Arc::clone(&column)));
            let batch = RecordBatch::try_from_iter(columns).unwrap();
            buffer.push(batch).unwrap();
        }
        let pieces = buffer.finish().unwrap();
        assert!(
            pieces
                .iter()
                .all(|piece| matches!(piece, AppendedRows::Source(_)))
        );
        assert_eq!(pieces.iter().map(AppendedRows::rows).sum::<u64>(), 800);
        for _ in 0..2 {
            let found: Vec<i64> = pieces
                .iter()
                .flat_map(|piece| piece.batches().unwrap())
                .flat_map(|batch| {
                    let batch = batch.unwrap();
                    batch
                        .column(0)
                        .as_primitive::<Int64Type>()
                        .values()
                        .to_vec()
                })
                .collect();
            assert_eq!(found, (0..800).collect::<Vec<i64>>());
        }
    }
}
