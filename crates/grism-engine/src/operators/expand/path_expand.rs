//! `PathExpandExec`: paths of several binary edges, and the shortest of them.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, ListArray, UInt32Array, UInt64Array};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field};
use arrow::record_batch::RecordBatch;
use grism_core::{
    EntityId, Result, SOURCE_ROLE, Snapshot, TARGET_ROLE, TableId, Type, Value, equal_values,
};
use grism_logical::optimizer::Facts;
use grism_logical::{Direction, LogicalPlan, PathExpand};
use serde::{Deserialize, Serialize};

use super::expansion::IncidenceReader;
use super::path_search::{Hops, NextHop, PathQuery, Paths, search_paths};
use crate::batch::{batch_of, take_columns};
use crate::{
    ExecutionContextTrait, ExprEvaluator, OperatorRun, PhysicalSchema, RecordBatchStream, Unary,
    UnaryExec,
};

/// Follows binary edges from a node, as many as allowed, level by level.
///
/// ```text
/// level 0:  a
/// level 1:  a-b  a-c            each partial path knows its last edge, its last node and where it came from
/// level 2:  a-b-d  a-c-d  …     an edge that stands in the path already is not taken again
/// ```
///
/// Output: input columns, the list of edges and the list of nodes reached (where named), the last node. A null start
/// gives no row. Holds the partial paths of some rows of a batch, which it reserves memory for, and the incidence lists
/// it has met.
#[derive(Debug, Serialize, Deserialize)]
pub struct PathExpandExec {
    expand: PathExpand,
}

impl PathExpandExec {
    /// Runs `expand`, whose logical input counts for nothing.
    #[must_use]
    pub fn new(expand: &PathExpand) -> Self {
        Self {
            expand: PathExpand {
                // The physical input stands beside it.
                input: Arc::new(LogicalPlan::Unit),
                ..expand.clone()
            },
        }
    }
}

#[typetag::serde]
impl Unary for PathExpandExec {
    fn name(&self) -> &'static str {
        "PathExpandExec"
    }

    fn schema(&self, input: &PhysicalSchema) -> Result<PhysicalSchema> {
        Ok(input.with(self.expand.columns()))
    }

    fn estimated_rows(&self, own: &UnaryExec, inputs: &[f64], facts: Facts<'_>) -> f64 {
        let columns = own.input().schema().columns();
        self.expand.estimated_rows(inputs[0], columns, facts)
    }

    fn advice(&self, run: &OperatorRun<'_>) -> Option<String> {
        let bound = match self.expand.most {
            Some(most) => format!("at most {most} steps"),
            None => "no bound on the number of steps".to_owned(),
        };
        Some(format!(
            "{:.1} paths start from each row, with {bound}: a lower bound, SHORTEST or a narrower start follows fewer",
            run.fan_out()
        ))
    }

    fn describe(&self) -> String {
        self.expand.describe()
    }

    fn execute(
        &self,
        own: &UnaryExec,
        context: Arc<dyn ExecutionContextTrait>,
    ) -> Result<RecordBatchStream> {
        let input = own.run_input(&context)?;
        let snapshot = Arc::clone(&context.query().snapshot);
        let values = self
            .expand
            .properties
            .iter()
            .map(|(_, value)| ExprEvaluator::try_new(value, own.input().schema()))
            .collect::<Result<_>>()?;
        let hops = EdgeHops {
            reader: IncidenceReader::new(&context),
            snapshot,
            expand: self.expand.clone(),
            schema: own.schema().clone(),
            values,
            wanted: Vec::new(),
        };
        let query = PathQuery {
            from: self.expand.from.clone(),
            target: self.expand.target.clone(),
            least: self.expand.least,
            most: self.expand.most,
            search: self.expand.search,
            mode: self.expand.mode,
            prunable: true,
            directed: self.expand.direction != Direction::Both,
            restrict: self.expand.restrict.clone(),
        };
        Ok(search_paths(input, query, hops, &context))
    }
}

/// Hops along binary edges, by their incidence lists.
struct EdgeHops {
    reader: IncidenceReader,
    snapshot: Arc<dyn Snapshot>,
    expand: PathExpand,
    schema: PhysicalSchema,
    /// The values of the properties that every edge must have.
    values: Vec<ExprEvaluator>,
    /// Those values for the rows of the batch, with their types.
    wanted: Vec<(ArrayRef, Type)>,
}

impl Hops for EdgeHops {
    /// The edge.
    type Step = u64;

    fn begin(&mut self, batch: &RecordBatch) -> Result<()> {
        self.wanted.clear();
        for value in &self.values {
            let column = value.evaluate(batch)?;
            self.wanted.push((column, value.value_type().clone()));
        }
        Ok(())
    }

    async fn next(&mut self, paths: &Paths<u64>, places: &[u32]) -> Result<Vec<NextHop<u64>>> {
        let ends: UInt64Array = places.iter().map(|path| Some(paths.node(*path))).collect();
        let lists: &[(usize, &str, bool)] = match self.expand.direction {
            Direction::Out => &[(0, SOURCE_ROLE, false)],
            Direction::In => &[(1, TARGET_ROLE, false)],
            // A self-loop stands in both lists, and counts once.
            Direction::Both => &[(0, SOURCE_ROLE, false), (1, TARGET_ROLE, true)],
        };
        let tables = Arc::clone(&self.expand.tables);
        self.reader.begin_batch(&ends);
        for table in tables.iter() {
            for (index, role, _) in lists {
                self.reader.load(*table, *index, role, &ends).await?;
            }
        }
        let mut hops = Vec::new();
        for (place, node) in ends.values().iter().enumerate() {
            for table in tables.iter() {
                for (index, _, skip_loops) in lists {
                    let Some((segment, local)) = self.reader.segment(*table, *index, *node) else {
                        continue;
                    };
                    for at in segment.range(local) {
                        let (to, step) = (segment.opposites.at(at), segment.hyperedges.at(at));
                        if !(*skip_loops && to == *node) {
                            hops.push(NextHop { place, to, step });
                        }
                    }
                }
            }
        }
        if self.wanted.is_empty() {
            return Ok(hops);
        }
        let passing = self.passing(paths, places, &hops).await?;
        let kept = hops.into_iter().zip(passing);
        Ok(kept
            .filter_map(|(hop, passes)| passes.then_some(hop))
            .collect())
    }

    fn clash(&self, a: u64, b: u64) -> bool {
        a == b
    }

    fn output(
        &self,
        batch: &RecordBatch,
        paths: &Paths<u64>,
        found: &[u32],
    ) -> Result<RecordBatch> {
        let rows: UInt32Array = found.iter().map(|path| Some(paths.row(*path))).collect();
        let mut columns = take_columns(batch, &rows)?;
        if self.expand.edges.is_some() || self.expand.nodes.is_some() {
            let (mut edges, mut nodes, mut lengths) = (Vec::new(), Vec::new(), Vec::new());
            for path in found {
                let first = edges.len();
                for (edge, node) in paths.backwards(*path) {
                    edges.push(edge);
                    nodes.push(node);
                }
                edges[first..].reverse();
                nodes[first..].reverse();
                lengths.push(edges.len() - first);
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
        let last: UInt64Array = found.iter().map(|path| Some(paths.node(*path))).collect();
        columns.push(Arc::new(last));
        batch_of(self.schema.arrow(), columns, found.len())
    }
}

impl EdgeHops {
    /// Which hops take an edge with the properties that are asked of every edge.
    async fn passing(
        &self,
        paths: &Paths<u64>,
        places: &[u32],
        hops: &[NextHop<u64>],
    ) -> Result<Vec<bool>> {
        let mut passing = vec![true; hops.len()];
        let mut by_table: HashMap<TableId, Vec<usize>> = HashMap::new();
        for (at, hop) in hops.iter().enumerate() {
            let table = EntityId::from_raw(hop.step).table();
            by_table.entry(table).or_default().push(at);
        }
        for (table, own) in by_table {
            let entry = self.snapshot.schema().table(table)?;
            let offsets: Vec<u64> = own
                .iter()
                .map(|at| EntityId::from_raw(hops[*at].step).offset())
                .collect();
            for ((property, _), (values, ty)) in self.expand.properties.iter().zip(&self.wanted) {
                let Some(stored_property) = entry.property(&property.key) else {
                    own.iter().for_each(|at| passing[*at] = false);
                    continue;
                };
                let columns = [stored_property.column().to_owned()];
                let stored = self.snapshot.take(table, &offsets, &columns).await?;
                for (row, at) in own.iter().enumerate() {
                    let path = places[hops[*at].place];
                    let value =
                        Value::from_typed(stored.column(0), row, &stored_property.value_type)?;
                    let given = Value::from_typed(values, paths.row(path) as usize, ty)?;
                    passing[*at] &= equal_values(&value, &given) == Some(true);
                }
            }
        }
        Ok(passing)
    }
}
