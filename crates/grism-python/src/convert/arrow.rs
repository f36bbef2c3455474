//! Arrays, series and scalars that are Arrow.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Date64Type, DurationMicrosecondType, DurationMillisecondType,
    DurationNanosecondType, DurationSecondType, Field, Fields, IntervalDayTimeType,
    IntervalMonthDayNanoType, IntervalUnit, IntervalYearMonthType, TimeUnit,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt64Type,
};
use grism::temporal::{DateTime, Duration, LocalDateTime};
use grism::{Error, Value};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::arrow_stream::batches_of;
use super::unsupported::unsupported;
use crate::error::to_python;

/// An array or a scalar of pyarrow: a list, or one value.
pub(super) fn of_pyarrow(object: &Bound<'_, PyAny>) -> PyResult<Value> {
    let py = object.py();
    let pyarrow = py.import("pyarrow")?;
    let is_array = object.hasattr("__arrow_c_array__")? || object.hasattr("__arrow_c_stream__")?;
    if !is_array && !object.hasattr("as_py")? {
        return Err(unsupported(&object.get_type().name()?.to_string(), ""));
    }
    let array = if is_array {
        object.clone()
    } else {
        let keywords = PyDict::new(py);
        keywords.set_item("type", object.getattr("type")?)?;
        pyarrow.call_method("array", ([object],), Some(&keywords))?
    };
    let columns = PyDict::new(py);
    columns.set_item("values", array)?;
    let values = first_column(&pyarrow.call_method1("table", (columns,))?)?;
    match values {
        Value::List(mut items) if !is_array => Ok(items.pop().unwrap_or(Value::Null)),
        list => Ok(list),
    }
}

/// The first column of a table as a list.
pub(super) fn first_column(table: &Bound<'_, PyAny>) -> PyResult<Value> {
    let (schema, batches) = batches_of(table)?;
    let field = schema
        .fields()
        .first()
        .ok_or_else(|| to_python(Error::invalid_query("a table without columns")))?;
    let mut items = Vec::new();
    for batch in batches {
        let batch = batch.map_err(to_python)?;
        items.extend(values(table.py(), field, batch.column(0))?);
    }
    Ok(Value::List(items))
}

/// The values of a column.
pub(crate) fn values(py: Python<'_>, field: &Field, column: &ArrayRef) -> PyResult<Vec<Value>> {
    if let Some(extension) = field.metadata().get("ARROW:extension:name") {
        return extended(py, extension, column);
    }
    plain(py, column)
}

/// The values of a type that gives another one a meaning of its own.
fn extended(py: Python<'_>, extension: &str, column: &ArrayRef) -> PyResult<Vec<Value>> {
    let items = plain(py, column)?.into_iter();
    match extension {
        "arrow.json" => Ok(items.collect()),
        "arrow.bool8" => Ok(items
            .map(|item| match item {
                Value::Int64(number) => Value::Bool(number != 0),
                other => other,
            })
            .collect()),
        "arrow.uuid" => items
            .map(|item| match item {
                Value::Bytes(bytes) => {
                    let keywords = PyDict::new(py);
                    keywords.set_item("bytes", pyo3::types::PyBytes::new(py, &bytes))?;
                    let uuid = py.import("uuid")?.getattr("UUID")?;
                    let text = uuid.call((), Some(&keywords))?.str()?;
                    Ok(Value::String(text.extract()?))
                }
                other => Ok(other),
            })
            .collect(),
        other => Err(not_supported(&format!("the Arrow extension type {other}"))),
    }
}

fn plain(py: Python<'_>, column: &ArrayRef) -> PyResult<Vec<Value>> {
    let converted = |data_type: &DataType| -> PyResult<Vec<Value>> {
        let column = cast(column, data_type).map_err(|error| to_python(Error::from(error)))?;
        plain(py, &column)
    };
    match column.data_type() {
        DataType::Null => Ok(vec![Value::Null; column.len()]),
        DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::UInt8
        | DataType::UInt16
        | DataType::UInt32 => converted(&DataType::Int64),
        DataType::UInt64 => each::<UInt64Type>(column, |number| {
            i64::try_from(number).map(Value::Int64).map_err(|_| {
                let message = format!("the integer {number} does not fit into 64 bits");
                to_python(Error::invalid_query(message))
            })
        }),
        DataType::Float16 | DataType::Float32 => converted(&DataType::Float64),
        DataType::LargeUtf8 | DataType::Utf8View => converted(&DataType::Utf8),
        DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            converted(&DataType::Binary)
        }
        // Times of any unit widen; only a day's nanoseconds are stored.
        DataType::Time32(_) | DataType::Time64(TimeUnit::Microsecond) => {
            converted(&DataType::Time64(TimeUnit::Nanosecond))
        }
        DataType::Boolean
        | DataType::Int64
        | DataType::Float64
        | DataType::Utf8
        | DataType::Binary
        | DataType::Date32
        | DataType::Time64(_) => (0..column.len())
            .map(|row| Value::from_array(column.as_ref(), row).map_err(to_python))
            .collect(),
        DataType::Date64 => each::<Date64Type>(column, |millis| Ok(date_or_time(millis))),
        DataType::Timestamp(unit, zone) => instants(py, column, *unit, zone.as_deref()),
        DataType::Duration(unit) => durations(column, *unit),
        DataType::Interval(unit) => intervals(column, *unit),
        DataType::Dictionary(_, values) => converted(values),
        DataType::List(item)
        | DataType::FixedSizeList(item, _)
        | DataType::ListView(item)
        | DataType::LargeList(item)
        | DataType::LargeListView(item) => lists(py, item, &as_lists(column, item)?),
        DataType::Struct(fields) => maps(py, column, fields),
        DataType::Decimal32(..)
        | DataType::Decimal64(..)
        | DataType::Decimal128(..)
        | DataType::Decimal256(..) => Err(not_supported(
            "a decimal, which has no exact type here: cast it to integers, floats or texts",
        )),
        other => Err(not_supported(&format!("the Arrow type {other}"))),
    }
}

/// What the column has in each row, made to a value; null where it has nothing.
fn each<T: ArrowPrimitiveType>(
    column: &ArrayRef,
    cell: impl Fn(T::Native) -> PyResult<Value>,
) -> PyResult<Vec<Value>> {
    let cells = column.as_primitive::<T>().iter();
    let cells = cells.map(|native| native.map_or(Ok(Value::Null), &cell));
    cells.collect()
}

/// A date where the milliseconds end a day, and otherwise the time of that day too.
fn date_or_time(millis: i64) -> Value {
    let nanos = millis.rem_euclid(1_000) * 1_000_000;
    let at = LocalDateTime::from_seconds(millis.div_euclid(1_000), nanos);
    match at.nanos {
        0 => Value::Date(at.days),
        _ => Value::LocalDateTime(at),
    }
}

fn instants(
    py: Python<'_>,
    column: &ArrayRef,
    unit: TimeUnit,
    zone: Option<&str>,
) -> PyResult<Vec<Value>> {
    let at = |count| instant(py, count, per_second(unit), zone);
    match unit {
        TimeUnit::Second => each::<TimestampSecondType>(column, at),
        TimeUnit::Millisecond => each::<TimestampMillisecondType>(column, at),
        TimeUnit::Microsecond => each::<TimestampMicrosecondType>(column, at),
        TimeUnit::Nanosecond => each::<TimestampNanosecondType>(column, at),
    }
}

fn durations(column: &ArrayRef, unit: TimeUnit) -> PyResult<Vec<Value>> {
    let per_second = per_second(unit);
    let length = |count: i64| {
        let nanos = count.rem_euclid(per_second) * (1_000_000_000 / per_second);
        let length = Duration::of_length(count.div_euclid(per_second), nanos);
        Ok(Value::Duration(length))
    };
    match unit {
        TimeUnit::Second => each::<DurationSecondType>(column, length),
        TimeUnit::Millisecond => each::<DurationMillisecondType>(column, length),
        TimeUnit::Microsecond => each::<DurationMicrosecondType>(column, length),
        TimeUnit::Nanosecond => each::<DurationNanosecondType>(column, length),
    }
}

const fn per_second(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
    }
}

fn intervals(column: &ArrayRef, unit: IntervalUnit) -> PyResult<Vec<Value>> {
    match unit {
        IntervalUnit::YearMonth => {
            each::<IntervalYearMonthType>(column, |months| Ok(interval(months.into(), 0, 0)))
        }
        IntervalUnit::DayTime => each::<IntervalDayTimeType>(column, |parts| {
            let nanos = i64::from(parts.milliseconds) * 1_000_000;
            Ok(interval(0, parts.days.into(), nanos))
        }),
        IntervalUnit::MonthDayNano => each::<IntervalMonthDayNanoType>(column, |parts| {
            let (months, days) = (parts.months.into(), parts.days.into());
            Ok(interval(months, days, parts.nanoseconds))
        }),
    }
}

fn maps(py: Python<'_>, column: &ArrayRef, fields: &Fields) -> PyResult<Vec<Value>> {
    let structs = column.as_struct();
    let mut rows = vec![BTreeMap::new(); column.len()];
    for (field, inner) in fields.iter().zip(structs.columns()) {
        for (row, item) in rows.iter_mut().zip(values(py, field, inner)?) {
            row.insert(field.name().clone(), item);
        }
    }
    let rows = rows.into_iter().enumerate();
    Ok(rows
        .map(|(row, entries)| match structs.is_null(row) {
            true => Value::Null,
            false => Value::Map(entries),
        })
        .collect())
}

/// Any kind of lists as those with 32-bit offsets.
fn as_lists(column: &ArrayRef, item: &Arc<Field>) -> PyResult<ArrayRef> {
    let wanted = DataType::List(Arc::clone(item));
    if column.data_type() == &wanted {
        return Ok(Arc::clone(column));
    }
    cast(column, &wanted).map_err(|error| to_python(Error::from(error)))
}

fn lists(py: Python<'_>, item: &Field, column: &ArrayRef) -> PyResult<Vec<Value>> {
    let lists = column.as_list::<i32>();
    (0..lists.len())
        .map(|row| {
            if lists.is_null(row) {
                return Ok(Value::Null);
            }
            values(py, item, &lists.value(row)).map(Value::List)
        })
        .collect()
}

fn interval(months: i64, days: i64, nanos: i64) -> Value {
    Value::Duration(Duration {
        months,
        days,
        seconds: nanos.div_euclid(1_000_000_000),
        nanos: nanos.rem_euclid(1_000_000_000) as i32,
    })
}

/// A time without zone, or an instant as the clocks of the zone show it.
fn instant(py: Python<'_>, count: i64, per_second: i64, zone: Option<&str>) -> PyResult<Value> {
    let seconds = count.div_euclid(per_second);
    let nanos = count.rem_euclid(per_second) * (1_000_000_000 / per_second);
    let utc = LocalDateTime::from_seconds(seconds, nanos);
    let Some(zone) = zone else {
        return Ok(Value::LocalDateTime(utc));
    };
    let (offset, name) = match offset_of(zone) {
        Some(offset) => (offset, None),
        None => (named_offset(py, seconds, zone)?, Some(zone.to_owned())),
    };
    Ok(Value::DateTime(Box::new(DateTime {
        local: utc.plus_seconds(offset.into()),
        offset,
        zone: name,
    })))
}

/// Seconds east of UTC, where the zone is written as an offset.
fn offset_of(zone: &str) -> Option<i32> {
    if zone.eq_ignore_ascii_case("utc") || zone.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let sign = match zone.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits: String = zone[1..].chars().filter(|own| *own != ':').collect();
    if !matches!(digits.len(), 2 | 4) || !digits.bytes().all(|own| own.is_ascii_digit()) {
        return None;
    }
    let hours: i32 = digits[..2].parse().ok()?;
    let minutes: i32 = digits[2..].parse().unwrap_or(0);
    Some(sign * (hours * 60 + minutes) * 60)
}

/// Seconds east of UTC in a zone of the IANA database at an instant.
fn named_offset(py: Python<'_>, seconds: i64, zone: &str) -> PyResult<i32> {
    let rejected = |_| {
        let message = format!("the zone `{zone}` at {seconds} seconds since 1970 is not known");
        to_python(Error::invalid_query(message))
    };
    let offset = || -> PyResult<i32> {
        let zone = py.import("zoneinfo")?.getattr("ZoneInfo")?.call1((zone,))?;
        let point = py.import("datetime")?.getattr("datetime")?;
        let shown = point.call_method1("fromtimestamp", (seconds, zone))?;
        let offset = shown.call_method0("utcoffset")?;
        let seconds: f64 = offset.call_method0("total_seconds")?.extract()?;
        Ok(seconds as i32)
    };
    offset().map_err(rejected)
}

fn not_supported(what: &str) -> PyErr {
    to_python(Error::unsupported(format!("a parameter of {what}")))
}
