//! `Keyed`: the keys of the entities that a load adds to, and of those that it adds.

use std::collections::HashSet;

use grism_core::{EntityId, Error, GraphSchema, Result, Snapshot, TableId, Tables};

use super::OnConflict;
use crate::import::key::Key;
use crate::import::keys::{KeyColumn, KeyIndex};
use crate::import::options::LoadOptions;

/// Keys, and where the next entity goes.
pub(in crate::import) struct Keyed {
    /// The property that is the key.
    pub(in crate::import) key: String,
    pub(in crate::import) on_conflict: OnConflict,
    index: KeyIndex,
    table: TableId,
    /// The first offset that a row of the load gets.
    first: u64,
    next: u64,
}

impl Keyed {
    /// The keys of `tables`; new entities go into `table` from the offset `first` on. Up to `limit` bytes are held in memory.
    ///
    /// # Errors
    /// `InvalidData` where what is stored has had no key, and cannot be known by `key`.
    pub(in crate::import) async fn read(
        snapshot: &dyn Snapshot,
        tables: &Tables,
        label: &str,
        key: &str,
        table: TableId,
        on_conflict: OnConflict,
        limit: usize,
    ) -> Result<Self> {
        let own = snapshot.schema().table(table);
        let index = if own.is_ok_and(|own| own.key.is_some()) {
            KeyIndex::read(snapshot, tables, label, key, limit).await?
        } else {
            KeyIndex::read_new(snapshot, tables, label, key, limit).await?
        };
        let statistics = snapshot.statistics().tables.get(&table);
        let first = statistics.map_or(0, |statistics| statistics.next_offset);
        Ok(Self {
            key: key.to_owned(),
            on_conflict,
            index,
            table,
            first,
            next: first,
        })
    }

    /// Makes room for the keys of a batch, and tells the places of those that are known and not in memory.
    ///
    /// # Errors
    /// `ResourceExhausted` where the disk of temporary files is full.
    pub(in crate::import) fn begin_batch(&mut self, keys: &KeyColumn) -> Result<HashSet<usize>> {
        self.index.begin_batch(keys)
    }

    /// Notes the key of the next row that is added; false where one in memory has it.
    pub(in crate::import) fn insert(&mut self, key: &Key<'_>) -> bool {
        let id = EntityId::new(self.table, self.next).raw();
        let is_new = self.index.insert(key, id);
        self.next += u64::from(is_new);
        is_new
    }

    /// Whether an entity whose key is in memory has the key.
    pub(in crate::import) fn is_taken(&self, key: &Key<'_>) -> bool {
        self.index.get(key).is_some()
    }

    /// The ids of a column of keys; [`crate::import::keys::NONE`] for those that no entity has.
    ///
    /// # Errors
    /// Those of temporary files.
    pub(in crate::import) fn ids(&mut self, keys: &KeyColumn) -> Result<Vec<u64>> {
        self.index.make_room()?;
        let (ids, _) = self.index.resolve(keys)?;
        Ok(ids)
    }

    /// Whether the entity is one of those that the load adds.
    pub(in crate::import) fn is_added(&self, id: u64) -> bool {
        let id = EntityId::from_raw(id);
        id.table() == self.table && id.offset() >= self.first
    }

    /// What is wrong with a row whose key is taken.
    pub(in crate::import) fn taken(&self, key: &Key<'_>) -> String {
        format!(
            "the key `{}` = '{}' is taken already",
            self.key,
            key.to_text()
        )
    }
}

/// The key that hyperedges of a type are loaded by: the one that is named, the one that the type has, or the column that
/// groups the rows, where the type has no hyperedges yet and no role is read from that column.
///
/// # Errors
/// `InvalidData` where the type has another key; `InvalidQuery` where the key is read for a role, or does not exist and
/// conflicts are to be settled by it.
pub(in crate::import) fn key_of_load(
    snapshot: &dyn Snapshot,
    schema: &GraphSchema,
    table: TableId,
    consumed: &[String],
    options: &LoadOptions,
) -> Result<Option<String>> {
    let entry = schema.table(table)?;
    let name = entry.display_name();
    let own = entry.key.as_ref();
    if let (Some(own), Some(given)) = (own, &options.key)
        && own != given
    {
        return Err(Error::invalid_data(format!(
            "the hyperedges of `{name}` are known by `{own}`, not by `{given}`"
        )));
    }
    let is_new = snapshot.statistics().rows(table) == 0;
    let grouped = options.group_by.as_ref();
    let grouped = grouped.filter(|by| is_new && !consumed.contains(by));
    let key = options.key.as_ref().or(own).or(grouped);
    match key {
        None if options.on_conflict != OnConflict::Error => Err(Error::invalid_query(format!(
            "conflicts are settled by a key, and hyperedges of `{name}` have none: name the column that is their key"
        ))),
        Some(key) if consumed.contains(key) => Err(Error::invalid_query(format!(
            "`{key}` is to be the key of `{name}`, which is a property, and a role is read from that column"
        ))),
        key => Ok(key.cloned()),
    }
}
