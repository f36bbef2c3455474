//! Constants: one value for all rows.

use std::sync::Arc;

use arrow::array::{ArrayRef, new_null_array};
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use datafusion_physical_expr::expressions::Literal;
use grism_core::{Result, Value};
use grism_functions::Operand;

use super::columnar::scalar_value;
use super::node::{Kind, Node, OwnExpr};

/// The constant `value`.
pub(super) fn constant(value: &Value) -> Result<Node> {
    constant_row(value.to_array(1)?)
}

/// Null of a type.
pub(super) fn null(data_type: &DataType) -> Result<Node> {
    constant_row(new_null_array(data_type, 1))
}

/// A value of few bytes is a literal of DataFusion, which makes a row of it for each batch.
fn constant_row(row: ArrayRef) -> Result<Node> {
    let data_type = row.data_type().clone();
    let is_small = matches!(
        data_type,
        DataType::Null | DataType::Boolean | DataType::Int64 | DataType::Float64
    );
    if is_small {
        return Ok(Arc::new(Literal::new(scalar_value(&row)?)));
    }
    let value = Operand::scalar(row);
    Ok(OwnExpr::node(Constant { value }, Vec::new(), data_type))
}

/// A value that is not copied from batch to batch.
#[derive(Debug)]
pub(super) struct Constant {
    value: Operand,
}

impl Kind for Constant {
    fn name(&self) -> &'static str {
        "constant"
    }

    fn evaluate(&self, _: &[Node], _: &RecordBatch) -> Result<Operand> {
        Ok(self.value.clone())
    }
}
