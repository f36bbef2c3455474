//! `ExprEvaluator`: a compiled expression and its type.

use arrow::array::{ArrayRef, BooleanArray};
use arrow::record_batch::RecordBatch;
use grism_core::{Result, Type};
use grism_logical::LogicalExpr;

use super::node::Node;
use super::operand::Operand;
use crate::PhysicalSchema;

/// An expression compiled against the schema of its input.
#[derive(Debug)]
pub struct ExprEvaluator {
    root: Node,
    ty: Type,
}

impl ExprEvaluator {
    /// Compiles `expression`.
    ///
    /// # Errors
    /// `InvalidQuery` for a type error or a wrong regular expression; `Internal` for a column that is not there.
    pub fn try_new(expression: &LogicalExpr, input: &PhysicalSchema) -> Result<Self> {
        let (root, ty) = Node::compile(expression, input)?;
        Ok(Self { root, ty })
    }

    /// The type of the values.
    #[must_use]
    pub fn value_type(&self) -> &Type {
        &self.ty
    }

    /// The value of the expression for every row of `batch`.
    ///
    /// # Errors
    /// `InvalidData` for integer overflow, division by zero and the like.
    pub fn evaluate(&self, batch: &RecordBatch) -> Result<ArrayRef> {
        self.root
            .evaluate(batch)?
            .cast(&self.ty.to_arrow())?
            .into_column(batch.num_rows())
    }

    /// The rows of `batch` for which a boolean expression is true; null is not true.
    ///
    /// # Errors
    /// As [`Self::evaluate`]; `InvalidQuery` where a value is no boolean.
    pub fn evaluate_predicate(&self, batch: &RecordBatch) -> Result<BooleanArray> {
        let flags = self.root.evaluate(batch)?.into_column(batch.num_rows())?;
        Operand::column(flags).booleans()
    }
}
