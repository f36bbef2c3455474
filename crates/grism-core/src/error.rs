//! The one error of Grism: a kind that says what the caller does, a message, a place and a source.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::secret::{same_length_without_secrets, without_secrets};

/// The result of every fallible function of Grism.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The name the original design gave to [`Error`].
pub type GrismError = Error;

/// What the caller should do about an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ErrorKind {
    /// The query is wrong: mend the query.
    InvalidQuery,
    /// The data do not fit: mend the data.
    InvalidData,
    /// A named thing does not exist.
    NotFound,
    /// Another writer was first: run the commit again on the new snapshot.
    Conflict,
    /// A limit was reached: raise the limit or ask for less.
    ResourceExhausted,
    /// Something outside does not answer: try again later.
    Unavailable,
    /// The caller cancelled the work, or its time ran out.
    Cancelled,
    /// Grism does not do this.
    Unsupported,
    /// Grism is wrong: report it.
    Internal,
}

impl ErrorKind {
    /// The kind's name, as it is spelled in every language binding.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidQuery => "InvalidQuery",
            Self::InvalidData => "InvalidData",
            Self::NotFound => "NotFound",
            Self::Conflict => "Conflict",
            Self::ResourceExhausted => "ResourceExhausted",
            Self::Unavailable => "Unavailable",
            Self::Cancelled => "Cancelled",
            Self::Unsupported => "Unsupported",
            Self::Internal => "Internal",
        }
    }

    /// Whether running the same task again, elsewhere or later, may succeed.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        matches!(self, Self::Unavailable)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A place in a query text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// Length of the underlined piece in characters; at least 1.
    pub length: usize,
    /// The text of the line.
    pub text: String,
}

impl Location {
    /// Finds the place of the byte range `start..end` of `source`.
    #[must_use]
    pub fn of_span(source: &str, start: usize, end: usize) -> Self {
        let floor = |mut at: usize| {
            at = at.min(source.len());
            while !source.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let (start, end) = (floor(start), floor(end));
        let line_start = source[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = source[start..]
            .find('\n')
            .map_or(source.len(), |at| start + at);
        let underlined = &source[start..end.clamp(start, line_end)];
        Self {
            line: source[..line_start].matches('\n').count() + 1,
            column: source[line_start..start].chars().count() + 1,
            length: underlined.chars().count().max(1),
            text: same_length_without_secrets(&source[line_start..line_end]).into_owned(),
        }
    }
}

/// An error of Grism. Cheap to clone, and it keeps its kind when it crosses a process boundary.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Error {
    inner: Box<Inner>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Inner {
    kind: ErrorKind,
    message: String,
    /// The code that the openCypher TCK gives to such an error, as `SyntaxError:UndefinedVariable`.
    #[serde(default)]
    code: Option<String>,
    location: Option<Location>,
    /// The operator that met it; `None` for what no operator did.
    #[serde(default)]
    operator: Option<FailedOperator>,
    /// Whether what is wrong depends on a parameter's value, though it was found while the query was bound.
    #[serde(default)]
    by_parameter: bool,
    #[serde(skip)]
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
    #[serde(default)]
    foreign: Option<ForeignCause>,
}

/// The operator of a plan in which an error arose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedOperator {
    /// Its number in the plan, as `id` in EXPLAIN.
    pub id: u32,
    /// Its kind, such as `NodeScan`, as `name` in EXPLAIN.
    pub name: String,
    /// Its line, as `detail` in EXPLAIN.
    pub detail: String,
}

impl fmt::Display for FailedOperator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "operator {}: {}", self.id, self.detail)
    }
}

/// What was raised in another language, in a form that travels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForeignCause {
    /// Its kind, its message and where it was raised, as the language shows them.
    pub text: String,
    /// The object itself, in a form that the language reads; empty where it has none.
    pub object: Vec<u8>,
}

impl Error {
    /// Makes an error of `kind`. Credentials within URIs of the message are masked, here and in [`Error::context`].
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            inner: Box::new(Inner {
                kind,
                message: shown(message.into()),
                code: None,
                location: None,
                operator: None,
                by_parameter: false,
                source: None,
                foreign: None,
            }),
        }
    }

    /// The query is wrong.
    pub fn invalid_query(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidQuery, message)
    }

    /// The data do not fit.
    pub fn invalid_data(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidData, message)
    }

    /// A named thing does not exist.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::NotFound, message)
    }

    /// Another writer was first.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Conflict, message)
    }

    /// Something outside does not answer.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unavailable, message)
    }

    /// Grism does not do this; `message` names it.
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unsupported, message)
    }

    /// Grism is wrong.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, message)
    }

    /// The caller cancelled the work.
    #[must_use]
    pub fn cancelled() -> Self {
        Self::new(ErrorKind::Cancelled, "the query was cancelled")
    }

    /// Adds the place in the query text, unless one is known already.
    #[must_use]
    pub fn with_location(mut self, location: Location) -> Self {
        self.inner.location.get_or_insert(location);
        self
    }

    /// Adds the code that the openCypher TCK gives to such an error, unless one is known already.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.inner.code.get_or_insert_with(|| code.into());
        self
    }

    /// Adds the operator in which it arose, unless one is known already. Credentials within its line are masked.
    #[must_use]
    pub fn in_operator(mut self, operator: impl FnOnce() -> FailedOperator) -> Self {
        self.inner.operator.get_or_insert_with(|| {
            let mut operator = operator();
            operator.detail = shown(operator.detail);
            operator
        });
        self
    }

    /// Notes that what is wrong depends on a parameter's value.
    #[must_use]
    pub fn by_parameter(mut self) -> Self {
        self.inner.by_parameter = true;
        self
    }

    /// Adds the error that caused this one, unless its text has credentials in it.
    #[must_use]
    pub fn with_source(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        let texts = [source.to_string(), format!("{source:?}")];
        let is_clean = texts
            .iter()
            .all(|text| matches!(without_secrets(text), Cow::Borrowed(_)));
        self.inner.source = is_clean.then(|| Arc::new(source) as _);
        self
    }

    /// The same error with `***` in place of these values, which are credentials, wherever they stand in it.
    #[must_use]
    pub fn without_values<'a>(mut self, secrets: impl IntoIterator<Item = &'a str>) -> Self {
        for secret in secrets.into_iter().filter(|own| !own.is_empty()) {
            let source = self.inner.source.as_ref();
            let source = source.map_or_else(String::new, |own| format!("{own} {own:?}"));
            if source.contains(secret) {
                self.inner.source = None;
            }
            let detail = self.inner.operator.as_mut().map(|own| &mut own.detail);
            for text in detail.into_iter().chain([&mut self.inner.message]) {
                if text.contains(secret) {
                    *text = text.replace(secret, "***");
                }
            }
        }
        self
    }

    /// Adds what was raised in another language and caused this error.
    #[must_use]
    pub fn with_foreign_cause(mut self, cause: ForeignCause) -> Self {
        self.inner.foreign = Some(cause);
        self
    }

    /// What was raised in another language and caused this error.
    #[must_use]
    pub fn foreign_cause(&self) -> Option<&ForeignCause> {
        self.inner.foreign.as_ref()
    }

    /// Puts `context` before the message, as `context: message`.
    #[must_use]
    pub fn context(mut self, context: impl fmt::Display) -> Self {
        self.inner.message = shown(format!("{context}: {}", self.inner.message));
        self
    }

    /// What the caller should do.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind
    }

    /// The message, without the place.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.inner.message
    }

    /// The code that the openCypher TCK gives to such an error, as `SyntaxError:UndefinedVariable`.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.inner.code.as_deref()
    }

    /// Whether the query is wrong as it is written, whatever its parameters are and whatever the rows hold.
    #[must_use]
    pub fn is_of_text(&self) -> bool {
        self.inner.location.is_some() && !self.inner.by_parameter
    }

    /// Whether a value does not have the type that is needed.
    #[must_use]
    pub fn is_of_types(&self) -> bool {
        let codes = [
            "InvalidArgumentType",
            "InvalidArgumentValue",
            "InvalidPropertyType",
            "ListElementAccessByNonInteger",
            "MapElementAccessByNonString",
        ];
        self.code()
            .and_then(|code| code.split_once(':'))
            .is_some_and(|(_, detail)| codes.contains(&detail))
    }

    /// The operator in which it arose, where one did.
    #[must_use]
    pub fn operator(&self) -> Option<&FailedOperator> {
        self.inner.operator.as_ref()
    }

    /// The place in the query text, where there is one.
    #[must_use]
    pub fn location(&self) -> Option<&Location> {
        self.inner.location.as_ref()
    }
}

/// A message without credentials.
fn shown(message: String) -> String {
    match without_secrets(&message) {
        Cow::Borrowed(_) => message,
        Cow::Owned(masked) => masked,
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.inner.kind, self.inner.message)?;
        if let Some(code) = &self.inner.code {
            write!(f, " ({code})")?;
        }
        if let Some(place) = &self.inner.location {
            let number = place.line.to_string();
            let margin = " ".repeat(number.len());
            let indent = " ".repeat(place.column - 1);
            write!(
                f,
                "\n{margin}--> line {}, column {}",
                place.line, place.column
            )?;
            write!(f, "\n{margin} |\n{number} | {}", place.text)?;
            write!(f, "\n{margin} | {indent}{}", "^".repeat(place.length))?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.inner
            .source
            .as_ref()
            .map(|source| source.as_ref() as &(dyn std::error::Error + 'static))
    }
}

impl From<arrow::error::ArrowError> for Error {
    fn from(error: arrow::error::ArrowError) -> Self {
        use arrow::error::ArrowError;
        match error {
            ArrowError::ExternalError(source) => match source.downcast::<Self>() {
                Ok(error) => *error,
                Err(source) => Self::internal(source.to_string()),
            },
            ArrowError::ArithmeticOverflow(message) => {
                Self::invalid_data(format!("integer overflow: {message}"))
            }
            ArrowError::OffsetOverflowError(end) => Self::new(
                ErrorKind::ResourceExhausted,
                format!("{end} bytes or elements do not fit into one column"),
            ),
            ArrowError::DivideByZero => Self::invalid_data("division by zero"),
            other => Self::internal(other.to_string()).with_source(other),
        }
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        use std::io::ErrorKind as Io;
        let kind = match error.kind() {
            Io::NotFound => ErrorKind::NotFound,
            Io::StorageFull | Io::QuotaExceeded | Io::OutOfMemory => ErrorKind::ResourceExhausted,
            Io::InvalidData | Io::UnexpectedEof => ErrorKind::InvalidData,
            _ => ErrorKind::Unavailable,
        };
        Self::new(kind, error.to_string()).with_source(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_underlines_its_place() {
        let query = "MATCH (a)\nRETURN b.name";
        let error = Error::invalid_query("unknown variable `b`")
            .with_location(Location::of_span(query, 17, 18));
        assert_eq!(
            error.to_string(),
            "InvalidQuery: unknown variable `b`\n --> line 2, column 8\n  |\n2 | RETURN b.name\n  |        ^"
        );
    }

    #[test]
    fn an_error_keeps_the_innermost_operator_apart_from_its_message() {
        let operator = |id| FailedOperator {
            id,
            name: "LoadRows".to_owned(),
            detail: "LoadRows(s3://key:secret@bucket/a.csv)".to_owned(),
        };
        let error = Error::invalid_data("a bad row")
            .in_operator(|| operator(4))
            .in_operator(|| operator(1));
        assert_eq!(error.to_string(), "InvalidData: a bad row");
        let known = error.operator().unwrap();
        assert_eq!((known.id, known.name.as_str()), (4, "LoadRows"));
        assert!(!known.to_string().contains("secret"), "{known}");
    }
}
