//! The value of an expression over a batch: a column, or one value for all rows.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, Datum, UInt32Array, new_null_array};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use grism_core::{Error, Result, Value};

use crate::take_rows;

/// A column, or a column of one row that stands for every row.
#[derive(Clone, Debug)]
pub struct Operand {
    array: ArrayRef,
    scalar: bool,
}

impl Operand {
    /// A value for each row.
    pub fn column(array: ArrayRef) -> Self {
        Self {
            array,
            scalar: false,
        }
    }

    /// `array` has one row.
    pub fn scalar(array: ArrayRef) -> Self {
        Self {
            array,
            scalar: true,
        }
    }

    /// The value of an operator over `inputs` that gave `array`: one value where all of them were.
    pub fn over(inputs: &[&Self], array: ArrayRef) -> Self {
        Self {
            array,
            scalar: inputs.iter().all(|input| input.scalar),
        }
    }

    /// Null for every row.
    pub fn null(data_type: &DataType) -> Self {
        Self::scalar(new_null_array(data_type, 1))
    }

    /// The values: one where it stands for every row.
    pub fn array(&self) -> &ArrayRef {
        &self.array
    }

    /// The Arrow type of the values.
    pub fn data_type(&self) -> &DataType {
        self.array.data_type()
    }

    /// Whether one value stands for every row.
    pub fn is_scalar(&self) -> bool {
        self.scalar
    }

    /// Whether all values are null, and of no other type.
    pub fn is_null_type(&self) -> bool {
        self.data_type() == &DataType::Null
    }

    /// The row of the array that holds the value for `row`.
    pub fn at(&self, row: usize) -> usize {
        if self.scalar { 0 } else { row }
    }

    /// The value for `row`.
    ///
    /// # Errors
    /// `Internal` for a column that holds no values of Grism.
    pub fn value(&self, row: usize) -> Result<Value> {
        Value::from_array(&self.array, self.at(row))
    }

    /// The array, which has one row where this stands for every row.
    pub fn into_array(self) -> ArrayRef {
        self.array
    }

    /// A column of `rows` rows.
    ///
    /// # Errors
    /// `ResourceExhausted` where a value that stands for every row is too large to be repeated.
    pub fn into_column(self, rows: usize) -> Result<ArrayRef> {
        if !self.scalar {
            return Ok(self.array);
        }
        take_rows(&self.array, &UInt32Array::from(vec![0; rows]))
    }

    /// The values as another Arrow type.
    ///
    /// # Errors
    /// Those of Arrow's cast.
    pub fn cast(&self, data_type: &DataType) -> Result<Self> {
        if self.data_type() == data_type {
            return Ok(self.clone());
        }
        let array = if self.is_null_type() {
            new_null_array(data_type, self.array.len())
        } else {
            cast(&self.array, data_type)?
        };
        Ok(Self {
            array,
            scalar: self.scalar,
        })
    }

    /// The values as an array of Arrow.
    ///
    /// # Errors
    /// `Internal` for one of another type.
    pub fn as_array<T: 'static>(&self) -> Result<&T> {
        self.array
            .as_any()
            .downcast_ref::<T>()
            .ok_or_else(|| Error::internal(format!("an unexpected column of {}", self.data_type())))
    }

    /// The operand as a boolean column; null of any type is a null boolean.
    ///
    /// # Errors
    /// `InvalidData` for a value that is no boolean.
    pub fn booleans(&self) -> Result<BooleanArray> {
        if self.is_null_type() {
            return Ok(BooleanArray::new_null(self.array.len()));
        }
        if self.data_type() == &DataType::LargeBinary {
            // Values of any type: booleans among them.
            return (0..self.array.len())
                .map(
                    |row| match Value::from_typed(&self.array, row, &grism_core::Type::Any)? {
                        Value::Null => Ok(None),
                        Value::Bool(value) => Ok(Some(value)),
                        other => Err(Error::invalid_data(format!(
                            "a condition is a boolean, not {}",
                            other.type_name()
                        ))
                        .with_code("TypeError:InvalidArgumentType")),
                    },
                )
                .collect();
        }
        self.as_array::<BooleanArray>().cloned()
    }
}

impl Datum for Operand {
    fn get(&self) -> (&dyn Array, bool) {
        (&*self.array, self.scalar)
    }
}

/// How many rows an operator over `inputs` computes: one where all are single values.
pub fn computed_rows(inputs: &[&Operand], rows: usize) -> usize {
    if inputs.iter().all(|input| input.scalar) {
        1
    } else {
        rows
    }
}

/// Computes row by row through values: for what no kernel does.
///
/// # Errors
/// Those of `compute`.
pub fn map_rows(
    inputs: &[&Operand],
    rows: usize,
    data_type: &DataType,
    mut compute: impl FnMut(Vec<Value>) -> Result<Value>,
) -> Result<Operand> {
    let count = computed_rows(inputs, rows);
    let mut values = Vec::with_capacity(count);
    for row in 0..count {
        let arguments = inputs
            .iter()
            .map(|input| input.value(row))
            .collect::<Result<Vec<_>>>()?;
        values.push(compute(arguments)?);
    }
    Ok(Operand::over(inputs, Value::column(&values, data_type)?))
}

/// `left` and `right` at the same length.
///
/// # Errors
/// As [`Operand::into_column`].
pub fn aligned(left: &Operand, right: &Operand, rows: usize) -> Result<(ArrayRef, ArrayRef)> {
    if left.scalar && right.scalar {
        return Ok((Arc::clone(&left.array), Arc::clone(&right.array)));
    }
    Ok((
        left.clone().into_column(rows)?,
        right.clone().into_column(rows)?,
    ))
}
