//! Nodes that come into being because a load binds them.

use arrow::array::StringArray;
use arrow::compute::cast;
use grism_core::{AppendedRows, EntityId, Result, RowBuffer};

use super::keys::{KeyColumn, KeyIndex};
use super::plan::LabelPlan;
use crate::columns::named_batch;
use crate::memory_limit::{key_bytes, waiting_bytes};

/// The nodes of one label that come into being, with nothing but their key.
pub(super) struct Created {
    index: KeyIndex,
    rows: RowBuffer,
    count: u64,
}

impl Created {
    pub(super) fn new() -> Self {
        Self {
            index: KeyIndex::new(key_bytes()),
            rows: RowBuffer::new(waiting_bytes()),
            count: 0,
        }
    }

    /// The ids of the nodes with the keys at `places`, none of which is null; those that are new come into being.
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
            let column = cast(&StringArray::from(new), &label.key_type)?;
            let names = std::slice::from_ref(&label.key);
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
