//! A small graph that tests of operators are run over, and what they output as text.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use arrow::array::{Array, ArrayRef, ListBuilder, UInt32Array, UInt64Array, UInt64Builder};
use arrow::compute::take;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt};
use grism_core::{
    BatchStream, CancellationHandle, Cardinality, ChangeSet, EntityId, Error, GraphSchema,
    GraphStatistics, HyperedgeType, ID_COLUMN, Incidence, IncidenceSegment, IndexSearch,
    MemoryManager, PoolMemoryManager, Result, Role, SOURCE_ROLE, ScanPiece, ScanRange, ScanRequest,
    SearchHit, SegmentKey, Snapshot, SnapshotId, SnapshotInfo, SnapshotSelector, Storage,
    StorageDescriptor, TARGET_ROLE, TableId, TableStatistics, Tables, Type, Value,
};
use grism_logical::{Column, LogicalPlan, PlanSchema, Rows};

use crate::{
    ExecutionContextTrait, MorselQueue, PhysicalOperator, QueryContext, RuntimeConfig,
    build_operators, run,
};

/// Segments of 4 offsets, so that a small graph has several.
const SHIFT: u8 = 2;
/// Rows of a piece of a scan.
const PIECE: usize = 3;

/// A graph in memory, whose rows are at offsets 0, 1, 2 and so on.
#[derive(Clone, Debug)]
pub(crate) struct TestGraph {
    schema: Arc<GraphSchema>,
    statistics: Arc<GraphStatistics>,
    /// The columns of each table, by their stored names.
    tables: BTreeMap<TableId, BTreeMap<String, ArrayRef>>,
    rows: BTreeMap<TableId, usize>,
    /// By hyperedge table and role, in the order of members, hyperedges and positions.
    incidences: BTreeMap<(TableId, String), Vec<Incidence>>,
    memory: Arc<dyn MemoryManager>,
}

impl TestGraph {
    pub(crate) fn new() -> Self {
        Self {
            schema: Arc::default(),
            statistics: Arc::default(),
            tables: BTreeMap::new(),
            rows: BTreeMap::new(),
            incidences: BTreeMap::new(),
            memory: Arc::new(PoolMemoryManager::new(1 << 30)),
        }
    }

    /// Adds a table of nodes with one property, a node for each value.
    pub(crate) fn nodes(&mut self, label: &str, property: &str, values: &[Value]) -> TableId {
        let labels = [label.to_owned()];
        let schema = Arc::make_mut(&mut self.schema);
        let table = schema.ensure_node_table(&labels).unwrap();
        let ty = type_of(values);
        schema.ensure_property(table, property, &ty).unwrap();
        let column = Value::column(values, &ty.to_arrow()).unwrap();
        self.put(table, values.len(), [(property.to_owned(), column)].into());
        table
    }

    /// Adds a table of binary edges between nodes, by their raw ids.
    pub(crate) fn edges(&mut self, name: &str, edges: &[(u64, u64)]) -> TableId {
        let schema = Arc::make_mut(&mut self.schema);
        let table = schema.ensure_edge_table(name).unwrap();
        let sources: ArrayRef = Arc::new(UInt64Array::from_iter_values(
            edges.iter().map(|(source, _)| *source),
        ));
        let targets: ArrayRef = Arc::new(UInt64Array::from_iter_values(
            edges.iter().map(|(_, target)| *target),
        ));
        let columns = [
            (SOURCE_ROLE.to_owned(), sources),
            (TARGET_ROLE.to_owned(), targets),
        ];
        self.put(table, edges.len(), columns.into());
        let found = |from: fn(&(u64, u64)) -> (u64, u64)| {
            let numbered = edges.iter().enumerate();
            numbered.map(move |(offset, edge)| {
                let (member, opposite) = from(edge);
                let hyperedge = EntityId::new(table, offset as u64).raw();
                (member, hyperedge, 0, opposite)
            })
        };
        self.put_incidences(table, SOURCE_ROLE, found(|edge| *edge));
        self.put_incidences(
            table,
            TARGET_ROLE,
            found(|(source, target)| (*target, *source)),
        );
        table
    }

    /// Adds a table of hyperedges, each with the members of its roles in the order of `roles`.
    pub(crate) fn hyperedges(
        &mut self,
        name: &str,
        roles: &[(&str, Cardinality)],
        hyperedges: &[Vec<Vec<u64>>],
    ) -> TableId {
        let declared = roles
            .iter()
            .map(|(role, cardinality)| Role::new(*role, None, *cardinality));
        let hyperedge_type = HyperedgeType {
            name: name.to_owned(),
            roles: declared.collect(),
            declared: true,
        };
        let table = Arc::make_mut(&mut self.schema)
            .declare(hyperedge_type)
            .unwrap();
        let mut columns = BTreeMap::new();
        for (number, (role, cardinality)) in roles.iter().enumerate() {
            let members = || hyperedges.iter().map(|hyperedge| &hyperedge[number]);
            let column: ArrayRef = match cardinality {
                Cardinality::Many => {
                    let mut lists = ListBuilder::new(UInt64Builder::new());
                    for members in members() {
                        lists.append_value(members.iter().copied().map(Some));
                    }
                    Arc::new(lists.finish())
                }
                _ => Arc::new(
                    members()
                        .map(|members| members.first().copied())
                        .collect::<UInt64Array>(),
                ),
            };
            columns.insert((*role).to_owned(), column);
            let found = members().enumerate().flat_map(|(offset, members)| {
                let hyperedge = EntityId::new(table, offset as u64).raw();
                let numbered = members.iter().enumerate();
                numbered.map(move |(position, member)| (*member, hyperedge, position as u32, 0))
            });
            self.put_incidences(table, role, found);
        }
        self.put(table, hyperedges.len(), columns);
        table
    }

    fn put(&mut self, table: TableId, rows: usize, columns: BTreeMap<String, ArrayRef>) {
        let statistics = Arc::make_mut(&mut self.statistics);
        let own = statistics.tables.entry(table).or_default();
        (own.rows, own.next_offset) = (rows as u64, rows as u64);
        self.tables.insert(table, columns);
        self.rows.insert(table, rows);
    }

    fn put_incidences(
        &mut self,
        table: TableId,
        role: &str,
        incidences: impl Iterator<Item = (u64, u64, u32, u64)>,
    ) {
        let mut found: Vec<Incidence> = incidences
            .map(|(member, hyperedge, position, opposite)| Incidence {
                member,
                hyperedge,
                position,
                opposite,
            })
            .collect();
        found.sort_unstable();
        let members: Vec<u64> = found.iter().map(|incidence| incidence.member).collect();
        let statistics = Arc::make_mut(&mut self.statistics);
        let own: &mut TableStatistics = statistics.tables.entry(table).or_default();
        own.roles.entry(role.to_owned()).or_default().add(&members);
        self.incidences.insert((table, role.to_owned()), found);
    }
}

/// The narrowest type that holds all of `values`.
fn type_of(values: &[Value]) -> Type {
    let types = values.iter().map(Value::type_of);
    types.fold(Type::Null, |all, own| all.unify(&own))
}

#[async_trait]
impl Snapshot for TestGraph {
    fn id(&self) -> SnapshotId {
        SnapshotId(1)
    }

    fn commit(&self) -> &'static str {
        "test"
    }

    fn memory(&self) -> &Arc<dyn MemoryManager> {
        &self.memory
    }

    fn with_memory(&self, memory: Arc<dyn MemoryManager>) -> Arc<dyn Snapshot> {
        Arc::new(Self {
            memory,
            ..self.clone()
        })
    }

    fn schema(&self) -> &Arc<GraphSchema> {
        &self.schema
    }

    fn statistics(&self) -> &Arc<GraphStatistics> {
        &self.statistics
    }

    fn segment_shift(&self) -> u8 {
        SHIFT
    }

    fn scan_ranges(&self, table: TableId) -> Vec<ScanRange> {
        let rows = self.rows[&table];
        let pieces = (0..rows).step_by(PIECE).enumerate();
        pieces
            .map(|(fragment, first)| ScanRange {
                table,
                piece: ScanPiece::Fragment(fragment as u64),
                rows: PIECE.min(rows - first) as u64,
            })
            .collect()
    }

    async fn scan(&self, request: ScanRequest) -> Result<BatchStream> {
        assert!(
            request.predicate.is_empty(),
            "the test graph filters no rows"
        );
        let range = request.range;
        let ScanPiece::Fragment(fragment) = range.piece else {
            panic!("the test graph has no {}", range.piece);
        };
        let first = fragment * PIECE as u64;
        let offsets: Vec<u64> = (first..first + range.rows).collect();
        let batch = self.take(range.table, &offsets, &request.columns).await?;
        let ids = offsets
            .iter()
            .map(|offset| EntityId::new(range.table, *offset).raw());
        let ids: ArrayRef = Arc::new(UInt64Array::from_iter_values(ids));
        let mut columns = vec![(ID_COLUMN.to_owned(), ids)];
        let schema = batch.schema();
        let names = schema.fields().iter().map(|field| field.name().clone());
        columns.extend(names.zip(batch.columns().iter().cloned()));
        let batch = RecordBatch::try_from_iter(columns)?;
        Ok(futures::stream::iter([Ok(batch)]).boxed())
    }

    async fn take(
        &self,
        table: TableId,
        offsets: &[u64],
        columns: &[String],
    ) -> Result<RecordBatch> {
        let rows = UInt32Array::from_iter_values(offsets.iter().map(|offset| *offset as u32));
        let taken = columns.iter().map(|name| {
            let stored = &self.tables[&table][name];
            Ok((name.as_str(), take(stored, &rows, None)?))
        });
        let taken = taken.collect::<Result<Vec<_>>>()?;
        let fields: Vec<_> = taken
            .iter()
            .map(|(name, column)| {
                arrow::datatypes::Field::new(*name, column.data_type().clone(), true)
            })
            .collect();
        let schema = Arc::new(arrow::datatypes::Schema::new(fields));
        let columns = taken.into_iter().map(|(_, column)| column).collect();
        crate::batch::batch_of(&schema, columns, offsets.len())
    }

    async fn alive(&self, table: TableId, offsets: &[u64]) -> Result<Vec<bool>> {
        let rows = self.rows[&table] as u64;
        Ok(offsets.iter().map(|offset| *offset < rows).collect())
    }

    async fn search(&self, _table: TableId, _search: &IndexSearch) -> Result<Vec<SearchHit>> {
        Err(Error::unsupported("indexes of the test graph"))
    }

    async fn incidences(
        &self,
        table: TableId,
        role: &str,
        key: SegmentKey,
    ) -> Result<Arc<IncidenceSegment>> {
        let all = &self.incidences[&(table, role.to_owned())];
        let own = all
            .iter()
            .filter(|incidence| SegmentKey::of(EntityId::from_raw(incidence.member), SHIFT) == key);
        let own: Vec<Incidence> = own.copied().collect();
        let ty = self.schema.table(table)?.hyperedge_type();
        let binary = ty.is_some_and(HyperedgeType::is_binary);
        Ok(Arc::new(IncidenceSegment::from_sorted(&own, SHIFT, binary)))
    }
}

#[async_trait]
impl Storage for TestGraph {
    fn descriptor(&self) -> StorageDescriptor {
        StorageDescriptor {
            uri: "test://".to_owned(),
            options: BTreeMap::new(),
        }
    }

    fn memory(&self) -> &Arc<dyn MemoryManager> {
        &self.memory
    }

    fn with_memory(&self, memory: Arc<dyn MemoryManager>) -> Arc<dyn Storage> {
        Arc::new(Self {
            memory,
            ..self.clone()
        })
    }

    async fn snapshot(&self, _which: SnapshotSelector) -> Result<Arc<dyn Snapshot>> {
        Ok(Arc::new(self.clone()))
    }

    async fn commit_steps(
        &self,
        _steps: Vec<ChangeSet>,
        _staged: Option<Arc<dyn Snapshot>>,
    ) -> Result<SnapshotId> {
        Err(Error::unsupported("commits of the test graph"))
    }

    async fn stage(
        &self,
        _base: &Arc<dyn Snapshot>,
        _changes: &ChangeSet,
    ) -> Result<Arc<dyn Snapshot>> {
        Err(Error::unsupported("commits of the test graph"))
    }

    async fn history(&self) -> Result<Vec<SnapshotInfo>> {
        Ok(Vec::new())
    }
}

/// What operators run in: one partition, which is everything.
#[derive(Debug)]
struct TestContext {
    query: QueryContext,
    queues: Mutex<HashMap<u32, Arc<MorselQueue>>>,
}

impl ExecutionContextTrait for TestContext {
    fn query(&self) -> &QueryContext {
        &self.query
    }

    fn morsels(&self, leaf: u32, count: usize) -> Arc<MorselQueue> {
        let mut queues = self.queues.lock().unwrap();
        let all = || Arc::new(MorselQueue::new((0..count).collect()));
        Arc::clone(queues.entry(leaf).or_insert_with(all))
    }
}

/// The context of one run over `graph`.
pub(crate) fn context(graph: &TestGraph, config: RuntimeConfig) -> Arc<dyn ExecutionContextTrait> {
    let graph = Arc::new(graph.clone());
    let storage: Arc<dyn Storage> = Arc::clone(&graph) as Arc<dyn Storage>;
    let query = QueryContext::new(storage, graph, None, CancellationHandle::default(), config);
    Arc::new(TestContext {
        query,
        queues: Mutex::default(),
    })
}

/// Settings with batches of this many rows.
pub(crate) fn batches_of(batch_rows: usize) -> RuntimeConfig {
    RuntimeConfig {
        batch_rows,
        ..RuntimeConfig::default().with_threads(1)
    }
}

/// The rows of an operator, in its order.
pub(crate) async fn rows_of(
    root: &Arc<dyn PhysicalOperator>,
    graph: &TestGraph,
    config: RuntimeConfig,
) -> Result<Vec<Vec<Value>>> {
    let batches: Vec<RecordBatch> = run(root, &context(graph, config))?.try_collect().await?;
    let mut rows = Vec::new();
    for batch in batches {
        assert_eq!(&batch.schema(), root.schema().arrow());
        for row in 0..batch.num_rows() {
            let columns = root.schema().columns().columns.iter().zip(batch.columns());
            let values = columns.map(|(column, array)| Value::from_typed(array, row, &column.ty));
            rows.push(values.collect::<Result<_>>()?);
        }
    }
    Ok(rows)
}

/// The rows of a plan, in its order, with batches of `batch_rows` rows.
pub(crate) async fn rows_with(
    plan: &LogicalPlan,
    graph: &TestGraph,
    batch_rows: usize,
) -> Vec<Vec<Value>> {
    let root = build_operators(plan).unwrap();
    rows_of(&root, graph, batches_of(batch_rows)).await.unwrap()
}

/// The rows of a plan as texts, in its order: entities as their table's number and offset.
pub(crate) async fn shown(plan: &LogicalPlan, graph: &TestGraph) -> Vec<String> {
    texts(&rows_with(plan, graph, 8192).await)
}

/// Rows as texts, in their order.
pub(crate) fn texts(rows: &[Vec<Value>]) -> Vec<String> {
    let row = |row: &Vec<Value>| row.iter().map(text).collect::<Vec<_>>().join(" ");
    rows.iter().map(row).collect()
}

/// Rows as texts, sorted.
pub(crate) fn sorted(mut rows: Vec<String>) -> Vec<String> {
    rows.sort();
    rows
}

fn text(value: &Value) -> String {
    match (value.entity_id(), value) {
        (Some(id), _) => {
            let id = EntityId::from_raw(id);
            format!("{}:{}", id.table().get(), id.offset())
        }
        (None, Value::List(items)) => {
            let items: Vec<String> = items.iter().map(text).collect();
            format!("[{}]", items.join(" "))
        }
        (None, other) => other.to_string(),
    }
}

/// A plan of known rows, whose columns have these types.
pub(crate) fn known(columns: Vec<Column>, rows: &[Vec<Value>]) -> LogicalPlan {
    let schema = PlanSchema::new(columns);
    let arrow = Arc::clone(crate::PhysicalSchema::from(schema.clone()).arrow());
    let arrays = schema.columns.iter().enumerate().map(|(place, column)| {
        let values: Vec<Value> = rows.iter().map(|row| row[place].clone()).collect();
        Value::column(&values, &column.ty.to_arrow()).unwrap()
    });
    let batch = crate::batch::batch_of(&arrow, arrays.collect(), rows.len()).unwrap();
    LogicalPlan::Rows {
        schema,
        rows: Rows::new(vec![batch]),
    }
}

/// A plan with one column of nodes, `None` for null.
pub(crate) fn known_nodes(name: &str, tables: &[TableId], nodes: &[Option<u64>]) -> LogicalPlan {
    let column = Column::new(name, Type::Node(Tables::from(tables)));
    let rows: Vec<Vec<Value>> = nodes
        .iter()
        .map(|node| vec![node.map_or(Value::Null, Value::node)])
        .collect();
    known(vec![column], &rows)
}

/// A plan with one column of integers, `None` for null.
pub(crate) fn known_integers(name: &str, integers: &[Option<i64>]) -> LogicalPlan {
    let rows: Vec<Vec<Value>> = integers
        .iter()
        .map(|integer| vec![integer.map_or(Value::Null, Value::Int64)])
        .collect();
    known(vec![Column::new(name, Type::Int64)], &rows)
}

/// Numbers that look random, the same in every run.
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}
