//! `GraphTransaction`: loads, statements and single changes as one commit.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;

use grism_core::{
    Error, HyperedgeType, Result, SnapshotId, SnapshotSelector, Storage, Value, WriteCounts,
};
use grism_storage::Transaction;

use crate::Graph;
use crate::views::TransactionStorage;

/// Changes that become one snapshot, or none.
///
/// It is a [`Graph`] whose statements, loads and declarations see what came before them in the transaction and are seen
/// by nobody else until [`Self::commit`]. Dropped without it, nothing has happened. Graphs that were taken from it refuse
/// everything once it has ended.
///
/// ```text
/// let mut transaction = graph.transaction().await?;
/// transaction.load(&nodes, "people.csv", &options).await?;
/// transaction.load(&edges, "knows.csv", &options).await?;
/// let ann = transaction.create_node(&["Person".into()], &properties).await?;
/// transaction.commit().await?;
/// ```
#[derive(Debug)]
pub struct GraphTransaction {
    graph: Graph,
    outer: Arc<dyn Storage>,
    storage: Arc<TransactionStorage>,
    /// Single changes that are not a step yet.
    rows: Option<Transaction>,
    counts: WriteCounts,
}

impl Graph {
    /// Begins a transaction on the newest snapshot.
    ///
    /// # Errors
    /// Those of the storage.
    pub async fn transaction(&self) -> Result<GraphTransaction> {
        let outer = Arc::clone(self.storage());
        let base = outer.snapshot(SnapshotSelector::Newest).await?;
        let storage = Arc::new(TransactionStorage::new(Arc::clone(&outer), base));
        Ok(GraphTransaction {
            graph: self.with_storage(Arc::clone(&storage) as Arc<dyn Storage>),
            outer,
            storage,
            rows: None,
            counts: WriteCounts::default(),
        })
    }
}

impl Deref for GraphTransaction {
    type Target = Graph;

    fn deref(&self) -> &Graph {
        &self.graph
    }
}

impl GraphTransaction {
    /// The graph within the transaction, with every change so far.
    ///
    /// # Errors
    /// As [`Self::flush`].
    pub async fn graph(&mut self) -> Result<&Graph> {
        self.flush().await?;
        Ok(&self.graph)
    }

    /// What single changes did so far.
    #[must_use]
    pub fn counts(&self) -> WriteCounts {
        let open = self.rows.as_ref().map(Transaction::counts);
        open.map_or(self.counts, |open| self.counts.plus(&open))
    }

    async fn rows(&mut self) -> Result<&mut Transaction> {
        if self.rows.is_none() {
            let snapshot = self.storage.snapshot(SnapshotSelector::Newest).await?;
            self.rows = Some(Transaction::new(snapshot));
        }
        self.rows
            .as_mut()
            .ok_or_else(|| Error::internal("a transaction without rows"))
    }

    /// Makes the single changes so far a step, so that queries and loads see them.
    ///
    /// # Errors
    /// `InvalidData` where a required role is unbound, or a constraint does not allow them.
    pub async fn flush(&mut self) -> Result<()> {
        if let Some(rows) = &self.rows {
            // What is wrong can still be mended.
            rows.check()?;
        }
        let Some(rows) = self.rows.take() else {
            return Ok(());
        };
        self.counts = self.counts.plus(&rows.counts());
        if rows.counts().is_empty() {
            return Ok(());
        }
        let mut changes = rows.finish()?.with_operation("transaction");
        changes.may_rebase = true;
        self.storage.commit(changes).await?;
        Ok(())
    }

    /// Creates a node with `labels` and properties; its raw id, which holds within the transaction.
    ///
    /// # Errors
    /// `InvalidData` where a label names a declared hyperedge type, or for a value that no property holds.
    pub async fn create_node(
        &mut self,
        labels: &[String],
        properties: &BTreeMap<String, Value>,
    ) -> Result<u64> {
        let rows = self.rows().await?;
        let id = rows.create_node(labels)?;
        let set = rows.set_properties(id, properties, true);
        self.kept(id, set).await
    }

    /// The entity that was created, or nothing of it where that went wrong halfway.
    async fn kept(&mut self, id: u64, done: Result<()>) -> Result<u64> {
        if done.is_err() {
            self.rows().await?.delete(&[id], true).await?;
        }
        done.map(|()| id)
    }

    /// Creates a hyperedge of a declared type, or a binary edge with the roles `source` and `target`; its raw id.
    ///
    /// # Errors
    /// `NotFound` for an unknown type; `InvalidData` for an unknown role, or a member of another label.
    pub async fn create_hyperedge(
        &mut self,
        type_name: &str,
        members: &BTreeMap<String, Vec<u64>>,
        properties: &BTreeMap<String, Value>,
    ) -> Result<u64> {
        let edge = HyperedgeType::binary_edge(type_name);
        for member in members.values().flatten() {
            self.alive(*member).await?;
        }
        let rows = self.rows().await?;
        let known = rows.schema().hyperedge_table(type_name).is_some();
        let ends = |role: &str| match members.get(role).map(Vec::as_slice) {
            Some([only]) if members.len() == 2 => Some(*only),
            _ => None,
        };
        let [source, target] = &edge.roles[..] else {
            return Err(Error::internal("a binary edge has two roles"));
        };
        let id = match (ends(&source.name), ends(&target.name)) {
            (Some(source), Some(target)) if !known => {
                rows.create_edge(type_name, source, target)?
            }
            _ => {
                let id = rows.create_hyperedge(type_name)?;
                let bound = bind_all(rows, id, members).await;
                self.kept(id, bound).await?
            }
        };
        let set = self.rows().await?.set_properties(id, properties, true);
        self.kept(id, set).await
    }

    /// Sets properties of a node or hyperedge; null removes one. The others stay where `merge` is set, and go otherwise.
    ///
    /// # Errors
    /// `NotFound` for an id that no entity has; `InvalidData` for a value that no property holds.
    pub async fn set_properties(
        &mut self,
        id: u64,
        properties: &BTreeMap<String, Value>,
        merge: bool,
    ) -> Result<()> {
        let rows = self.alive(id).await?;
        rows.set_properties(id, properties, merge)
    }

    /// Adds labels to a node, and takes others away.
    ///
    /// # Errors
    /// `NotFound` for an id that no entity has; `InvalidData` for a hyperedge.
    pub async fn change_labels(
        &mut self,
        id: u64,
        added: &[String],
        removed: &[String],
    ) -> Result<()> {
        let rows = self.alive(id).await?;
        rows.set_labels(id, added, false).await?;
        rows.set_labels(id, removed, true).await
    }

    /// Binds one more member to a role.
    ///
    /// # Errors
    /// `NotFound` for an id that no entity has; `InvalidData` for an unknown role, one that is bound, or a member of
    /// another label.
    pub async fn bind(&mut self, hyperedge: u64, role: &str, member: u64) -> Result<()> {
        self.alive(member).await?;
        let rows = self.alive(hyperedge).await?;
        rows.bind(hyperedge, role, member).await
    }

    /// Takes a member from a role; the first place it has in a role that is bound many times.
    ///
    /// # Errors
    /// `NotFound` where the role does not bind it.
    pub async fn unbind(&mut self, hyperedge: u64, role: &str, member: u64) -> Result<()> {
        let rows = self.alive(hyperedge).await?;
        rows.unbind_member(hyperedge, role, member).await
    }

    /// Deletes a node or hyperedge. With `detach`, binary edges of it and hyperedges that need it go too, and other
    /// hyperedges lose it as a member.
    ///
    /// # Errors
    /// `NotFound` for an id that no entity has; `InvalidData` where hyperedges bind it and `detach` is not set.
    pub async fn delete(&mut self, id: u64, detach: bool) -> Result<()> {
        let rows = self.alive(id).await?;
        rows.delete(&[id], detach).await
    }

    /// The single changes, once `id` is known to be an entity.
    async fn alive(&mut self, id: u64) -> Result<&mut Transaction> {
        let rows = self.rows().await?;
        if rows.is_deleted(id) || !rows.exists(id).await? {
            return Err(Error::not_found(format!("no entity has the id {id}")));
        }
        Ok(rows)
    }

    /// Commits everything as one snapshot.
    ///
    /// # Errors
    /// `Conflict` where another writer was first and the changes may depend on what it did; `InvalidData` where a constraint does
    /// not allow them beside what it did. Then nothing was changed.
    pub async fn commit(mut self) -> Result<SnapshotId> {
        self.flush().await?;
        let (steps, staged) = self.storage.end()?;
        if steps.is_empty() {
            return Ok(staged.id());
        }
        self.outer.commit_steps(steps, Some(staged)).await
    }

    /// Ends the transaction and forgets what it did, as dropping it does.
    ///
    /// # Errors
    /// `InvalidQuery` where it has ended already.
    pub fn rollback(self) -> Result<()> {
        self.storage.end().map(|_| ())
    }
}

impl Drop for GraphTransaction {
    fn drop(&mut self) {
        // After a commit it has ended already.
        let _ = self.storage.end();
    }
}

async fn bind_all(
    rows: &mut Transaction,
    hyperedge: u64,
    members: &BTreeMap<String, Vec<u64>>,
) -> Result<()> {
    for (role, members) in members {
        for member in members {
            rows.bind(hyperedge, role, *member).await?;
        }
    }
    Ok(())
}
