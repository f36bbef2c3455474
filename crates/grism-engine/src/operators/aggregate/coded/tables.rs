//! `GroupTables`: the group of each code, whether codes have 64 bits or 128.

use std::ops::Range;

use arrow::array::ArrayRef;
use grism_core::{MemoryReservation, Result};

use super::key_code::KeyCode;
use super::key_codes::{Encoded, KeyCodes};
use super::table::GroupTable;

/// A table of groups, and the codes of the rows of a batch.
#[derive(Debug)]
pub(super) enum GroupTables {
    Narrow(GroupTable<u64>, Vec<u64>),
    Wide(GroupTable<u128>, Vec<u128>),
}

impl GroupTables {
    /// No groups, for codes of so many bits.
    pub(super) fn of(bits: u32) -> Self {
        match bits <= u64::BITS {
            true => Self::Narrow(GroupTable::new(bits), Vec::new()),
            false => Self::Wide(GroupTable::new(bits), Vec::new()),
        }
    }

    /// How many groups there are.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Narrow(table, _) => table.len(),
            Self::Wide(table, _) => table.len(),
        }
    }

    /// Takes the codes of rows with these key columns.
    ///
    /// # Errors
    /// As [`KeyCodes::encode`].
    pub(super) fn encode(&mut self, codes: &mut KeyCodes, keys: &[&ArrayRef]) -> Result<Encoded> {
        match self {
            Self::Narrow(_, rows) => codes.encode(keys, rows),
            Self::Wide(_, rows) => codes.encode(keys, rows),
        }
    }

    /// Makes room for as many more groups as there are rows, of which aggregates hold `width` bytes each. The groups that there
    /// is room for where that changed, otherwise 0; `None` where there is no memory for them.
    pub(super) fn room(&mut self, width: usize, reserved: &mut MemoryReservation) -> Option<usize> {
        match self {
            Self::Narrow(table, rows) => room(table, rows.len(), width, reserved),
            Self::Wide(table, rows) => room(table, rows.len(), width, reserved),
        }
    }

    /// Puts the group of each row into `numbers`; there is room for them.
    pub(super) fn find(&mut self, numbers: &mut Vec<u32>) {
        match self {
            Self::Narrow(table, rows) => table.find(rows, numbers),
            Self::Wide(table, rows) => table.find(rows, numbers),
        }
    }

    /// The keys of some groups.
    pub(super) fn decode(&self, codes: &KeyCodes, groups: Range<usize>) -> Vec<ArrayRef> {
        match self {
            Self::Narrow(table, _) => codes.decode(&table.codes()[groups]),
            Self::Wide(table, _) => codes.decode(&table.codes()[groups]),
        }
    }
}

fn room<C: KeyCode>(
    table: &mut GroupTable<C>,
    rows: usize,
    width: usize,
    reserved: &mut MemoryReservation,
) -> Option<usize> {
    let needed = table.len() + rows;
    if needed <= table.capacity() {
        return Some(0);
    }
    let fits = u32::try_from(needed.checked_mul(4)?).is_ok();
    let groups = table.rounded(needed);
    let bytes = table.bytes_of(groups) + groups * width;
    let more = bytes.saturating_sub(reserved.bytes());
    if !fits || reserved.try_grow(more).is_err() {
        return None;
    }
    table.reserve(groups);
    reserved.resize(table.bytes() + groups * width);
    Some(groups)
}
