//! `Collected`: a group whose value is a function of all rows.

use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, new_empty_array};
use arrow::buffer::OffsetBuffer;
use arrow::compute::concat;
use arrow::datatypes::Field;
use grism_core::{Error, ErrorKind, Result, Type, Value};

use super::{UserAccumulator, UserParameter};

/// The value of a group, of the columns of its rows and their number.
type Finish = dyn Fn(&[ArrayRef], usize) -> Result<Value> + Send + Sync;

/// Holds the arguments of all rows of a group, and computes its value of them at the end. Its state is a list for each
/// parameter, and their number for a function without parameters.
pub struct Collected {
    types: Vec<Type>,
    columns: Vec<Vec<ArrayRef>>,
    rows: usize,
    bytes: usize,
    finish: Arc<Finish>,
}

impl Collected {
    /// A group without rows of a function of these parameters.
    #[must_use]
    pub fn new(parameters: &[UserParameter], finish: Arc<Finish>) -> Self {
        Self {
            types: parameters.iter().map(UserParameter::column_type).collect(),
            columns: vec![Vec::new(); parameters.len()],
            rows: 0,
            bytes: 0,
            finish,
        }
    }

    /// The types of the state of a function of these parameters.
    #[must_use]
    pub fn state_types(parameters: &[UserParameter]) -> Vec<Type> {
        let lists = parameters.iter().map(|own| own.column_type().list());
        std::iter::once(Type::Int64).chain(lists).collect()
    }

    fn whole(&self, place: usize) -> Result<ArrayRef> {
        let parts: Vec<&dyn Array> = self.columns[place].iter().map(AsRef::as_ref).collect();
        if parts.is_empty() {
            return Ok(new_empty_array(&self.types[place].to_arrow()));
        }
        Ok(concat(&parts)?)
    }
}

impl UserAccumulator for Collected {
    fn update(&mut self, arguments: &[ArrayRef], rows: usize) -> Result<()> {
        self.rows += rows;
        for (column, argument) in self.columns.iter_mut().zip(arguments) {
            if argument.is_empty() {
                continue;
            }
            self.bytes += argument.to_data().get_slice_memory_size()?;
            column.push(Arc::clone(argument));
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ArrayRef>> {
        let mut state = vec![Value::Int64(self.rows as i64).to_array(1)?];
        for (place, ty) in self.types.iter().enumerate() {
            let values = self.whole(place)?;
            let length = i32::try_from(values.len()).map_err(|_| too_many(values.len()))?;
            let offsets = OffsetBuffer::new(vec![0, length].into());
            let field = Arc::new(Field::new_list_field(ty.to_arrow(), true));
            state.push(Arc::new(ListArray::try_new(field, offsets, values, None)?));
        }
        Ok(state)
    }

    fn merge(&mut self, states: &[ArrayRef]) -> Result<()> {
        let Some((counts, lists)) = states.split_first() else {
            return Ok(());
        };
        for row in 0..counts.len() {
            if let Value::Int64(rows) = Value::from_array(counts, row)? {
                let values: Vec<ArrayRef> = lists
                    .iter()
                    .map(|list| list.as_list::<i32>().value(row))
                    .collect();
                self.update(&values, usize::try_from(rows).unwrap_or_default())?;
            }
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<Value> {
        let columns = (0..self.types.len()).map(|place| self.whole(place));
        (self.finish)(&columns.collect::<Result<Vec<_>>>()?, self.rows)
    }

    fn bytes(&self) -> usize {
        // Slices of batches, and the whole of them at the end.
        2 * self.bytes + self.columns.len() * size_of::<Vec<ArrayRef>>()
    }
}

fn too_many(rows: usize) -> Error {
    Error::new(
        ErrorKind::ResourceExhausted,
        format!("a group of {rows} rows is too large for a function of all its values"),
    )
}

impl fmt::Debug for Collected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Collected({} rows)", self.rows)
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::Int64Array;

    use super::*;

    #[test]
    fn parts_of_a_group_merge_to_all_of_it() {
        let parameters = [UserParameter::new("number", Type::Int64)];
        let sum = |columns: &[ArrayRef], rows: usize| {
            let numbers: &Int64Array = columns[0].as_primitive();
            let sum: i64 = numbers.iter().flatten().sum();
            Ok(Value::List(vec![
                Value::Int64(sum),
                Value::Int64(rows as i64),
            ]))
        };
        let group = || Collected::new(&parameters, Arc::new(sum));
        let mut parts = [group(), group(), group()];
        let numbers = |numbers: Vec<i64>| vec![Arc::new(Int64Array::from(numbers)) as ArrayRef];
        parts[0].update(&numbers(vec![1, 2]), 2).unwrap();
        parts[1].update(&numbers(vec![4]), 1).unwrap();
        let mut whole = group();
        for part in &mut parts {
            whole.merge(&part.state().unwrap()).unwrap();
        }
        let value = whole.finish().unwrap();
        assert_eq!(value, Value::List(vec![Value::Int64(7), Value::Int64(3)]));
    }
}
