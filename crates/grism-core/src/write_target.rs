//! `WriteTarget`: what a query that writes changes, and reads again as it goes on.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;

use crate::{ChangeSet, GraphSchema, OffsetSet, Result, Snapshot, Value, WriteCounts};

/// Changes on top of a snapshot, which are read like any snapshot until they become one commit.
///
/// Entities are named by their raw ids; those that were created here are valid here alone.
#[async_trait]
pub trait WriteTarget: Debug + Send + Sync {
    /// The schema with the changes.
    fn schema(&self) -> &GraphSchema;

    /// The graph with the changes so far. It keeps what it shows: what is changed while it is there is copied first.
    fn snapshot(&self) -> Arc<dyn Snapshot>;

    /// What was done so far.
    fn counts(&self) -> WriteCounts;

    /// Whether anything was deleted here.
    fn deletes(&self) -> bool;

    /// Creates a node with `labels`.
    ///
    /// # Errors
    /// `InvalidData` where a label names a declared hyperedge type.
    fn create_node(&mut self, labels: &[String]) -> Result<u64>;

    /// Creates a hyperedge of a declared type, without members yet.
    ///
    /// # Errors
    /// `NotFound` for an unknown type.
    fn create_hyperedge(&mut self, type_name: &str) -> Result<u64>;

    /// Creates a binary edge, and its type where it does not exist.
    ///
    /// # Errors
    /// `InvalidData` where the type is no binary edge; `NotFound` for an end that was deleted here.
    fn create_edge(&mut self, type_name: &str, source: u64, target: u64) -> Result<u64>;

    /// Sets a property; null removes it.
    ///
    /// # Errors
    /// `InvalidData` for a value that no property holds, or a key that is a role of a declared type; `NotFound` for an entity that
    /// was deleted here.
    fn set_property(&mut self, id: u64, key: &str, value: Value) -> Result<()>;

    /// Sets every property that `properties` names; the others stay.
    ///
    /// # Errors
    /// As [`Self::set_property`].
    fn merge_properties(&mut self, id: u64, properties: &BTreeMap<String, Value>) -> Result<()>;

    /// Sets every property that `properties` names, and removes the others.
    ///
    /// # Errors
    /// As [`Self::set_property`].
    fn replace_properties(&mut self, id: u64, properties: &BTreeMap<String, Value>) -> Result<()>;

    /// Adds labels to a node.
    ///
    /// # Errors
    /// `InvalidData` for a hyperedge, and for a label that names a declared type; `NotFound` for a node that was deleted here.
    async fn add_labels(&mut self, id: u64, labels: &[String]) -> Result<()>;

    /// Takes labels from a node.
    ///
    /// # Errors
    /// As [`Self::add_labels`].
    async fn remove_labels(&mut self, id: u64, labels: &[String]) -> Result<()>;

    /// Binds `member` to a role of a hyperedge.
    ///
    /// # Errors
    /// `InvalidData` for an unknown role, a member of another kind, and a second member of a role that takes one; `NotFound` for
    /// what was deleted here.
    async fn bind(&mut self, hyperedge: u64, role: &str, member: u64) -> Result<()>;

    /// Takes the member at `position` from a role of a hyperedge.
    ///
    /// # Errors
    /// `InvalidData` where the role binds nothing there.
    async fn unbind(&mut self, hyperedge: u64, role: &str, position: usize) -> Result<()>;

    /// Deletes entities.
    ///
    /// # Errors
    /// `InvalidData` where a hyperedge that stays binds one of them.
    async fn delete(&mut self, ids: OffsetSet) -> Result<()>;

    /// Deletes entities, with the binary edges of them and the hyperedges that need them; other hyperedges lose them as members.
    ///
    /// # Errors
    /// Those of the storage.
    async fn detach_delete(&mut self, ids: OffsetSet) -> Result<()>;

    /// Checks what holds only for the whole of the changes, and makes one commit of them.
    ///
    /// # Errors
    /// `InvalidData` where a required role has no member.
    fn finish(self: Box<Self>) -> Result<ChangeSet>;
}
