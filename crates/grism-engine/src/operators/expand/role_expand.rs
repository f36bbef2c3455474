//! `RoleExpandExec`: one hop of an n-ary pattern.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, UInt32Array, UInt64Array};
use arrow::compute::take;
use arrow::record_batch::RecordBatch;
use futures::{StreamExt, TryStreamExt};
use grism_core::{EntityId, EntityKind, IncidenceSegment, Result, Snapshot, TableId, Tables, Type};
use grism_logical::optimizer::{Facts, role_growth};
use grism_logical::{Column, RoleBinding, RoleExpand, RoleSource};
use serde::{Deserialize, Serialize};

use super::expansion::{IncidenceReader, describe_bindings, fan_out_advice};
use super::member_lists::MemberLists;
use super::segment_groups::by_segments;
use super::star::{BoundRows, Entrance, StarBinder, bound_roles, incidence_column};
use crate::batch::{batch_of, id_column, take_columns};
use crate::operators::names::{named, shown};
use crate::{
    ExecutionContextTrait, InputRequirement, OperatorRun, PhysicalSchema, RecordBatchStream,
    RequiredDistribution, Unary, UnaryExec,
};

/// Goes from a member, through its incidence lists, to the hyperedges that bind it, and on to their other members; or
/// starts from a hyperedge that is bound already.
///
/// ```text
/// (a) ◄─ carrier ─ FLIGHT ─┬─ origin ─► o
///                          └─ dest ───► d      one operator, not three joins
/// ```
///
/// Output: input columns, the hyperedge (unless it was bound), then members and incidences. A null start gives no
/// row. Works on any split of its input. Holds one batch and the incidence lists it has met; where all lists are too large
/// for that, it holds rows until it has those of few segments together.
#[derive(Debug, Serialize, Deserialize)]
pub struct RoleExpandExec {
    from: RoleSource,
    hyperedge: String,
    tables: Tables,
    label: String,
    bindings: Vec<RoleBinding>,
}

impl RoleExpandExec {
    /// Runs `expand`, whose logical input counts for nothing.
    #[must_use]
    pub fn new(expand: &RoleExpand) -> Self {
        Self {
            from: expand.from.clone(),
            hyperedge: expand.hyperedge.clone(),
            tables: Arc::clone(&expand.tables),
            label: expand.label.clone(),
            bindings: expand.bindings.clone(),
        }
    }
}

#[typetag::serde]
impl Unary for RoleExpandExec {
    fn name(&self) -> &'static str {
        "RoleExpandExec"
    }

    fn schema(&self, input: &PhysicalSchema) -> Result<PhysicalSchema> {
        let mut columns = Vec::new();
        if let RoleSource::Member { incidence, .. } = &self.from {
            let ty = Type::Hyperedge(Arc::clone(&self.tables));
            columns.push(Column::new(&self.hyperedge, ty));
            let incidence = incidence.iter();
            columns.extend(incidence.map(|name| Column::new(name, Type::Incidence)));
        }
        columns.extend(self.bindings.iter().flat_map(RoleBinding::columns));
        Ok(input.with(columns))
    }

    fn estimated_rows(&self, own: &UnaryExec, inputs: &[f64], facts: Facts<'_>) -> f64 {
        let columns = own.input().schema().columns();
        inputs[0] * role_growth(&self.from, &self.tables, &self.bindings, columns, facts)
    }

    fn advice(&self, run: &OperatorRun<'_>) -> Option<String> {
        fan_out_advice(run)
    }

    fn required_input(&self) -> InputRequirement {
        let (entity, column) = match &self.from {
            RoleSource::Member { column, .. } => (EntityKind::Node, column),
            RoleSource::Hyperedge => (EntityKind::Hyperedge, &self.hyperedge),
        };
        let distribution = RequiredDistribution::Adjacency {
            entity,
            column: column.clone(),
            tables: Arc::clone(&self.tables),
        };
        InputRequirement::of(distribution, String::new())
    }

    fn describe(&self) -> String {
        let start = match &self.from {
            RoleSource::Member { column, roles, .. } => {
                format!("({})<-[{}]-", shown(column), roles.join("|"))
            }
            RoleSource::Hyperedge => String::new(),
        };
        let bound = if self.bindings.is_empty() {
            String::new()
        } else {
            format!("; {}", describe_bindings(&self.bindings))
        };
        format!(
            "RoleExpand({start}({}){bound})",
            named(&self.hyperedge, &self.label)
        )
    }

    fn execute(
        &self,
        own: &UnaryExec,
        context: Arc<dyn ExecutionContextTrait>,
    ) -> Result<RecordBatchStream> {
        let snapshot = Arc::clone(&context.query().snapshot);
        let batch_rows = context.query().config.batch_rows;
        let mut input = own.run_input(&context)?;
        let roles = match &self.from {
            RoleSource::Member { roles, .. } => &roles[..],
            RoleSource::Hyperedge => &[],
        };
        let mut lists = MemberLists::new(&snapshot, &self.tables, roles)?;
        if let RoleSource::Member { column, .. } = &self.from {
            let all = lists.all().iter();
            let all = all.map(|list| (list.table, list.name.as_str()));
            input = by_segments(input, column, all, &context);
        }
        let mut reader = IncidenceReader::new(&context);
        let hop = Hop {
            from: self.from.clone(),
            tables: Arc::clone(&self.tables),
            hyperedge: self.hyperedge.clone(),
            bindings: self.bindings.clone(),
            schema: own.schema().clone(),
        };
        let expanded = async_stream::try_stream! {
            while let Some(batch) = input.try_next().await? {
                match &hop.from {
                    RoleSource::Hyperedge => {
                        let hyperedges = id_column(&batch, &hop.hyperedge)?;
                        let reached = Reached::bound(&hyperedges, &hop.tables);
                        for piece in reached.split(batch_rows) {
                            yield hop.bind(snapshot.as_ref(), &batch, piece).await?;
                        }
                    }
                    RoleSource::Member { column, .. } => {
                        let members = id_column(&batch, column)?;
                        lists.load(&mut reader, &members).await?;
                        let mut reached = Reached::default();
                        let mut own_lists = Vec::new();
                        for row in 0..members.len() {
                            if members.is_null(row) {
                                continue;
                            }
                            lists.of_member(members.value(row), &mut own_lists);
                            for number in &own_lists {
                                let number = *number as usize;
                                let list = &lists.all()[number];
                                let Some((segment, local)) = reader.segment(number, members.value(row)) else { continue };
                                let range = segment.range(local);
                                let mut start = range.start;
                                while start < range.end {
                                    let room = batch_rows - reached.rows.len();
                                    let end = range.end.min(start + room);
                                    reached.extend(row as u32, segment, start..end, list.role as u32);
                                    start = end;
                                    if reached.rows.len() == batch_rows {
                                        let full = std::mem::take(&mut reached);
                                        yield hop.bind(snapshot.as_ref(), &batch, full).await?;
                                    }
                                }
                            }
                        }
                        if !reached.rows.is_empty() {
                            yield hop.bind(snapshot.as_ref(), &batch, reached).await?;
                        }
                    }
                }
            }
        };
        Ok(expanded.boxed())
    }
}

/// Hyperedges that were reached, with the input row and the incidence each was reached through.
#[derive(Debug, Default)]
struct Reached {
    rows: Vec<u32>,
    hyperedges: Vec<u64>,
    roles: Vec<u32>,
    positions: Vec<u32>,
}

impl Reached {
    fn push(&mut self, row: u32, hyperedge: u64, role: u32, position: u32) {
        self.rows.push(row);
        self.hyperedges.push(hyperedge);
        self.roles.push(role);
        self.positions.push(position);
    }

    /// Adds the entries of a list at `places`, which lead from the member of one input row through one role.
    fn extend(&mut self, row: u32, segment: &IncidenceSegment, places: Range<usize>, role: u32) {
        let rows = self.rows.len() + places.len();
        self.rows.resize(rows, row);
        self.roles.resize(rows, role);
        segment
            .hyperedges
            .copy_to(places.clone(), &mut self.hyperedges);
        match segment.positions.is_empty() {
            true => self.positions.resize(rows, 0),
            false => self.positions.extend_from_slice(&segment.positions[places]),
        }
    }

    /// The hyperedges of a column that come from the given tables.
    fn bound(hyperedges: &UInt64Array, tables: &Tables) -> Self {
        let mut reached = Self::default();
        for (row, hyperedge) in hyperedges.iter().enumerate() {
            if let Some(hyperedge) =
                hyperedge.filter(|id| tables.contains(&EntityId::from_raw(*id).table()))
            {
                reached.push(row as u32, hyperedge, 0, 0);
            }
        }
        reached
    }

    fn split(self, size: usize) -> Vec<Self> {
        if self.rows.len() <= size {
            return vec![self];
        }
        let pieces = (0..self.rows.len()).step_by(size).map(|start| {
            let end = (start + size).min(self.rows.len());
            Self {
                rows: self.rows[start..end].to_vec(),
                hyperedges: self.hyperedges[start..end].to_vec(),
                roles: self.roles[start..end].to_vec(),
                positions: self.positions[start..end].to_vec(),
            }
        });
        pieces.collect()
    }
}

/// What one hop computes for each piece of reached hyperedges.
struct Hop {
    from: RoleSource,
    tables: Tables,
    hyperedge: String,
    bindings: Vec<RoleBinding>,
    schema: PhysicalSchema,
}

impl Hop {
    async fn bind(
        &self,
        snapshot: &dyn Snapshot,
        batch: &RecordBatch,
        reached: Reached,
    ) -> Result<RecordBatch> {
        let hyperedges = UInt64Array::from(reached.hyperedges.clone());
        if self.bindings.is_empty() {
            return self.unbound(batch, &reached, &hyperedges);
        }
        // Per reached hyperedge, by its index in `reached`: all ways to bind its roles.
        let mut output = BoundRows::new(self.bindings.len());
        self.bind_roles(snapshot, &reached, &mut output).await?;
        let places = output.row_indices();
        let rows = output
            .rows
            .iter()
            .map(|place| reached.rows[*place as usize]);
        let rows = UInt32Array::from_iter_values(rows);
        let mut columns = take_columns(batch, &rows)?;
        if let RoleSource::Member {
            column,
            roles,
            incidence,
            ..
        } = &self.from
        {
            columns.push(take(&hyperedges, &places, None)?);
            if incidence.is_some() {
                let places = output.rows.iter().map(|place| *place as usize);
                columns.push(self.entrance_column(batch, column, roles, &reached, places)?);
            }
        }
        columns.extend(output.columns(&self.bindings, &hyperedges)?);
        batch_of(self.schema.arrow(), columns, output.len())
    }

    /// The rows of hyperedges none of whose roles is bound.
    fn unbound(
        &self,
        batch: &RecordBatch,
        reached: &Reached,
        hyperedges: &UInt64Array,
    ) -> Result<RecordBatch> {
        let mut columns = take_columns(batch, &UInt32Array::from(reached.rows.clone()))?;
        if let RoleSource::Member {
            column,
            roles,
            incidence,
            ..
        } = &self.from
        {
            columns.push(Arc::new(hyperedges.clone()));
            if incidence.is_some() {
                let places = 0..reached.rows.len();
                columns.push(self.entrance_column(batch, column, roles, reached, places)?);
            }
        }
        batch_of(self.schema.arrow(), columns, reached.rows.len())
    }

    async fn bind_roles(
        &self,
        snapshot: &dyn Snapshot,
        reached: &Reached,
        output: &mut BoundRows,
    ) -> Result<()> {
        let mut by_table: BTreeMap<TableId, (Vec<u64>, Vec<u32>)> = BTreeMap::new();
        for (index, hyperedge) in reached.hyperedges.iter().enumerate() {
            let id = EntityId::from_raw(*hyperedge);
            let (offsets, indices) = by_table.entry(id.table()).or_default();
            offsets.push(id.offset());
            indices.push(index as u32);
        }
        let entrance_roles: &[String] = match &self.from {
            RoleSource::Member {
                roles,
                repeats: false,
                ..
            } => roles,
            RoleSource::Member { repeats: true, .. } | RoleSource::Hyperedge => &[],
        };
        for (table, (offsets, indices)) in by_table {
            let Some(hyperedge_type) = snapshot.schema().table(table)?.hyperedge_type() else {
                continue;
            };
            let wanted = bound_roles(&self.bindings, hyperedge_type);
            let roles = snapshot.take(table, &offsets, &wanted).await?;
            let columns = wanted.iter().map(String::as_str).zip(roles.columns());
            let binder = StarBinder::new(&self.bindings, columns);
            let hyperedges = indices.into_iter().enumerate().map(|(at, index)| {
                let entrance = entrance_roles.get(reached.roles[index as usize] as usize);
                let entrance = entrance.map(|role| Entrance {
                    role: role.as_str(),
                    position: reached.positions[index as usize],
                });
                (at, index, entrance)
            });
            binder.bind(hyperedges, output);
        }
        Ok(())
    }

    fn entrance_column(
        &self,
        batch: &RecordBatch,
        column: &str,
        roles: &[String],
        reached: &Reached,
        places: impl Iterator<Item = usize> + Clone,
    ) -> Result<ArrayRef> {
        let members = id_column(batch, column)?;
        incidence_column(
            places
                .clone()
                .map(|place| reached.hyperedges[place])
                .collect(),
            places
                .clone()
                .map(|place| roles[reached.roles[place] as usize].as_str()),
            places.clone().map(|place| reached.positions[place]),
            places
                .map(|place| members.value(reached.rows[place] as usize))
                .collect(),
        )
    }
}
