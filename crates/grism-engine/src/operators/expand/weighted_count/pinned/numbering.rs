//! `Numbering`: the entities of a place as numbers from 0 on.

use grism_core::{EntityId, Error, Result, TableId, Tables};

use super::super::pass::Pass;

/// The entities of some tables, one table after the other, each by offset.
///
/// ```text
/// tables 3 and 5 of 100 and 20 offsets:  3/0 is 0, 3/99 is 99, 5/0 is 100
/// ```
#[derive(Clone, Debug)]
pub(super) struct Numbering {
    /// The table, the number of its first entity, and how many offsets it has given out.
    tables: Vec<(TableId, usize, usize)>,
    count: usize,
}

impl Numbering {
    /// The numbers of what `tables` hold.
    ///
    /// # Errors
    /// `Unsupported` for 2^32 entities or more.
    pub(super) fn of(tables: &Tables, pass: &Pass) -> Result<Self> {
        let mut own = Self {
            tables: Vec::with_capacity(tables.len()),
            count: 0,
        };
        for table in tables.iter() {
            let entities = pass.entities(*table) as usize;
            own.tables.push((*table, own.count, entities));
            own.count += entities;
        }
        match u32::try_from(own.count) {
            Ok(_) => Ok(own),
            Err(_) => Err(Error::unsupported(
                "a count of a pattern with cycles over 2^32 entities or more",
            )),
        }
    }

    /// How many entities there are.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The tables, each with the number of its first entity.
    pub(super) fn tables(&self) -> impl Iterator<Item = (TableId, usize)> + '_ {
        self.tables.iter().map(|(table, first, _)| (*table, *first))
    }

    /// The number of an entity; `None` for one of another table.
    pub(super) fn number(&self, id: u64) -> Option<u32> {
        let id = EntityId::from_raw(id);
        let (_, first, entities) = self.tables.iter().find(|(own, ..)| *own == id.table())?;
        let offset = id.offset() as usize;
        (offset < *entities).then_some((first + offset) as u32)
    }
}
