//! Functions in Python that queries call: of values, of groups and of tables.

mod aggregate;
mod callable;
mod native;
mod scalar;
mod signature;
mod table;
mod values;

use std::sync::Arc;

use grism::{Error, UserDefined};
use pyo3::prelude::*;

use crate::error::to_python;
pub use native::NativeFunction;

/// The function that a `grism_ray.UserFunction`, or one in Rust, is.
pub(crate) fn user_defined(object: &Bound<'_, PyAny>) -> PyResult<UserDefined> {
    if let Ok(native) = object.cast::<NativeFunction>() {
        return Ok(native.get().0.clone());
    }
    let kind: String = object.getattr("kind")?.extract()?;
    Ok(match kind.as_str() {
        "scalar" => UserDefined::Scalar(Arc::new(scalar::PythonFunction::of(object)?)),
        "aggregate" => UserDefined::Aggregate(Arc::new(aggregate::PythonAggregate::of(object)?)),
        "table" => UserDefined::Table(Arc::new(table::PythonTableFunction::of(object)?)),
        other => {
            let message = format!(
                "kind='{other}': a function is of the kind 'scalar', 'aggregate' or 'table'"
            );
            return Err(to_python(Error::invalid_query(message)));
        }
    })
}
