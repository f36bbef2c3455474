//! Rows by value, for conditions that ask for one value of a column again and again.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::Int64Type;
use grism_core::{
    Comparison, ComparisonOperator, MemoryManager, MemoryReservation, TableId, Value, stable_hash,
    stable_number,
};

/// How often a piece of a column is searched before its rows are put in order: that takes as long as some searches.
const SEARCHES: u32 = 4;
/// Rows up to which a search compares all of them.
const FEW_ROWS: usize = 256;

/// The orders of the pieces of columns of a snapshot that were searched often. Whoever searches the same snapshot shares them.
pub(crate) struct ValueLookups {
    /// What the orders are charged to.
    memory: Arc<dyn MemoryManager>,
    pieces: Mutex<HashMap<Piece, Searched>>,
}

/// A piece of a column: the table, the column, and the number of the piece.
type Piece = (TableId, String, u64);

/// What is known of a piece.
enum Searched {
    Times(u32),
    Ordered(Arc<ValueRows>),
}

/// The rows of a piece in the order of the hashes of their values; null is left out.
struct ValueRows {
    rows: Vec<(u64, u32)>,
    _reserved: MemoryReservation,
}

impl ValueLookups {
    /// Those of a snapshot that nobody has searched, of a process with this memory.
    pub(crate) fn new(memory: &Arc<dyn MemoryManager>) -> Self {
        Self {
            memory: Arc::clone(memory),
            pieces: Mutex::default(),
        }
    }

    /// Those of another snapshot of the graph.
    pub(crate) fn anew(&self) -> Self {
        Self::new(&self.memory)
    }

    /// The rows of `column`, which is the piece `number` of the column that `comparison` is about, that may pass it, ascending;
    /// `None` where all are to be compared.
    pub(crate) fn candidates(
        &self,
        (table, number): (TableId, u64),
        comparison: &Comparison,
        column: &ArrayRef,
    ) -> Option<Vec<u32>> {
        let wanted = searched_hash(comparison, column)?;
        let key = (table, comparison.column.clone(), number);
        let known = {
            let mut pieces = self.pieces.lock().unwrap_or_else(PoisonError::into_inner);
            match pieces.entry(key.clone()).or_insert(Searched::Times(0)) {
                Searched::Ordered(rows) => Some(Arc::clone(rows)),
                Searched::Times(times) if *times < SEARCHES => {
                    *times += 1;
                    return None;
                }
                Searched::Times(_) => None,
            }
        };
        let rows = match known {
            Some(rows) => rows,
            None => {
                let rows = Arc::new(ValueRows::of(column, &self.memory)?);
                let mut pieces = self.pieces.lock().unwrap_or_else(PoisonError::into_inner);
                pieces.insert(key, Searched::Ordered(Arc::clone(&rows)));
                rows
            }
        };
        Some(rows.with_hash(wanted))
    }
}

impl fmt::Debug for ValueLookups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pieces = self.pieces.lock().unwrap_or_else(PoisonError::into_inner);
        f.debug_struct("ValueLookups")
            .field("pieces", &pieces.len())
            .finish()
    }
}

impl ValueRows {
    /// `None` where there is no room for them, or the column is of another type.
    fn of(column: &ArrayRef, memory: &Arc<dyn MemoryManager>) -> Option<Self> {
        let bytes = column.len() * size_of::<(u64, u32)>();
        let reserved = MemoryReservation::try_new_unmetered(Arc::clone(memory), bytes).ok()?;
        let mut rows: Vec<(u64, u32)> = if let Some(numbers) =
            column.as_primitive_opt::<Int64Type>()
        {
            let numbers = (0..).zip(numbers.iter());
            let hashed = numbers.filter_map(|(row, number)| Some((number_hash(number?), row)));
            hashed.collect()
        } else {
            let texts = (0..).zip(column.as_string_opt::<i32>()?.iter());
            let hashed = texts.filter_map(|(row, text)| Some((stable_hash(text?.as_bytes()), row)));
            hashed.collect()
        };
        rows.sort_unstable();
        Some(Self {
            rows,
            _reserved: reserved,
        })
    }

    fn with_hash(&self, hash: u64) -> Vec<u32> {
        let first = self.rows.partition_point(|(own, _)| *own < hash);
        let same = self.rows[first..]
            .iter()
            .take_while(|(own, _)| *own == hash);
        same.map(|(_, row)| *row).collect()
    }
}

/// The hash of the value that a comparison asks for, where it can be looked up in `column`.
fn searched_hash(comparison: &Comparison, column: &ArrayRef) -> Option<u64> {
    if comparison.operator != ComparisonOperator::Equal || column.len() <= FEW_ROWS {
        return None;
    }
    match &comparison.value {
        Value::Int64(number) if column.as_primitive_opt::<Int64Type>().is_some() => {
            Some(number_hash(*number))
        }
        Value::String(text) if column.as_string_opt::<i32>().is_some() => {
            Some(stable_hash(text.as_bytes()))
        }
        _ => None,
    }
}

fn number_hash(number: i64) -> u64 {
    stable_number(number.cast_unsigned())
}

#[cfg(test)]
mod tests {
    use arrow::array::{Float64Array, Int64Array, StringArray};
    use grism_core::PoolMemoryManager;

    use super::*;

    fn equal(value: Value) -> Comparison {
        Comparison {
            column: "c".to_owned(),
            operator: ComparisonOperator::Equal,
            value,
        }
    }

    fn memory(limit: usize) -> Arc<dyn MemoryManager> {
        Arc::new(PoolMemoryManager::new(limit))
    }

    /// What the search that comes after many others finds.
    fn found(memory: &Arc<dyn MemoryManager>, value: Value, column: ArrayRef) -> Option<Vec<u32>> {
        let lookups = ValueLookups::new(memory);
        let comparison = equal(value);
        let piece = (TableId::try_new(1).unwrap(), 0);
        for _ in 0..SEARCHES {
            assert_eq!(lookups.candidates(piece, &comparison, &column), None);
        }
        lookups.candidates(piece, &comparison, &column)
    }

    #[test]
    fn rows_of_a_value_are_found_without_those_of_others_and_of_null() {
        let numbers = (0..1000).map(|row| (row % 10 != 3).then_some(i64::from(row % 7)));
        let numbers: ArrayRef = Arc::new(numbers.collect::<Int64Array>());
        let expected: Vec<u32> = (0..1000)
            .filter(|row| row % 10 != 3 && row % 7 == 2)
            .collect();
        assert_eq!(
            found(&memory(1 << 20), Value::Int64(2), numbers.clone()),
            Some(expected)
        );
        assert_eq!(
            found(&memory(1 << 20), Value::Int64(7), numbers),
            Some(Vec::new())
        );
        let texts = (0..1000).map(|row| Some(format!("t{}", row % 500)));
        let texts: ArrayRef = Arc::new(texts.collect::<StringArray>());
        let value = Value::String("t17".to_owned());
        assert_eq!(found(&memory(1 << 20), value, texts), Some(vec![17, 517]));
    }

    #[test]
    fn what_cannot_be_looked_up_is_compared() {
        let floats: ArrayRef = Arc::new(Float64Array::from(vec![0.0; 1000]));
        assert_eq!(found(&memory(1 << 20), Value::Float64(-0.0), floats), None);
        let few: ArrayRef = Arc::new(Int64Array::from(vec![1; 10]));
        assert_eq!(found(&memory(1 << 20), Value::Int64(1), few), None);
        // Without room for the order of the rows.
        let many: ArrayRef = Arc::new(Int64Array::from(vec![1; 1000]));
        assert_eq!(found(&memory(1 << 10), Value::Int64(1), many), None);
    }
}
