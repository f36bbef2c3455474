//! Which rows of a MERGE create, and which share what another one creates.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{AsArray, BinaryArray, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema, UInt64Type};
use arrow::record_batch::RecordBatch;
use grism_core::{
    AppendedRows, Error, MemoryManager, Result, RowBuffer, Value, WideHasher, batches_of,
    encode_any, key_of_any,
};
use grism_logical::MergeWrite;

use super::clause_rows::{ClauseBatch, ClauseRows, waiting_bytes};
use super::row_sources::RowSet;
use super::writer::OutputRows;

/// Keys that are compared with each other in memory, at most about so many.
const PART_ROWS: usize = 100_000;
/// Parts that keys are divided into, at most.
const PARTS: usize = 256;

/// What becomes of the rows of a MERGE, by their numbers.
#[derive(Debug, Default)]
pub(super) struct MergeRows {
    found: RowSet,
    /// Rows that create.
    pub(super) created: RowSet,
    /// Rows that create for others, too.
    pub(super) followed: RowSet,
    /// The row that creates, for each row that does not itself.
    creators: Vec<(u32, u32)>,
}

impl MergeRows {
    pub(super) fn is_found(&self, row: u64) -> bool {
        self.found.contains(row)
    }

    pub(super) fn creates(&self, row: u64) -> bool {
        self.created.contains(row)
    }

    /// The row before this one that creates what it looked for.
    pub(super) fn creator(&self, row: u64) -> Option<u64> {
        let row = u32::try_from(row).ok()?;
        let place = self.creators.binary_search_by_key(&row, |(row, _)| *row);
        place.ok().map(|place| u64::from(self.creators[place].1))
    }
}

/// Tells what becomes of the rows that a MERGE searched for; where they are kept, also which rows share what was created. Keys wait in
/// memory as far as their share of it goes.
///
/// # Errors
/// `InvalidQuery` where a property that is looked for is null.
pub(super) fn merge_rows(
    merge: &MergeWrite,
    searched: &ClauseRows,
    output: OutputRows,
    memory: &Arc<dyn MemoryManager>,
) -> Result<MergeRows> {
    if u32::try_from(searched.len()).is_err() {
        return Err(Error::unsupported("a MERGE of more than 2^32 rows"));
    }
    let mut rows = MergeRows::default();
    let mut keys = Keys::new(searched.len(), memory);
    let mut number = 0;
    for batch in searched.batches() {
        let batch = batch?;
        check_keys(merge, &batch)?;
        for row in 0..batch.len() {
            if batch.value(&merge.found, row)? == Value::Bool(true) {
                rows.found.insert(number);
            } else {
                match merge_key(merge, &batch, row)? {
                    Some(key) => keys.add(number, &key),
                    // NaN is found nowhere, not even where it was put a moment ago.
                    None => {
                        rows.created.insert(number);
                    }
                }
            }
            number += 1;
        }
        keys.flush()?;
    }
    for part in keys.finish()? {
        let mut first_of: HashMap<Vec<u8>, u64> = HashMap::new();
        for batch in batches_of(part) {
            let batch = batch?;
            let numbers = batch.column(0).as_primitive::<UInt64Type>();
            let keys = batch.column(1).as_binary::<i32>();
            for (number, key) in numbers.values().iter().zip(keys.iter().flatten()) {
                match first_of.get(key) {
                    Some(first) if output == OutputRows::Kept => {
                        rows.followed.insert(*first);
                        rows.creators.push((*number as u32, *first as u32));
                    }
                    Some(_) => {}
                    None => {
                        first_of.insert(key.to_vec(), *number);
                        rows.created.insert(*number);
                    }
                }
            }
        }
    }
    rows.creators.sort_unstable();
    Ok(rows)
}

/// A property that is null is found nowhere, and cannot be created either.
fn check_keys(merge: &MergeWrite, rows: &ClauseBatch) -> Result<()> {
    let entities = merge.created.entities.iter();
    let edges = merge.created.edges.iter();
    let properties = entities
        .filter_map(|entity| entity.properties.as_ref())
        .chain(edges.filter_map(|edge| edge.properties.as_ref()));
    let properties: HashSet<&String> = properties.collect();
    for column in properties {
        for row in 0..rows.len() {
            if let Value::Map(entries) = rows.value(column, row)?
                && let Some((key, _)) = entries.iter().find(|(_, value)| value.is_null())
            {
                return Err(Error::invalid_query(format!(
                    "MERGE cannot look for the property `{key}`, which is null"
                ))
                .with_code("SemanticError:MergeReadOwnWrites"));
            }
        }
    }
    Ok(())
}

/// What a row of a MERGE looks for, as bytes that are equal for what is equal; `None` where it is not equal to itself.
fn merge_key(merge: &MergeWrite, rows: &ClauseBatch, row: usize) -> Result<Option<Vec<u8>>> {
    let undirected = merge.created.edges.iter().find(|edge| edge.undirected);
    let mut values = Vec::new();
    for (column, _) in &merge.keys {
        values.push((column, rows.value(column, row)?));
    }
    if values.iter().any(|(_, value)| holds_nan(value)) {
        return Ok(None);
    }
    if let Some(edge) = undirected {
        // An edge in either direction: the ends have no order.
        let ends: Vec<usize> = values
            .iter()
            .enumerate()
            .filter(|(_, (column, _))| **column == edge.source || **column == edge.target)
            .map(|(place, _)| place)
            .collect();
        if let [first, second] = ends[..]
            && values[first].1.entity_id() > values[second].1.entity_id()
        {
            let (a, b) = (values[first].1.clone(), values[second].1.clone());
            values[first].1 = b;
            values[second].1 = a;
        }
    }
    let list = Value::List(values.into_iter().map(|(_, value)| value).collect());
    key_of_any(&encode_any(&list)).map(Some)
}

fn holds_nan(value: &Value) -> bool {
    match value {
        Value::Float64(value) => value.is_nan(),
        Value::List(items) => items.iter().any(holds_nan),
        Value::Map(entries) => entries.values().any(holds_nan),
        _ => false,
    }
}

/// Keys with the numbers of their rows, in parts that have no key in common: each is compared for itself.
struct Keys {
    hasher: WideHasher,
    parts: Vec<Part>,
}

struct Part {
    numbers: Vec<u64>,
    keys: Vec<Vec<u8>>,
    rows: RowBuffer,
}

impl Keys {
    fn new(rows: usize, memory: &Arc<dyn MemoryManager>) -> Self {
        let count = rows.div_ceil(PART_ROWS).clamp(1, PARTS);
        let bytes = waiting_bytes(memory.as_ref()) / count;
        let part = || Part {
            numbers: Vec::new(),
            keys: Vec::new(),
            rows: RowBuffer::with_write_buffer(bytes, 64 << 10, memory),
        };
        Self {
            hasher: WideHasher::default(),
            parts: std::iter::repeat_with(part).take(count).collect(),
        }
    }

    fn add(&mut self, number: u64, key: &[u8]) {
        let place = self.hasher.hash(key) as u64 % self.parts.len() as u64;
        let part = &mut self.parts[place as usize];
        part.numbers.push(number);
        part.keys.push(key.to_vec());
    }

    /// Hands over what was added to those parts that have gathered enough for a batch.
    fn flush(&mut self) -> Result<()> {
        self.parts
            .iter_mut()
            .filter(|part| part.numbers.len() >= 1024)
            .try_for_each(Part::flush)
    }

    fn finish(self) -> Result<impl Iterator<Item = Vec<AppendedRows>>> {
        let parts = self.parts.into_iter().map(|mut part| {
            part.flush()?;
            part.rows.finish()
        });
        Ok(parts.collect::<Result<Vec<_>>>()?.into_iter())
    }
}

impl Part {
    fn flush(&mut self) -> Result<()> {
        let schema = Arc::new(Schema::new(vec![
            Field::new("number", DataType::UInt64, false),
            Field::new("key", DataType::Binary, false),
        ]));
        let numbers = UInt64Array::from(std::mem::take(&mut self.numbers));
        let keys = BinaryArray::from_iter_values(std::mem::take(&mut self.keys));
        self.rows.push(RecordBatch::try_new(
            schema,
            vec![Arc::new(numbers), Arc::new(keys)],
        )?)
    }
}

#[cfg(test)]
mod tests {
    use grism_core::PoolMemoryManager;

    use super::*;

    #[test]
    fn parts_have_no_key_in_common_and_lose_none() {
        let memory: Arc<dyn MemoryManager> = Arc::new(PoolMemoryManager::new(1 << 20));
        let mut keys = Keys::new(PART_ROWS * 3, &memory);
        for number in 0..5000u64 {
            keys.add(number, &(number % 1000).to_be_bytes());
            if number % 100 == 0 {
                keys.flush().unwrap();
            }
        }
        let mut seen: HashMap<Vec<u8>, usize> = HashMap::new();
        let mut count = 0;
        for (at, part) in keys.finish().unwrap().enumerate() {
            for batch in batches_of(part) {
                let batch = batch.unwrap();
                count += batch.num_rows();
                for key in batch.column(1).as_binary::<i32>().iter().flatten() {
                    assert_eq!(*seen.entry(key.to_vec()).or_insert(at), at);
                }
            }
        }
        assert_eq!((count, seen.len()), (5000, 1000));
    }
}
