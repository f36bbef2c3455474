//! The signature of a `grism_ray.UserFunction`.

use grism::{Error, Result, Stability, Type, UserParameter, UserSignature};
use pyo3::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::to_python;

/// What a function takes and gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Over {
    /// Values of Python.
    Values,
    /// Arrays of `pyarrow`.
    Arrow,
}

impl Over {
    pub(super) fn of(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        let over: String = object.getattr("over")?.extract()?;
        match over.as_str() {
            "values" => Ok(Self::Values),
            "arrow" => Ok(Self::Arrow),
            other => {
                let message = format!("over='{other}': a function is over 'values' or 'arrow'");
                Err(to_python(Error::invalid_query(message)))
            }
        }
    }
}

/// The signature of a function of values or of groups.
pub(super) fn signature_of(object: &Bound<'_, PyAny>) -> PyResult<UserSignature> {
    let returns = type_of(&object.getattr("returns")?)?;
    let volatile: bool = object.getattr("volatile")?.extract()?;
    let stability = match volatile {
        true => Stability::Volatile,
        false => Stability::Stable,
    };
    let signature = UserSignature::new(name_of(object)?, parameters_of(object)?, returns);
    Ok(signature
        .with_description(description_of(object)?)
        .with_stability(stability))
}

/// Checks that arrays of `pyarrow` hold what the function takes and gives.
pub(super) fn check_arrays(signature: &UserSignature, over: Over) -> PyResult<()> {
    let parameters = signature.parameters.iter().map(|own| &own.ty);
    let mut types = parameters.chain([&signature.returns]);
    match types.find(|ty| ty != &&ty.with_contents()) {
        Some(ty) if over == Over::Arrow => Err(to_python(Error::unsupported(format!(
            "`{}()` is over arrays, which hold no {ty}: pass properties, or write it over values",
            signature.name
        )))),
        _ => Ok(()),
    }
}

pub(super) fn name_of(object: &Bound<'_, PyAny>) -> PyResult<String> {
    object.getattr("name")?.extract()
}

pub(super) fn description_of(object: &Bound<'_, PyAny>) -> PyResult<String> {
    object.getattr("description")?.extract()
}

pub(super) fn parameters_of(object: &Bound<'_, PyAny>) -> PyResult<Vec<UserParameter>> {
    let parameters = object.getattr("parameters")?;
    let parameters = parameters.try_iter()?.map(|own| {
        let own = own?;
        let name: String = own.getattr("name")?.extract()?;
        let parameter = UserParameter::new(name, type_of(&own.getattr("type")?)?);
        let required: bool = own.getattr("required")?.extract()?;
        Ok(match required {
            true => parameter,
            false => parameter.optional(),
        })
    });
    parameters.collect()
}

/// The type that a class of Python or a name of a type stands for.
pub(super) fn type_of(object: &Bound<'_, PyAny>) -> PyResult<Type> {
    if let Ok(name) = object.extract::<String>() {
        return named(&name).map_err(to_python);
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
    named(&name).map_err(to_python)
}

fn named(name: &str) -> Result<Type> {
    match name {
        "Any" | "any" | "object" | "dict" | "list" => Ok(Type::Any),
        "Node" => Ok(Type::Node([].into())),
        "Hyperedge" => Ok(Type::Hyperedge([].into())),
        "Incidence" => Ok(Type::Incidence),
        "Path" => Ok(Type::Path),
        "str" => Ok(Type::String),
        other => match other
            .strip_prefix("List<")
            .and_then(|own| own.strip_suffix('>'))
        {
            Some(item) => Ok(named(item)?.list()),
            None => Type::from_name(other),
        },
    }
}
