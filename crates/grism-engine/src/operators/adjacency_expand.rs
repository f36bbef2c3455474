//! `AdjacencyExpandExec`: from nodes along binary edges.

use std::sync::Arc;

use arrow::array::{Array, UInt32Array, UInt64Array};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use futures::{StreamExt, TryStreamExt};
use grism_core::{EntityId, Error, Result, SOURCE_ROLE, TARGET_ROLE, TableId, Tables, Type};
use grism_logical::{Column, Direction};
use serde::{Deserialize, Serialize};

use super::expansion::{IncidenceReader, id_column, take_columns};
use super::{named, only_child};
use crate::{
    ExecutionContextTrait, OperatorCaps, PhysicalOperator, PhysicalSchema, RecordBatchStream, run,
};

/// Follows binary edges by their incidence lists, which hold the node at the other end beside the edge.
///
/// Output: input columns, the edge (where named), the node reached; one row for each edge. A null start gives no row.
/// Works on any split of its input. Holds one batch and the incidence lists it has met.
#[derive(Debug, Serialize, Deserialize)]
pub struct AdjacencyExpandExec {
    input: Arc<dyn PhysicalOperator>,
    from: String,
    tables: Tables,
    label: String,
    direction: Direction,
    edge: Option<String>,
    to: String,
    to_type: Type,
    restrict: Option<Tables>,
    schema: PhysicalSchema,
}

impl AdjacencyExpandExec {
    /// Runs `expand` over `input`, which takes the place of the logical input.
    #[must_use]
    pub fn new(input: Arc<dyn PhysicalOperator>, expand: &grism_logical::EdgeExpand) -> Self {
        let mut columns = Vec::new();
        if let Some(edge) = &expand.edge {
            columns.push(Column::new(
                edge,
                Type::Hyperedge(Arc::clone(&expand.tables)),
            ));
        }
        columns.push(Column::new(&expand.to, expand.to_type.clone()));
        Self {
            schema: input.schema().with(columns),
            input,
            from: expand.from.clone(),
            tables: Arc::clone(&expand.tables),
            label: expand.label.clone(),
            direction: expand.direction,
            edge: expand.edge.clone(),
            to: expand.to.clone(),
            to_type: expand.to_type.clone(),
            restrict: expand.restrict.clone(),
        }
    }

    /// The column expansion starts from.
    #[must_use]
    pub fn from(&self) -> &str {
        &self.from
    }

    /// Tables of the edges.
    #[must_use]
    pub fn tables(&self) -> &Tables {
        &self.tables
    }

    /// The lists that are read: table, number within this operator, role, and whether self-loops are left out.
    fn lists(&self) -> Vec<(TableId, usize, &'static str, bool)> {
        let ways: &[(usize, &str, bool)] = match self.direction {
            Direction::Out => &[(0, SOURCE_ROLE, false)],
            Direction::In => &[(1, TARGET_ROLE, false)],
            // A self-loop stands in both lists, and counts once.
            Direction::Both => &[(0, SOURCE_ROLE, false), (1, TARGET_ROLE, true)],
        };
        self.tables
            .iter()
            .flat_map(|table| {
                ways.iter()
                    .map(|(index, role, skip)| (*table, *index, *role, *skip))
            })
            .collect()
    }
}

#[typetag::serde]
impl PhysicalOperator for AdjacencyExpandExec {
    fn name(&self) -> &'static str {
        "AdjacencyExpandExec"
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
        let input = only_child(children)?;
        let mut added = self
            .edge
            .iter()
            .map(|edge| Column::new(edge, Type::Hyperedge(Arc::clone(&self.tables))))
            .collect::<Vec<_>>();
        added.push(Column::new(&self.to, self.to_type.clone()));
        Ok(Arc::new(Self {
            schema: input.schema().with(added),
            input,
            from: self.from.clone(),
            tables: Arc::clone(&self.tables),
            label: self.label.clone(),
            direction: self.direction,
            edge: self.edge.clone(),
            to: self.to.clone(),
            to_type: self.to_type.clone(),
            restrict: self.restrict.clone(),
        }))
    }

    fn describe(&self) -> String {
        let (left, right) = match self.direction {
            Direction::Out => ("-", "->"),
            Direction::In => ("<-", "-"),
            Direction::Both => ("-", "-"),
        };
        let edge = named(self.edge.as_deref().unwrap_or_default(), &self.label);
        format!(
            "AdjacencyExpand(({}){left}[{edge}]{right}({}))",
            super::shown(&self.from),
            super::shown(&self.to)
        )
    }

    fn execute(&self, context: Arc<dyn ExecutionContextTrait>) -> Result<RecordBatchStream> {
        let mut input = run(&self.input, &context)?;
        let mut reader = IncidenceReader::new(Arc::clone(&context.query().snapshot));
        let batch_rows = context.query().config.batch_rows;
        let lists = self.lists();
        let (schema, from, restrict) = (
            self.schema.clone(),
            self.from.clone(),
            self.restrict.clone(),
        );
        let has_edge = self.edge.is_some();
        let expanded = async_stream::try_stream! {
            while let Some(batch) = input.try_next().await? {
                let ids = id_column(&batch, &from)?;
                for (table, index, role, _) in &lists {
                    reader.load(*table, *index, role, &ids).await?;
                }
                let mut output = Reached::default();
                for row in 0..ids.len() {
                    if ids.is_null(row) {
                        continue;
                    }
                    let member = ids.value(row);
                    for (table, index, _, skip_loops) in &lists {
                        let Some((segment, local)) = reader.segment(*table, *index, member) else { continue };
                        let range = segment.range(local);
                        for place in range {
                            let other = segment.opposites[place];
                            let allowed = |tables: &Tables| tables.contains(&EntityId::from_raw(other).table());
                            if (*skip_loops && other == member) || !restrict.as_ref().is_none_or(allowed) {
                                continue;
                            }
                            output.push(row, segment.hyperedges[place], other, has_edge);
                            if output.rows.len() == batch_rows {
                                let full = std::mem::take(&mut output);
                                yield full.into_batch(&schema, &batch, has_edge)?;
                            }
                        }
                    }
                }
                if !output.rows.is_empty() {
                    yield output.into_batch(&schema, &batch, has_edge)?;
                }
            }
        };
        Ok(expanded.boxed())
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

#[derive(Debug, Default)]
struct Reached {
    rows: Vec<u32>,
    edges: Vec<u64>,
    others: Vec<u64>,
}

impl Reached {
    fn push(&mut self, row: usize, edge: u64, other: u64, has_edge: bool) {
        self.rows.push(row as u32);
        self.others.push(other);
        if has_edge {
            self.edges.push(edge);
        }
    }

    fn into_batch(
        self,
        schema: &PhysicalSchema,
        batch: &RecordBatch,
        has_edge: bool,
    ) -> Result<RecordBatch> {
        let rows = UInt32Array::from(self.rows);
        let mut columns = take_columns(batch, &rows)?;
        if has_edge {
            columns.push(Arc::new(UInt64Array::from(self.edges)));
        }
        columns.push(Arc::new(UInt64Array::from(self.others)));
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        RecordBatch::try_new_with_options(Arc::clone(schema.arrow()), columns, &options)
            .map_err(Error::from)
    }
}
