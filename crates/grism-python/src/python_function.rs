//! Functions in Python that queries call.

use std::sync::{Arc, OnceLock};

use arrow::array::ArrayRef;
use arrow::datatypes::{Field, Schema};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use grism::{Error, Result, Stability, Type, UserFunction, UserParameter, UserSignature, Value};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::batches::Batches;
use crate::convert::{column_of, value_of};
use crate::error::to_python;
use crate::python_value::cell;

/// A function in Python, which travels pickled.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PythonFunction {
    signature: UserSignature,
    over: Over,
    callable: Callable,
}

/// What the function takes and gives.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
enum Over {
    /// The values of one row.
    Values,
    /// A `pyarrow` array for each argument, of all rows of a batch.
    Arrow,
}

impl PythonFunction {
    /// The function of a `grism_ray.UserFunction`.
    pub(crate) fn of(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        let names: Vec<(String, Bound<'_, PyAny>)> = object.getattr("parameters")?.extract()?;
        let parameters = names
            .into_iter()
            .map(|(name, ty)| Ok(UserParameter::new(name, type_of(&ty)?)))
            .collect::<PyResult<_>>()?;
        let name: String = object.getattr("name")?.extract()?;
        let returns = type_of(&object.getattr("returns")?)?;
        let volatile: bool = object.getattr("volatile")?.extract()?;
        let description: String = object.getattr("description")?.extract()?;
        let over: String = object.getattr("over")?.extract()?;
        let over = match over.as_str() {
            "values" => Over::Values,
            "arrow" => Over::Arrow,
            other => {
                let message = format!("over='{other}': a function is over 'values' or 'arrow'");
                return Err(to_python(Error::invalid_query(message)));
            }
        };
        let stability = match volatile {
            true => Stability::Volatile,
            false => Stability::Stable,
        };
        Ok(Self {
            signature: UserSignature::new(name, parameters, returns)
                .with_description(description)
                .with_stability(stability),
            over,
            callable: Callable::of(object.getattr("function")?),
        })
    }

    fn over_values(
        &self,
        function: &Bound<'_, PyAny>,
        arguments: &[ArrayRef],
        rows: usize,
    ) -> Result<ArrayRef> {
        let py = function.py();
        let fields = arguments
            .iter()
            .map(|argument| Field::new("", argument.data_type().clone(), true));
        let fields: Vec<Field> = fields.collect();
        let mut values = Vec::with_capacity(rows);
        for row in 0..rows {
            let cells = fields.iter().zip(arguments);
            let cells = cells
                .map(|(field, argument)| cell(py, field, argument, row))
                .collect::<PyResult<Vec<_>>>();
            let cells = cells.and_then(|cells| PyTuple::new(py, cells));
            let cells = cells.map_err(|error| self.failed("", &error))?;
            let place = || match cells.repr() {
                Ok(text) => format!(" for {text}"),
                Err(_) => format!(" at row {row} of a batch"),
            };
            let found = function
                .call1(&cells)
                .and_then(|found| value_of(&found))
                .map_err(|error| self.failed(&place(), &error))?;
            values.push(self.fitting(found, &place)?);
        }
        Value::column(&values, &self.signature.returns.to_arrow())
    }

    /// The value, which must have the type that the function returns. An integer is taken as a float.
    fn fitting(&self, value: Value, place: &dyn Fn() -> String) -> Result<Value> {
        let returns = &self.signature.returns;
        match (value, returns) {
            (Value::Int64(value), Type::Float64) => Ok(Value::Float64(value as f64)),
            (value, returns) if &returns.unify(&value.type_of()) == returns => Ok(value),
            (value, returns) => Err(Error::invalid_data(format!(
                "`{}()` gave {}{} where it returns {returns}",
                self.signature.name,
                value.type_name(),
                place()
            ))),
        }
    }

    fn over_arrow(
        &self,
        function: &Bound<'_, PyAny>,
        arguments: &[ArrayRef],
        rows: usize,
    ) -> PyResult<ArrayRef> {
        let py = function.py();
        let fields = arguments.iter().enumerate().map(|(place, argument)| {
            Field::new(place.to_string(), argument.data_type().clone(), true)
        });
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let columns = arguments.to_vec();
        let batch = RecordBatch::try_new_with_options(Arc::clone(&schema), columns, &options);
        let batch = batch.map_err(|error| to_python(error.into()))?;
        let table = Batches::new(schema, vec![batch]);
        let table = py.import("pyarrow")?.call_method1("table", (table,))?;
        let columns = table.getattr("columns")?;
        let arrays = columns
            .try_iter()?
            .map(|own| own?.call_method0("combine_chunks"));
        let arrays = arrays.collect::<PyResult<Vec<_>>>()?;
        column_of(&function.call1(PyTuple::new(py, arrays)?)?)
    }

    /// The error for what Python raised; `place` says for which arguments.
    fn failed(&self, place: &str, error: &PyErr) -> Error {
        Error::invalid_data(format!(
            "`{}()` failed{place}: {error}",
            self.signature.name
        ))
    }
}

#[typetag::serde]
impl UserFunction for PythonFunction {
    fn signature(&self) -> &UserSignature {
        &self.signature
    }

    fn evaluate(&self, arguments: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        let found = Python::try_attach(|py| {
            let function = self.callable.get(py);
            let function = function.map_err(|error| self.failed("", &error))?;
            match self.over {
                Over::Values => self.over_values(function, arguments, rows),
                Over::Arrow => self
                    .over_arrow(function, arguments, rows)
                    .map_err(|error| self.failed(&format!(" for {rows} rows"), &error)),
            }
        });
        found.unwrap_or_else(|| Err(Error::unavailable("the Python interpreter has ended")))
    }
}

/// The type that a class of Python or a name of a type stands for.
fn type_of(object: &Bound<'_, PyAny>) -> PyResult<Type> {
    let named = |name: &str| match name {
        "Any" | "any" | "object" | "dict" | "list" => Ok(Type::Any),
        "str" => Ok(Type::String),
        other => Type::from_name(other).map_err(to_python),
    };
    if let Ok(name) = object.extract::<String>() {
        return named(&name);
    }
    if let Ok(origin) = object.getattr("__origin__")
        && origin.getattr("__name__")?.extract::<String>()? == "list"
    {
        let item = object.getattr("__args__")?.get_item(0)?;
        return Ok(type_of(&item)?.list());
    }
    let name: String = match object.getattr("__name__") {
        Ok(name) => name.extract()?,
        Err(_) => object.str()?.extract()?,
    };
    named(&name)
}

/// A function of Python, or its pickled form.
#[derive(Debug)]
struct Callable {
    function: OnceLock<Py<PyAny>>,
    pickled: Vec<u8>,
}

impl Callable {
    fn of(function: Bound<'_, PyAny>) -> Self {
        Self {
            function: OnceLock::from(function.unbind()),
            pickled: Vec::new(),
        }
    }

    /// The function, which is unpickled where it is first called.
    fn get<'py>(&'py self, py: Python<'py>) -> PyResult<&'py Bound<'py, PyAny>> {
        if self.function.get().is_none() {
            let bytes = PyBytes::new(py, &self.pickled);
            let function = py.import("pickle")?.call_method1("loads", (bytes,))?;
            // Another thread may have been quicker.
            self.function.get_or_init(|| function.unbind());
        }
        let function = self.function.get().map(|own| own.bind(py));
        function.ok_or_else(|| to_python(Error::internal("a function that is not there")))
    }

    fn pickle(&self) -> PyResult<Vec<u8>> {
        Python::attach(|py| {
            let Some(function) = self.function.get() else {
                return Ok(self.pickled.clone());
            };
            let by_value = ["cloudpickle", "ray.cloudpickle"];
            let module = by_value.iter().find_map(|name| py.import(*name).ok());
            let module = match module {
                Some(module) => module,
                None => py.import("pickle")?,
            };
            module
                .call_method1("dumps", (function.bind(py),))?
                .extract()
        })
    }
}

impl Serialize for Callable {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let pickled = self.pickle().map_err(serde::ser::Error::custom)?;
        pickled.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Callable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        Ok(Self {
            function: OnceLock::new(),
            pickled: Vec::deserialize(deserializer)?,
        })
    }
}

/// The function as the graph takes it.
pub(crate) fn user_function(object: &Bound<'_, PyAny>) -> PyResult<Arc<dyn UserFunction>> {
    Ok(Arc::new(PythonFunction::of(object)?))
}
