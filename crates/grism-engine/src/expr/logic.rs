//! Three-valued logic.

use std::sync::Arc;

use arrow::array::{Array, BooleanArray};
use arrow::compute::{and_kleene, not, or_kleene};
use arrow::datatypes::DataType;
use grism_core::{Error, Result, Value};
use grism_logical::BinaryOperator;

use super::operand::{Operand, aligned};

/// AND, OR and XOR.
pub(super) fn combine(
    operator: BinaryOperator,
    left: &Operand,
    right: &Operand,
    rows: usize,
) -> Result<Operand> {
    let (left, right) = (
        Operand::over(&[left], Arc::new(truth(operator, left)?)),
        Operand::over(&[right], Arc::new(truth(operator, right)?)),
    );
    let (a, b) = aligned(&left, &right, rows)?;
    let (a, b) = (
        Operand::column(a).booleans()?,
        Operand::column(b).booleans()?,
    );
    let combined = match operator {
        BinaryOperator::And => and_kleene(&a, &b)?,
        BinaryOperator::Or => or_kleene(&a, &b)?,
        _ => (0..a.len())
            .map(|row| (a.is_valid(row) && b.is_valid(row)).then(|| a.value(row) ^ b.value(row)))
            .collect(),
    };
    Ok(Operand::over(&[&left, &right], Arc::new(combined)))
}

/// The rows for which the operand behind `left` counts; `None` for an operator that needs both for every row.
pub(super) fn reached(
    operator: BinaryOperator,
    left: &Operand,
    rows: usize,
) -> Result<Option<BooleanArray>> {
    let settles = match operator {
        BinaryOperator::And => false,
        BinaryOperator::Or => true,
        _ => return Ok(None),
    };
    let left = Operand::over(&[left], Arc::new(truth(operator, left)?)).into_column(rows)?;
    let left = Operand::column(left).booleans()?;
    Ok(Some(
        left.iter().map(|own| Some(own != Some(settles))).collect(),
    ))
}

/// An operand of `operator` as booleans.
fn truth(operator: BinaryOperator, operand: &Operand) -> Result<BooleanArray> {
    if operand.data_type() != &DataType::LargeBinary {
        return operand.booleans();
    }
    // Values of any type: booleans among them.
    (0..operand.array().len())
        .map(|row| match Value::from_array(operand.array(), row)? {
            Value::Null => Ok(None),
            Value::Bool(value) => Ok(Some(value)),
            other => Err(Error::invalid_query(format!(
                "`{}` cannot be applied to {}",
                operator.as_str(),
                other.type_name()
            ))
            .with_code("TypeError:InvalidArgumentType")),
        })
        .collect()
}

/// NOT.
pub(super) fn negate(operand: &Operand) -> Result<Operand> {
    let booleans = operand.booleans()?;
    Ok(Operand::over(&[operand], Arc::new(not(&booleans)?)))
}

/// IS NULL, or IS NOT NULL where `negated`.
pub(super) fn is_null(operand: &Operand, negated: bool) -> Operand {
    let array = operand.array();
    let nulls = array.logical_nulls();
    let flags: BooleanArray = match nulls {
        None => BooleanArray::from(vec![negated; array.len()]),
        Some(nulls) => (0..array.len())
            .map(|row| Some(nulls.is_valid(row) == negated))
            .collect(),
    };
    Operand::over(&[operand], Arc::new(flags))
}
