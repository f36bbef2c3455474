//! Aggregates in Python: classes that take row by row, and functions of all values of a group.

use std::mem::size_of;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use grism::{
    Collected, Error, Nulls, Result, Type, UserAccumulator, UserAggregate, UserSignature, Value,
};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};
use serde::{Deserialize, Serialize};

use super::callable::Callable;
use super::signature::{Over, check_arrays, signature_of};
use super::values::{arrays_of, list_of, row_of, shown};
use crate::convert::value_of;
use crate::failure::failed;

/// An aggregate in Python, which travels pickled.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct PythonAggregate(Arc<Shared>);

/// What its groups share.
#[derive(Debug, Serialize, Deserialize)]
struct Shared {
    signature: UserSignature,
    form: Form,
    over: Over,
    nulls: Nulls,
    callable: Callable,
}

/// What computes a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Form {
    /// A function of all values.
    Function,
    /// An instance of a class.
    Class,
    /// An instance of a class that takes in other instances.
    MergingClass,
}

/// Rows after which the size of an instance is looked at again.
const ROWS_BETWEEN_SIZES: usize = 256;

/// Bytes of an instance that was not looked at yet, about.
const INSTANCE_BYTES: usize = 512;

impl PythonAggregate {
    /// The aggregate of a `grism_ray.UserFunction`.
    pub(super) fn of(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        let callable = object.getattr("function")?;
        let is_class = callable.is_instance_of::<pyo3::types::PyType>();
        let form = match (is_class, callable.hasattr("merge")?) {
            (false, _) => Form::Function,
            (true, false) => Form::Class,
            (true, true) => Form::MergingClass,
        };
        let nulls: String = object.getattr("nulls")?.extract()?;
        let (signature, over) = (signature_of(object)?, Over::of(object)?);
        check_arrays(&signature, over)?;
        Ok(Self(Arc::new(Shared {
            signature,
            form,
            over,
            nulls: match nulls.as_str() {
                "pass" => Nulls::Passed,
                _ => Nulls::Skipped,
            },
            callable: Callable::of(callable),
        })))
    }
}

#[typetag::serde]
impl UserAggregate for PythonAggregate {
    fn signature(&self) -> &UserSignature {
        &self.0.signature
    }

    fn state(&self) -> Option<Vec<Type>> {
        match self.0.form {
            Form::Function => Some(Collected::state_types(&self.0.signature.parameters)),
            Form::MergingClass => Some(vec![Type::Bytes]),
            Form::Class => None,
        }
    }

    fn nulls(&self) -> Nulls {
        self.0.nulls
    }

    fn together(&self, work: &mut dyn FnMut()) {
        // Each group attaches to the interpreter, which costs little within this.
        if Python::try_attach(|_| work()).is_none() {
            work();
        }
    }

    fn accumulator(&self) -> Result<Box<dyn UserAccumulator>> {
        let shared = Arc::clone(&self.0);
        if shared.form != Form::Function {
            return Ok(Box::new(Instance {
                shared,
                object: None,
                rows: 0,
                rows_sized: 0,
                bytes: INSTANCE_BYTES,
            }));
        }
        let parameters = self.0.signature.parameters.clone();
        let finish = move |columns: &[ArrayRef], rows: usize| shared.of_all(columns, rows);
        Ok(Box::new(Collected::new(&parameters, Arc::new(finish))))
    }
}

impl Shared {
    /// Runs `work` with the callable.
    fn attached<T>(
        &self,
        work: impl FnOnce(Python<'_>, &Bound<'_, PyAny>) -> Result<T>,
    ) -> Result<T> {
        let found = Python::try_attach(|py| {
            let callable = self.callable.get(py);
            let callable = callable.map_err(|error| self.failed(py, "", &error))?;
            work(py, callable)
        });
        found.unwrap_or_else(|| Err(Error::unavailable("the Python interpreter has ended")))
    }

    /// The value of a group of these columns.
    fn of_all(&self, columns: &[ArrayRef], rows: usize) -> Result<Value> {
        self.attached(|py, function| {
            let arguments = match self.over {
                Over::Arrow => arrays_of(py, columns, rows),
                Over::Values => {
                    let lists = columns.iter().map(|column| list_of(py, column));
                    let lists = lists.collect::<PyResult<Vec<_>>>();
                    lists.and_then(|lists| PyTuple::new(py, lists))
                }
            };
            let arguments = arguments.map_err(|error| self.failed(py, "", &error))?;
            let found = function
                .call1(&arguments)
                .and_then(|found| value_of(&found));
            found.map_err(|error| {
                let place = format!(" for a group of {rows} rows,{}", shown(&arguments));
                self.failed(py, &place, &error)
            })
        })
    }

    fn failed(&self, py: Python<'_>, place: &str, raised: &PyErr) -> Error {
        failed(py, &self.signature.name, place, raised)
    }
}

/// One group of a class: an instance, which is made with the first row or where the group is asked for.
#[derive(Debug)]
struct Instance {
    shared: Arc<Shared>,
    object: Option<Py<PyAny>>,
    rows: usize,
    /// How many rows it had when its size was last looked at.
    rows_sized: usize,
    bytes: usize,
}

impl Instance {
    /// Runs `work` with the instance.
    fn with<T>(&mut self, work: impl FnOnce(&Bound<'_, PyAny>) -> Result<T>) -> Result<T> {
        let shared = Arc::clone(&self.shared);
        shared.attached(|py, class| {
            let object = match self.object.take() {
                Some(object) => object.into_bound(py),
                None => class
                    .call0()
                    .map_err(|error| shared.failed(py, " to begin a group", &error))?,
            };
            let done = work(&object);
            self.object = Some(object.unbind());
            done
        })
    }

    /// Looks at the size of the instance now and then: its attributes, and how many items they hold.
    fn weigh(&mut self) -> Result<()> {
        if self.rows < self.rows_sized + ROWS_BETWEEN_SIZES {
            return Ok(());
        }
        self.rows_sized = self.rows;
        let shared = Arc::clone(&self.shared);
        self.bytes = self.with(|object| {
            let py = object.py();
            let found = module(py).and_then(|own| own.call_method1("instance_bytes", (object,)));
            let bytes = found.and_then(|bytes| bytes.extract());
            bytes.map_err(|error| shared.failed(py, " to say its size", &error))
        })?;
        Ok(())
    }
}

fn module(py: Python<'_>) -> PyResult<Bound<'_, PyModule>> {
    py.import("grism_ray.aggregation")
}

impl UserAccumulator for Instance {
    fn update(&mut self, arguments: &[ArrayRef], rows: usize) -> Result<()> {
        let shared = Arc::clone(&self.shared);
        self.with(|object| {
            let py = object.py();
            if shared.over == Over::Arrow {
                let called = arrays_of(py, arguments, rows)
                    .and_then(|arrays| object.call_method1("accumulate", arrays));
                let place = format!(" for {rows} rows");
                called.map_err(|error| shared.failed(py, &place, &error))?;
                return Ok(());
            }
            for row in 0..rows {
                let given = row_of(py, arguments, row);
                let given = given.map_err(|error| shared.failed(py, "", &error))?;
                let called = object.call_method1("accumulate", &given);
                called.map_err(|error| shared.failed(py, &shown(&given), &error))?;
            }
            Ok(())
        })?;
        self.rows += rows;
        self.weigh()
    }

    fn state(&mut self) -> Result<Vec<ArrayRef>> {
        let shared = Arc::clone(&self.shared);
        let bytes: Vec<u8> = self.with(|object| {
            let py = object.py();
            let state = module(py).and_then(|own| own.call_method1("state_of", (object,)));
            let state = state.and_then(|state| state.extract());
            state.map_err(|error| shared.failed(py, " to hand on a group", &error))
        })?;
        let state = Value::column(&[Value::Bytes(bytes)], &Type::Bytes.to_arrow())?;
        Ok(vec![state])
    }

    fn merge(&mut self, states: &[ArrayRef]) -> Result<()> {
        let Some(states) = states.first().and_then(|own| own.as_binary_opt::<i32>()) else {
            return Err(Error::internal(
                "states of an aggregate in Python are bytes",
            ));
        };
        let shared = Arc::clone(&self.shared);
        self.with(|object| {
            let py = object.py();
            let class = object.get_type();
            for row in (0..states.len()).filter(|row| states.is_valid(*row)) {
                let state = PyBytes::new(py, states.value(row));
                let other =
                    module(py).and_then(|own| own.call_method1("instance_of", (&class, state)));
                let merged = other.and_then(|other| object.call_method1("merge", (other,)));
                merged.map_err(|error| shared.failed(py, " to merge groups", &error))?;
            }
            Ok(())
        })?;
        self.rows += ROWS_BETWEEN_SIZES;
        self.weigh()
    }

    fn finish(&mut self) -> Result<Value> {
        let (shared, rows) = (Arc::clone(&self.shared), self.rows);
        self.with(|object| {
            let found = object
                .call_method0("finish")
                .and_then(|found| value_of(&found));
            let place = match rows {
                0 => " to finish a group without rows",
                _ => " to finish a group",
            };
            found.map_err(|error| shared.failed(object.py(), place, &error))
        })
    }

    fn bytes(&self) -> usize {
        size_of::<Self>() + self.bytes
    }
}
