//! The known name that an unknown one is nearest to, as a piece of a message.

use grism_core::{Error, nearest};

use crate::source::Source;
use crate::syntax::Span;

/// `; did you mean …?`, or nothing.
pub(crate) fn hint<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> String {
    nearest(name, known)
        .map(|near| format!("; did you mean `{near}`?"))
        .unwrap_or_default()
}

/// The error for a name at `span` that is not among the `known` variables.
pub(crate) fn unknown_variable<'n>(
    source: Source<'_>,
    (name, span): (&str, Span),
    known: impl IntoIterator<Item = &'n str>,
) -> Error {
    let message = format!("unknown variable `{name}`{}", hint(name, known));
    source
        .invalid(message, span)
        .with_code("SyntaxError:UndefinedVariable")
}
