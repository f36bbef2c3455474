//! Statistics of the values of a column. The loops run over Arrow's own buffers, a type each, since loads go through them.

use arrow::array::{Array, AsArray, BooleanArray, Float64Array, PrimitiveArray, StringArray};
use arrow::compute::{max, min};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Date32Type, Float64Type, Int64Type, Time64NanosecondType,
    TimeUnit, TimestampNanosecondType,
};

use super::bounds::{lower_bound, upper_bound};
use super::{DistinctSketch, PropertyStatistics};
use crate::temporal::{DateTime, LocalDateTime};
use crate::{Value, stable_hash, stable_number};

/// The least and the greatest of some values.
type Bounds = Option<(Value, Value)>;

/// The bits that stand for every NaN.
const NAN: i64 = 0x7FF8_0000_0000_0000;

impl PropertyStatistics {
    /// Adds the values of a column, which is of the property's own type.
    pub fn add_column(&mut self, column: &dyn Array) {
        let mut found = Self::default();
        found.add_number(column);
        if found.values > 0 {
            found.describe(column);
        }
        self.merge(&found);
    }

    /// Adds the number of values of a column, and nothing else.
    pub fn add_number(&mut self, column: &dyn Array) {
        self.values += (column.len() - column.logical_null_count()) as u64;
    }

    fn describe(&mut self, column: &dyn Array) {
        let mut sketch = DistinctSketch::default();
        let found = &mut sketch;
        let bounds = match column.data_type() {
            DataType::Boolean => booleans(column.as_boolean(), found),
            DataType::Int64 => numbers::<Int64Type>(column.as_primitive(), found, Value::Int64),
            DataType::Float64 => floats(column.as_primitive::<Float64Type>(), found),
            DataType::Utf8 => texts(column.as_string(), found),
            DataType::Binary => {
                let values = column.as_binary::<i32>().iter().flatten();
                found.extend(values.map(stable_hash));
                None
            }
            DataType::Date32 => numbers::<Date32Type>(column.as_primitive(), found, Value::Date),
            DataType::Time64(TimeUnit::Nanosecond) => {
                numbers::<Time64NanosecondType>(column.as_primitive(), found, Value::LocalTime)
            }
            DataType::Timestamp(TimeUnit::Nanosecond, zone) => {
                let value = match zone {
                    None => local_date_time,
                    Some(_) => date_time,
                };
                numbers::<TimestampNanosecondType>(column.as_primitive(), found, value)
            }
            _ => return,
        };
        (self.least, self.greatest) = bounds.unzip();
        self.distinct = Some(sketch);
    }
}

fn local_date_time(nanos: i64) -> Value {
    Value::LocalDateTime(LocalDateTime::from_nanos(nanos))
}

fn date_time(nanos: i64) -> Value {
    Value::DateTime(Box::new(DateTime {
        local: LocalDateTime::from_nanos(nanos),
        offset: 0,
        zone: None,
    }))
}

fn booleans(array: &BooleanArray, sketch: &mut DistinctSketch) -> Bounds {
    let (has_false, has_true) = (array.false_count() > 0, array.true_count() > 0);
    let found = [(0, has_false), (1, has_true)].into_iter();
    sketch.extend(
        found
            .filter(|(_, is_there)| *is_there)
            .map(|(bit, _)| hash_integer(bit)),
    );
    Some((Value::Bool(!has_false), Value::Bool(has_true)))
}

fn numbers<T>(
    array: &PrimitiveArray<T>,
    sketch: &mut DistinctSketch,
    value: fn(i64) -> Value,
) -> Bounds
where
    T: ArrowPrimitiveType,
    T::Native: Into<i64>,
{
    if array.null_count() == 0 {
        let values = array.values().iter();
        sketch.extend(values.map(|number| hash_integer((*number).into())));
    } else {
        let values = array.iter().flatten();
        sketch.extend(values.map(|number| hash_integer(number.into())));
    }
    Some((value(min(array)?.into()), value(max(array)?.into())))
}

const fn hash_integer(value: i64) -> u64 {
    stable_number(value as u64)
}

fn floats(array: &Float64Array, sketch: &mut DistinctSketch) -> Bounds {
    let (mut least, mut greatest) = (f64::INFINITY, f64::NEG_INFINITY);
    sketch.extend(array.iter().flatten().map(|float| {
        // Adding makes -0.0 the 0.0 that it is equal to.
        let float = float + 0.0;
        if float < least {
            least = float;
        }
        if float > greatest {
            greatest = float;
        }
        hash_integer(if float.is_nan() {
            NAN
        } else {
            float.to_bits() as i64
        })
    }));
    (least <= greatest).then_some((Value::Float64(least), Value::Float64(greatest)))
}

fn texts(array: &StringArray, sketch: &mut DistinctSketch) -> Bounds {
    // Most comparisons are decided by the first eight bytes.
    let mut values = array
        .iter()
        .flatten()
        .map(|text| (head(text.as_bytes()), text));
    let first = values.next()?;
    let (mut least, mut greatest) = (first, first);
    sketch.insert(stable_hash(first.1.as_bytes()));
    sketch.extend(values.map(|own| {
        if own < least {
            least = own;
        } else if own > greatest {
            greatest = own;
        }
        stable_hash(own.1.as_bytes())
    }));
    Some((lower_bound(least.1), upper_bound(greatest.1)))
}

/// The first eight bytes, as a number that has their order.
fn head(bytes: &[u8]) -> u64 {
    if let Some(first) = bytes.first_chunk::<8>() {
        return u64::from_be_bytes(*first);
    }
    let mut first = [0; 8];
    first[..bytes.len()].copy_from_slice(bytes);
    u64::from_be_bytes(first)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use arrow::array::{ArrayRef, LargeBinaryArray, NullArray};
    use proptest::prelude::*;

    use super::*;
    use crate::{encode_any, total_order};

    /// What a plain look at every value tells: their number, the least, the greatest, and how many different ones there are.
    fn plainly(column: &ArrayRef) -> (u64, Option<Value>, Option<Value>, usize) {
        let mut values: Vec<Value> = (0..column.len())
            .map(|row| Value::from_array(column, row).unwrap())
            .filter(|value| !value.is_null())
            .collect();
        let count = values.len() as u64;
        let different: BTreeSet<Vec<u8>> = values
            .iter()
            .map(|value| crate::key_of_any(&encode_any(value)).unwrap())
            .collect();
        values.retain(|value| !matches!(value, Value::Float64(float) if float.is_nan()));
        values.sort_by(total_order);
        (
            count,
            values.first().cloned(),
            values.last().cloned(),
            different.len(),
        )
    }

    fn check(column: ArrayRef) {
        let mut found = PropertyStatistics::default();
        let half = column.len() / 2;
        found.add_column(&column.slice(0, half));
        found.add_column(&column.slice(half, column.len() - half));
        let (values, least, greatest, different) = plainly(&column);
        assert_eq!(found.values, values);
        assert!(found.is_exact);
        if *column.data_type() != DataType::Binary {
            assert_eq!((&found.least, &found.greatest), (&least, &greatest));
        }
        let estimate = found.distinct_values().unwrap();
        let error = (estimate - different as f64).abs();
        assert!(
            error <= 0.15 * different as f64 + 3.0,
            "{estimate} of {different}"
        );
    }

    proptest! {
        #[test]
        fn statistics_are_those_of_a_plain_look(
            integers in proptest::collection::vec(proptest::option::of(-50i64..50), 0..200),
            floats in proptest::collection::vec(proptest::option::of(any::<f64>()), 0..200),
            texts in proptest::collection::vec(proptest::option::of("[a-c]{0,9}"), 0..200),
        ) {
            let nanos: Vec<Option<i64>> = integers.iter().map(|own| own.map(|own| own * 1_000_000_007)).collect();
            let days = integers.iter().map(|own| own.map(|own| own as i32));
            let bits = integers.iter().map(|own| own.map(|own| own > 0));
            let bytes = texts.iter().map(|own| own.as_ref().map(|own| own.as_bytes()));
            let timestamps = arrow::array::TimestampNanosecondArray::from(nanos.clone());
            let columns: Vec<ArrayRef> = vec![
                Arc::new(arrow::array::Int64Array::from(integers.clone())),
                Arc::new(Float64Array::from(floats)),
                Arc::new(StringArray::from_iter(texts.iter().map(Option::as_deref))),
                Arc::new(arrow::array::BinaryArray::from_iter(bytes)),
                Arc::new(days.collect::<arrow::array::Date32Array>()),
                Arc::new(bits.collect::<BooleanArray>()),
                Arc::new(timestamps.clone()),
                Arc::new(timestamps.with_timezone("UTC")),
            ];
            for column in columns {
                check(column);
            }
        }
    }

    #[test]
    fn floats_that_are_equal_are_one_value_and_nan_is_no_bound() {
        let mut found = PropertyStatistics::default();
        let values = [0.0, -0.0, f64::NAN, -f64::NAN, 1.5];
        found.add_column(&Float64Array::from(values.to_vec()));
        assert_eq!(found.distinct_values().unwrap().round() as u64, 3);
        assert_eq!(found.least, Some(Value::Float64(0.0)));
        assert_eq!(found.greatest, Some(Value::Float64(1.5)));
        let mut alone = PropertyStatistics::default();
        alone.add_column(&Float64Array::from(vec![f64::NAN]));
        assert_eq!((alone.values, alone.least), (1, None));
    }

    #[test]
    fn of_values_of_any_type_only_the_number_is_known() {
        let mut found = PropertyStatistics::default();
        found.add_column(&NullArray::new(3));
        assert_eq!(found, PropertyStatistics::default());
        let bytes = encode_any(&Value::Int64(1));
        found.add_column(&LargeBinaryArray::from(vec![Some(&bytes[..]), None]));
        assert_eq!((found.values, found.distinct_values()), (1, None));
    }

    #[test]
    fn values_that_went_leave_bounds() {
        let mut found = PropertyStatistics::default();
        found.add_column(&arrow::array::Int64Array::from(vec![1, 2, 3]));
        found.remove(1);
        assert_eq!((found.values, found.is_exact), (2, false));
        assert_eq!(found.greatest, Some(Value::Int64(3)));
        found.remove(2);
        assert_eq!(found, PropertyStatistics::default());
    }
}
