//! STARTS WITH, ENDS WITH and CONTAINS.

use std::sync::Arc;

use arrow::array::BooleanArray;
use arrow::compute::kernels::comparison::{contains, ends_with, starts_with};
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use grism_core::Result;
use grism_functions::{Operand, computed_rows};
use grism_logical::BinaryOperator;

use super::node::{Kind, Node, OwnExpr, children, evaluate};

/// STARTS WITH, ENDS WITH or CONTAINS.
#[derive(Debug)]
pub(super) struct TextPredicate {
    operator: BinaryOperator,
}

impl TextPredicate {
    /// `left operator right`.
    pub(super) fn node(operator: BinaryOperator, left: Node, right: Node) -> Node {
        OwnExpr::node(Self { operator }, vec![left, right], DataType::Boolean)
    }
}

impl Kind for TextPredicate {
    fn name(&self) -> &'static str {
        self.operator.as_str()
    }

    fn evaluate(&self, nodes: &[Node], batch: &RecordBatch) -> Result<Operand> {
        let [left, right] = children(nodes)?;
        let (left, right) = (evaluate(left, batch)?, evaluate(right, batch)?);
        text_predicate(self.operator, &left, &right, batch.num_rows())
    }
}

/// The predicate; null where either side is no text.
fn text_predicate(
    operator: BinaryOperator,
    left: &Operand,
    right: &Operand,
    rows: usize,
) -> Result<Operand> {
    let inputs = [left, right];
    if left.data_type() != &DataType::Utf8 || right.data_type() != &DataType::Utf8 {
        return Ok(Operand::over(
            &inputs,
            Arc::new(BooleanArray::new_null(computed_rows(&inputs, rows))),
        ));
    }
    let flags = match operator {
        BinaryOperator::StartsWith => starts_with(left, right)?,
        BinaryOperator::EndsWith => ends_with(left, right)?,
        _ => contains(left, right)?,
    };
    Ok(Operand::over(&inputs, Arc::new(flags)))
}
