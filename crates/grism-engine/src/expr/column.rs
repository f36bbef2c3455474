//! Columns of the input.

use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use datafusion_physical_expr::expressions::Column;
use grism_core::{Error, Result};
use grism_functions::{Operand, SharedValues};

use super::indexed::Indexed;
use super::node::{Kind, Node, OwnExpr};
use crate::PhysicalSchema;

/// The column called `name`.
pub(super) fn column(name: &str, input: &PhysicalSchema) -> Result<Node> {
    let index = input.index_of(name)?;
    let column = &input.columns().columns[index];
    Ok(if column.shared {
        OwnExpr::node(SharedColumn { index }, Vec::new(), column.ty.to_arrow())
    } else {
        Arc::new(Column::new(name, index))
    })
}

/// A column that holds each different value once.
#[derive(Debug)]
pub(super) struct SharedColumn {
    index: usize,
}

impl Kind for SharedColumn {
    fn name(&self) -> &'static str {
        "shared"
    }

    fn evaluate(&self, children: &[Node], batch: &RecordBatch) -> Result<Operand> {
        self.evaluate_indexed(children, batch)?.into_operand()
    }

    fn evaluate_indexed(&self, _: &[Node], batch: &RecordBatch) -> Result<Indexed> {
        SharedValues::of(batch.column(self.index))?
            .map(Indexed::shared)
            .ok_or_else(|| Error::internal("a column that does not share its values"))
    }
}
