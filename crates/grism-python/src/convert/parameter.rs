//! Parameters: plain Python values, and what the libraries for data have in their place.

use std::collections::BTreeMap;
use std::sync::Arc;

use grism::{Error, HyperedgeValue, IncidenceValue, Parameters, PathValue, Tables, Value};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{
    PyBool, PyByteArray, PyBytes, PyDict, PyFloat, PyFrozenSet, PyInt, PyList, PyMapping,
    PyMemoryView, PySequence, PySet, PyString, PyTuple, PyType,
};

use super::argument::text_of;
use super::row_table::PythonTable;
use super::unsupported::unsupported;
use super::{arrow, numpy, temporal};
use crate::error::{GrismError, to_python};

/// How deep lists and maps may stand within each other; values within a query have a few levels more.
const MOST_LEVELS: usize = 400;

/// Parameters from a dict: values, and tables whose rows LOAD FROM reads.
///
/// # Errors
/// Those of [`value_of`], with the name.
pub(crate) fn parameters(given: Option<&Bound<'_, PyDict>>) -> PyResult<(Parameters, Tables)> {
    let (mut parameters, mut tables) = (Parameters::new(), Tables::default());
    for (name, value) in given.into_iter().flatten() {
        let name = name_of(&name, "parameter")?;
        if has_rows(&value)? {
            tables.add_parameter(name, Arc::new(PythonTable::new(&value)?));
        } else {
            let value = named_value(&name, &value, "parameter")?;
            parameters.insert(name, value);
        }
    }
    Ok((parameters, tables))
}

/// Whether an object is a table or a stream of rows with the Arrow C stream, and no array or series.
fn has_rows(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    if scalar_type(object) || !object.hasattr("__arrow_c_stream__")? {
        return Ok(false);
    }
    Ok(is_table(object)? || !(object.hasattr("dtype")? || object.hasattr("type")?))
}

/// Whether an object is of a plain type that is asked for nothing.
fn scalar_type(object: &Bound<'_, PyAny>) -> bool {
    object.is_none()
        || object.is_instance_of::<PyString>()
        || object.is_instance_of::<PyInt>()
        || object.is_instance_of::<PyFloat>()
        || object.is_instance_of::<PyList>()
        || object.is_instance_of::<PyDict>()
}

/// The values of a dict by their names; `what` says what each of them is.
///
/// # Errors
/// Those of [`value_of`], with the name.
pub(crate) fn named_values(
    given: Option<&Bound<'_, PyDict>>,
    what: &str,
) -> PyResult<BTreeMap<String, Value>> {
    let mut values = BTreeMap::new();
    for (name, value) in given.into_iter().flatten() {
        let name = name_of(&name, what)?;
        let value = named_value(&name, &value, what)?;
        values.insert(name, value);
    }
    Ok(values)
}

fn name_of(name: &Bound<'_, PyAny>, what: &str) -> PyResult<String> {
    text_of(name).map_err(|error| about(name.py(), &format!("the name of a {what}"), error))
}

fn named_value(name: &str, value: &Bound<'_, PyAny>, what: &str) -> PyResult<Value> {
    value_of(value).map_err(|error| about(value.py(), &format!("the {what} `{name}`"), error))
}

/// An error of Grism with what it is about; any other error, such as one of a class of the caller, as it is.
fn about(py: Python<'_>, what: &str, error: PyErr) -> PyErr {
    if !error.is_instance_of::<GrismError>(py) {
        return error;
    }
    PyErr::from_type(error.get_type(py), format!("{what}: {}", error.value(py)))
}

/// A value from a Python object.
///
/// # Errors
/// `Unsupported`, naming the type, for an object that no value stands for exactly; `InvalidQuery` for an integer past 64
/// bits, and for a list or a map that contains itself or is too deep.
pub(crate) fn value_of(object: &Bound<'_, PyAny>) -> PyResult<Value> {
    Reader::new(Entities::Refused).value(object)
}

/// A value from a Python object, in which entities, incidences and paths are those of their ids.
///
/// # Errors
/// As [`value_of`].
pub(crate) fn entity_value_of(object: &Bound<'_, PyAny>) -> PyResult<Value> {
    Reader::new(Entities::ById).value(object)
}

/// What becomes of an object that a result has of an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Entities {
    Refused,
    ById,
}

/// Reads one object with all that it contains.
struct Reader {
    entities: Entities,
    /// The addresses of the lists and maps that are being read, the outermost first.
    open: Vec<usize>,
}

impl Reader {
    fn new(entities: Entities) -> Self {
        Self {
            entities,
            open: Vec::new(),
        }
    }

    /// The value of an object.
    fn value(&mut self, object: &Bound<'_, PyAny>) -> PyResult<Value> {
        if object.is_none() {
            return Ok(Value::Null);
        }
        if let Some(value) = scalar(object)? {
            return Ok(value);
        }
        if object.is_instance_of::<PyList>() || object.is_instance_of::<PyTuple>() {
            return self.list(object);
        }
        if object.is_instance_of::<PyDict>() {
            return self.map(object);
        }
        if let Some(value) = temporal::value(object)? {
            return Ok(value);
        }
        let ty = object.get_type();
        let (module, name) = (module_of(&ty)?, ty.name()?.to_string());
        match module.split('.').next().unwrap_or_default() {
            "grism_ray" if self.entities == Entities::ById => return self.entity(object, &name),
            "grism_ray" => return Err(unsupported(&name, ENTITY_HINT)),
            "numpy" => return self.numpy(object),
            "pandas" => return self.pandas(object, &name),
            "polars" if object.hasattr("to_frame")? => {
                let frame = object.call_method0("to_frame")?;
                return self.nested(object, |_| arrow::first_column(&frame));
            }
            "pyarrow" if !is_table(object)? => {
                return self.nested(object, |_| arrow::of_pyarrow(object));
            }
            "uuid" if name == "UUID" => return Ok(Value::String(object.str()?.extract()?)),
            "decimal" if name == "Decimal" => return Err(unsupported(&name, DECIMAL_HINT)),
            _ => {}
        }
        if is_table(object)? {
            return Err(unsupported(&name, TABLE_HINT));
        }
        if object.is_instance_of::<PySet>() || object.is_instance_of::<PyFrozenSet>() {
            return Err(unsupported(&name, "which has no order; pass a list"));
        }
        if object.is_instance(enumeration(object.py())?)? {
            return self.value(&object.getattr("value")?);
        }
        if object.cast::<PyMapping>().is_ok() {
            return self.map(object);
        }
        if object.cast::<PySequence>().is_ok() {
            return self.list(object);
        }
        // Tensors and arrays of other libraries.
        if object.hasattr("__array__")? {
            let array = object
                .py()
                .import("numpy")?
                .call_method1("asarray", (object,))?;
            return self.numpy(&array);
        }
        Err(unsupported(&name, ""))
    }

    /// An entity, an incidence or a path, by its ids.
    fn entity(&mut self, object: &Bound<'_, PyAny>, class: &str) -> PyResult<Value> {
        let id = |name: &str| object.getattr(name)?.extract::<u64>();
        Ok(match class {
            "Node" => Value::node(id("id")?),
            "Hyperedge" => Value::hyperedge(id("id")?),
            "Incidence" => Value::Incidence(Box::new(IncidenceValue {
                hyperedge: HyperedgeValue {
                    id: id("hyperedge")?,
                    contents: None,
                },
                role: object.getattr("role")?.extract()?,
                position: object.getattr("position")?.extract()?,
                member: Value::node(id("member")?),
            })),
            "Path" => {
                let mut parts = |name: &str| -> PyResult<Vec<Value>> {
                    let parts = object.getattr(name)?.try_iter()?;
                    parts.map(|part| self.value(&part?)).collect()
                };
                Value::Path(Box::new(PathValue {
                    nodes: parts("nodes")?,
                    relationships: parts("relationships")?,
                }))
            }
            _ => return Err(unsupported(class, ENTITY_HINT)),
        })
    }

    /// A list of the items that an object gives.
    fn list(&mut self, object: &Bound<'_, PyAny>) -> PyResult<Value> {
        self.nested(object, |reader| {
            let items = object
                .try_iter()?
                .map(|item| reader.value(&item?))
                .collect::<PyResult<_>>()?;
            Ok(Value::List(items))
        })
    }

    /// The value of a scalar of numpy, or the list that an array is.
    fn numpy(&mut self, object: &Bound<'_, PyAny>) -> PyResult<Value> {
        match numpy::content(object)? {
            numpy::Content::Value(value) => Ok(value),
            numpy::Content::Item(item) => self.value(&item),
            numpy::Content::Items(items) => self.list(&items),
        }
    }

    fn map(&mut self, object: &Bound<'_, PyAny>) -> PyResult<Value> {
        self.nested(object, |reader| {
            let mut entries = BTreeMap::new();
            for entry in object.call_method0("items")?.try_iter()? {
                let (key, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) = entry?.extract()?;
                if !key.is_instance_of::<PyString>() {
                    return Err(to_python(Error::invalid_query(format!(
                        "the keys of a map are texts, and {} is none",
                        key.repr()?
                    ))));
                }
                entries.insert(text_of(&key)?, reader.value(&value)?);
            }
            Ok(Value::Map(entries))
        })
    }

    /// Series, indexes and arrays of pandas are lists; their other objects stand for no value.
    fn pandas(&mut self, object: &Bound<'_, PyAny>, name: &str) -> PyResult<Value> {
        if matches!(name, "NaTType" | "NAType") {
            return Ok(Value::Null);
        }
        if is_table(object)? {
            return Err(unsupported(name, TABLE_HINT));
        }
        if !object.hasattr("dtype")? {
            return Err(unsupported(name, ""));
        }
        let kind: Option<String> = object
            .getattr("dtype")?
            .getattr("kind")
            .and_then(|kind| kind.extract())
            .ok();
        let Value::List(mut items) = self.list(object)? else {
            return Err(unsupported(name, ""));
        };
        // Where numbers are not floats, NaN is how pandas writes that a value is missing.
        if kind.as_deref() != Some("f") {
            for item in &mut items {
                if matches!(item, Value::Float64(number) if number.is_nan()) {
                    *item = Value::Null;
                }
            }
        }
        Ok(Value::List(items))
    }

    /// Reads a container, unless it is being read already or stands too deep.
    pub(super) fn nested(
        &mut self,
        object: &Bound<'_, PyAny>,
        read: impl FnOnce(&mut Self) -> PyResult<Value>,
    ) -> PyResult<Value> {
        let address = object.as_ptr() as usize;
        if self.open.contains(&address) {
            let message = "a list or map that contains itself is no value";
            return Err(to_python(Error::invalid_query(message)));
        }
        if self.open.len() >= MOST_LEVELS {
            return Err(to_python(Error::invalid_query(format!(
                "lists and maps within each other go {MOST_LEVELS} levels deep, and this value goes deeper"
            ))));
        }
        self.open.push(address);
        let value = read(self);
        self.open.pop();
        value
    }
}

const ENTITY_HINT: &str = "pass its id, and compare: id(x) = $id";
const DECIMAL_HINT: &str = "which has no exact type here: pass int(x), float(x) or str(x)";
const TABLE_HINT: &str = "load the table, or pass its rows as a list of dicts";

/// Booleans, numbers, texts and bytes, and subclasses of them.
fn scalar(object: &Bound<'_, PyAny>) -> PyResult<Option<Value>> {
    if object.is_instance_of::<PyBool>() {
        return Ok(Some(Value::Bool(object.extract()?)));
    }
    if object.is_instance_of::<PyInt>() {
        return integer(object).map(Some);
    }
    if object.is_instance_of::<PyFloat>() {
        return Ok(Some(Value::Float64(object.extract()?)));
    }
    if object.is_instance_of::<PyString>() {
        return text_of(object).map(Value::String).map(Some);
    }
    if object.is_instance_of::<PyBytes>() {
        return Ok(Some(Value::Bytes(object.extract()?)));
    }
    if object.is_instance_of::<PyByteArray>() || object.is_instance_of::<PyMemoryView>() {
        let bytes = object
            .py()
            .get_type::<PyBytes>()
            .call1((object,))?
            .extract::<Vec<u8>>()?;
        return Ok(Some(Value::Bytes(bytes)));
    }
    Ok(None)
}

fn integer(object: &Bound<'_, PyAny>) -> PyResult<Value> {
    object.extract::<i64>().map(Value::Int64).map_err(|_| {
        // The digits of an integer of any size are not worth their price.
        let bits = object
            .call_method0("bit_length")
            .and_then(|bits| bits.extract::<u64>())
            .unwrap_or(u64::MAX);
        let named = if bits > 256 {
            format!("an integer of {bits} bits")
        } else {
            format!("the integer {object}")
        };
        to_python(Error::invalid_query(format!(
            "{named} does not fit into 64 bits"
        )))
    })
}

/// Whether the object is a table: of pandas, polars, pyarrow, or of another library with the Arrow C stream.
fn is_table(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    let has = |name: &str| object.hasattr(name);
    Ok(has("__dataframe__")?
        || has("iterrows")?
        || has("column_names")?
        || (has("columns")? && has("__arrow_c_stream__")?))
}

fn module_of(ty: &Bound<'_, PyType>) -> PyResult<String> {
    Ok(ty.module()?.to_string())
}

fn enumeration(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    CLASS.import(py, "enum", "Enum")
}
