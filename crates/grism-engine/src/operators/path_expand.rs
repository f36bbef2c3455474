//! `PathExpandExec`: paths of several hops, and the shortest of them.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ListArray, UInt32Array, UInt64Array};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use futures::{StreamExt, TryStreamExt};
use grism_core::{
    EntityId, Error, Result, SOURCE_ROLE, Snapshot, TARGET_ROLE, TableId, Tables, Type, Value,
    equal_values,
};
use grism_logical::{Column, Direction, Hop, PathExpand, PathSearch};
use serde::{Deserialize, Serialize};

use super::expansion::{IncidenceReader, id_column, take_columns};
use super::only_child;
use crate::{
    ExecutionContextTrait, ExprEvaluator, OperatorCaps, PhysicalOperator, PhysicalSchema,
    RecordBatchStream, run,
};

/// Rows whose paths are grown together.
const ROWS_AT_ONCE: usize = 256;

/// Follows hops from a node, as many as allowed, level by level.
///
/// ```text
/// level 0:  a
/// level 1:  a-b  a-c            each partial path knows its last hyperedge, its last node and where it came from
/// level 2:  a-b-d  a-c-d  …     a hyperedge that stands in the path already is not taken again
/// ```
///
/// Output: input columns, the list of hyperedges and the list of nodes reached (where named), the last node. A null
/// start gives no row. Holds the partial paths of some rows of a batch, and the incidence lists it has met.
#[derive(Debug, Serialize, Deserialize)]
pub struct PathExpandExec {
    input: Arc<dyn PhysicalOperator>,
    expand: PathExpand,
    schema: PhysicalSchema,
}

impl PathExpandExec {
    /// Runs `expand` over `input`, which takes the place of the logical input.
    #[must_use]
    pub fn new(input: Arc<dyn PhysicalOperator>, expand: &PathExpand) -> Self {
        let mut columns = Vec::new();
        if let Some(edges) = &expand.edges {
            let ty = Type::Hyperedge(Arc::clone(&expand.tables)).list();
            columns.push(Column::new(edges, ty));
        }
        if let Some(nodes) = &expand.nodes {
            columns.push(Column::new(nodes, Type::Node([].into()).list()));
        }
        columns.push(Column::new(&expand.to, expand.to_type.clone()));
        Self {
            schema: input.schema().with(columns),
            input,
            expand: PathExpand {
                // The physical input stands beside it.
                input: Arc::new(grism_logical::LogicalPlan::Unit),
                ..expand.clone()
            },
        }
    }

    /// The column expansion starts from.
    #[must_use]
    pub fn from(&self) -> &str {
        &self.expand.from
    }
}

#[typetag::serde]
impl PhysicalOperator for PathExpandExec {
    fn name(&self) -> &'static str {
        "PathExpandExec"
    }

    fn schema(&self) -> &PhysicalSchema {
        &self.schema
    }

    fn capabilities(&self) -> OperatorCaps {
        OperatorCaps::streaming()
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalOperator>> {
        vec![&self.input]
    }

    fn with_new_children(
        &self,
        children: Vec<Arc<dyn PhysicalOperator>>,
    ) -> Result<Arc<dyn PhysicalOperator>> {
        Ok(Arc::new(Self::new(only_child(children)?, &self.expand)))
    }

    fn describe(&self) -> String {
        self.expand.describe()
    }

    fn execute(&self, context: Arc<dyn ExecutionContextTrait>) -> Result<RecordBatchStream> {
        let mut input = run(&self.input, &context)?;
        let batch_rows = context.query().config.batch_rows;
        let values = self
            .expand
            .properties
            .iter()
            .map(|(_, value)| ExprEvaluator::try_new(value, self.input.schema()))
            .collect::<Result<Vec<_>>>()?;
        let snapshot = Arc::clone(&context.query().snapshot);
        let mut search = Search {
            reader: IncidenceReader::new(Arc::clone(&snapshot)),
            snapshot,
            expand: self.expand.clone(),
        };
        let schema = self.schema.clone();
        let cancellation = context.query().cancellation.clone();
        let expanded = async_stream::try_stream! {
            while let Some(batch) = input.try_next().await? {
                let starts = id_column(&batch, &search.expand.from)?;
                let targets = match &search.expand.target {
                    Some(target) => Some(id_column(&batch, target)?),
                    None => None,
                };
                let mut wanted = Vec::new();
                for value in &values {
                    let column = value.evaluate(&batch)?;
                    wanted.push((column, value.value_type().clone()));
                }
                for first in (0..batch.num_rows()).step_by(ROWS_AT_ONCE) {
                    let rows: Vec<usize> = (first..(first + ROWS_AT_ONCE).min(batch.num_rows()))
                        .filter(|row| starts.is_valid(*row))
                        .filter(|row| targets.as_ref().is_none_or(|targets| targets.is_valid(*row)))
                        .collect();
                    let mut paths = Paths::default();
                    let mut frontier = paths.start(&rows, &starts);
                    let mut found = Found::default();
                    let mut state = State::new(batch.num_rows());
                    let mut depth = 0;
                    loop {
                        search.collect(&paths, &frontier, depth, targets.as_ref(), &mut state, &mut found);
                        while found.paths.len() >= batch_rows {
                            let rest = found.paths.split_off(batch_rows);
                            let full = std::mem::replace(&mut found.paths, rest);
                            yield search.output(&schema, &batch, &paths, &full)?;
                        }
                        if frontier.is_empty() || search.expand.most.is_some_and(|most| depth >= most) {
                            break;
                        }
                        cancellation.check()?;
                        depth += 1;
                        frontier = search.grow(&mut paths, &frontier, depth, &wanted, &mut state).await?;
                    }
                    if !found.paths.is_empty() {
                        yield search.output(&schema, &batch, &paths, &found.paths)?;
                    }
                }
            }
        };
        Ok(expanded.boxed())
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

/// Partial paths: each knows the one it grew from.
#[derive(Debug, Default)]
struct Paths {
    parents: Vec<u32>,
    edges: Vec<u64>,
    nodes: Vec<u64>,
    rows: Vec<u32>,
}

const NO_PARENT: u32 = u32::MAX;

impl Paths {
    fn start(&mut self, rows: &[usize], starts: &UInt64Array) -> Vec<u32> {
        rows.iter()
            .map(|row| self.push(NO_PARENT, 0, starts.value(*row), *row as u32))
            .collect()
    }

    fn push(&mut self, parent: u32, edge: u64, node: u64, row: u32) -> u32 {
        self.parents.push(parent);
        self.edges.push(edge);
        self.nodes.push(node);
        self.rows.push(row);
        (self.parents.len() - 1) as u32
    }

    fn holds(&self, mut path: u32, edge: u64) -> bool {
        while self.parents[path as usize] != NO_PARENT {
            if self.edges[path as usize] == edge {
                return true;
            }
            path = self.parents[path as usize];
        }
        false
    }

    /// The hyperedges of a path and the nodes they lead to, from the first on.
    fn steps(&self, mut path: u32) -> (Vec<u64>, Vec<u64>) {
        let (mut edges, mut nodes) = (Vec::new(), Vec::new());
        while self.parents[path as usize] != NO_PARENT {
            edges.push(self.edges[path as usize]);
            nodes.push(self.nodes[path as usize]);
            path = self.parents[path as usize];
        }
        edges.reverse();
        nodes.reverse();
        (edges, nodes)
    }
}

/// Paths that are answers.
#[derive(Debug, Default)]
struct Found {
    paths: Vec<u32>,
}

/// What a search remembers of each row.
#[derive(Debug)]
struct State {
    /// The level at which a node was first reached, by row and node.
    levels: HashMap<(u32, u64), u64>,
    /// Nodes that were answered already, by row.
    answered: HashMap<(u32, u64), ()>,
    /// Rows whose target was reached.
    done: Vec<bool>,
}

impl State {
    fn new(rows: usize) -> Self {
        Self {
            levels: HashMap::new(),
            answered: HashMap::new(),
            done: vec![false; rows],
        }
    }
}

struct Search {
    reader: IncidenceReader,
    snapshot: Arc<dyn Snapshot>,
    expand: PathExpand,
}

impl Search {
    /// Takes the answers among the paths of one level.
    fn collect(
        &self,
        paths: &Paths,
        frontier: &[u32],
        depth: u64,
        targets: Option<&UInt64Array>,
        state: &mut State,
        found: &mut Found,
    ) {
        if depth < self.expand.least {
            return;
        }
        let mut reached = Vec::new();
        for path in frontier {
            let (row, node) = (paths.rows[*path as usize], paths.nodes[*path as usize]);
            if let Some(targets) = targets
                && targets.value(row as usize) != node
            {
                continue;
            }
            let allowed = |tables: &Tables| tables.contains(&EntityId::from_raw(node).table());
            if !self.expand.restrict.as_ref().is_none_or(allowed) {
                continue;
            }
            match self.expand.search {
                PathSearch::Trails => found.paths.push(*path),
                PathSearch::Reach => {
                    if state.answered.insert((row, node), ()).is_none() {
                        found.paths.push(*path);
                    }
                }
                PathSearch::AnyShortest => {
                    if state.answered.insert((row, node), ()).is_none() {
                        found.paths.push(*path);
                        reached.push(row);
                    }
                }
                PathSearch::AllShortest => {
                    found.paths.push(*path);
                    reached.push(row);
                }
            }
        }
        if targets.is_some() {
            for row in reached {
                state.done[row as usize] = true;
            }
        }
    }

    /// The paths of the next level.
    async fn grow(
        &mut self,
        paths: &mut Paths,
        frontier: &[u32],
        depth: u64,
        wanted: &[(ArrayRef, Type)],
        state: &mut State,
    ) -> Result<Vec<u32>> {
        let ends: UInt64Array = frontier
            .iter()
            .map(|path| Some(paths.nodes[*path as usize]))
            .collect();
        let hops = self.hops(&ends).await?;
        let mut candidates = Vec::new();
        for (path, hops) in frontier.iter().zip(hops) {
            let row = paths.rows[*path as usize];
            if state.done[row as usize] {
                continue;
            }
            for (edge, node) in hops {
                if !paths.holds(*path, edge) {
                    candidates.push((*path, edge, node, row));
                }
            }
        }
        let passing = self.passing(&candidates, wanted).await?;
        let mut next = Vec::new();
        for ((path, edge, node, row), passes) in candidates.into_iter().zip(passing) {
            if !passes {
                continue;
            }
            let fresh = match self.expand.search {
                PathSearch::Trails => true,
                // A node is worth going on from only where it was not reached on fewer hops.
                PathSearch::AllShortest => {
                    let level = *state.levels.entry((row, node)).or_insert(depth);
                    level == depth || depth <= self.expand.least
                }
                PathSearch::Reach | PathSearch::AnyShortest => {
                    let first = !state.levels.contains_key(&(row, node));
                    state.levels.entry((row, node)).or_insert(depth);
                    first || depth <= self.expand.least
                }
            };
            if fresh {
                next.push(paths.push(path, edge, node, row));
            }
        }
        Ok(next)
    }

    /// For each node, the hyperedges of one hop and the nodes they lead to.
    async fn hops(&mut self, nodes: &UInt64Array) -> Result<Vec<Vec<(u64, u64)>>> {
        let mut all = vec![Vec::new(); nodes.len()];
        match self.expand.hop.clone() {
            Hop::Edge(direction) => {
                let ways: &[(usize, &str, bool)] = match direction {
                    Direction::Out => &[(0, SOURCE_ROLE, false)],
                    Direction::In => &[(1, TARGET_ROLE, false)],
                    Direction::Both => &[(0, SOURCE_ROLE, false), (1, TARGET_ROLE, true)],
                };
                for table in self.expand.tables.clone().iter() {
                    for (index, role, skip_loops) in ways {
                        self.reader.load(*table, *index, role, nodes).await?;
                        for (row, node) in nodes.values().iter().enumerate() {
                            let Some((segment, local)) = self.reader.segment(*table, *index, *node)
                            else {
                                continue;
                            };
                            for place in segment.range(local) {
                                let other = segment.opposites[place];
                                if !(*skip_loops && other == *node) {
                                    all[row].push((segment.hyperedges[place], other));
                                }
                            }
                        }
                    }
                }
            }
            Hop::Roles { from, to } => {
                for table in self.expand.tables.clone().iter() {
                    self.role_hops(*table, &from, &to, nodes, &mut all).await?;
                }
            }
        }
        Ok(all)
    }

    /// Adds the hops through hyperedges of `table`: from one incidence to another.
    async fn role_hops(
        &mut self,
        table: TableId,
        from: &[String],
        to: &[String],
        nodes: &UInt64Array,
        all: &mut [Vec<(u64, u64)>],
    ) -> Result<()> {
        let schema = Arc::clone(self.snapshot.schema());
        let Some(hyperedge_type) = schema.table(table)?.hyperedge_type() else {
            return Ok(());
        };
        let known = |roles: &[String]| -> Vec<(usize, String)> {
            let own = hyperedge_type.roles.iter().enumerate();
            own.filter(|(_, role)| roles.contains(&role.name))
                .map(|(index, role)| (index, role.name.clone()))
                .collect()
        };
        let (from, to) = (known(from), known(to));
        // (row, hyperedge, role, position) of the incidences gone out through.
        let mut met: Vec<(usize, u64, String, u32)> = Vec::new();
        for (index, role) in &from {
            self.reader.load(table, *index, role, nodes).await?;
            for (row, node) in nodes.values().iter().enumerate() {
                let Some((segment, local)) = self.reader.segment(table, *index, *node) else {
                    continue;
                };
                for place in segment.range(local) {
                    let position = segment.positions.get(place).copied().unwrap_or(0);
                    met.push((row, segment.hyperedges[place], role.clone(), position));
                }
            }
        }
        let mut offsets: Vec<u64> = met
            .iter()
            .map(|(_, hyperedge, ..)| EntityId::from_raw(*hyperedge).offset())
            .collect();
        offsets.sort_unstable();
        offsets.dedup();
        let columns: Vec<String> = to.iter().map(|(_, role)| role.clone()).collect();
        let members = self.snapshot.take(table, &offsets, &columns).await?;
        for (row, hyperedge, role, position) in met {
            let offset = EntityId::from_raw(hyperedge).offset();
            let Ok(place) = offsets.binary_search(&offset) else {
                continue;
            };
            for (reached, column) in columns.iter().zip(members.columns()) {
                let list = match Value::from_array(column, place)? {
                    Value::Null => Vec::new(),
                    Value::List(list) => list,
                    member => vec![member],
                };
                for (at, member) in list.iter().enumerate() {
                    // One incidence is not taken for both.
                    if *reached == role && at as u32 == position {
                        continue;
                    }
                    all[row].extend(member.entity_id().map(|id| (hyperedge, id)));
                }
            }
        }
        Ok(())
    }

    /// Which candidates have the properties that are asked of every hyperedge.
    async fn passing(
        &self,
        candidates: &[(u32, u64, u64, u32)],
        wanted: &[(ArrayRef, Type)],
    ) -> Result<Vec<bool>> {
        let mut passing = vec![true; candidates.len()];
        if wanted.is_empty() {
            return Ok(passing);
        }
        let mut by_table: HashMap<TableId, Vec<usize>> = HashMap::new();
        for (place, (_, edge, ..)) in candidates.iter().enumerate() {
            let table = EntityId::from_raw(*edge).table();
            by_table.entry(table).or_default().push(place);
        }
        for (table, places) in by_table {
            let entry = self.snapshot.schema().table(table)?;
            let offsets: Vec<u64> = places
                .iter()
                .map(|place| EntityId::from_raw(candidates[*place].1).offset())
                .collect();
            for ((property, _), (values, ty)) in self.expand.properties.iter().zip(wanted) {
                let Some(own) = entry.property(&property.key) else {
                    places.iter().for_each(|place| passing[*place] = false);
                    continue;
                };
                let columns = [property.key.clone()];
                let stored = self.snapshot.take(table, &offsets, &columns).await?;
                for (at, place) in places.iter().enumerate() {
                    let row = candidates[*place].3 as usize;
                    let value = Value::from_typed(stored.column(0), at, &own.value_type)?;
                    let given = Value::from_typed(values, row, ty)?;
                    passing[*place] &= equal_values(&value, &given) == Some(true);
                }
            }
        }
        Ok(passing)
    }

    fn output(
        &self,
        schema: &PhysicalSchema,
        batch: &RecordBatch,
        paths: &Paths,
        found: &[u32],
    ) -> Result<RecordBatch> {
        let rows: UInt32Array = found
            .iter()
            .map(|path| Some(paths.rows[*path as usize]))
            .collect();
        let mut columns = take_columns(batch, &rows)?;
        if self.expand.edges.is_some() || self.expand.nodes.is_some() {
            let (mut edges, mut nodes, mut lengths) = (Vec::new(), Vec::new(), Vec::new());
            for path in found {
                let (own_edges, own_nodes) = paths.steps(*path);
                lengths.push(own_edges.len());
                edges.extend(own_edges);
                nodes.extend(own_nodes);
            }
            let list = |ids: Vec<u64>| -> Result<ArrayRef> {
                Ok(Arc::new(ListArray::try_new(
                    Arc::new(Field::new_list_field(DataType::UInt64, true)),
                    OffsetBuffer::from_lengths(lengths.iter().copied()),
                    Arc::new(UInt64Array::from(ids)),
                    None,
                )?))
            };
            if self.expand.edges.is_some() {
                columns.push(list(edges)?);
            }
            if self.expand.nodes.is_some() {
                columns.push(list(nodes)?);
            }
        }
        let last: UInt64Array = found
            .iter()
            .map(|path| Some(paths.nodes[*path as usize]))
            .collect();
        columns.push(Arc::new(last));
        let options = RecordBatchOptions::new().with_row_count(Some(found.len()));
        RecordBatch::try_new_with_options(Arc::clone(schema.arrow()), columns, &options)
            .map_err(Error::from)
    }
}
