//! Errors that show themselves while a query runs.

use grism_core::Error;

/// A type error that shows itself while a query runs.
pub(super) fn at_run_time(error: Error) -> Error {
    Error::new(error.kind(), error.message().to_owned()).with_code("TypeError:InvalidArgumentType")
}
