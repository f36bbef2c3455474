//! `KeyCodes`: how the keys of a row stand within its code, and back.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, UInt64Array};
use arrow::datatypes::{Int64Type, UInt64Type};
use grism_core::{EntityId, Error, MAX_OFFSET, Result, Snapshot, TableId, Tables, Type};

use super::key_code::KeyCode;
use crate::PhysicalSchema;

/// Tables that a key may come from at most; the ids of more take too many bits to be worth it.
const MOST_TABLES: usize = 64;

/// The keys of a row as parts of one number, the first key in the lowest bits. 0 stands for null.
///
/// ```text
/// (airport 5 of table 2, airport 3 of table 2)  ──►  0…0 │ 00000000100 │ 00000000110
/// ```
#[derive(Clone, Debug)]
pub(super) struct KeyCodes {
    keys: Vec<Part>,
    bits: u32,
}

/// A key's part of the code.
#[derive(Clone, Debug)]
struct Part {
    kind: Kind,
    shift: u32,
    bits: u32,
}

#[derive(Clone, Debug)]
enum Kind {
    /// Offsets of entities behind those of the tables before, from 1 on.
    Entities(Vec<EntityRange>),
    /// How far the value is above `base` and 1, in 32 bits; the first value, which is in the middle, sets the base.
    Integer { base: Option<i64> },
    /// 0 and 0, or any value and 1 above it.
    AnyInteger,
    /// 1 for false, 2 for true.
    Boolean,
}

/// Whether keys have codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoded {
    All,
    /// An integer is too far from the first one: see [`KeyCodes::widened`].
    TooFar,
    /// An entity came after the tables were counted.
    Unknown,
}

/// Bits of an integer near others, and of any.
const INTEGER_BITS: (u32, u32) = (32, 65);

/// The entities of one table within a part.
#[derive(Clone, Copy, Debug)]
struct EntityRange {
    table: TableId,
    /// What the first one has before it.
    before: u64,
    /// How many offsets there are.
    size: u64,
}

impl KeyCodes {
    /// The codes of these columns; `None` where a column has another type, or where all of them take more than 128 bits.
    pub(super) fn of(
        keys: &[String],
        rows: &PhysicalSchema,
        snapshot: &dyn Snapshot,
    ) -> Option<Self> {
        let (mut parts, mut bits) = (Vec::with_capacity(keys.len()), 0);
        for key in keys {
            let column = rows.columns().find(key).filter(|own| !own.shared)?;
            let (kind, own) = match &column.ty {
                Type::Int64 => (Kind::Integer { base: None }, INTEGER_BITS.0),
                Type::Bool => (Kind::Boolean, 2),
                ty => entities(ty.tables()?, snapshot)?,
            };
            parts.push(Part {
                kind,
                shift: bits,
                bits: own,
            });
            bits += own;
        }
        (bits <= u128::BITS).then_some(Self { keys: parts, bits })
    }

    /// How many bits the codes take.
    pub(super) fn bits(&self) -> u32 {
        self.bits
    }

    /// The codes for integers of any size; `None` where these are so already, or take more than 128 bits.
    pub(super) fn widened(&self) -> Option<Self> {
        let is_narrow = |part: &Part| matches!(part.kind, Kind::Integer { .. });
        if !self.keys.iter().any(is_narrow) {
            return None;
        }
        let mut bits = 0;
        let keys = self.keys.iter().map(|part| {
            let (kind, own) = match is_narrow(part) {
                true => (Kind::AnyInteger, INTEGER_BITS.1),
                false => (part.kind.clone(), part.bits),
            };
            bits += own;
            Part {
                kind,
                shift: bits - own,
                bits: own,
            }
        });
        let keys = keys.collect();
        (bits <= u128::BITS).then_some(Self { keys, bits })
    }

    /// The codes of rows with these key columns.
    ///
    /// # Errors
    /// `Internal` for columns of other types.
    pub(super) fn encode<C: KeyCode>(
        &mut self,
        columns: &[&ArrayRef],
        codes: &mut Vec<C>,
    ) -> Result<Encoded> {
        codes.clear();
        codes.resize(columns.first().map_or(0, |own| own.len()), C::default());
        for (part, column) in self.keys.iter_mut().zip(columns) {
            let encoded = part.encode(column, codes)?;
            if encoded != Encoded::All {
                return Ok(encoded);
            }
        }
        Ok(Encoded::All)
    }

    /// The key columns of these codes.
    pub(super) fn decode<C: KeyCode>(&self, codes: &[C]) -> Vec<ArrayRef> {
        let keys = self.keys.iter();
        keys.map(|part| part.decode(codes)).collect()
    }
}

/// The part of a key that is an entity of one of these tables, and its bits.
fn entities(tables: &Tables, snapshot: &dyn Snapshot) -> Option<(Kind, u32)> {
    if tables.len() > MOST_TABLES {
        return None;
    }
    let (mut ranges, mut before) = (Vec::with_capacity(tables.len()), 0);
    for table in tables.iter() {
        let statistics = snapshot.statistics().tables.get(table);
        let size = statistics.map_or(0, |own| own.next_offset);
        ranges.push(EntityRange {
            table: *table,
            before,
            size,
        });
        before += size;
    }
    Some((
        Kind::Entities(ranges),
        (u64::BITS - before.leading_zeros()).max(1),
    ))
}

impl Part {
    fn encode<C: KeyCode>(&mut self, column: &ArrayRef, codes: &mut [C]) -> Result<Encoded> {
        let other = || Error::internal("a key is not of its column's type");
        let shift = self.shift;
        match &mut self.kind {
            Kind::Entities(ranges) => {
                let ids = column.as_primitive_opt::<UInt64Type>().ok_or_else(other)?;
                Ok(encode_entities(ranges, shift, ids, codes))
            }
            Kind::Integer { base } => {
                let values = column.as_primitive_opt::<Int64Type>().ok_or_else(other)?;
                Ok(encode_near(base, shift, values, codes))
            }
            Kind::AnyInteger => {
                let values = column.as_primitive_opt::<Int64Type>().ok_or_else(other)?;
                for (row, (code, value)) in codes.iter_mut().zip(values.values()).enumerate() {
                    if values.is_valid(row) {
                        let own = code.with(shift, value.cast_unsigned());
                        *code = own.with(shift + u64::BITS, 1);
                    }
                }
                Ok(Encoded::All)
            }
            Kind::Boolean => {
                let values = column.as_boolean_opt().ok_or_else(other)?;
                for (row, code) in codes.iter_mut().enumerate() {
                    if values.is_valid(row) {
                        *code = code.with(shift, 1 + u64::from(values.value(row)));
                    }
                }
                Ok(Encoded::All)
            }
        }
    }

    fn decode<C: KeyCode>(&self, codes: &[C]) -> ArrayRef {
        let mask = match self.bits {
            bits if bits < u64::BITS => (1 << bits) - 1,
            _ => u64::MAX,
        };
        let parts = codes.iter().map(|code| code.part(self.shift) & mask);
        match &self.kind {
            Kind::Entities(ranges) => {
                let id = |part: u64| {
                    let place = part.checked_sub(1)?;
                    let range = ranges
                        .iter()
                        .rfind(|own| own.before <= place && own.size > 0)?;
                    let offset = (place - range.before) & MAX_OFFSET;
                    Some(EntityId::new(range.table, offset).raw())
                };
                Arc::new(UInt64Array::from_iter(parts.map(id)))
            }
            Kind::Integer { base } => {
                let base = base.unwrap_or_default();
                let value = |part: u64| {
                    let above = part.checked_sub(1)?;
                    Some(base.wrapping_add_unsigned(above))
                };
                Arc::new(Int64Array::from_iter(parts.map(value)))
            }
            Kind::AnyInteger => {
                let is_known = |code: &C| code.part(self.shift + u64::BITS) & 1 == 1;
                let known = codes.iter().map(is_known);
                let values = parts.zip(known);
                Arc::new(Int64Array::from_iter(values.map(|(value, is_known)| {
                    is_known.then_some(value.cast_signed())
                })))
            }
            Kind::Boolean => {
                let value = |part: u64| part.checked_sub(1).map(|value| value == 1);
                Arc::new(BooleanArray::from_iter(parts.map(value)))
            }
        }
    }
}

fn encode_entities<C: KeyCode>(
    ranges: &[EntityRange],
    shift: u32,
    ids: &UInt64Array,
    codes: &mut [C],
) -> Encoded {
    let Some(mut range) = ranges.first().copied() else {
        return match ids.null_count() == ids.len() {
            true => Encoded::All,
            false => Encoded::Unknown,
        };
    };
    for (row, (code, id)) in codes.iter_mut().zip(ids.values()).enumerate() {
        if ids.is_null(row) {
            continue;
        }
        let id = EntityId::from_raw(*id);
        if id.table() != range.table {
            match ranges.iter().find(|own| own.table == id.table()) {
                Some(own) => range = *own,
                None => return Encoded::Unknown,
            }
        }
        if id.offset() >= range.size {
            return Encoded::Unknown;
        }
        *code = code.with(shift, range.before + id.offset() + 1);
    }
    Encoded::All
}

fn encode_near<C: KeyCode>(
    base: &mut Option<i64>,
    shift: u32,
    values: &Int64Array,
    codes: &mut [C],
) -> Encoded {
    for (row, (code, value)) in codes.iter_mut().zip(values.values()).enumerate() {
        if values.is_null(row) {
            continue;
        }
        let base = *base.get_or_insert(value.wrapping_sub(1 << (INTEGER_BITS.0 - 1)));
        let above = value.wrapping_sub(base).cast_unsigned();
        if above >= u64::from(u32::MAX) {
            return Encoded::TooFar;
        }
        *code = code.with(shift, above + 1);
    }
    Encoded::All
}
