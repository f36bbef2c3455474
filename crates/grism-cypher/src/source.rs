//! A query text that knows the places of its parts.

use grism_core::{Error, ErrorKind, Location};

use crate::syntax::Span;

/// The whole input, whose lines locations count.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source<'a> {
    pub(crate) text: &'a str,
}

impl<'a> Source<'a> {
    pub(crate) const fn new(text: &'a str) -> Self {
        Self { text }
    }

    pub(crate) fn location(self, span: Span) -> Location {
        Location::of_span(self.text, span.start, span.end)
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
        self.text.get(span.start..span.end).unwrap_or_default()
    }
}
