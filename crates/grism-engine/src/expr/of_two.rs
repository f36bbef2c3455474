//! `OfTwo`: an operator whose value follows from the values of its two operands.

use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use grism_core::Result;
use grism_functions::Operand;
use grism_logical::BinaryOperator;

use super::node::{Kind, Node, OwnExpr, children, evaluate};

/// Computes an operator over the values of both operands, which are aligned where needed to so many rows.
pub(super) type Compute = fn(BinaryOperator, &Operand, &Operand, usize) -> Result<Operand>;

/// A predicate of two operands.
#[derive(Debug)]
pub(super) struct OfTwo {
    operator: BinaryOperator,
    compute: Compute,
}

impl OfTwo {
    /// `left operator right`.
    pub(super) fn node(
        operator: BinaryOperator,
        left: Node,
        right: Node,
        compute: Compute,
    ) -> Node {
        let kind = Self { operator, compute };
        OwnExpr::node(kind, vec![left, right], DataType::Boolean)
    }
}

impl Kind for OfTwo {
    fn name(&self) -> &'static str {
        self.operator.as_str()
    }

    fn evaluate(&self, nodes: &[Node], batch: &RecordBatch) -> Result<Operand> {
        let [left, right] = children(nodes)?;
        let (left, right) = (evaluate(left, batch)?, evaluate(right, batch)?);
        (self.compute)(self.operator, &left, &right, batch.num_rows())
    }
}
