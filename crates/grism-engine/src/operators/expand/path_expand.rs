//! `PathExpandExec`: paths of several binary edges, and the shortest of them.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, UInt64Array};
use arrow::record_batch::RecordBatch;
use grism_core::{EntityId, Result, Snapshot, TableId, Type, Value, equal_values};
use grism_logical::optimizer::Facts;
use grism_logical::{Direction, LogicalPlan, PathExpand, PathSearch, SharedPlan};
use serde::{Deserialize, Serialize};

use super::edge_lists::EdgeLists;
use super::expansion::paths_advice;
use super::levels::{LevelsSearch, search_levels};
use super::path_rows::PathRows;
use super::path_search::{Hops, NextHop, PathQuery, Paths, search_paths};
use super::shortest::{ShortestSearch, search_shortest};
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
                input: SharedPlan::new(LogicalPlan::Unit),
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
        Some(paths_advice(run, self.expand.most, "steps"))
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
            lists: EdgeLists::new(&context, &self.expand.tables),
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
        if !query.prunes() || !self.expand.properties.is_empty() {
            return Ok(search_paths(input, query, hops, &context));
        }
        let rows = PathRows::new(&self.expand, own.schema());
        if self.expand.is_without_steps() && self.expand.search != PathSearch::AllShortest {
            let search = LevelsSearch {
                query,
                ways: vec![self.expand.list_hop()],
                length_of_hop: 1,
                rows,
                hops,
            };
            return Ok(search_levels(input, search, &context));
        }
        let search = ShortestSearch {
            query,
            direction: self.expand.direction,
            lists: EdgeLists::new(&context, &self.expand.tables),
            rows,
            hops,
        };
        Ok(search_shortest(input, search, &context))
    }
}

/// Hops along binary edges, by their incidence lists.
struct EdgeHops {
    lists: EdgeLists,
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
        self.lists.load(self.expand.direction, &ends).await?;
        let mut hops = Vec::new();
        for (place, node) in ends.values().iter().enumerate() {
            self.lists.each(self.expand.direction, *node, |to, step| {
                hops.push(NextHop { place, to, step });
            });
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
        let mut rows = PathRows::new(&self.expand, &self.schema);
        for path in found {
            let mut steps: Vec<(u64, u64)> = paths.backwards(*path).collect();
            steps.reverse();
            rows.push(paths.row(*path), paths.node(*path), steps.into_iter());
        }
        rows.take(batch)
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
