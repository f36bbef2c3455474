//! Values that rows name by number: what an expression over a shared or constant column gives before it is copied for
//! each row.

use arrow::array::{ArrayRef, UInt32Array};
use grism_core::{Result, Value};
use grism_functions::{Operand, SharedValues};

/// Values, and which of them each row has.
#[derive(Clone, Debug)]
pub(crate) struct Indexed {
    pub(crate) values: ArrayRef,
    rows: RowOrder,
}

#[derive(Clone, Debug)]
enum RowOrder {
    /// Every row has its own.
    Each,
    /// All rows have the only one.
    One,
    /// Rows have the values of these numbers.
    By(UInt32Array),
}

impl Indexed {
    pub(crate) fn of(operand: Operand) -> Self {
        let rows = if operand.is_scalar() {
            RowOrder::One
        } else {
            RowOrder::Each
        };
        Self {
            values: operand.into_array(),
            rows,
        }
    }

    pub(crate) fn shared(shared: SharedValues) -> Self {
        Self {
            values: shared.values,
            rows: RowOrder::By(shared.keys),
        }
    }

    /// The number of the value of a row.
    pub(crate) fn at(&self, row: usize) -> usize {
        match &self.rows {
            RowOrder::Each => row,
            RowOrder::One => 0,
            RowOrder::By(keys) => keys.value(row) as usize,
        }
    }

    /// Whether all rows have one value, known without looking at them.
    pub(crate) fn is_scalar(&self) -> bool {
        matches!(self.rows, RowOrder::One)
    }

    /// The value of a row.
    pub(crate) fn value(&self, row: usize) -> Result<Value> {
        Value::from_array(&self.values, self.at(row))
    }

    /// How many values are held for rows of their own.
    pub(crate) fn held_rows(&self) -> usize {
        match &self.rows {
            RowOrder::Each => self.values.len(),
            RowOrder::One | RowOrder::By(_) => 0,
        }
    }

    /// The values that `rows` rows share, or the plain column where each has its own.
    pub(crate) fn into_shared(self, rows: usize) -> std::result::Result<SharedValues, ArrayRef> {
        let keys = match self.rows {
            RowOrder::Each => return Err(self.values),
            RowOrder::One => UInt32Array::from(vec![0; rows]),
            RowOrder::By(keys) => keys,
        };
        Ok(SharedValues {
            keys,
            values: self.values,
        })
    }

    /// Other values for the same numbers.
    pub(crate) fn with_values(&self, values: ArrayRef) -> Self {
        Self {
            values,
            rows: self.rows.clone(),
        }
    }

    /// As an operand, values copied for each row where they are shared.
    pub(crate) fn into_operand(self) -> Result<Operand> {
        Ok(match self.rows {
            RowOrder::Each => Operand::column(self.values),
            RowOrder::One => Operand::scalar(self.values),
            RowOrder::By(keys) => Operand::column(
                SharedValues {
                    keys,
                    values: self.values,
                }
                .flat()?,
            ),
        })
    }
}
