//! The keys of the nodes that loads bind, each label read once, and the nodes that these loads create.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use grism_core::{ChangeSet, Result, Snapshot, TableId, Tables, Type};
use tokio::sync::OnceCell;

use super::created::Created;
use super::keys::KeyIndex;
use super::plan::LabelPlan;

/// What the loads of one commit know of the nodes that they bind.
#[derive(Default)]
pub(super) struct SharedKeys {
    labels: Mutex<HashMap<String, Arc<OnceCell<Arc<KeyIndex>>>>>,
    created: Mutex<HashMap<String, CreatedNodes>>,
}

/// The nodes of one label that loads create.
struct CreatedNodes {
    nodes: Created,
    /// Where they go, and the property that is their key.
    table: TableId,
    key: String,
}

impl SharedKeys {
    /// The keys of the nodes with `label`, which are those of `tables`, read unless they are known. Up to `limit` bytes of them
    /// are held in memory.
    ///
    /// # Errors
    /// As [`KeyIndex::read`].
    pub(super) async fn of(
        &self,
        snapshot: &dyn Snapshot,
        tables: &Tables,
        label: &str,
        limit: usize,
    ) -> Result<Arc<KeyIndex>> {
        let cell = {
            let mut labels = self.labels.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(labels.entry(label.to_owned()).or_default())
        };
        let read = || async {
            let index = KeyIndex::read(snapshot, tables, label, limit).await?;
            Ok(Arc::new(index.frozen()))
        };
        cell.get_or_try_init(read).await.cloned()
    }

    /// Takes the nodes of `label` that were created so far, to create more of them.
    pub(super) fn take_created(&self, label: &str) -> Option<Created> {
        let mut created = self.created.lock().unwrap_or_else(PoisonError::into_inner);
        created.remove(label).map(|own| own.nodes)
    }

    /// Puts the nodes of a label back.
    pub(super) fn put_created(&self, label: &LabelPlan, nodes: Created) {
        let own = CreatedNodes {
            nodes,
            table: label.table,
            key: label.key.clone(),
        };
        let mut created = self.created.lock().unwrap_or_else(PoisonError::into_inner);
        created.insert(label.label.clone(), own);
    }

    /// Adds the nodes that were created, which have nothing but their key, to the changes.
    ///
    /// # Errors
    /// Those of temporary files.
    pub(super) fn append_created(&self, changes: &mut ChangeSet) -> Result<()> {
        let mut created = self.created.lock().unwrap_or_else(PoisonError::into_inner);
        for (_, CreatedNodes { nodes, table, key }) in created.drain() {
            if nodes.count() == 0 {
                continue;
            }
            // Another writer may take their keys.
            changes.may_rebase = false;
            let ty = Type::from_arrow(nodes.key_type())?;
            changes.schema.ensure_property(table, &key, &ty)?;
            let pieces = changes.appends.entry(table).or_default();
            pieces.extend(nodes.finish()?);
        }
        Ok(())
    }
}
