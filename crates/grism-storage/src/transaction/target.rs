//! A transaction as what a query writes to.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use grism_core::{
    ChangeSet, GraphSchema, OffsetSet, Result, Snapshot, Value, WriteCounts, WriteTarget,
};

use super::Transaction;

#[async_trait]
impl WriteTarget for Transaction {
    fn schema(&self) -> &GraphSchema {
        self.schema()
    }

    fn snapshot(&self) -> Arc<dyn Snapshot> {
        Arc::new(self.snapshot())
    }

    fn counts(&self) -> WriteCounts {
        self.counts()
    }

    fn deletes(&self) -> bool {
        self.deletes()
    }

    fn create_node(&mut self, labels: &[String]) -> Result<u64> {
        self.create_node(labels)
    }

    fn create_hyperedge(&mut self, type_name: &str) -> Result<u64> {
        self.create_hyperedge(type_name)
    }

    fn create_edge(&mut self, type_name: &str, source: u64, target: u64) -> Result<u64> {
        self.create_edge(type_name, source, target)
    }

    fn set_property(&mut self, id: u64, key: &str, value: Value) -> Result<()> {
        self.set_property(id, key, value)
    }

    fn merge_properties(&mut self, id: u64, properties: &BTreeMap<String, Value>) -> Result<()> {
        self.set_properties(id, properties, true)
    }

    fn replace_properties(&mut self, id: u64, properties: &BTreeMap<String, Value>) -> Result<()> {
        self.set_properties(id, properties, false)
    }

    async fn add_labels(&mut self, id: u64, labels: &[String]) -> Result<()> {
        self.set_labels(id, labels, false).await
    }

    async fn remove_labels(&mut self, id: u64, labels: &[String]) -> Result<()> {
        self.set_labels(id, labels, true).await
    }

    async fn bind(&mut self, hyperedge: u64, role: &str, member: u64) -> Result<()> {
        self.bind(hyperedge, role, member).await
    }

    async fn unbind(&mut self, hyperedge: u64, role: &str, position: usize) -> Result<()> {
        self.unbind(hyperedge, role, position).await
    }

    async fn delete(&mut self, ids: OffsetSet) -> Result<()> {
        self.delete_all(ids, false).await
    }

    async fn detach_delete(&mut self, ids: OffsetSet) -> Result<()> {
        self.delete_all(ids, true).await
    }

    fn finish(self: Box<Self>) -> Result<ChangeSet> {
        (*self).finish()
    }
}
