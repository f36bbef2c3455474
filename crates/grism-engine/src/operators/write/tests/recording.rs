//! A graph without rows, a target that records its changes, and a host that runs plans on one thread.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use grism_core::{
    BatchStream, ChangeSet, EntityId, Error, GraphSchema, GraphStatistics, IncidenceSegment,
    IndexSearch, MemoryManager, OffsetSet, PoolMemoryManager, Result, ScanRange, ScanRequest,
    SearchHit, SegmentKey, Snapshot, SnapshotId, SnapshotInfo, SnapshotSelector, Storage,
    StorageDescriptor, TableId, Value, WriteCounts, WriteTarget,
};
use grism_logical::LogicalPlan;
use grism_logical::optimizer::Rewrites;

use crate::operators::write::{ReadPlace, WriteHost};
use crate::{
    CancellationHandle, ExecutionContextTrait, ExecutionResult, MorselQueue, QueryContext,
    RunHandle, RuntimeConfig, build_operators, run,
};

/// A graph without rows.
#[derive(Debug)]
struct EmptySnapshot {
    schema: Arc<GraphSchema>,
    statistics: Arc<GraphStatistics>,
    memory: Arc<dyn MemoryManager>,
}

impl EmptySnapshot {
    fn new(memory: &Arc<dyn MemoryManager>) -> Arc<Self> {
        Arc::new(Self {
            schema: Arc::default(),
            statistics: Arc::default(),
            memory: Arc::clone(memory),
        })
    }
}

#[async_trait::async_trait]
impl Snapshot for EmptySnapshot {
    fn id(&self) -> SnapshotId {
        SnapshotId(1)
    }

    fn commit(&self) -> &str {
        "first"
    }

    fn memory(&self) -> &Arc<dyn MemoryManager> {
        &self.memory
    }

    fn with_memory(&self, memory: Arc<dyn MemoryManager>) -> Arc<dyn Snapshot> {
        Self::new(&memory)
    }

    fn schema(&self) -> &Arc<GraphSchema> {
        &self.schema
    }

    fn statistics(&self) -> &Arc<GraphStatistics> {
        &self.statistics
    }

    fn segment_shift(&self) -> u8 {
        17
    }

    fn scan_ranges(&self, _: TableId) -> Vec<ScanRange> {
        Vec::new()
    }

    async fn scan(&self, _: ScanRequest) -> Result<BatchStream> {
        Err(Error::not_found("no rows"))
    }

    async fn take(&self, _: TableId, _: &[u64], _: &[String]) -> Result<RecordBatch> {
        Err(Error::not_found("no rows"))
    }

    async fn alive(&self, _: TableId, offsets: &[u64]) -> Result<Vec<bool>> {
        Ok(vec![false; offsets.len()])
    }

    async fn search(&self, _: TableId, _: &IndexSearch) -> Result<Vec<SearchHit>> {
        Ok(Vec::new())
    }

    async fn incidences(
        &self,
        _: TableId,
        _: &str,
        _: SegmentKey,
    ) -> Result<Arc<IncidenceSegment>> {
        Err(Error::not_found("no rows"))
    }
}

/// What was done since the last snapshot was opened, and how many commits are refused before one is taken.
#[derive(Debug, Default)]
pub(super) struct Records {
    pub(super) done: Mutex<Vec<String>>,
    pub(super) committed: Mutex<Vec<Vec<String>>>,
    pub(super) conflicts: AtomicUsize,
}

/// A graph whose commits are recorded.
#[derive(Debug)]
pub(super) struct RecordingStorage {
    records: Arc<Records>,
    memory: Arc<dyn MemoryManager>,
}

impl RecordingStorage {
    pub(super) fn new(records: &Arc<Records>) -> Self {
        Self {
            records: Arc::clone(records),
            memory: Arc::new(PoolMemoryManager::new(1 << 30)),
        }
    }
}

#[async_trait::async_trait]
impl Storage for RecordingStorage {
    fn descriptor(&self) -> StorageDescriptor {
        StorageDescriptor {
            uri: "memory://records".to_owned(),
            options: BTreeMap::new(),
        }
    }

    fn memory(&self) -> &Arc<dyn MemoryManager> {
        &self.memory
    }

    fn with_memory(&self, memory: Arc<dyn MemoryManager>) -> Arc<dyn Storage> {
        Arc::new(Self {
            records: Arc::clone(&self.records),
            memory,
        })
    }

    async fn snapshot(&self, _: SnapshotSelector) -> Result<Arc<dyn Snapshot>> {
        self.records.done.lock().unwrap().clear();
        Ok(EmptySnapshot::new(&self.memory))
    }

    async fn commit_steps(
        &self,
        _: Vec<ChangeSet>,
        _: Option<Arc<dyn Snapshot>>,
    ) -> Result<SnapshotId> {
        let left = self.records.conflicts.load(Ordering::Relaxed);
        if left > 0 {
            self.records.conflicts.store(left - 1, Ordering::Relaxed);
            return Err(Error::conflict("another writer was first"));
        }
        let done = std::mem::take(&mut *self.records.done.lock().unwrap());
        self.records.committed.lock().unwrap().push(done);
        Ok(SnapshotId(1))
    }

    async fn stage(&self, base: &Arc<dyn Snapshot>, _: &ChangeSet) -> Result<Arc<dyn Snapshot>> {
        Ok(Arc::clone(base))
    }

    async fn history(&self) -> Result<Vec<SnapshotInfo>> {
        Ok(Vec::new())
    }
}

/// Records each change, and creates nodes of one table.
#[derive(Debug)]
struct RecordingTarget {
    records: Arc<Records>,
    schema: GraphSchema,
    base: Arc<dyn Snapshot>,
    created: u64,
}

impl RecordingTarget {
    fn record(&self, text: String) -> Result<()> {
        self.records.done.lock().unwrap().push(text);
        Ok(())
    }
}

#[async_trait::async_trait]
impl WriteTarget for RecordingTarget {
    fn schema(&self) -> &GraphSchema {
        &self.schema
    }

    fn snapshot(&self) -> Arc<dyn Snapshot> {
        EmptySnapshot::new(self.base.memory())
    }

    fn counts(&self) -> WriteCounts {
        let done = self.records.done.lock().unwrap();
        WriteCounts {
            nodes_created: self.created,
            properties_set: done.len() as u64 - self.created,
            ..WriteCounts::default()
        }
    }

    fn deletes(&self) -> bool {
        false
    }

    fn create_node(&mut self, labels: &[String]) -> Result<u64> {
        self.record(format!("create {}", labels.join(":")))?;
        let table = self.schema.ensure_node_table(labels)?;
        self.created += 1;
        Ok(EntityId::new(table, self.created - 1).raw())
    }

    fn create_hyperedge(&mut self, _: &str) -> Result<u64> {
        Err(Error::unsupported("hyperedges"))
    }

    fn create_edge(&mut self, _: &str, _: u64, _: u64) -> Result<u64> {
        Err(Error::unsupported("edges"))
    }

    fn set_property(&mut self, id: u64, key: &str, value: Value) -> Result<()> {
        let offset = EntityId::from_raw(id).offset();
        self.record(format!("set {offset}.{key} = {value}"))
    }

    fn merge_properties(&mut self, _: u64, _: &BTreeMap<String, Value>) -> Result<()> {
        Err(Error::unsupported("maps"))
    }

    fn replace_properties(&mut self, _: u64, _: &BTreeMap<String, Value>) -> Result<()> {
        Err(Error::unsupported("maps"))
    }

    async fn add_labels(&mut self, _: u64, _: &[String]) -> Result<()> {
        Err(Error::unsupported("labels"))
    }

    async fn remove_labels(&mut self, _: u64, _: &[String]) -> Result<()> {
        Err(Error::unsupported("labels"))
    }

    async fn bind(&mut self, _: u64, _: &str, _: u64) -> Result<()> {
        Err(Error::unsupported("roles"))
    }

    async fn unbind(&mut self, _: u64, _: &str, _: usize) -> Result<()> {
        Err(Error::unsupported("roles"))
    }

    async fn delete(&mut self, ids: OffsetSet) -> Result<()> {
        self.record(format!("delete {}", ids.len()))
    }

    async fn detach_delete(&mut self, ids: OffsetSet) -> Result<()> {
        self.record(format!("detach delete {}", ids.len()))
    }

    fn finish(self: Box<Self>) -> Result<ChangeSet> {
        Ok(ChangeSet::new(self.base.as_ref(), self.schema))
    }
}

/// Runs plans as they are, on one thread.
#[derive(Debug)]
pub(super) struct RecordingHost {
    pub(super) records: Arc<Records>,
    pub(super) storage: Arc<dyn Storage>,
    pub(super) rewrites: Rewrites,
}

#[derive(Debug)]
struct Context(QueryContext);

impl ExecutionContextTrait for Context {
    fn query(&self) -> &QueryContext {
        &self.0
    }

    fn morsels(&self, _: u32, count: usize) -> Arc<MorselQueue> {
        Arc::new(MorselQueue::new((0..count).collect()))
    }
}

#[async_trait]
impl WriteHost for RecordingHost {
    fn rewrites(&self) -> &Rewrites {
        &self.rewrites
    }

    fn storage(&self) -> &Arc<dyn Storage> {
        &self.storage
    }

    fn begin(&self, base: Arc<dyn Snapshot>) -> Box<dyn WriteTarget> {
        Box::new(RecordingTarget {
            records: Arc::clone(&self.records),
            schema: GraphSchema::default(),
            base,
            created: 0,
        })
    }

    async fn read(
        &self,
        plan: &LogicalPlan,
        _place: ReadPlace,
        snapshot: Arc<dyn Snapshot>,
        settings: RuntimeConfig,
        cancellation: &CancellationHandle,
    ) -> Result<ExecutionResult> {
        let root = build_operators(plan)?;
        let query = QueryContext::new(
            Arc::clone(&self.storage),
            snapshot,
            None,
            cancellation.clone(),
            settings,
        );
        let context: Arc<dyn ExecutionContextTrait> = Arc::new(Context(query));
        let handle = RunHandle::new(cancellation.child(None), 1);
        let schema = root.schema().clone();
        Ok(ExecutionResult::new(schema, run(&root, &context)?, handle))
    }
}
