//! The keys of the nodes that loads bind, each label read once, and the nodes that these loads create.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use grism_core::{ChangeSet, EntityKind, Result, Snapshot, TableId, Tables, Type};
use tokio::sync::OnceCell;

use super::created::Created;
use super::keys::KeyIndex;
use super::label_plan::LabelPlan;

/// What the loads of one commit know of the entities that they bind.
#[derive(Default)]
pub(super) struct SharedKeys {
    /// How many sets of keys the loads hold together; 0 where one load alone shares them.
    indexes: usize,
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
    /// Those of loads that hold so many sets of keys together.
    pub(super) fn of_many(indexes: usize) -> Self {
        Self {
            indexes,
            ..Self::default()
        }
    }

    /// How many sets of keys have one share of memory.
    pub(super) fn indexes(&self) -> usize {
        self.indexes
    }

    /// The keys of the entities of a label or type, which are those of `tables`, read unless they are known. Up to `limit` bytes
    /// of them are held in memory.
    ///
    /// # Errors
    /// As [`KeyIndex::read`].
    pub(super) async fn of(
        &self,
        snapshot: &dyn Snapshot,
        tables: &Tables,
        label: &str,
        key: &str,
        limit: usize,
    ) -> Result<Arc<KeyIndex>> {
        let cell = {
            let mut labels = self.labels.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(labels.entry(label.to_owned()).or_default())
        };
        let read = || async {
            let index = KeyIndex::read(snapshot, tables, label, key, limit).await?;
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
            note_verified(changes, table)?;
            let pieces = changes.appends.entry(table).or_default();
            pieces.extend(nodes.finish()?);
        }
        Ok(())
    }
}

/// Notes that the keys of what loads add to a table were compared with each other and with all that there are.
///
/// # Errors
/// `Internal` for a table that the changes do not know.
pub(super) fn note_verified(changes: &mut ChangeSet, table: TableId) -> Result<()> {
    let schema = &changes.schema;
    let table = schema.table(table)?;
    let key = match table.hyperedge_type() {
        Some(ty) => schema.key_constraint(EntityKind::Hyperedge, &ty.name),
        None => {
            let mut labels = table.labels().iter();
            labels.find_map(|label| schema.key_constraint(EntityKind::Node, label))
        }
    };
    let key = key.map(|own| own.name.clone());
    changes.verified.extend(key);
    Ok(())
}
