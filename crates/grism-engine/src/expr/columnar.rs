//! Values as DataFusion's expressions pass them, and as Grism's kernels take them.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::DataType;
use datafusion_common::ScalarValue;
use datafusion_expr::ColumnarValue;
use grism_core::Result;
use grism_functions::Operand;

use crate::datafusion::from_datafusion;

/// What an expression of DataFusion gave.
pub(super) fn operand(value: ColumnarValue) -> Result<Operand> {
    Ok(match value {
        ColumnarValue::Array(array) => Operand::column(array),
        ColumnarValue::Scalar(scalar) => Operand::scalar(one_row(&scalar)?),
    })
}

/// What an expression of DataFusion takes. One value for all rows stays one.
pub(super) fn columnar(operand: Operand) -> Result<ColumnarValue> {
    if !operand.is_scalar() {
        return Ok(ColumnarValue::Array(operand.into_array()));
    }
    scalar_value(operand.array()).map(ColumnarValue::Scalar)
}

/// The only row of `array`. A list or a map is not copied, so that what is known of it is found again by its place in memory.
pub(super) fn scalar_value(array: &ArrayRef) -> Result<ScalarValue> {
    Ok(match array.data_type() {
        DataType::List(_) if array.is_valid(0) => {
            ScalarValue::List(Arc::new(array.as_list::<i32>().clone()))
        }
        DataType::Struct(_) => ScalarValue::Struct(Arc::new(array.as_struct().clone())),
        _ => ScalarValue::try_from_array(array, 0).map_err(from_datafusion)?,
    })
}

/// A column of one row.
fn one_row(scalar: &ScalarValue) -> Result<ArrayRef> {
    Ok(match scalar {
        ScalarValue::List(list) if list.len() == 1 => Arc::<_>::clone(list) as ArrayRef,
        ScalarValue::Struct(map) if map.len() == 1 => Arc::<_>::clone(map) as ArrayRef,
        other => other.to_array_of_size(1).map_err(from_datafusion)?,
    })
}
