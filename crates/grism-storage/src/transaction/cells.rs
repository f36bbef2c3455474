//! The cells that a transaction has set in one table: those in use as values, the others as bytes, which go to a temporary
//! file past a limit.
//!
//! ```text
//! segment 0   in use    row 3: age = 4, name = 'x'; row 9: …
//! segment 1   resting   (row, column, bytes)(row, column, bytes)…   the last one of a cell counts
//! segment 2   resting   written to the file at 0..4096, then bytes that are not written yet
//! ```
//!
//! Rows that are written in the order of their offsets fill one segment after the other. Rows that are written in any order
//! are noted behind the bytes of their segment, without a look at what stands there.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use grism_core::{Error, OffsetSet, Result, Value, decode_any, encode_any};

/// Bits of an offset that stay within a segment.
const SHIFT: u32 = 14;
/// Segments that are kept after they were read.
const RECENT: usize = 4;

/// The cells of a row that were set: the number of the column, and the value. A null was set too.
type Row = Vec<(u16, Value)>;

/// The rows of a segment that were touched, by their place in it.
type SegmentRows = BTreeMap<u16, Row>;

/// Cells by offset and column.
#[derive(Clone, Debug)]
pub(super) struct Cells {
    /// The columns, by their numbers.
    names: Vec<String>,
    /// The rows of which some cell was set.
    touched: OffsetSet,
    /// Segments whose rows are values. No segment is both here and in `resting`.
    used: BTreeMap<u64, UsedSegment>,
    used_bytes: usize,
    resting: BTreeMap<u64, RestingSegment>,
    /// Bytes of `resting` that are in memory.
    resting_bytes: usize,
    /// Counts accesses, to tell which segment was not used for the longest time.
    clock: u64,
    file: Option<Arc<Mutex<SpillFile>>>,
    /// Segments of `resting` that were read, the last one last.
    recent: Recent,
    /// Bytes of `used`, and of `resting`, that are held.
    limit: usize,
}

#[derive(Clone, Debug)]
struct UsedSegment {
    rows: Arc<SegmentRows>,
    /// About how much memory the rows take.
    bytes: usize,
    /// When it was used.
    used: u64,
}

#[derive(Clone, Debug, Default)]
struct RestingSegment {
    /// Pieces in the file: where they begin, and how long they are.
    written: Vec<(u64, usize)>,
    bytes: Vec<u8>,
}

/// Segments that were read. A copy of the cells reads for itself, since it may go on differently.
#[derive(Debug, Default)]
struct Recent(Mutex<Vec<(u64, Arc<SegmentRows>)>>);

impl Clone for Recent {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Recent {
    fn lock(&self) -> MutexGuard<'_, Vec<(u64, Arc<SegmentRows>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A temporary file without a name, which goes with its last user.
#[derive(Debug)]
struct SpillFile {
    file: File,
    end: u64,
}

impl Cells {
    /// No cells; about twice `limit` bytes of them are held in memory.
    pub(super) fn with_limit(limit: usize) -> Self {
        Self {
            names: Vec::new(),
            touched: OffsetSet::new(),
            used: BTreeMap::new(),
            used_bytes: 0,
            resting: BTreeMap::new(),
            resting_bytes: 0,
            clock: 0,
            file: None,
            recent: Recent::default(),
            limit,
        }
    }

    /// The columns of which a cell was set.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether a cell of the column was set.
    pub(super) fn sets(&self, column: &str) -> bool {
        self.names.iter().any(|name| name == column)
    }

    /// The rows of which a cell was set.
    pub(super) fn touched(&self) -> &OffsetSet {
        &self.touched
    }

    /// Sets a cell.
    ///
    /// # Errors
    /// `ResourceExhausted` where the disk of temporary files is full.
    pub(super) fn set(&mut self, offset: u64, column: &str, value: Value) -> Result<()> {
        let column = self.number(column)?;
        let (segment, place) = split(offset);
        self.touched.insert(offset);
        self.clock += 1;
        if !self.used.contains_key(&segment) && self.resting.contains_key(&segment) {
            match self.take_recent(segment) {
                // What was just read is written back: it will be read again.
                Some(rows) => self.wake(segment, rows),
                None => return self.note(segment, place, column, &value),
            }
        }
        let used = self.used.entry(segment).or_insert_with(|| UsedSegment {
            rows: Arc::default(),
            bytes: 0,
            used: 0,
        });
        used.used = self.clock;
        let row = Arc::make_mut(&mut used.rows).entry(place).or_default();
        let added = weight(&value);
        match row.iter_mut().find(|(own, _)| *own == column) {
            Some((_, own)) => *own = value,
            None => row.push((column, value)),
        }
        // A value that is replaced is counted twice, which makes a segment rest a little earlier.
        used.bytes += added;
        self.used_bytes += added;
        if self.used_bytes > self.limit {
            self.rest(segment)?;
        }
        Ok(())
    }

    /// The value of a cell; `None` where it was not set.
    ///
    /// # Errors
    /// Those of the temporary file.
    pub(super) fn get(&self, offset: u64, column: &str) -> Result<Option<Value>> {
        let Some(column) = self.names.iter().position(|name| name == column) else {
            return Ok(None);
        };
        if !self.touched.contains(offset) {
            return Ok(None);
        }
        let (segment, place) = split(offset);
        let rows = self.segment(segment)?;
        Ok(rows.get(&place).and_then(|row| cell(row, column)).cloned())
    }

    /// The values of cells, by column and row; `None` where one was not set.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub(super) fn cells(
        &self,
        offsets: &[u64],
        columns: &[String],
    ) -> Result<Vec<Vec<Option<Value>>>> {
        let mut found = vec![vec![None; offsets.len()]; columns.len()];
        let numbers: Vec<(usize, usize)> = columns
            .iter()
            .enumerate()
            .filter_map(|(at, name)| Some((at, self.names.iter().position(|own| own == name)?)))
            .collect();
        if numbers.is_empty() {
            return Ok(found);
        }
        // Segment by segment, so that each is read once.
        let mut places: Vec<usize> = (0..offsets.len())
            .filter(|place| self.touched.contains(offsets[*place]))
            .collect();
        places.sort_by_key(|place| offsets[*place]);
        for of_segment in places.chunk_by(|a, b| offsets[*a] >> SHIFT == offsets[*b] >> SHIFT) {
            let rows = self.segment(offsets[of_segment[0]] >> SHIFT)?;
            for at in of_segment {
                let Some(row) = rows.get(&split(offsets[*at]).1) else {
                    continue;
                };
                for (column, number) in &numbers {
                    found[*column][*at] = cell(row, *number).cloned();
                }
            }
        }
        Ok(found)
    }

    /// The touched rows at `offsets` that set the same columns, with the names of these, in their order.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub(super) fn by_columns(&self, offsets: &[u64]) -> Result<BTreeMap<Vec<String>, Vec<u64>>> {
        let mut groups: BTreeMap<Vec<u16>, Vec<u64>> = BTreeMap::new();
        for of_segment in offsets.chunk_by(|a, b| a >> SHIFT == b >> SHIFT) {
            let rows = self.segment(of_segment[0] >> SHIFT)?;
            for offset in of_segment {
                let Some(row) = rows.get(&split(*offset).1) else {
                    continue;
                };
                let mut columns: Vec<u16> = row.iter().map(|(column, _)| *column).collect();
                columns.sort_unstable();
                groups.entry(columns).or_default().push(*offset);
            }
        }
        let named = groups.into_iter().map(|(columns, offsets)| {
            let names = columns
                .into_iter()
                .map(|own| self.names[usize::from(own)].clone());
            (names.collect(), offsets)
        });
        Ok(named.collect())
    }

    fn number(&mut self, column: &str) -> Result<u16> {
        let known = self.names.iter().position(|name| name == column);
        let number = known.unwrap_or_else(|| {
            self.names.push(column.to_owned());
            self.names.len() - 1
        });
        u16::try_from(number)
            .map_err(|_| Error::unsupported("more than 65,536 properties of one label set"))
    }

    /// The rows of a segment.
    fn segment(&self, segment: u64) -> Result<Arc<SegmentRows>> {
        if let Some(used) = self.used.get(&segment) {
            return Ok(Arc::clone(&used.rows));
        }
        let Some(resting) = self.resting.get(&segment) else {
            return Ok(Arc::default());
        };
        let mut recent = self.recent.lock();
        if let Some((_, rows)) = recent.iter().find(|(own, _)| *own == segment) {
            return Ok(Arc::clone(rows));
        }
        let rows = Arc::new(self.read(resting)?);
        if recent.len() == RECENT {
            recent.remove(0);
        }
        recent.push((segment, Arc::clone(&rows)));
        Ok(rows)
    }

    fn read(&self, resting: &RestingSegment) -> Result<SegmentRows> {
        let mut rows = SegmentRows::new();
        for (start, length) in &resting.written {
            let file = self.file.as_ref();
            let file = file.ok_or_else(|| Error::internal("spilled cells without a file"))?;
            let bytes = file
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .read(*start, *length)?;
            replay(&bytes, &mut rows)?;
        }
        replay(&resting.bytes, &mut rows)?;
        Ok(rows)
    }

    /// The rows of a segment that was read a moment ago, which leaves the list of those.
    fn take_recent(&self, segment: u64) -> Option<Arc<SegmentRows>> {
        let mut recent = self.recent.lock();
        let place = recent.iter().position(|(own, _)| *own == segment)?;
        Some(recent.swap_remove(place).1)
    }

    /// Makes a resting segment one that is in use.
    fn wake(&mut self, segment: u64, rows: Arc<SegmentRows>) {
        if let Some(resting) = self.resting.remove(&segment) {
            self.resting_bytes -= resting.bytes.len();
        }
        let bytes = rows
            .values()
            .flatten()
            .map(|(_, value)| weight(value))
            .sum();
        self.used_bytes += bytes;
        let used = UsedSegment {
            rows,
            bytes,
            used: self.clock,
        };
        self.used.insert(segment, used);
    }

    /// Notes a cell of a resting segment.
    fn note(&mut self, segment: u64, place: u16, column: u16, value: &Value) -> Result<()> {
        let resting = self.resting.entry(segment).or_default();
        let before = resting.bytes.len();
        record(&mut resting.bytes, place, column, value)?;
        self.resting_bytes += resting.bytes.len() - before;
        self.spill()
    }

    /// Makes every segment rest as bytes that cannot be read.
    #[cfg(test)]
    pub(super) fn spoil(&mut self) {
        for segment in std::mem::take(&mut self.used).into_keys() {
            self.resting.entry(segment).or_default().bytes = vec![1, 2, 3];
        }
        self.recent.lock().clear();
    }

    /// Lets segments rest, those that were not used for the longest time first, until a quarter of the room is free.
    fn rest(&mut self, current: u64) -> Result<()> {
        let mut by_use: Vec<(u64, u64)> = self
            .used
            .iter()
            .filter(|(segment, _)| **segment != current)
            .map(|(segment, used)| (used.used, *segment))
            .collect();
        by_use.sort_unstable();
        // A segment that alone is too large rests too.
        by_use.push((u64::MAX, current));
        for (_, segment) in by_use {
            let is_enough = self.used_bytes <= self.limit / 4 * 3;
            if is_enough || (segment == current && self.used_bytes <= self.limit) {
                break;
            }
            let Some(used) = self.used.remove(&segment) else {
                continue;
            };
            self.used_bytes -= used.bytes;
            let mut resting = RestingSegment::default();
            for (place, row) in used.rows.iter() {
                for (column, value) in row {
                    record(&mut resting.bytes, *place, *column, value)?;
                }
            }
            self.resting_bytes += resting.bytes.len();
            self.resting.insert(segment, resting);
        }
        self.spill()
    }

    /// Writes what rests in memory to the file, where it is too much.
    fn spill(&mut self) -> Result<()> {
        if self.resting_bytes <= self.limit {
            return Ok(());
        }
        let file = match &self.file {
            Some(file) => Arc::clone(file),
            None => {
                let file = SpillFile {
                    file: tempfile::tempfile()?,
                    end: 0,
                };
                Arc::clone(self.file.insert(Arc::new(Mutex::new(file))))
            }
        };
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        for resting in self.resting.values_mut() {
            if !resting.bytes.is_empty() {
                let bytes = std::mem::take(&mut resting.bytes);
                resting.written.push((file.append(&bytes)?, bytes.len()));
            }
        }
        self.resting_bytes = 0;
        Ok(())
    }
}

impl SpillFile {
    fn append(&mut self, bytes: &[u8]) -> Result<u64> {
        let start = self.end;
        self.file.seek(SeekFrom::Start(start))?;
        self.file.write_all(bytes)?;
        self.end += bytes.len() as u64;
        Ok(start)
    }

    fn read(&mut self, start: u64, length: usize) -> Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        self.file.seek(SeekFrom::Start(start))?;
        self.file.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

/// The segment of an offset, and its place there.
fn split(offset: u64) -> (u64, u16) {
    (offset >> SHIFT, (offset & ((1 << SHIFT) - 1)) as u16)
}

fn cell(row: &Row, column: usize) -> Option<&Value> {
    let found = row.iter().find(|(own, _)| usize::from(*own) == column);
    found.map(|(_, value)| value)
}

/// About how much memory a cell takes.
fn weight(value: &Value) -> usize {
    fn heap(value: &Value) -> usize {
        match value {
            Value::String(text) => text.len(),
            Value::Bytes(bytes) => bytes.len(),
            Value::List(items) => items.iter().map(|item| 40 + heap(item)).sum(),
            Value::Node(_) | Value::Hyperedge(_) | Value::DateTime(_) => 64,
            _ => 0,
        }
    }
    96 + heap(value)
}

/// Writes a cell: place, column, length, and the bytes of the value.
fn record(out: &mut Vec<u8>, place: u16, column: u16, value: &Value) -> Result<()> {
    let bytes = encode_any(value);
    let length = u32::try_from(bytes.len())
        .map_err(|_| Error::unsupported("a property of more than 4 GiB"))?;
    out.extend(place.to_le_bytes());
    out.extend(column.to_le_bytes());
    out.extend(length.to_le_bytes());
    out.extend(bytes);
    Ok(())
}

/// Sets the cells that `bytes` note, in order.
fn replay(bytes: &[u8], rows: &mut SegmentRows) -> Result<()> {
    let broken = || Error::internal("spilled cells are broken");
    let mut rest = bytes;
    while !rest.is_empty() {
        let (place, after) = rest.split_first_chunk::<2>().ok_or_else(broken)?;
        let (column, after) = after.split_first_chunk::<2>().ok_or_else(broken)?;
        let (length, after) = after.split_first_chunk::<4>().ok_or_else(broken)?;
        let length = u32::from_le_bytes(*length) as usize;
        let (value, after) = after.split_at_checked(length).ok_or_else(broken)?;
        rest = after;
        let (column, value) = (u16::from_le_bytes(*column), decode_any(value)?);
        let row = rows.entry(u16::from_le_bytes(*place)).or_default();
        match row.iter_mut().find(|(own, _)| *own == column) {
            Some((_, own)) => *own = value,
            None => row.push((column, value)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A fixed sequence of numbers that look like random ones.
    fn numbers() -> impl Iterator<Item = u64> {
        let mut state = 7u64;
        std::iter::from_fn(move || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            Some(state >> 33)
        })
    }

    #[test]
    fn spilled_cells_say_what_a_map_of_them_says() {
        let mut cells = Cells::with_limit(20_000);
        let mut expected: BTreeMap<(u64, String), Value> = BTreeMap::new();
        let mut random = numbers();
        for step in 0..6000 {
            let mut next = || random.next().unwrap();
            let offset = match step % 3 {
                0 => step,
                _ => next() % 200_000,
            };
            let column = ["x", "y", "z"][next() as usize % 3];
            let value = match next() % 4 {
                0 => Value::Null,
                1 => Value::Float64(-0.0),
                2 => Value::String(format!("text {step}")),
                _ => Value::List(vec![Value::node(step), Value::Int64(-3)]),
            };
            cells.set(offset, column, value.clone()).unwrap();
            expected.insert((offset, column.to_owned()), value);
            if step % 7 == 0 {
                // What is read between the writes is right, and does not change what follows.
                let own = cells.get(offset, column).unwrap();
                assert_eq!(own.as_ref(), expected.get(&(offset, column.to_owned())));
            }
        }
        assert!(cells.file.is_some(), "nothing was spilled");
        let offsets: Vec<u64> = expected.keys().map(|(offset, _)| *offset).rev().collect();
        let columns = ["z".to_owned(), "x".to_owned(), "unknown".to_owned()];
        let found = cells.cells(&offsets, &columns).unwrap();
        for (column, values) in columns.iter().zip(&found) {
            for (offset, value) in offsets.iter().zip(values) {
                assert_eq!(value.as_ref(), expected.get(&(*offset, column.clone())));
            }
        }
        let touched: Vec<u64> = cells.touched().iter().collect();
        let groups = cells.by_columns(&touched).unwrap();
        let mut count = 0;
        for (names, offsets) in groups {
            count += offsets.len();
            for name in names {
                assert!(
                    offsets
                        .iter()
                        .all(|own| expected.contains_key(&(*own, name.clone())))
                );
            }
        }
        assert_eq!(count, touched.len());
    }

    #[test]
    fn a_copy_keeps_what_it_says() {
        let mut cells = Cells::with_limit(1000);
        for offset in 0..40_000 {
            cells.set(offset, "x", Value::Int64(offset as i64)).unwrap();
        }
        let before = cells.clone();
        for offset in 0..40_000 {
            cells.set(offset, "x", Value::Int64(-1)).unwrap();
        }
        assert_eq!(before.get(39_999, "x").unwrap(), Some(Value::Int64(39_999)));
        assert_eq!(before.get(5, "x").unwrap(), Some(Value::Int64(5)));
        assert_eq!(cells.get(5, "x").unwrap(), Some(Value::Int64(-1)));
    }
}
