//! The types of JSON values: the narrowest that holds all of them as they are.

use std::collections::BTreeMap;

use grism_core::{Type, Value};

use crate::values::{float_word, is_exact};

/// What the values of a column, or of a place within them, have in common.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum JsonType {
    /// There was none but null.
    #[default]
    Null,
    /// True or false.
    Bool,
    /// Integers; whether one of them is no float.
    Integer(bool),
    /// Floats, beside integers perhaps, one of which may be no float.
    Float(bool),
    /// Words for floats that are no numbers.
    Word,
    /// Texts.
    Text,
    /// Lists, with what their items have in common.
    List(Box<JsonType>),
    /// Maps that all have these names.
    Map(BTreeMap<String, JsonType>),
    /// Nothing in common.
    Any,
}

impl JsonType {
    fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(_) => Self::Bool,
            Value::Int64(number) => Self::Integer(!is_exact(*number)),
            Value::Float64(_) => Self::Float(false),
            Value::String(text) if float_word(text.as_bytes()).is_some() => Self::Word,
            Value::String(_) => Self::Text,
            Value::List(items) => {
                let mut own = Self::Null;
                items.iter().for_each(|item| own.add(item));
                Self::List(Box::new(own))
            }
            Value::Map(entries) => Self::Map(
                entries
                    .iter()
                    .map(|(name, value)| (name.clone(), Self::of(value)))
                    .collect(),
            ),
            _ => Self::Any,
        }
    }

    /// Takes note of one more value.
    pub fn add(&mut self, value: &Value) {
        let fits = match (&*self, value) {
            (Self::Any, _) | (_, Value::Null) => true,
            (Self::Bool, Value::Bool(_)) => true,
            (Self::Text, Value::String(_)) | (Self::Float(_), Value::Float64(_)) => true,
            (Self::Integer(_) | Self::Float(_), Value::Int64(number)) => is_exact(*number),
            _ => false,
        };
        if !fits {
            let before = std::mem::take(self);
            *self = before.with(Self::of(value));
        }
    }

    fn with(self, other: Self) -> Self {
        match (self, other) {
            (Self::Null, any) | (any, Self::Null) => any,
            (Self::Integer(a), Self::Integer(b)) => Self::Integer(a || b),
            (Self::Integer(a) | Self::Float(a), Self::Integer(b) | Self::Float(b)) => {
                Self::Float(a || b)
            }
            (Self::Word, Self::Integer(long) | Self::Float(long))
            | (Self::Integer(long) | Self::Float(long), Self::Word) => Self::Float(long),
            (Self::Word, Self::Text) | (Self::Text, Self::Word) => Self::Text,
            (Self::List(a), Self::List(b)) => Self::List(Box::new(a.with(*b))),
            (Self::Map(a), Self::Map(b)) if a.keys().eq(b.keys()) => Self::Map(
                a.into_iter()
                    .zip(b.into_values())
                    .map(|((name, a), b)| (name, a.with(b)))
                    .collect(),
            ),
            (a, b) if a == b => a,
            _ => Self::Any,
        }
    }

    /// The type of a column of such values.
    #[must_use]
    pub fn ty(&self) -> Type {
        match self {
            Self::Null | Self::Text => Type::String,
            Self::Bool => Type::Bool,
            Self::Integer(_) => Type::Int64,
            Self::Float(false) | Self::Word => Type::Float64,
            Self::List(item) => item.ty().list(),
            Self::Map(entries) if !entries.is_empty() => Type::Map(
                entries
                    .iter()
                    .map(|(name, value)| (name.clone(), value.ty()))
                    .collect(),
            ),
            Self::Float(true) | Self::Map(_) | Self::Any => Type::Any,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::values::parse_json;
    use super::*;

    fn told(texts: &[&str]) -> Type {
        let mut ty = JsonType::default();
        for text in texts {
            ty.add(&parse_json(text.as_bytes()).unwrap().to_value().unwrap());
        }
        ty.ty()
    }

    #[test]
    fn integers_and_floats_meet_only_where_that_is_exact() {
        assert_eq!(told(&["1", "2.5"]), Type::Float64);
        assert_eq!(told(&["9007199254740993", "0.5"]), Type::Any);
        assert_eq!(told(&["0.5", "9007199254740993"]), Type::Any);
        assert_eq!(told(&["[1]", "[2.5, 9007199254740993]"]), Type::Any.list());
        assert_eq!(told(&["\"NaN\"", "1"]), Type::Float64);
        assert_eq!(told(&["\"NaN\"", "\"Ann\""]), Type::String);
    }

    #[test]
    fn maps_have_one_type_where_their_names_are_the_same() {
        let both = Type::Map(vec![
            ("a".to_owned(), Type::Float64),
            ("b".to_owned(), Type::String),
        ]);
        assert_eq!(
            told(&[r#"{"a": 1, "b": null}"#, r#"{"b": "x", "a": 0.5}"#]),
            both
        );
        assert_eq!(told(&[r#"{"a": 1}"#, r#"{"b": 1}"#]), Type::Any);
        assert_eq!(told(&["{}"]), Type::Any);
        assert_eq!(told(&["1", "true"]), Type::Any);
        assert_eq!(told(&["null", "[]"]), Type::String.list());
    }
}
