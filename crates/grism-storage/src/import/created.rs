//! Nodes that are created because a load binds them.

use std::sync::Arc;

use arrow::array::StringArray;
use arrow::compute::cast;
use arrow::datatypes::DataType;
use grism_core::{AppendedRows, EntityId, MemoryManager, Result, RowBuffer};

use super::keys::{KeyColumn, KeyIndex};
use super::label_plan::LabelPlan;
use crate::columns::named_batch;

/// The nodes of one label that are created, with nothing but their key.
pub(super) struct Created {
    /// The type of their keys; `None` before the first keys, where no node tells it.
    key_type: Option<DataType>,
    index: KeyIndex,
    rows: RowBuffer,
    count: u64,
    /// Those that loads before this one have created.
    before: u64,
}

impl Created {
    /// None yet; up to so many bytes of keys, and of rows, are held in memory.
    pub(super) fn new(
        key_type: Option<DataType>,
        keys: usize,
        rows: usize,
        memory: &Arc<dyn MemoryManager>,
    ) -> Self {
        Self {
            key_type,
            index: KeyIndex::new(keys),
            rows: RowBuffer::new(rows, memory),
            count: 0,
            before: 0,
        }
    }

    /// The same nodes, to which another load adds.
    pub(super) fn continued(mut self) -> Self {
        self.before = self.count;
        self
    }

    /// How many loads before this one have created.
    pub(super) fn count_before(&self) -> u64 {
        self.before
    }

    /// Settles the type of the keys by the columns of a batch that hold some, where no node tells it: integers, if all of
    /// them hold integers.
    pub(super) fn settle<'a>(&mut self, columns: impl IntoIterator<Item = &'a KeyColumn>) {
        if self.key_type.is_some() {
            return;
        }
        let columns = columns.into_iter().filter(|keys| !keys.is_null());
        let mut are_integers = columns.map(KeyColumn::is_integers);
        if let Some(first) = are_integers.next() {
            self.key_type = Some(if first && are_integers.all(|own| own) {
                DataType::Int64
            } else {
                DataType::Utf8
            });
        }
    }

    /// The type of the keys, which is settled before there are any.
    pub(super) fn key_type(&self) -> &DataType {
        self.key_type.as_ref().unwrap_or(&DataType::Utf8)
    }

    /// The ids of the nodes with the keys at `places`, none of which is null; those that are new are created.
    ///
    /// # Errors
    /// `ResourceExhausted` where the disk of temporary files is full.
    pub(super) fn ids(
        &mut self,
        label: &LabelPlan,
        keys: &KeyColumn,
        places: &[usize],
    ) -> Result<Vec<u64>> {
        let wanted = keys.take(places)?;
        self.index.make_room()?;
        let (mut ids, unknown) = self.index.resolve(&wanted)?;
        let mut new = Vec::new();
        for place in unknown {
            let Some(key) = wanted.get(place) else {
                continue;
            };
            ids[place] = match self.index.get(&key) {
                Some(id) => id,
                None => {
                    let id = EntityId::new(label.table, label.next_offset + self.count).raw();
                    self.index.insert(&key, id);
                    self.count += 1;
                    new.push(key.to_text());
                    id
                }
            };
        }
        if !new.is_empty() {
            let count = new.len();
            let column = cast(&StringArray::from(new), self.key_type())?;
            let names = std::slice::from_ref(&label.key_column);
            self.rows.push(named_batch(names, vec![column], count)?)?;
        }
        Ok(ids)
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// The nodes, in the order of their ids.
    ///
    /// # Errors
    /// As [`Self::ids`].
    pub(super) fn finish(self) -> Result<Vec<AppendedRows>> {
        self.rows.finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Arc;

    use arrow::array::{ArrayRef, AsArray, Int64Array};
    use grism_core::{PoolMemoryManager, TableId};

    use super::*;

    #[test]
    fn created_nodes_that_spill_come_into_being_once() {
        let label = LabelPlan {
            label: "A".to_owned(),
            index: Arc::new(KeyIndex::new(0)),
            table: TableId::try_new(1).unwrap(),
            key: "id".to_owned(),
            key_column: "id".to_owned(),
            next_offset: 7,
            not_created: None,
        };
        // No key stays in memory past its batch.
        let memory: Arc<dyn MemoryManager> = Arc::new(PoolMemoryManager::new(0));
        let mut created = Created::new(Some(DataType::Utf8), 0, 0, &memory);
        let mut known: HashMap<String, u64> = HashMap::new();
        for start in 0..40i64 {
            // Each batch repeats keys of itself and of others, as integers and as texts by turns.
            let keys = (0..60).map(|place| (start * 7 + place) % 200 / 2);
            let column: ArrayRef = if start % 2 == 0 {
                Arc::new(Int64Array::from_iter_values(keys.clone()))
            } else {
                Arc::new(StringArray::from_iter_values(
                    keys.clone().map(|key| key.to_string()),
                ))
            };
            let column = KeyColumn::new("id", &column).unwrap();
            let places: Vec<usize> = (0..60).collect();
            let ids = created.ids(&label, &column, &places).unwrap();
            for (key, id) in keys.zip(ids) {
                let next = EntityId::new(label.table, 7 + known.len() as u64).raw();
                assert_eq!(*known.entry(key.to_string()).or_insert(next), id);
            }
        }
        assert_eq!(created.count(), known.len() as u64);
        let mut texts = Vec::new();
        for piece in created.finish().unwrap() {
            for batch in piece.batches().unwrap() {
                let batch = batch.unwrap();
                let keys = batch.column(0).as_string::<i32>();
                texts.extend(keys.iter().flatten().map(str::to_owned));
            }
        }
        let found: HashMap<String, u64> = texts
            .into_iter()
            .zip(7..)
            .map(|(key, offset)| (key, EntityId::new(label.table, offset).raw()))
            .collect();
        assert_eq!(found, known);
    }
}
