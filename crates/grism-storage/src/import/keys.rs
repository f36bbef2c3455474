//! From keys to ids.

use std::collections::HashMap;

use arrow::array::AsArray;
use arrow::datatypes::UInt64Type;
use futures::TryStreamExt;
use grism_core::{Error, GraphSchema, ID_COLUMN, Result, ScanRequest, Snapshot, TableId, Tables};

use super::properties::key_texts;

/// The ids of the nodes of one label, by their key.
#[derive(Debug, Default)]
pub struct KeyIndex {
    ids: HashMap<Box<str>, u64>,
}

impl KeyIndex {
    /// Reads the keys of every node of `tables`.
    ///
    /// # Errors
    /// `InvalidData` where a table has no key.
    pub async fn read(snapshot: &dyn Snapshot, tables: &Tables, label: &str) -> Result<Self> {
        let mut index = Self::default();
        for table in tables.iter() {
            let key = key_of(snapshot.schema(), *table, label)?;
            for range in snapshot.scan_ranges(*table) {
                let request = ScanRequest {
                    columns: vec![key.clone()],
                    predicate: Vec::new(),
                    range,
                    batch_rows: 1 << 16,
                };
                let mut batches = snapshot.scan(request).await?;
                while let Some(batch) = batches.try_next().await? {
                    let ids = batch
                        .column_by_name(ID_COLUMN)
                        .and_then(|ids| ids.as_primitive_opt::<UInt64Type>());
                    let (Some(ids), Some(keys)) = (ids, batch.column_by_name(&key)) else {
                        return Err(Error::internal("a scan of keys without ids"));
                    };
                    let keys = key_texts(&key, keys)?;
                    for (id, text) in ids.values().iter().zip(keys.iter()) {
                        if let Some(text) = text {
                            index.ids.insert(text.into(), *id);
                        }
                    }
                }
            }
        }
        Ok(index)
    }

    /// The id of the node with the key `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<u64> {
        self.ids.get(key).copied()
    }

    /// Adds a node; false where the key is known already.
    pub fn insert(&mut self, key: &str, id: u64) -> bool {
        if self.ids.contains_key(key) {
            return false;
        }
        self.ids.insert(key.into(), id);
        true
    }
}

/// The key property of a table of nodes.
pub(super) fn key_of(schema: &GraphSchema, table: TableId, label: &str) -> Result<String> {
    schema.table(table)?.key.clone().ok_or_else(|| {
        Error::invalid_data(format!(
            "the nodes of `{label}` have no key; load them by one, or with load_nodes(…, key=…)"
        ))
    })
}
