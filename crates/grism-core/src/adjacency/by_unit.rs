//! A table of units of members, by their numbers.

use crate::EntityId;

/// Something for each of many units, found without a search.
#[derive(Debug)]
pub(super) struct ByUnit<T> {
    /// By the number of the table, then of the unit.
    pub(super) tables: Vec<Vec<T>>,
    shift: u8,
}

impl<T: Copy + Default> ByUnit<T> {
    pub(super) fn new(shift: u8) -> Self {
        Self {
            tables: Vec::new(),
            shift,
        }
    }

    /// The table, the unit and the place within it of a member.
    pub(super) fn place(&self, member: u64) -> (usize, usize, usize) {
        let id = EntityId::from_raw(member);
        let offset = id.offset();
        let local = offset & ((1 << self.shift) - 1);
        (
            usize::from(id.table().get()),
            (offset >> self.shift) as usize,
            local as usize,
        )
    }

    pub(super) fn get(&self, table: usize, segment: usize) -> T {
        match self.tables.get(table).and_then(|own| own.get(segment)) {
            Some(found) => *found,
            None => T::default(),
        }
    }

    pub(super) fn slot(&mut self, table: usize, segment: usize) -> &mut T {
        if self.tables.len() <= table {
            self.tables.resize(table + 1, Vec::new());
        }
        let own = &mut self.tables[table];
        if own.len() <= segment {
            own.resize(segment + 1, T::default());
        }
        &mut own[segment]
    }
}
