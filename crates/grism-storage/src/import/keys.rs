//! From keys to ids.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringArray, UInt64Array};
use arrow::datatypes::{DataType, Int64Type, UInt64Type};
use futures::TryStreamExt;
use grism_core::{
    EntityKind, Error, GraphSchema, ID_COLUMN, KeyMap, LABELS_COLUMN, Property, Result, Snapshot,
    TableId, Tables, Type, Value,
};

use super::arrow_column::normalized;
use super::key::{Key, both};
use super::spilled_keys::SpilledKeys;
use crate::all_rows::all_rows;
use crate::columns::has_label;

/// No entity has this id; it stands for null and for what is missing.
pub(super) const NONE: u64 = u64::MAX;

/// The ids of the nodes of one label, or the hyperedges of one type, by their key. Those that memory does not hold are in temporary files.
#[derive(Debug)]
pub(super) struct KeyIndex {
    known: KeyMap,
    spilled: SpilledKeys,
    /// Bytes that are held in memory.
    limit: usize,
}

/// How many entities there are, and how many keys, each counted once.
#[derive(Default)]
struct Keyed {
    entities: u64,
    keys: u64,
}

/// A column of keys: integers or texts, which meet by the text of the integer.
#[derive(Clone, Debug)]
pub(super) struct KeyColumn {
    values: ArrayRef,
}

impl KeyColumn {
    /// # Errors
    /// `InvalidData` for a column that holds neither integers nor texts.
    pub(super) fn new(name: &str, column: &ArrayRef) -> Result<Self> {
        let (ty, values) = normalized(name, column)?;
        match ty {
            Type::String | Type::Int64 | Type::Null => Ok(Self { values }),
            other => Err(Error::invalid_data(format!(
                "the key column `{name}` holds {other}; keys are integers or texts"
            ))),
        }
    }

    /// Keys that are texts, or integers as texts.
    pub(super) fn of_texts(texts: StringArray) -> Self {
        Self {
            values: Arc::new(texts),
        }
    }

    /// Keys as a table stores them; in a property of any type both integers and texts are keys.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub(super) fn stored(name: &str, column: &ArrayRef) -> Result<Self> {
        if column.data_type() != &Type::Any.to_arrow() {
            return Self::new(name, column);
        }
        let texts = (0..column.len()).map(|row| {
            Ok(match Value::from_array(column, row)? {
                Value::Int64(integer) => Some(integer.to_string()),
                Value::String(text) => Some(text),
                _ => None,
            })
        });
        Ok(Self::of_texts(texts.collect::<Result<_>>()?))
    }

    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether every key is null.
    pub(super) fn is_null(&self) -> bool {
        self.values.logical_null_count() == self.values.len()
    }

    /// Whether the column is one of integers.
    pub(super) fn is_integers(&self) -> bool {
        self.values.data_type() == &DataType::Int64
    }

    /// The key at `place`; `None` for null.
    pub(super) fn get(&self, place: usize) -> Option<Key<'_>> {
        if self.values.data_type() == &DataType::Null || self.values.is_null(place) {
            return None;
        }
        if let Some(integers) = self.values.as_primitive_opt::<Int64Type>() {
            return Some(Key::Integer(integers.value(place)));
        }
        let texts = self.values.as_string_opt::<i32>()?;
        Some(Key::Text(Cow::Borrowed(texts.value(place))))
    }

    /// The keys at `places`.
    pub(super) fn take(&self, places: &[usize]) -> Result<Self> {
        let places: UInt64Array = places.iter().map(|place| *place as u64).collect();
        let values = arrow::compute::take(&self.values, &places, None)?;
        Ok(Self { values })
    }

    /// The integers, where all keys are such and none is null.
    fn plain_integers(&self) -> Option<&[i64]> {
        let integers = self.values.as_primitive_opt::<Int64Type>()?;
        (integers.null_count() == 0).then(|| &integers.values()[..])
    }
}

impl KeyIndex {
    /// No keys yet; up to `limit` bytes of them are held in memory.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            known: KeyMap::default(),
            spilled: SpilledKeys::new(),
            limit,
        }
    }

    /// Reads the keys of every entity of `tables` that has `label`: its values of the property `key`. Up to `limit` bytes of
    /// them are held in memory.
    ///
    /// # Errors
    /// Those of the storage.
    pub(super) async fn read(
        snapshot: &dyn Snapshot,
        tables: &Tables,
        label: &str,
        key: &str,
        limit: usize,
    ) -> Result<Self> {
        let (index, _) = Self::counted(snapshot, tables, label, key, limit).await?;
        Ok(index)
    }

    /// As [`Self::read`], where the entities have had no key so far.
    ///
    /// # Errors
    /// `InvalidData` where the property is null for one of them, or the same for two.
    pub(super) async fn read_new(
        snapshot: &dyn Snapshot,
        tables: &Tables,
        label: &str,
        key: &str,
        limit: usize,
    ) -> Result<Self> {
        let (index, count) = Self::counted(snapshot, tables, label, key, limit).await?;
        if count.keys == count.entities {
            return Ok(index);
        }
        Err(Error::invalid_data(format!(
            "`{key}` cannot become the key of `{label}`: of the {} that there are, {} have none, or one that another has",
            count.entities,
            count.entities - count.keys
        )))
    }

    /// As [`Self::read`], with how many entities there are, and keys.
    async fn counted(
        snapshot: &dyn Snapshot,
        tables: &Tables,
        label: &str,
        key: &str,
        limit: usize,
    ) -> Result<(Self, Keyed)> {
        let mut index = Self::new(limit);
        let mut count = Keyed::default();
        for table in tables.iter() {
            let own = index.add_table(snapshot, *table, label, key).await?;
            count.entities += own.entities;
            count.keys += own.keys;
        }
        Ok((index, count))
    }

    /// Adds the keys of the entities of a table that have `label`.
    async fn add_table(
        &mut self,
        snapshot: &dyn Snapshot,
        table: TableId,
        label: &str,
        key: &str,
    ) -> Result<Keyed> {
        let mut count = Keyed::default();
        let entry = snapshot.schema().table(table)?;
        if snapshot.statistics().rows(table) == 0 {
            return Ok(count);
        }
        let is_known = |own: &Property| own.value_type != Type::Null;
        let column = entry.property(key).filter(|own| is_known(own));
        let column = column.map(|own| own.column().to_owned());
        let mut columns: Vec<String> = column.iter().cloned().collect();
        if entry.changed_labels.iter().any(|own| own == label) {
            columns.push(LABELS_COLUMN.to_owned());
        }
        let mut batches = all_rows(snapshot, table, &columns);
        while let Some(batch) = batches.try_next().await? {
            let ids = batch
                .column_by_name(ID_COLUMN)
                .and_then(|ids| ids.as_primitive_opt::<UInt64Type>());
            let ids = ids.ok_or_else(|| Error::internal("a scan of keys without ids"))?;
            let labels = batch
                .column_by_name(LABELS_COLUMN)
                .and_then(|labels| labels.as_list_opt::<i32>());
            let has_label = |place: usize| has_label(labels, place, entry, label);
            count.entities += (0..ids.len()).filter(|place| has_label(*place)).count() as u64;
            let keys = column.as_ref().and_then(|own| batch.column_by_name(own));
            let Some(keys) = keys else {
                continue;
            };
            let keys = KeyColumn::stored(key, keys)?;
            let known = self.begin_batch(&keys)?;
            for (place, id) in ids.values().iter().enumerate() {
                if known.contains(&place) {
                    continue;
                }
                if let Some(key) = keys.get(place).filter(|_| has_label(place)) {
                    count.keys += u64::from(self.insert(&key, *id));
                }
            }
        }
        Ok(count)
    }

    /// Makes lookups of integers that lie close together fast; nothing is inserted afterwards.
    pub(super) fn frozen(mut self) -> Self {
        if self.spilled.is_empty() && !self.known.has_texts() {
            self.known.freeze();
        }
        self
    }

    /// Puts the keys into temporary files where memory does not hold more of them.
    ///
    /// # Errors
    /// `ResourceExhausted` where the disk of temporary files is full.
    pub(super) fn make_room(&mut self) -> Result<()> {
        if self.known.bytes() > self.limit {
            let (integers, texts) = self.known.take();
            let integers = integers.map(|(key, id)| (self.spilled.hash(&Key::Integer(key)), id));
            let texts = texts.map(|(key, id)| {
                let key = Key::Text(Cow::Borrowed(key.as_ref()));
                (self.spilled.hash(&key), id)
            });
            let entries = integers.chain(texts).collect();
            self.spilled.add(entries)?;
        }
        Ok(())
    }

    /// Makes room for the keys of a batch, and tells the places of those that are known and not in memory. Other keys of
    /// the batch may be inserted afterwards.
    ///
    /// # Errors
    /// As [`Self::make_room`].
    pub(super) fn begin_batch(&mut self, keys: &KeyColumn) -> Result<HashSet<usize>> {
        self.make_room()?;
        let mut known = HashSet::new();
        if !self.spilled.is_empty() {
            let wanted = (0..keys.len()).filter_map(|place| {
                let key = keys.get(place)?;
                Some((self.spilled.hash(&key), place))
            });
            self.spilled.find(wanted.collect(), |place, _| {
                known.insert(place);
            })?;
        }
        Ok(known)
    }

    /// The id of the entity with the key `key`, where it is in memory.
    pub(super) fn get(&self, key: &Key<'_>) -> Option<u64> {
        let (integer, text) = both(key);
        let id = integer.and_then(|integer| self.known.integer(integer));
        if id.is_some() || !self.known.has_texts() {
            return id;
        }
        let text = text.unwrap_or_else(|| key.to_text().into());
        self.known.text(&text)
    }

    /// The ids of a column of keys, and the places of those that no entity has; those and nulls are [`NONE`].
    ///
    /// # Errors
    /// Those of temporary files.
    pub(super) fn resolve(&self, keys: &KeyColumn) -> Result<(Vec<u64>, Vec<usize>)> {
        let mut missing = Vec::new();
        let mut ids: Vec<u64> = match keys.plain_integers() {
            Some(integers) if !self.known.has_texts() => {
                let ids = self.known.ids_of(integers);
                missing.extend((0..ids.len()).filter(|place| ids[*place] == NONE));
                ids
            }
            _ => (0..keys.len())
                .map(|place| {
                    let Some(key) = keys.get(place) else {
                        return NONE;
                    };
                    self.get(&key).unwrap_or_else(|| {
                        missing.push(place);
                        NONE
                    })
                })
                .collect(),
        };
        if !self.spilled.is_empty() && !missing.is_empty() {
            let wanted = missing.iter().filter_map(|place| {
                let key = keys.get(*place)?;
                Some((self.spilled.hash(&key), *place))
            });
            self.spilled
                .find(wanted.collect(), |place, id| ids[place] = id)?;
            missing.retain(|place| ids[*place] == NONE);
        }
        Ok((ids, missing))
    }

    /// Adds an entity; false where the key is in memory already.
    pub(super) fn insert(&mut self, key: &Key<'_>, id: u64) -> bool {
        if self.get(key).is_some() {
            return false;
        }
        match key {
            Key::Integer(integer) => self.known.insert_integer(*integer, id),
            Key::Text(text) => self.known.insert_text(text, id),
        }
        true
    }
}

/// The property that the nodes of a label, or the hyperedges of a type, are known by; `tables` are theirs.
///
/// # Errors
/// `InvalidData` where they have no key.
pub(super) fn key_of(schema: &GraphSchema, tables: &Tables, label: &str) -> Result<String> {
    let declared = [EntityKind::Node, EntityKind::Hyperedge]
        .into_iter()
        .find_map(|entity| schema.key(entity, label));
    if let Some(key) = declared {
        return Ok(key.to_owned());
    }
    let own = schema.node_table(&[label.to_owned()]);
    let mut own = own.filter(|own| own.key.is_some());
    let (mut what, mut how) = ("nodes", "load_nodes");
    for table in tables.iter() {
        let table = schema.table(*table)?;
        own = own.or(Some(table).filter(|table| table.key.is_some()));
        if table.hyperedge_type().is_some() {
            (what, how) = ("hyperedges", "load_hyperedges");
        }
    }
    own.and_then(|own| own.key.clone()).ok_or_else(|| {
        Error::invalid_data(format!(
            "the {what} of `{label}` have no key; load them by one, with {how}(…, key=…), or name it: CREATE CONSTRAINT FOR \
             (n:{label}) REQUIRE n.property IS KEY"
        ))
    })
}
