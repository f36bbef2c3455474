//! `AdjacencyExpandExec`: from nodes along binary edges.

use std::sync::Arc;

use arrow::array::{Array, UInt32Array, UInt64Array};
use arrow::record_batch::RecordBatch;
use futures::{StreamExt, TryStreamExt};
use grism_core::{EntityId, EntityKind, IncidenceSegment, Result, Tables};
use grism_logical::optimizer::Facts;
use grism_logical::{EdgeExpand, LogicalPlan, SharedPlan};
use serde::{Deserialize, Serialize};

use super::expansion::{IncidenceReader, fan_out_advice};
use super::marks::Marks;
use super::member_lists::MemberLists;
use super::segment_groups::by_segments;
use crate::batch::{batch_of, id_column, take_columns};
use crate::operators::names::{named, shown};
use crate::{
    ExecutionContextTrait, InputRequirement, OperatorRun, PhysicalSchema, RecordBatchStream,
    RequiredDistribution, Unary, UnaryExec,
};

/// Follows binary edges by their incidence lists, which hold the node at the other end beside the edge.
///
/// Output: input columns, the edge (where named), the node reached; one row for each edge. Where the node reached is a
/// column of the input already, only edges to it are followed, and none is added: rows that follow each other and start
/// from one node look its neighbours up instead of going through them. A null start gives no row. Works on any split of
/// its input. Holds one batch and the incidence lists it has met; where all lists are too large for that, it holds rows
/// until it has those of few segments together.
#[derive(Debug, Serialize, Deserialize)]
pub struct AdjacencyExpandExec {
    expand: EdgeExpand,
}

impl AdjacencyExpandExec {
    /// Runs `expand`, whose logical input counts for nothing.
    #[must_use]
    pub fn new(expand: &EdgeExpand) -> Self {
        Self {
            expand: EdgeExpand {
                // The physical input stands beside it.
                input: SharedPlan::new(LogicalPlan::Unit),
                ..expand.clone()
            },
        }
    }
}

#[typetag::serde]
impl Unary for AdjacencyExpandExec {
    fn name(&self) -> &'static str {
        "AdjacencyExpandExec"
    }

    fn schema(&self, input: &PhysicalSchema) -> Result<PhysicalSchema> {
        Ok(input.with(self.expand.columns()))
    }

    fn estimated_rows(&self, own: &UnaryExec, inputs: &[f64], facts: Facts<'_>) -> f64 {
        let columns = own.input().schema().columns();
        self.expand.estimated_rows(inputs[0], columns, facts)
    }

    fn advice(&self, run: &OperatorRun<'_>) -> Option<String> {
        fan_out_advice(run)
    }

    fn required_input(&self) -> InputRequirement {
        let distribution = RequiredDistribution::Adjacency {
            entity: EntityKind::Node,
            column: self.expand.from.clone(),
            tables: Arc::clone(&self.expand.tables),
        };
        InputRequirement::of(distribution, String::new())
    }

    fn describe(&self) -> String {
        let (left, right) = self.expand.direction.arrows();
        let edge = named(
            self.expand.edge.as_deref().unwrap_or_default(),
            &self.expand.label,
        );
        format!(
            "AdjacencyExpand{}(({}){left}[{edge}]{right}({}))",
            if self.expand.into { "Into" } else { "" },
            shown(&self.expand.from),
            shown(&self.expand.to)
        )
    }

    fn execute(
        &self,
        own: &UnaryExec,
        context: Arc<dyn ExecutionContextTrait>,
    ) -> Result<RecordBatchStream> {
        let (roles, without_loops) = self.expand.direction.roles();
        let roles: Vec<String> = roles.iter().map(|role| (*role).to_owned()).collect();
        let lists = MemberLists::new(&context.query().snapshot, &self.expand.tables, &roles)?;
        let all = lists.all().iter();
        let all = all.map(|list| (list.table, list.name.as_str()));
        let input = own.run_input(&context)?;
        let mut input = by_segments(input, &self.expand.from, all, &context);
        let mut neighbours = Neighbours {
            reader: IncidenceReader::new(&context),
            lists,
            own_lists: Vec::new(),
            without_loops,
            restrict: self.expand.restrict.clone(),
            edges: match self.expand.edge {
                Some(_) => EdgeColumn::Made,
                None => EdgeColumn::LeftOut,
            },
            marks: Marks::default(),
            marked: None,
            last: None,
        };
        let batch_rows = context.query().config.batch_rows;
        let schema = own.schema().clone();
        let (from, has_edge) = (self.expand.from.clone(), self.expand.edge.is_some());
        let into = self.expand.into.then(|| self.expand.to.clone());
        let expanded = async_stream::try_stream! {
            while let Some(batch) = input.try_next().await? {
                let ids = id_column(&batch, &from)?;
                let targets = match &into {
                    Some(target) => Some(id_column(&batch, target)?),
                    None => None,
                };
                neighbours.load(&ids).await?;
                let mut output = Reached::default();
                for row in 0..ids.len() {
                    if ids.is_null(row) {
                        continue;
                    }
                    neighbours.look_at(ids.value(row));
                    // Where this row's edges stand; a node may have too many for one batch.
                    let mut place = Place::default();
                    loop {
                        let more = match &targets {
                            Some(targets) if targets.is_null(row) => false,
                            Some(targets) => {
                                neighbours.find(ids.value(row), targets.value(row), row, &mut output);
                                false
                            }
                            None => neighbours.follow(ids.value(row), row, &mut place, batch_rows, &mut output),
                        };
                        if output.rows.len() >= batch_rows {
                            let full = std::mem::take(&mut output);
                            yield full.into_batch(&schema, &batch, has_edge, targets.is_none())?;
                        }
                        if !more {
                            break;
                        }
                    }
                }
                if !output.rows.is_empty() {
                    yield output.into_batch(&schema, &batch, has_edge, targets.is_none())?;
                }
            }
        };
        Ok(expanded.boxed())
    }
}

/// Where a node's edges are put out from next: list, and place within it.
#[derive(Debug, Default)]
struct Place {
    list: usize,
    at: usize,
}

/// Whether rows have the edge that they were made by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum EdgeColumn {
    Made,
    LeftOut,
}

/// The edges of nodes.
struct Neighbours {
    reader: IncidenceReader,
    lists: MemberLists,
    /// The numbers of the lists of the node that is looked at.
    own_lists: Vec<u32>,
    /// The role in whose lists self-loops are left out.
    without_loops: Option<usize>,
    restrict: Option<Tables>,
    edges: EdgeColumn,
    marks: Marks,
    /// The node whose neighbours are marked.
    marked: Option<u64>,
    /// The node of the last row.
    last: Option<u64>,
}

impl Neighbours {
    async fn load(&mut self, ids: &UInt64Array) -> Result<()> {
        self.lists.load(&mut self.reader, ids).await
    }

    /// Looks up the lists of a node, which the other methods go through.
    fn look_at(&mut self, node: u64) {
        self.lists.of_member(node, &mut self.own_lists);
    }

    /// The segment of the list at `place` among those of `node`, the node's place in it, and whether its self-loops are left
    /// out.
    fn list(&self, place: usize, node: u64) -> Option<(&IncidenceSegment, usize, bool)> {
        let number = self.own_lists[place] as usize;
        let list = &self.lists.all()[number];
        let (segment, local) = self.reader.segment(number, node)?;
        Some((segment, local, self.without_loops == Some(list.role)))
    }

    /// Outputs the edges of `node` from `place` on, until there are `enough` rows; whether there are more.
    fn follow(
        &self,
        node: u64,
        row: usize,
        place: &mut Place,
        enough: usize,
        output: &mut Reached,
    ) -> bool {
        while place.list < self.own_lists.len() {
            if let Some((segment, local, skip_loops)) = self.list(place.list, node) {
                let range = segment.range(local);
                if self.restrict.is_none() && !skip_loops {
                    let room = enough.saturating_sub(output.rows.len());
                    let start = range.start + place.at;
                    let end = range.end.min(start + room);
                    output
                        .rows
                        .resize(output.rows.len() + (end - start), row as u32);
                    segment.opposites.copy_to(start..end, &mut output.others);
                    if self.edges == EdgeColumn::Made {
                        segment.hyperedges.copy_to(start..end, &mut output.edges);
                    }
                    if end < range.end {
                        place.at = end - range.start;
                        return true;
                    }
                    place.list += 1;
                    place.at = 0;
                    continue;
                }
                for at in range.start + place.at..range.end {
                    if output.rows.len() >= enough {
                        place.at = at - range.start;
                        return true;
                    }
                    let other = segment.opposites.at(at);
                    let allowed =
                        |tables: &Tables| tables.contains(&EntityId::from_raw(other).table());
                    if (skip_loops && other == node) || !self.restrict.as_ref().is_none_or(allowed)
                    {
                        continue;
                    }
                    output.rows.push(row as u32);
                    output.others.push(other);
                    output.edges.push(segment.hyperedges.at(at));
                }
            }
            place.list += 1;
            place.at = 0;
        }
        false
    }

    /// Outputs the edges from `node` to `target`.
    fn find(&mut self, node: u64, target: u64, row: usize, output: &mut Reached) {
        let again = self.last.replace(node) == Some(node);
        if self.marked != Some(node) && again {
            // The second row from this node: there will be more.
            self.marks.clear();
            for (edge, other) in self.edges(node) {
                self.marks.add(other, edge);
            }
            self.marked = Some(node);
        }
        if self.marked == Some(node) {
            for edge in self.marks.edges_to(target) {
                output.rows.push(row as u32);
                output.edges.push(edge);
            }
            return;
        }
        for place in 0..self.own_lists.len() {
            let Some((segment, local, skip_loops)) = self.list(place, node) else {
                continue;
            };
            for at in segment.range(local) {
                if segment.opposites.at(at) == target && !(skip_loops && target == node) {
                    output.rows.push(row as u32);
                    output.edges.push(segment.hyperedges.at(at));
                }
            }
        }
    }

    /// Edges of `node`, each with the node at its other end.
    fn edges(&self, node: u64) -> Vec<(u64, u64)> {
        let mut edges = Vec::new();
        for place in 0..self.own_lists.len() {
            let Some((segment, local, skip_loops)) = self.list(place, node) else {
                continue;
            };
            for at in segment.range(local) {
                let other = segment.opposites.at(at);
                if !(skip_loops && other == node) {
                    edges.push((segment.hyperedges.at(at), other));
                }
            }
        }
        edges
    }
}

#[derive(Debug, Default)]
struct Reached {
    rows: Vec<u32>,
    edges: Vec<u64>,
    others: Vec<u64>,
}

impl Reached {
    fn into_batch(
        self,
        schema: &PhysicalSchema,
        batch: &RecordBatch,
        has_edge: bool,
        has_node: bool,
    ) -> Result<RecordBatch> {
        let rows = UInt32Array::from(self.rows);
        let mut columns = take_columns(batch, &rows)?;
        if has_edge {
            columns.push(Arc::new(UInt64Array::from(self.edges)));
        }
        if has_node {
            columns.push(Arc::new(UInt64Array::from(self.others)));
        }
        batch_of(schema.arrow(), columns, rows.len())
    }
}
