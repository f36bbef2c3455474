//! A key of an entity: an integer, or a text; an integer is equal to the text that it is written as.

use std::borrow::Cow;

/// A key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Key<'a> {
    Integer(i64),
    Text(Cow<'a, str>),
}

impl Key<'_> {
    /// Whether it is an integer, or a text that an integer is written as.
    pub(super) fn is_integer(&self) -> bool {
        both(self).0.is_some()
    }

    pub(super) fn to_text(&self) -> String {
        match self {
            Self::Integer(key) => key.to_string(),
            Self::Text(key) => key.to_string(),
        }
    }
}

/// The key as an integer, or else as a text: what is the same for equal keys.
pub(super) fn canonical<'a>(key: &'a Key<'a>) -> (Option<i64>, Option<Cow<'a, str>>) {
    match both(key) {
        (Some(integer), _) => (Some(integer), None),
        (None, text) => (None, text),
    }
}

/// The key as an integer and as a text, as far as it is one.
pub(super) fn both<'a>(key: &'a Key<'a>) -> (Option<i64>, Option<Cow<'a, str>>) {
    match key {
        Key::Integer(integer) => (Some(*integer), None),
        Key::Text(text) => {
            // Only a text that an integer is written as is equal to it.
            let integer = text.parse::<i64>().ok();
            let same = integer.filter(|integer| integer.to_string() == text.as_ref());
            (same, Some(Cow::Borrowed(text.as_ref())))
        }
    }
}
