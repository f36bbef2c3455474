//! The values of a column, for readers that take single values and know no entities.

use arrow::array::{Array, ArrayRef};
use grism_core::{Result, Value};

use super::column::text_of;
use super::is_dynamic;
use super::shape::Shape;

/// The values of the arrays of one column, of the types that [`super::plain_batches`] gives their column: entities and paths as
/// maps, each of which has the properties of all. Times and lengths of time stay what they are.
///
/// # Errors
/// `InvalidData` where a dynamically typed value is malformed.
pub fn plain_values(arrays: &[ArrayRef]) -> Result<Vec<Value>> {
    let mut values = Vec::new();
    for array in arrays {
        for row in 0..array.len() {
            values.push(Value::from_array(array, row)?);
        }
    }
    if !arrays.iter().any(|array| is_dynamic(array.data_type())) {
        return Ok(values);
    }
    let shape = values.iter().map(Shape::of);
    let shape = shape.fold(Shape::Null, Shape::unify);
    let values = values.into_iter();
    Ok(values.map(|value| shaped(value, &shape)).collect())
}

fn shaped(value: Value, shape: &Shape) -> Value {
    match (shape, value.into_parts()) {
        (_, Value::Null) => Value::Null,
        (Shape::Text, value) => Value::String(text_of(value)),
        (Shape::Numbers, Value::Int64(number)) => Value::Float64(number as f64),
        (Shape::List(item), Value::List(items)) => {
            Value::List(items.into_iter().map(|own| shaped(own, item)).collect())
        }
        (Shape::Map(_, fields), Value::Map(mut entries)) => {
            let fields = fields.iter().map(|(key, shape)| {
                let own = entries.remove(key).unwrap_or(Value::Null);
                (key.clone(), shaped(own, shape))
            });
            Value::Map(fields.collect())
        }
        (_, value) => value,
    }
}
