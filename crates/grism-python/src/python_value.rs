//! Values as Python objects.

use arrow::array::Array;
use arrow::datatypes::{DataType, Field};
use grism::temporal::LocalDateTime;
use grism::{ENTITY_METADATA, Value};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};

use crate::error::to_python;

/// The cell of a column as a Python object: a dict for a map, an object for an entity.
pub(crate) fn cell<'py>(
    py: Python<'py>,
    field: &Field,
    column: &dyn Array,
    row: usize,
) -> PyResult<Bound<'py, PyAny>> {
    let value = Value::from_array(column, row).map_err(to_python)?;
    match (field.metadata().get(ENTITY_METADATA), value) {
        (Some(kind), Value::Map(mut parts)) => {
            let mut part = |name: &str| {
                let value = parts.remove(name).unwrap_or(Value::Null);
                let data_type = match column.data_type() {
                    DataType::Struct(fields) => fields.find(name).map(|(_, own)| own.data_type()),
                    _ => None,
                };
                python_value(py, value, data_type.unwrap_or(&DataType::Null))
            };
            let (class, name) = match kind.as_str() {
                "node" => ("Node", "labels"),
                _ => ("Hyperedge", "type"),
            };
            let (id, named, properties) = (part("id")?, part(name)?, part("properties")?);
            entity_class(py, class)?.call1((id, named, known(&properties)?))
        }
        (_, value) => python_value(py, value, column.data_type()),
    }
}

/// The properties that are not null: of a table's columns, those that the entity has.
fn known<'py>(properties: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(properties.py());
    if let Ok(all) = properties.cast::<PyDict>() {
        for (name, value) in all {
            if !value.is_none() {
                dict.set_item(name, value)?;
            }
        }
    }
    Ok(dict)
}

fn entity_class<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    py.import("grism_ray.entities")?.getattr(name)
}

/// A value as a Python object; the type of its column tells the order of the keys of maps.
pub(crate) fn python_value<'py>(
    py: Python<'py>,
    value: Value,
    data_type: &DataType,
) -> PyResult<Bound<'py, PyAny>> {
    let datetime = || py.import("datetime");
    Ok(match value {
        Value::Null => py.None().into_bound(py),
        Value::Bool(value) => value.into_pyobject(py)?.to_owned().into_any(),
        Value::Int64(value) => value.into_pyobject(py)?.into_any(),
        Value::Float64(value) => value.into_pyobject(py)?.into_any(),
        Value::String(value) => value.into_pyobject(py)?.into_any(),
        Value::Bytes(value) => PyBytes::new(py, &value).into_any(),
        Value::Date(days) => {
            let ordinal = days + 719_163;
            if !(1..=3_652_059).contains(&ordinal) {
                return Ok(Value::Date(days).to_string().into_pyobject(py)?.into_any());
            }
            datetime()?
                .getattr("date")?
                .call_method1("fromordinal", (ordinal,))?
        }
        Value::LocalTime(nanos) => time(py, nanos, None)?,
        Value::Time(value) => time(py, value.nanos, Some(&zone(py, value.offset, None)?))?,
        Value::LocalDateTime(local) => match point(py, local, None)? {
            Some(found) => found,
            None => text(py, &value)?,
        },
        Value::DateTime(ref instant) => {
            let zone = zone(py, instant.offset, instant.zone.as_deref())?;
            match point(py, instant.local, Some(&zone))? {
                Some(found) => at_offset(py, found, instant.offset)?,
                None => text(py, &value)?,
            }
        }
        Value::Duration(value) => {
            let parts = (value.months, value.days, value.seconds, value.nanos);
            py.import("grism_ray.times")?
                .getattr("Duration")?
                .call1(parts)?
        }
        Value::Node(node) => {
            let contents = node.contents.unwrap_or_default();
            let properties = python_value(py, Value::Map(contents.properties), &DataType::Null)?;
            entity_class(py, "Node")?.call1((node.id, contents.labels, properties))?
        }
        Value::Hyperedge(hyperedge) => {
            let contents = hyperedge.contents.unwrap_or_default();
            let properties = python_value(py, Value::Map(contents.properties), &DataType::Null)?;
            let members = PyDict::new(py);
            for (role, bound) in contents.members {
                let ids: Vec<u64> = bound.iter().filter_map(Value::entity_id).collect();
                members.set_item(role, ids)?;
            }
            let parts = (hyperedge.id, contents.type_name, properties, members);
            entity_class(py, "Hyperedge")?.call1(parts)?
        }
        Value::Incidence(incidence) => {
            let member = incidence.member.entity_id();
            entity_class(py, "Incidence")?.call1((
                incidence.hyperedge.id,
                incidence.role,
                incidence.position,
                member,
            ))?
        }
        Value::Path(path) => {
            let nodes = python_value(py, Value::List(path.nodes), &DataType::Null)?;
            let steps = python_value(py, Value::List(path.relationships), &DataType::Null)?;
            entity_class(py, "Path")?.call1((nodes, steps))?
        }
        Value::List(items) => {
            let inner = match data_type {
                DataType::List(field) => field.data_type().clone(),
                _ => DataType::Null,
            };
            let list = PyList::empty(py);
            for item in items {
                list.append(python_value(py, item, &inner)?)?;
            }
            list.into_any()
        }
        Value::Map(entries) => {
            let dict = PyDict::new(py);
            let DataType::Struct(fields) = data_type else {
                for (key, value) in entries {
                    dict.set_item(key, python_value(py, value, &DataType::Null)?)?;
                }
                return Ok(dict.into_any());
            };
            // In the order of the fields, which is the order the query gave.
            for field in fields {
                let value = entries.get(field.name()).cloned().unwrap_or(Value::Null);
                dict.set_item(field.name(), python_value(py, value, field.data_type())?)?;
            }
            dict.into_any()
        }
    })
}

fn text<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    Ok(value.to_string().into_pyobject(py)?.into_any())
}

/// A `datetime.time`, or its subclass that has nanoseconds too.
fn time<'py>(
    py: Python<'py>,
    nanos: i64,
    zone: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let seconds = nanos / 1_000_000_000;
    let micros = nanos / 1000 % 1_000_000;
    let parts = (
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60,
        micros,
        zone,
    );
    let time = py.import("datetime")?.getattr("time")?.call1(parts)?;
    finer(py, "NanoTime", time, nanos % 1000)
}

/// The time with the nanoseconds that Python's own class does not have.
fn finer<'py>(
    py: Python<'py>,
    class: &str,
    time: Bound<'py, PyAny>,
    nanos: i64,
) -> PyResult<Bound<'py, PyAny>> {
    if nanos == 0 {
        return Ok(time);
    }
    let class = py.import("grism_ray.times")?.getattr(class)?;
    class.call_method1("of", (time, nanos))
}

/// A `datetime.datetime`; `None` for a year that Python does not have.
fn point<'py>(
    py: Python<'py>,
    local: LocalDateTime,
    zone: Option<&Bound<'py, PyAny>>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let ordinal = local.days.saturating_add(719_163);
    if !(1..=3_652_059).contains(&ordinal) {
        return Ok(None);
    }
    let module = py.import("datetime")?;
    let date = module
        .getattr("date")?
        .call_method1("fromordinal", (ordinal,))?;
    let clock = time(py, local.nanos / 1000 * 1000, zone)?;
    let found = module
        .getattr("datetime")?
        .call_method1("combine", (date, clock))?;
    finer(py, "NanoDateTime", found, local.nanos % 1000).map(Some)
}

/// The datetime with the offset that it has: where clocks go back, an hour comes twice, and where Python's rules for a zone
/// are others than those that made the value, the offset stays.
fn at_offset<'py>(
    py: Python<'py>,
    found: Bound<'py, PyAny>,
    offset: i32,
) -> PyResult<Bound<'py, PyAny>> {
    let wanted = py
        .import("datetime")?
        .getattr("timedelta")?
        .call1((0, offset))?;
    let fits = |found: &Bound<'py, PyAny>| found.call_method0("utcoffset")?.eq(&wanted);
    if fits(&found)? {
        return Ok(found);
    }
    let replaced = |name: &str, value: Bound<'py, PyAny>| {
        let keywords = PyDict::new(py);
        keywords.set_item(name, value)?;
        found.call_method("replace", (), Some(&keywords))
    };
    let later = replaced("fold", 1_u8.into_pyobject(py)?.into_any())?;
    if fits(&later)? {
        return Ok(later);
    }
    replaced("tzinfo", zone(py, offset, None)?)
}

/// A zone by its name where Python knows it, else a plain offset.
fn zone<'py>(py: Python<'py>, offset: i32, name: Option<&str>) -> PyResult<Bound<'py, PyAny>> {
    if let Some(name) = name
        && let Ok(zone) = py.import("zoneinfo")?.getattr("ZoneInfo")?.call1((name,))
    {
        return Ok(zone);
    }
    let module = py.import("datetime")?;
    if offset == 0 {
        return module.getattr("timezone")?.getattr("utc");
    }
    let delta = module.getattr("timedelta")?.call1((0, offset))?;
    module.getattr("timezone")?.call1((delta,))
}
