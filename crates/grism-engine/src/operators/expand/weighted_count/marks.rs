//! Several steps between the same two entities: the neighbours that all of their lists have, and in how many ways.

use std::sync::Arc;

use grism_core::{EntityId, MemoryManager, MemoryReservation, Result, TableId};

use super::lists::LoadedList;

/// Numbers by neighbour, all 0 between two members; each thread has its own.
#[derive(Debug)]
pub(super) struct Marks {
    /// Ways so far, and ways by the step that is looked at.
    tables: Vec<MarkedTable>,
    touched: Vec<u64>,
    _memory: MemoryReservation,
}

impl Marks {
    /// Marks for the entities of these tables.
    ///
    /// # Errors
    /// `ResourceExhausted` past the memory limit.
    pub(super) fn try_new(
        tables: &[(TableId, u64)],
        memory: Arc<dyn MemoryManager>,
    ) -> Result<Self> {
        let entities: u64 = tables.iter().map(|(_, entities)| entities).sum();
        let bytes = entities as usize * size_of::<[u64; 2]>();
        let memory = MemoryReservation::try_new(memory, bytes)?;
        let tables = tables.iter();
        Ok(Self {
            tables: tables
                .map(|(table, entities)| MarkedTable {
                    table: *table,
                    entities: *entities as usize,
                    ways: Vec::new(),
                })
                .collect(),
            touched: Vec::new(),
            _memory: memory,
        })
    }

    /// Calls `visit` with neighbours of a member that every step leads to, and in how many ways; perhaps several times with
    /// one, whose ways are then those of all calls together.
    pub(super) fn each(
        &mut self,
        steps: &[Vec<LoadedList>],
        local: usize,
        member: u64,
        mut visit: impl FnMut(u64, u64),
    ) {
        let [first, others @ ..] = steps else {
            return;
        };
        let Some((last, between)) = others.split_last() else {
            for list in first {
                list.each(local, member, &mut visit);
            }
            return;
        };
        for list in first {
            list.each(local, member, |id, times| {
                if let Some(own) = mark(&mut self.tables, id) {
                    if own[0] == 0 {
                        self.touched.push(id);
                    }
                    own[0] = own[0].saturating_add(times);
                }
            });
        }
        for step in between {
            for list in step {
                list.each(local, member, |id, times| {
                    if let Some(own) = mark(&mut self.tables, id) {
                        own[1] = own[1].saturating_add(times);
                    }
                });
            }
            for id in &self.touched {
                if let Some(own) = mark(&mut self.tables, *id) {
                    own[0] = own[0].saturating_mul(own[1]);
                }
            }
            for list in step {
                list.each(local, member, |id, _| {
                    if let Some(own) = mark(&mut self.tables, id) {
                        own[1] = 0;
                    }
                });
            }
        }
        for list in last {
            list.each(local, member, |id, times| {
                if let Some(own) = mark(&mut self.tables, id)
                    && own[0] > 0
                {
                    visit(id, own[0].saturating_mul(times));
                }
            });
        }
        for id in self.touched.drain(..) {
            if let Some(own) = mark(&mut self.tables, id) {
                *own = [0; 2];
            }
        }
    }
}

/// The numbers of one table; none until the first is asked for.
#[derive(Debug)]
struct MarkedTable {
    table: TableId,
    entities: usize,
    ways: Vec<[u64; 2]>,
}

fn mark(tables: &mut [MarkedTable], id: u64) -> Option<&mut [u64; 2]> {
    let id = EntityId::from_raw(id);
    let own = tables.iter_mut().find(|own| own.table == id.table())?;
    if own.ways.is_empty() {
        own.ways = vec![[0; 2]; own.entities];
    }
    own.ways.get_mut(id.offset() as usize)
}
