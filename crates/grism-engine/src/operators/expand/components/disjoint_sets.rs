//! `DisjointSets`: entities that are known to be connected, as sets that threads put together at the same time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use grism_core::{EntityId, Error, ErrorKind, MemoryManager, MemoryReservation, Result, TableId};

/// A forest over the entities of some tables, in which each points to one of its own set with a smaller number, or to itself.
/// A set is known by its smallest number, so that it does not depend on the order in which sets are put together.
///
/// Threads put sets together without locks, by a hook of the larger root to the smaller one: Sutton, Ben-Nun, Barak,
/// "Optimizing Parallel Graph Connectivity Computation via Subgraph Sampling", 2018.
#[derive(Debug)]
pub(super) struct DisjointSets {
    /// By table: the number of its first entity, and how many numbers it has.
    tables: Vec<Option<(u32, u32)>>,
    parents: Vec<AtomicU32>,
    _memory: MemoryReservation,
}

impl DisjointSets {
    /// A set for each entity of these tables, which have so many offsets.
    ///
    /// # Errors
    /// `ResourceExhausted` past the memory limit, or for more entities than there are numbers.
    pub(super) fn try_new(
        tables: &[(TableId, u64)],
        memory: Arc<dyn MemoryManager>,
    ) -> Result<Self> {
        let entities: u64 = tables.iter().map(|(_, entities)| entities).sum();
        let entities = u32::try_from(entities).map_err(|_| {
            let message = format!(
                "components of {entities} entities are more than one query can find: name labels or types"
            );
            Error::new(ErrorKind::ResourceExhausted, message)
        })?;
        let memory = MemoryReservation::try_new(memory, entities as usize * size_of::<u32>())?;
        let mut first = 0;
        let mut numbered = Vec::new();
        for (table, entities) in tables {
            let place = usize::from(table.get());
            if numbered.len() <= place {
                numbered.resize(place + 1, None);
            }
            numbered[place] = Some((first, *entities as u32));
            first += *entities as u32;
        }
        Ok(Self {
            tables: numbered,
            parents: (0..entities).map(AtomicU32::new).collect(),
            _memory: memory,
        })
    }

    /// The number of an entity; `None` where it is of no table of these.
    #[inline]
    pub(super) fn number(&self, entity: u64) -> Option<u32> {
        let id = EntityId::from_raw(entity);
        let (first, entities) = self.range(id.table())?;
        let offset = u32::try_from(id.offset()).ok()?;
        (offset < entities).then_some(first + offset)
    }

    /// The number of the first entity of a table, and how many it has.
    pub(super) fn range(&self, table: TableId) -> Option<(u32, u32)> {
        *self.tables.get(usize::from(table.get()))?
    }

    /// Puts the sets of two numbers together.
    #[inline]
    pub(super) fn link(&self, a: u32, b: u32) {
        let (mut a, mut b) = (self.parent(a), self.parent(b));
        while a != b {
            let (low, high) = (a.min(b), a.max(b));
            let parent = self.parent(high);
            if parent == low {
                return;
            }
            let hooked = parent == high
                && self.parents[high as usize]
                    .compare_exchange(high, low, Ordering::Relaxed, Ordering::Relaxed)
                    .is_ok();
            if hooked {
                return;
            }
            a = self.parent(self.parent(high));
            b = self.parent(low);
        }
    }

    /// The smallest number of the set that a number belongs to, once no thread links any more.
    pub(super) fn root(&self, mut number: u32) -> u32 {
        loop {
            let parent = self.parent(number);
            if parent == number {
                return number;
            }
            // Halves the way for whoever comes after.
            let above = self.parent(parent);
            self.parents[number as usize].store(above, Ordering::Relaxed);
            number = parent;
        }
    }

    #[inline]
    fn parent(&self, number: u32) -> u32 {
        self.parents[number as usize].load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use grism_core::{EntityId, PoolMemoryManager, TableId};

    use super::*;

    fn table(number: u16) -> TableId {
        TableId::try_new(number).unwrap()
    }

    fn sets() -> DisjointSets {
        let sizes = [(table(3), 50_000), (table(1), 50_000)];
        DisjointSets::try_new(&sizes, Arc::new(PoolMemoryManager::new(1 << 20))).unwrap()
    }

    #[test]
    fn numbers_follow_the_tables() {
        let sets = sets();
        let number = |own, offset| sets.number(EntityId::new(table(own), offset).raw());
        assert_eq!(number(3, 7), Some(7));
        assert_eq!(number(1, 7), Some(50_007));
        assert_eq!(number(1, 50_000), None);
        assert_eq!(number(2, 0), None);
        assert_eq!(number(9, 0), None);
    }

    #[test]
    fn threads_that_link_at_the_same_time_find_the_smallest_number_of_each_set() {
        let sets = sets();
        // Seven chains, each linked from both ends and from its middle.
        std::thread::scope(|scope| {
            for thread in 0..4_u32 {
                let sets = &sets;
                scope.spawn(move || {
                    for step in 0..99_993_u32 {
                        let at = (step * 31 + thread * 25_000) % 99_993;
                        sets.link(at, at + 7);
                    }
                });
            }
        });
        for number in 0..100_000 {
            assert_eq!(sets.root(number), number % 7);
        }
    }
}
