//! Arguments of calls whose range or text Python does not check: what does not fit is an error of Grism.

use grism::Error;
use pyo3::prelude::*;

use crate::error::to_python;

/// A text of whole characters.
pub(crate) struct Text(pub(crate) String);

/// An integer of the type.
pub(crate) struct Whole<T>(pub(crate) T);

impl<'py> FromPyObject<'_, 'py> for Text {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        text_of(&object).map(Self)
    }
}

impl<'a, 'py, T: FromPyObject<'a, 'py>> FromPyObject<'a, 'py> for Whole<T> {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        object.extract().map(Self).map_err(|_| {
            let message = format!("a whole number, 0 or more, is needed, not {}", &*object);
            to_python(Error::invalid_query(message))
        })
    }
}

/// The characters of a text.
///
/// # Errors
/// `InvalidQuery` where it holds half of a surrogate pair, and for what is no text.
pub(crate) fn text_of(object: &Bound<'_, PyAny>) -> PyResult<String> {
    object.extract().map_err(|_| {
        let shown = object
            .repr()
            .map(|text| text.to_string_lossy().into_owned());
        let shown = shown.unwrap_or_default();
        let message = match object.is_instance_of::<pyo3::types::PyString>() {
            true => {
                format!("the text {shown} holds half of a surrogate pair, which is no character")
            }
            false => format!("a text is needed, not {shown}"),
        };
        to_python(Error::invalid_query(message))
    })
}

/// The value of the option `name`; `wanted` says what it may be.
///
/// # Errors
/// `InvalidQuery` for a value of another type, and for a number that is out of range.
pub(crate) fn option<'a, 'py, T: FromPyObject<'a, 'py>>(
    name: &str,
    value: &'a Bound<'py, PyAny>,
    wanted: &str,
) -> PyResult<T> {
    value.extract().map_err(|_| {
        let message = format!("{name} must be {wanted}, not {value}");
        to_python(Error::invalid_query(message))
    })
}

/// What an option that counts something may be.
pub(crate) const COUNT: &str = "a whole number, 0 or more";
