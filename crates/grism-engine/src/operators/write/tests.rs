//! Tests of the writer over a target that notes what is asked of it, and a binder whose clauses are plans.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use arrow::record_batch::RecordBatch;
use grism_core::{
    BatchStream, ChangeSet, EntityId, Error, ErrorKind, GraphSchema, GraphStatistics,
    IncidenceSegment, IndexSearch, OffsetSet, PoolMemoryManager, Result, ScanRange, ScanRequest,
    SearchHit, SegmentKey, Snapshot, SnapshotId, SnapshotInfo, Storage, StorageDescriptor, TableId,
    Type, Value, WriteCounts, WriteTarget,
};
use grism_logical::{
    Created, CreatedEntity, LogicalExpr, LogicalPlan, MergeWrite, PlanSchema, SetItem, Write,
    WriteKind,
};

use super::{
    BoundClause, ClauseBinder, ClausePlace, GraphState, NestedClause, QueryWriter, WriteHost,
    WrittenQuery,
};
use crate::{
    CancellationHandle, ExecutionContextTrait, ExecutionMode, MorselQueue, PhysicalPlan,
    QueryContext, RecordBatchStream, RuntimeConfig, build_operators, run,
};

/// A graph without rows.
#[derive(Debug, Default)]
struct NoRows {
    schema: Arc<GraphSchema>,
    statistics: Arc<GraphStatistics>,
}

#[async_trait::async_trait]
impl Snapshot for NoRows {
    fn id(&self) -> SnapshotId {
        SnapshotId::default()
    }

    fn commit(&self) -> &str {
        "first"
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
struct Notes {
    done: Mutex<Vec<String>>,
    committed: Mutex<Vec<Vec<String>>>,
    conflicts: AtomicUsize,
}

/// The graph that the notes are about.
#[derive(Debug)]
struct Noted(Arc<Notes>);

#[async_trait::async_trait]
impl Storage for Noted {
    fn descriptor(&self) -> StorageDescriptor {
        StorageDescriptor {
            uri: "memory://notes".to_owned(),
            options: BTreeMap::new(),
        }
    }

    async fn snapshot(&self, _: SnapshotId) -> Result<Arc<dyn Snapshot>> {
        self.0.done.lock().unwrap().clear();
        Ok(Arc::new(NoRows::default()))
    }

    async fn commit_steps(
        &self,
        _: Vec<ChangeSet>,
        _: Option<Arc<dyn Snapshot>>,
    ) -> Result<SnapshotId> {
        let left = self.0.conflicts.load(Ordering::Relaxed);
        if left > 0 {
            self.0.conflicts.store(left - 1, Ordering::Relaxed);
            return Err(Error::conflict("another writer was first"));
        }
        let done = std::mem::take(&mut *self.0.done.lock().unwrap());
        self.0.committed.lock().unwrap().push(done);
        Ok(SnapshotId::default())
    }

    async fn stage(&self, base: &Arc<dyn Snapshot>, _: &ChangeSet) -> Result<Arc<dyn Snapshot>> {
        Ok(Arc::clone(base))
    }

    async fn history(&self) -> Result<Vec<SnapshotInfo>> {
        Ok(Vec::new())
    }
}

/// Notes each change, and creates nodes of one table.
#[derive(Debug)]
struct Noting {
    notes: Arc<Notes>,
    schema: GraphSchema,
    base: Arc<dyn Snapshot>,
    created: u64,
}

impl Noting {
    fn note(&self, text: String) -> Result<()> {
        self.notes.done.lock().unwrap().push(text);
        Ok(())
    }
}

#[async_trait::async_trait]
impl WriteTarget for Noting {
    fn schema(&self) -> &GraphSchema {
        &self.schema
    }

    fn snapshot(&self) -> Arc<dyn Snapshot> {
        Arc::new(NoRows::default())
    }

    fn counts(&self) -> WriteCounts {
        let done = self.notes.done.lock().unwrap();
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
        self.note(format!("create {}", labels.join(":")))?;
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
        self.note(format!("set {offset}.{key} = {value}"))
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
        self.note(format!("delete {}", ids.len()))
    }

    async fn detach_delete(&mut self, ids: OffsetSet) -> Result<()> {
        self.note(format!("detach delete {}", ids.len()))
    }

    fn finish(self: Box<Self>) -> Result<ChangeSet> {
        Ok(ChangeSet::new(self.base.as_ref(), self.schema))
    }
}

/// Runs plans as they are, on one thread.
#[derive(Debug)]
struct Host {
    notes: Arc<Notes>,
    storage: Arc<dyn Storage>,
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

impl WriteHost for Host {
    fn storage(&self) -> &Arc<dyn Storage> {
        &self.storage
    }

    fn begin(&self, base: Arc<dyn Snapshot>) -> Box<dyn WriteTarget> {
        Box::new(Noting {
            notes: Arc::clone(&self.notes),
            schema: GraphSchema::default(),
            base,
            created: 0,
        })
    }

    fn plan(&self, plan: &LogicalPlan) -> Result<PhysicalPlan> {
        Ok(PhysicalPlan::new(
            build_operators(plan)?,
            ExecutionMode::Local,
        ))
    }

    fn read(
        &self,
        plan: PhysicalPlan,
        snapshot: Arc<dyn Snapshot>,
        settings: RuntimeConfig,
    ) -> Result<RecordBatchStream> {
        let query = QueryContext::new(
            Arc::clone(&self.storage),
            snapshot,
            Arc::new(PoolMemoryManager::new(1 << 30)),
            None,
            CancellationHandle::default(),
            settings,
        );
        let context: Arc<dyn ExecutionContextTrait> = Arc::new(Context(query));
        run(&plan.root, &context)
    }
}

/// A clause that is bound on top of the columns before it.
type BoundStep = BoundClause<&'static [Step], PlanSchema>;

/// A clause; it is a type of its own, since the queries within it are clauses again.
#[derive(Clone, Copy, Debug)]
struct Step(fn(PlanSchema) -> BoundStep);

struct Steps;

impl ClauseBinder for Steps {
    type Query = &'static [Step];
    type Bound = PlanSchema;

    fn restart(&mut self) {}

    fn begin(&mut self) {}

    fn binds_again(&mut self, _: &Error, _: &GraphState) -> bool {
        false
    }

    fn is_settled(&self) -> bool {
        true
    }

    fn check(&self, _: &Self::Query, _: &GraphState) -> Result<()> {
        Ok(())
    }

    fn branches(&self, _: &Self::Query) -> usize {
        1
    }

    fn is_distinct_union(&self, _: &Self::Query) -> bool {
        false
    }

    fn clauses(&self, query: &Self::Query, _: usize) -> usize {
        query.len()
    }

    fn returns(&self, _: &Self::Query, _: usize) -> bool {
        true
    }

    fn transactions(&self, query: &Self::Query) -> Result<Option<usize>> {
        let mut steps = query.iter();
        Ok(steps.position(|step| {
            matches!((step.0)(PlanSchema::default()), BoundClause::Nested(nested)
                if nested.transaction_rows.is_some())
        }))
    }

    fn bind(
        &mut self,
        place: ClausePlace<'_, Self::Query>,
        bound: &PlanSchema,
        _: &GraphState,
    ) -> Result<BoundClause<Self::Query, PlanSchema>> {
        let step = place.query[place.clause].0;
        Ok(step(bound.clone()))
    }

    fn results(&mut self, rows: &LogicalPlan, _: &GraphState) -> Result<LogicalPlan> {
        Ok(rows.clone())
    }

    fn columns<'b>(&self, bound: &'b PlanSchema) -> &'b PlanSchema {
        bound
    }

    fn variables(&self, bound: &PlanSchema) -> Vec<(String, String)> {
        let names = bound.names().map(str::to_owned);
        names.map(|name| (name.clone(), name)).collect()
    }

    fn with_columns(&self, _: PlanSchema, columns: &PlanSchema) -> PlanSchema {
        columns.clone()
    }

    fn check_returned(&self, _: &PlanSchema, _: &PlanSchema) -> Result<()> {
        Ok(())
    }

    fn with_returned(&self, _: PlanSchema, _: PlanSchema, columns: &PlanSchema) -> PlanSchema {
        columns.clone()
    }
}

fn plan(plan: LogicalPlan) -> BoundStep {
    let bound = plan.schema().unwrap();
    let plan = Box::new(plan);
    BoundClause::Plan { plan, bound }
}

/// `UNWIND [1, 2, 2] AS x`.
fn unwind(columns: PlanSchema) -> BoundStep {
    let items = [1, 2, 2].map(Value::Int64).to_vec();
    plan(LogicalPlan::Unwind {
        input: Arc::new(LogicalPlan::Argument(columns)),
        expression: LogicalExpr::Literal(Value::List(items)),
        variable: "x".to_owned(),
    })
}

fn person(properties: Option<&str>) -> Created {
    Created {
        entities: vec![CreatedEntity {
            column: "p".to_owned(),
            labels: vec!["Person".to_owned()],
            hyperedge_type: None,
            properties: properties.map(str::to_owned),
        }],
        ..Created::default()
    }
}

fn write(input: LogicalPlan, kind: WriteKind) -> BoundStep {
    plan(LogicalPlan::Write(Write {
        input: Arc::new(input),
        kind,
    }))
}

/// `CREATE (p:Person)`.
fn create(columns: PlanSchema) -> BoundStep {
    write(
        LogicalPlan::Argument(columns),
        WriteKind::Create(person(None)),
    )
}

/// `SET p.x = x`.
fn set(columns: PlanSchema) -> BoundStep {
    let item = SetItem::Property {
        entity: ("p".to_owned(), Type::Node([].into())),
        key: "x".to_owned(),
        value: ("x".to_owned(), Type::Int64),
    };
    write(LogicalPlan::Argument(columns), WriteKind::Set(vec![item]))
}

/// `MERGE (p:Person {x: x})`, where nothing is found.
fn merge(columns: PlanSchema) -> BoundStep {
    let mut expressions: Vec<(LogicalExpr, String)> = columns
        .names()
        .map(|name| (LogicalExpr::column(name), name.to_owned()))
        .collect();
    let map = LogicalExpr::Map(vec![("x".to_owned(), LogicalExpr::column("x"))]);
    let map = map.convert(&Type::Map(vec![("x".to_owned(), Type::Int64)]), &Type::Any);
    expressions.push((map, "map".to_owned()));
    let literal = |value, name: &str| (LogicalExpr::Literal(value), name.to_owned());
    expressions.push(literal(Value::Bool(false), "found"));
    expressions.push(literal(Value::Null, "p"));
    let merge = MergeWrite {
        created: person(Some("map")),
        found: "found".to_owned(),
        keys: vec![("map".to_owned(), Type::Any)],
        variables: vec![("p".to_owned(), Type::Null)],
        on_create: None,
        on_match: None,
    };
    let input = LogicalPlan::Project {
        input: Arc::new(LogicalPlan::Argument(columns)),
        expressions,
    };
    write(input, WriteKind::Merge(Box::new(merge)))
}

fn nested(
    columns: PlanSchema,
    steps: &'static [Step],
    transaction_rows: Option<usize>,
) -> BoundStep {
    BoundClause::Nested(Box::new(NestedClause {
        query: steps,
        bound: vec![columns],
        is_foreach: false,
        by_row: true,
        returns: false,
        optional: false,
        transaction_rows,
    }))
}

const CREATE_AND_SET: &[Step] = &[Step(create), Step(set)];

/// `CALL (*) { CREATE (p:Person) SET p.x = x }`.
fn call(columns: PlanSchema) -> BoundStep {
    nested(columns, CREATE_AND_SET, None)
}

/// The same, `IN TRANSACTIONS OF 2 ROWS`.
fn call_in_transactions(columns: PlanSchema) -> BoundStep {
    nested(columns, CREATE_AND_SET, Some(2))
}

struct Run {
    notes: Arc<Notes>,
    cancellation: CancellationHandle,
}

impl Run {
    fn new(conflicts: usize) -> Self {
        let notes = Notes {
            conflicts: AtomicUsize::new(conflicts),
            ..Notes::default()
        };
        Self {
            notes: Arc::new(notes),
            cancellation: CancellationHandle::default(),
        }
    }

    fn host(&self) -> Host {
        Host {
            notes: Arc::clone(&self.notes),
            storage: Arc::new(Noted(Arc::clone(&self.notes))),
        }
    }

    async fn write(&self, steps: &'static [Step]) -> Result<WrittenQuery> {
        let host = self.host();
        let settings = RuntimeConfig::default().with_threads(1);
        let writer = QueryWriter::new(&host, settings, self.cancellation.clone());
        writer.write(&mut Steps, &steps).await
    }

    /// What each commit did.
    fn committed(&self) -> Vec<Vec<String>> {
        self.notes.committed.lock().unwrap().clone()
    }
}

#[tokio::test]
async fn clauses_run_one_after_the_other_and_become_one_commit() {
    let run = Run::new(0);
    let written = run
        .write(&[Step(unwind), Step(create), Step(set)])
        .await
        .unwrap();
    let expected = [
        "create Person",
        "create Person",
        "create Person",
        "set 0.x = 1",
        "set 1.x = 2",
        "set 2.x = 2",
    ];
    assert_eq!(run.committed(), [expected.map(str::to_owned).to_vec()]);
    assert_eq!(written.rows.row_count(), 3);
    assert!(written.schema.names().eq(["x", "p"]));
    let counts = (written.counts.nodes_created, written.counts.properties_set);
    assert_eq!(counts, (3, 3));
}

#[tokio::test]
async fn rows_of_a_merge_that_look_for_the_same_create_once() {
    let run = Run::new(0);
    let written = run.write(&[Step(unwind), Step(merge), Step(set)]).await;
    let written = written.unwrap();
    let expected = [
        "create Person",
        "set 0.x = 1",
        "create Person",
        "set 1.x = 2",
        "set 0.x = 1",
        "set 1.x = 2",
        "set 1.x = 2",
    ];
    assert_eq!(run.committed(), [expected.map(str::to_owned).to_vec()]);
    assert_eq!(written.rows.row_count(), 3);
}

#[tokio::test]
async fn a_nested_query_runs_row_by_row_where_rows_may_see_each_other() {
    let run = Run::new(0);
    run.write(&[Step(unwind), Step(call)]).await.unwrap();
    let [done] = &run.committed()[..] else {
        panic!("one commit");
    };
    let pairs = done.chunks(2);
    assert!(pairs.into_iter().all(|pair| pair[0] == "create Person"));
    assert_eq!(done.len(), 6);
}

#[tokio::test]
async fn batches_in_transactions_are_commits_of_their_own() {
    let run = Run::new(0);
    let written = run.write(&[Step(unwind), Step(call_in_transactions)]);
    let written = written.await.unwrap();
    let sizes: Vec<usize> = run.committed().iter().map(Vec::len).collect();
    assert_eq!(sizes, [4, 2]);
    assert_eq!(written.counts.nodes_created, 3);
}

#[tokio::test]
async fn a_commit_that_another_writer_was_before_is_computed_again() {
    let run = Run::new(1);
    let written = run.write(&[Step(unwind), Step(create)]).await.unwrap();
    assert_eq!(run.committed(), [vec!["create Person".to_owned(); 3]]);
    assert_eq!(
        written.counts.nodes_created, 3,
        "counts of the last attempt"
    );
}

#[tokio::test]
async fn what_was_cancelled_commits_nothing() {
    let run = Run::new(0);
    run.cancellation.cancel();
    let error = run.write(&[Step(unwind), Step(create)]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    assert!(run.committed().is_empty());
}

#[tokio::test]
async fn planning_writes_nothing() {
    let run = Run::new(0);
    let host = run.host();
    let writer = QueryWriter::new(&host, RuntimeConfig::default(), run.cancellation.clone());
    let steps: &'static [Step] = &[Step(unwind), Step(merge), Step(call)];
    let planned = writer
        .plan(&mut Steps, &steps, SnapshotId::default())
        .await
        .unwrap();
    let names: Vec<&str> = planned.iter().map(|clause| clause.name.as_str()).collect();
    assert_eq!(names, ["Read", "Merge", "Create", "Set"]);
    assert!(!planned[0].plans.is_empty());
    assert!(run.notes.done.lock().unwrap().is_empty());
}

#[test]
fn a_write_is_refused_where_plans_only_read() {
    let BoundClause::Plan { plan, .. } = create(PlanSchema::default()) else {
        panic!("a plan");
    };
    let error = build_operators(&plan).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("Create"), "{error}");
}
