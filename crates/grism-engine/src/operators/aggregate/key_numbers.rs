//! `KeyNumbers`: keys of groups that rows share stand as numbers while rows are grouped.
//!
//! ```text
//! #key    k k k m        number  0 0 0 1      grouped by the number       #key    k m      each once
//! #value  v v v w   ──►                  ──►                         ──►  #value  v w
//! ```

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{
    Array, ArrayRef, LargeBinaryArray, LargeBinaryBuilder, UInt32Array, UInt64Array,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use grism_core::{Error, Result};
use grism_functions::SharedValues;

use super::group_key::GroupKey;
use crate::batch::batch_of;
use crate::{MemoryManager, MemoryReservation};

/// Bytes that a key takes beside its own and its value's.
const ENTRY_BYTES: usize = 128;

/// The keys of one aggregation that rows share, by number. Each is held once, however many rows and groups have it.
pub(crate) struct KeyNumbers {
    columns: Vec<Mutex<Known>>,
    keys: Vec<GroupKey>,
}

/// The keys of one column.
struct Known {
    numbers: HashMap<Arc<[u8]>, u64>,
    keys: Vec<Arc<[u8]>>,
    /// The least value that was seen of each key.
    values: Vec<Arc<[u8]>>,
    held: MemoryReservation,
}

impl KeyNumbers {
    /// Numbers for those of `keys` that rows share.
    pub(crate) fn new(keys: &[GroupKey], memory: &Arc<dyn MemoryManager>) -> Result<Self> {
        let keys: Vec<GroupKey> = keys
            .iter()
            .filter(|key| key.value.is_some())
            .cloned()
            .collect();
        let columns = keys
            .iter()
            .map(|_| {
                Ok(Mutex::new(Known {
                    numbers: HashMap::new(),
                    keys: Vec::new(),
                    values: Vec::new(),
                    held: MemoryReservation::try_new(Arc::clone(memory), 0)?,
                }))
            })
            .collect::<Result<_>>()?;
        Ok(Self { columns, keys })
    }

    /// The schema with numbers in place of shared keys, and without their values.
    pub(crate) fn schema(keys: &[GroupKey], schema: &SchemaRef) -> SchemaRef {
        let is_key = |name: &str| {
            let mut shared = keys.iter().filter(|key| key.value.is_some());
            shared.any(|key| key.name == name)
        };
        let is_value = |name: &str| keys.iter().any(|key| key.value.as_deref() == Some(name));
        let fields = schema.fields().iter();
        let fields: Vec<Arc<Field>> = fields
            .filter(|field| !is_value(field.name()))
            .map(|field| match is_key(field.name()) {
                true => Arc::new(Field::new(field.name(), DataType::UInt64, true)),
                false => Arc::clone(field),
            })
            .collect();
        Arc::new(Schema::new(fields))
    }

    /// The rows of `batch` with the columns of `schema`, in which numbers stand for shared keys.
    pub(crate) fn number(&self, batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
        let columns = schema
            .fields()
            .iter()
            .map(|field| {
                let place = self.keys.iter().position(|key| &key.name == field.name());
                match place {
                    Some(place) => self.numbers(place, batch),
                    None => column(batch, field.name()).cloned(),
                }
            })
            .collect::<Result<Vec<_>>>()?;
        batch_of(schema, columns, batch.num_rows())
    }

    fn numbers(&self, place: usize, batch: &RecordBatch) -> Result<ArrayRef> {
        let key = &self.keys[place];
        let keys = shared(column(batch, &key.name)?)?;
        let values = shared(column(batch, key.value.as_deref().unwrap_or_default())?)?;
        let (key_bytes, value_bytes) = (bytes(&keys.values)?, bytes(&values.values)?);
        let mut known = self.known(place);
        let mut met: HashMap<(u32, u32), Option<u64>> = HashMap::new();
        let pairs = keys.keys.values().iter().zip(values.keys.values());
        let numbers = pairs
            .map(|(key, value)| {
                let place = match met.entry((*key, *value)) {
                    Entry::Occupied(number) => return Ok(*number.get()),
                    Entry::Vacant(place) => place,
                };
                let (key, value) = (*key as usize, *value as usize);
                let number = match key_bytes.is_null(key) || value_bytes.is_null(value) {
                    true => None,
                    false => Some(known.number(key_bytes.value(key), value_bytes.value(value))?),
                };
                Ok(*place.insert(number))
            })
            .collect::<Result<UInt64Array>>()?;
        Ok(Arc::new(numbers))
    }

    /// What the columns of numbers among `columns`, the first of which are those of `keys`, stand for: keys take their place,
    /// and values come behind all others.
    pub(crate) fn restore(&self, keys: &[GroupKey], columns: &mut Vec<ArrayRef>) -> Result<()> {
        let numbered = keys
            .iter()
            .enumerate()
            .filter(|(_, key)| key.value.is_some());
        for (place, (at, _)) in numbered.enumerate() {
            let (keys, values) = self.restored(place, &columns[at])?;
            columns[at] = keys;
            columns.push(values);
        }
        Ok(())
    }

    fn restored(&self, place: usize, numbers: &ArrayRef) -> Result<(ArrayRef, ArrayRef)> {
        let numbers = numbers
            .as_any()
            .downcast_ref::<UInt64Array>()
            .ok_or_else(|| Error::internal("the numbers of shared keys were lost"))?;
        let known = self.known(place);
        let (mut keys, mut values) = (LargeBinaryBuilder::new(), LargeBinaryBuilder::new());
        let mut met: HashMap<Option<u64>, u32> = HashMap::new();
        let rows: UInt32Array = numbers
            .iter()
            .map(|number| {
                let next = met.len() as u32;
                let row = *met.entry(number).or_insert_with(|| {
                    let of = |all: &[Arc<[u8]>]| {
                        number.and_then(|number| all.get(number as usize).cloned())
                    };
                    keys.append_option(of(&known.keys));
                    values.append_option(of(&known.values));
                    next
                });
                Some(row)
            })
            .collect();
        let column = |mut values: LargeBinaryBuilder, keys: UInt32Array| {
            SharedValues {
                keys,
                values: Arc::new(values.finish()),
            }
            .into_column()
        };
        Ok((column(keys, rows.clone())?, column(values, rows)?))
    }

    fn known(&self, place: usize) -> std::sync::MutexGuard<'_, Known> {
        let known = self.columns[place].lock();
        known.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// The number of a key, of which a row has this value.
    fn number(&mut self, key: &[u8], value: &[u8]) -> Result<u64> {
        if let Some(number) = self.numbers.get(key) {
            let least = &mut self.values[*number as usize];
            if value < &**least {
                self.held.try_grow(value.len())?;
                *least = value.into();
            }
            return Ok(*number);
        }
        self.held.try_grow(key.len() + value.len() + ENTRY_BYTES)?;
        let number = self.keys.len() as u64;
        let key: Arc<[u8]> = key.into();
        self.numbers.insert(Arc::clone(&key), number);
        self.keys.push(key);
        self.values.push(value.into());
        Ok(number)
    }
}

fn column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef> {
    let column = batch.column_by_name(name);
    column.ok_or_else(|| Error::internal(format!("there is no column `{name}`")))
}

fn shared(column: &ArrayRef) -> Result<SharedValues> {
    let shared = SharedValues::of(column)?;
    shared.ok_or_else(|| Error::internal("a column that does not share its values"))
}

fn bytes(values: &ArrayRef) -> Result<&LargeBinaryArray> {
    let bytes = values.as_any().downcast_ref::<LargeBinaryArray>();
    bytes.ok_or_else(|| Error::internal("a key of another type"))
}
