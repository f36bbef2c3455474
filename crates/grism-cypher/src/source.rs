//! A query text that knows the places of its parts.

use grism_core::{Error, ErrorKind, Location};
use open_cypher::Span;

/// A query text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source<'a> {
    pub(crate) text: &'a str,
    /// Where the text starts within the whole input, whose lines locations count.
    pub(crate) whole: &'a str,
    pub(crate) offset: usize,
}

impl<'a> Source<'a> {
    pub(crate) fn location(self, span: Span) -> Location {
        Location::of_span(self.whole, span.start + self.offset, span.end + self.offset)
    }

    pub(crate) fn error(self, kind: ErrorKind, message: impl Into<String>, span: Span) -> Error {
        Error::new(kind, message).with_location(self.location(span))
    }

    pub(crate) fn invalid(self, message: impl Into<String>, span: Span) -> Error {
        self.error(ErrorKind::InvalidQuery, message, span)
    }

    pub(crate) fn unsupported(self, what: impl Into<String>, span: Span) -> Error {
        self.error(
            ErrorKind::Unsupported,
            format!("{} is not supported yet", what.into()),
            span,
        )
    }

    pub(crate) fn slice(self, span: Span) -> &'a str {
        span.text(self.text).unwrap_or_default()
    }
}
