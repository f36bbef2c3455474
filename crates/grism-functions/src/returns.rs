//! The type of a function's value, by the types of its arguments.

use grism_core::Type;

use crate::Parameter;

/// The type of a function's value.
#[derive(Clone, Copy, Debug)]
pub enum Returns {
    /// Always the same.
    Fixed(fn() -> Type),
    /// That of the first argument.
    First,
    /// That of the elements of the first argument.
    Element,
    /// The one that all arguments fit into.
    Common,
    /// A temporal type of this name: a column holds its values as `Any`.
    Temporal(&'static str),
}

impl Returns {
    /// A boolean.
    pub const BOOLEAN: Self = Self::Fixed(|| Type::Bool);
    /// An integer.
    pub const INTEGER: Self = Self::Fixed(|| Type::Int64);
    /// A float.
    pub const FLOAT: Self = Self::Fixed(|| Type::Float64);
    /// A text.
    pub const TEXT: Self = Self::Fixed(|| Type::String);
    /// A list of texts.
    pub const TEXTS: Self = Self::Fixed(|| Type::String.list());
    /// A value whose type is known only at run time.
    pub const ANYTHING: Self = Self::Fixed(|| Type::Any);
    /// A list of such values.
    pub const LIST: Self = Self::Fixed(|| Type::Any.list());

    /// The type for arguments of these types.
    #[must_use]
    pub fn of(self, arguments: &[Type]) -> Type {
        let first = arguments.first().unwrap_or(&Type::Null);
        match self {
            Self::Fixed(ty) => ty(),
            Self::First => first.clone(),
            Self::Element => match first {
                Type::List(item) => (**item).clone(),
                other => other.clone(),
            },
            Self::Common => arguments
                .iter()
                .fold(Type::Null, |ty, argument| ty.unify(argument)),
            Self::Temporal(_) => Type::Any,
        }
    }

    /// The type as signatures show it.
    #[must_use]
    pub fn shown(self, parameters: &[Parameter]) -> String {
        match self {
            Self::Fixed(ty) => ty().to_string(),
            Self::First => parameters
                .first()
                .map_or_else(|| "Any".to_owned(), |own| own.accepts.shown.to_owned()),
            Self::Element | Self::Common => "Any".to_owned(),
            Self::Temporal(name) => name.to_owned(),
        }
    }
}
