//! Three-valued logic.

use std::sync::Arc;

use arrow::array::{Array, BooleanArray};
use arrow::compute::{and_kleene, not, or_kleene};
use grism_core::Result;
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
        Operand::over(&[left], Arc::new(left.booleans()?)),
        Operand::over(&[right], Arc::new(right.booleans()?)),
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
