//! `PathRows`: paths over binary edges that were found, as rows.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, ListArray, UInt32Array, UInt64Array};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field};
use arrow::record_batch::RecordBatch;
use grism_core::Result;
use grism_logical::PathExpand;

use crate::PhysicalSchema;
use crate::batch::{batch_of, take_columns};

/// Gathers paths: the input row of each, its edges and nodes where the plan names them, and its last node.
#[derive(Debug)]
pub(crate) struct PathRows {
    schema: PhysicalSchema,
    names_edges: bool,
    names_nodes: bool,
    names_length: bool,
    rows: Vec<u32>,
    ends: Vec<u64>,
    edges: Vec<u64>,
    nodes: Vec<u64>,
    lengths: Vec<usize>,
}

impl PathRows {
    /// No path yet; `schema` is that of the rows.
    pub(crate) fn new(expand: &PathExpand, schema: &PhysicalSchema) -> Self {
        Self {
            names_edges: expand.edges.is_some(),
            names_nodes: expand.nodes.is_some(),
            ..Self::of_ends(schema, expand.length.is_some())
        }
    }

    /// No path yet, of which rows have the last node, and the length where they `have_length`.
    pub(crate) fn of_ends(schema: &PhysicalSchema, have_length: bool) -> Self {
        Self {
            schema: schema.clone(),
            names_edges: false,
            names_nodes: false,
            names_length: have_length,
            rows: Vec::new(),
            ends: Vec::new(),
            edges: Vec::new(),
            nodes: Vec::new(),
            lengths: Vec::new(),
        }
    }

    /// Whether the edges or nodes between the ends are part of a row.
    pub(crate) fn names_steps(&self) -> bool {
        self.names_edges || self.names_nodes
    }

    /// Adds the path from `row` to `end` over `steps`: each edge with the node it leads to, from the start on.
    pub(crate) fn push(&mut self, row: u32, end: u64, steps: impl Iterator<Item = (u64, u64)>) {
        self.rows.push(row);
        self.ends.push(end);
        if !self.names_steps() && self.names_length {
            self.lengths.push(steps.count());
        } else if self.names_steps() {
            let first = self.edges.len();
            for (edge, node) in steps {
                self.edges.push(edge);
                self.nodes.push(node);
            }
            self.lengths.push(self.edges.len() - first);
        }
    }

    /// Adds a path from `row` to `end` of which only its `length` may be part of a row.
    pub(crate) fn push_length(&mut self, row: u32, end: u64, length: u64) {
        self.rows.push(row);
        self.ends.push(end);
        if self.names_length {
            self.lengths.push(length as usize);
        }
    }

    /// How many paths there are.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The paths as rows over those of `batch`; then there are none any more.
    ///
    /// # Errors
    /// `ResourceExhausted` for lists that are too long for Arrow.
    pub(crate) fn take(&mut self, batch: &RecordBatch) -> Result<RecordBatch> {
        let rows = UInt32Array::from(std::mem::take(&mut self.rows));
        let mut columns = take_columns(batch, &rows)?;
        let lengths = std::mem::take(&mut self.lengths);
        let list = |ids: Vec<u64>| -> Result<ArrayRef> {
            Ok(Arc::new(ListArray::try_new(
                Arc::new(Field::new_list_field(DataType::UInt64, true)),
                OffsetBuffer::from_lengths(lengths.iter().copied()),
                Arc::new(UInt64Array::from(ids)),
                None,
            )?))
        };
        let (edges, nodes) = (
            std::mem::take(&mut self.edges),
            std::mem::take(&mut self.nodes),
        );
        if self.names_edges {
            columns.push(list(edges)?);
        }
        if self.names_nodes {
            columns.push(list(nodes)?);
        }
        if self.names_length {
            let lengths = lengths.iter().map(|length| *length as i64);
            columns.push(Arc::new(Int64Array::from_iter_values(lengths)));
        }
        columns.push(Arc::new(UInt64Array::from(std::mem::take(&mut self.ends))));
        batch_of(self.schema.arrow(), columns, rows.len())
    }
}
