//! How many ways there are to bind what lies below each entity: dense numbers, by table and offset.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use grism_core::{EntityId, MemoryManager, MemoryReservation, Result, TableId};

/// The weights of the entities that one place of a pattern may be bound to. They never wrap: a weight that does not fit
/// into 64 bits is `u64::MAX`.
#[derive(Debug)]
pub(super) struct Weights {
    tables: Vec<(TableId, TableWeights)>,
    memory: MemoryReservation,
}

/// The weights of one table.
#[derive(Debug)]
pub(super) enum TableWeights {
    /// 1 for every entity.
    One,
    /// By offset; 0 past the end.
    Each(Vec<u64>),
}

impl Weights {
    /// Weights of no entity, whose bytes are taken of `memory`.
    pub(super) fn none(memory: Arc<dyn MemoryManager>) -> Self {
        Self {
            tables: Vec::new(),
            memory: MemoryReservation::empty(memory),
        }
    }

    /// The weight of an entity; 0 where its table is not there.
    pub(super) fn of(&self, id: u64) -> u64 {
        let id = EntityId::from_raw(id);
        self.in_table(id.table(), id.offset())
    }

    /// The weight of the entity at an offset of a table.
    pub(super) fn in_table(&self, table: TableId, offset: u64) -> u64 {
        match self.table(table) {
            None => 0,
            Some(TableWeights::One) => 1,
            Some(TableWeights::Each(weights)) => at(weights, offset),
        }
    }

    pub(super) fn table(&self, table: TableId) -> Option<&TableWeights> {
        let own = self.tables.iter().find(|(own, _)| *own == table);
        own.map(|(_, weights)| weights)
    }

    pub(super) fn tables(&self) -> &[(TableId, TableWeights)] {
        &self.tables
    }

    /// 1 for every entity of `table`.
    pub(super) fn put_one(&mut self, table: TableId) {
        self.tables.push((table, TableWeights::One));
    }

    /// Zeros for `table`, to be filled.
    ///
    /// # Errors
    /// `ResourceExhausted` past the memory limit.
    pub(super) fn put_zeros(&mut self, table: TableId, entities: u64) -> Result<&mut Vec<u64>> {
        let entities = entities as usize;
        self.memory.try_grow(entities * size_of::<u64>())?;
        self.tables
            .push((table, TableWeights::Each(vec![0; entities])));
        match self.tables.last_mut() {
            Some((_, TableWeights::Each(weights))) => Ok(weights),
            _ => Err(grism_core::Error::internal(
                "weights that were put are gone",
            )),
        }
    }

    /// Sets the weight of an entity of a table that has numbers.
    pub(super) fn set(&mut self, id: u64, weight: u64) {
        let id = EntityId::from_raw(id);
        let own = self.tables.iter_mut().find(|(own, _)| *own == id.table());
        if let Some((_, TableWeights::Each(weights))) = own
            && let Some(own) = weights.get_mut(id.offset() as usize)
        {
            *own = weight;
        }
    }

    /// These weights times those of another.
    ///
    /// # Errors
    /// `ResourceExhausted` past the memory limit.
    pub(super) fn times(&self, other: &Self, memory: Arc<dyn MemoryManager>) -> Result<Self> {
        let mut product = Self::none(memory);
        for (table, own) in &self.tables {
            match (own, other.table(*table)) {
                (_, None) => {}
                (TableWeights::One, Some(TableWeights::One)) => product.put_one(*table),
                (TableWeights::Each(one), Some(TableWeights::One))
                | (TableWeights::One, Some(TableWeights::Each(one))) => {
                    product
                        .put_zeros(*table, one.len() as u64)?
                        .copy_from_slice(one);
                }
                (TableWeights::Each(a), Some(TableWeights::Each(b))) => {
                    let whole = product.put_zeros(*table, a.len() as u64)?;
                    for (whole, (a, b)) in whole.iter_mut().zip(a.iter().zip(b)) {
                        *whole = a.saturating_mul(*b);
                    }
                }
            }
        }
        Ok(product)
    }

    /// The share of the entities that have a weight, in [0, 1].
    pub(super) fn share(&self) -> f64 {
        let (mut known, mut all) = (0, 0);
        for (_, weights) in &self.tables {
            match weights {
                TableWeights::One => return 1.0,
                TableWeights::Each(weights) => {
                    known += weights.iter().filter(|own| **own > 0).count();
                    all += weights.len();
                }
            }
        }
        known as f64 / (all as f64).max(1.0)
    }
}

/// The weight at an offset, 0 past the end.
pub(super) fn at(weights: &[u64], offset: u64) -> u64 {
    weights.get(offset as usize).copied().unwrap_or(0)
}

/// Sums that several threads add to, by table and offset.
#[derive(Debug)]
pub(super) struct Sums {
    tables: Vec<(TableId, Vec<AtomicU64>)>,
    _memory: MemoryReservation,
}

impl Sums {
    /// Zeros for these tables of so many entities.
    ///
    /// # Errors
    /// `ResourceExhausted` past the memory limit.
    pub(super) fn try_new(
        tables: &[(TableId, u64)],
        memory: Arc<dyn MemoryManager>,
    ) -> Result<Self> {
        let entities: u64 = tables.iter().map(|(_, entities)| entities).sum();
        let memory = MemoryReservation::try_new(memory, entities as usize * size_of::<u64>())?;
        let zeros = |entities: u64| (0..entities).map(|_| AtomicU64::new(0)).collect();
        let tables = tables.iter();
        Ok(Self {
            tables: tables
                .map(|(table, entities)| (*table, zeros(*entities)))
                .collect(),
            _memory: memory,
        })
    }

    pub(super) fn table(&self, table: TableId) -> Option<&[AtomicU64]> {
        let own = self.tables.iter().find(|(own, _)| *own == table);
        own.map(|(_, sums)| sums.as_slice())
    }

    /// Adds to the sum of an entity; one of no table here has no sum.
    pub(super) fn add(&self, id: u64, weight: u64) {
        let id = EntityId::from_raw(id);
        if let Some(sums) = self.table(id.table()) {
            add(sums, id.offset(), weight);
        }
    }
}

/// Adds to the sum at an offset, which stays at `u64::MAX` where it does not fit.
pub(super) fn add(sums: &[AtomicU64], offset: u64, weight: u64) {
    let Some(sum) = sums.get(offset as usize) else {
        return;
    };
    let before = sum.fetch_add(weight, Ordering::Relaxed);
    // Whoever adds to a sum that wrapped finds the maximum afterwards, or wraps it and sets it again.
    if before.checked_add(weight).is_none() {
        sum.store(u64::MAX, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use grism_core::{EntityId, PoolMemoryManager, TableId};

    use super::{Sums, Weights, add};

    fn table(number: u16) -> TableId {
        TableId::try_new(number).unwrap()
    }

    #[test]
    fn an_entity_has_the_weight_of_its_table_and_offset() {
        let mut weights = Weights::none(Arc::new(PoolMemoryManager::new(1 << 20)));
        weights.put_one(table(1));
        weights.put_zeros(table(2), 3).unwrap()[2] = 7;
        assert_eq!(weights.of(EntityId::new(table(1), 99).raw()), 1);
        assert_eq!(weights.of(EntityId::new(table(2), 2).raw()), 7);
        assert_eq!(weights.of(EntityId::new(table(2), 3).raw()), 0);
        assert_eq!(weights.of(EntityId::new(table(3), 0).raw()), 0);
    }

    #[test]
    fn weights_take_memory_and_give_it_back() {
        let memory = Arc::new(PoolMemoryManager::new(1 << 10));
        let mut weights = Weights::none(memory.clone());
        assert!(weights.put_zeros(table(1), 64).is_ok());
        assert!(weights.put_zeros(table(2), 1 << 10).is_err());
        drop(weights);
        assert_eq!(grism_core::MemoryManager::current_usage(&*memory), 0);
    }

    #[test]
    fn sums_stay_at_the_maximum() {
        let memory = Arc::new(PoolMemoryManager::new(1 << 20));
        let sums = Sums::try_new(&[(table(1), 1)], memory).unwrap();
        let own = sums.table(table(1)).unwrap();
        add(own, 0, u64::MAX - 1);
        add(own, 0, 5);
        add(own, 0, 5);
        assert_eq!(own[0].load(std::sync::atomic::Ordering::Relaxed), u64::MAX);
    }
}
