//! What a function takes: the name, the accepted types and the presence of each argument.

use std::fmt;

use grism_core::{Error, Result, Type};
use serde::{Deserialize, Serialize};

/// One argument of a function.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// What the reference calls it.
    pub name: &'static str,
    /// The types that it may have.
    pub accepts: Accepts,
    /// Whether it may be left out or repeated.
    pub presence: Presence,
}

/// Whether an argument may be left out or repeated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Presence {
    /// It is given once.
    #[default]
    Required,
    /// It may be left out, with those after it.
    Optional,
    /// It is the last, and is given once or more.
    Repeated,
}

impl Parameter {
    /// An argument that every call gives.
    #[must_use]
    pub const fn new(name: &'static str, accepts: Accepts) -> Self {
        Self {
            name,
            accepts,
            presence: Presence::Required,
        }
    }

    /// An argument that a call may leave out.
    #[must_use]
    pub const fn optional(name: &'static str, accepts: Accepts) -> Self {
        Self {
            name,
            accepts,
            presence: Presence::Optional,
        }
    }

    /// An argument that a call gives once or more.
    #[must_use]
    pub const fn repeated(name: &'static str, accepts: Accepts) -> Self {
        Self {
            name,
            accepts,
            presence: Presence::Repeated,
        }
    }
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, shown) = (self.name, self.accepts.shown);
        match self.presence {
            Presence::Required => write!(f, "{name} :: {shown}"),
            Presence::Optional => write!(f, "[{name} :: {shown}]"),
            Presence::Repeated => write!(f, "{name} :: {shown}, …"),
        }
    }
}

/// The types that an argument may have. Null, and what is typed only at run time, is accepted everywhere.
#[derive(Clone, Copy, Debug)]
pub struct Accepts {
    /// What is accepted, as messages say it: `a number`.
    pub wanted: &'static str,
    /// The type as signatures show it.
    pub shown: &'static str,
    /// Whether a type is accepted.
    pub fits: fn(&Type) -> bool,
}

impl Accepts {
    /// Values of every type.
    pub const ANYTHING: Self = Self::new("a value", "Any", |_| true);
    /// Integers and floats.
    pub const NUMBER: Self = Self::new("a number", "Number", Type::is_numeric);
    /// Integers.
    pub const INTEGER: Self = Self::new("an integer", "Int64", |ty| ty == &Type::Int64);
    /// Texts.
    pub const TEXT: Self = Self::new("text", "String", |ty| ty == &Type::String);
    /// Lists.
    pub const LIST: Self = Self::new("a list", "List", |ty| matches!(ty, Type::List(_)));
    /// Texts and lists.
    pub const TEXT_OR_LIST: Self = Self::new("text or a list", "String | List", |ty| {
        matches!(ty, Type::String | Type::List(_))
    });
    /// Texts, lists and maps.
    pub const TEXT_LIST_OR_MAP: Self =
        Self::new("text, a list or a map", "String | List | Map", |ty| {
            matches!(ty, Type::String | Type::List(_) | Type::Map(_))
        });
    /// Nodes and hyperedges.
    pub const ENTITY: Self =
        Self::new("a node or a hyperedge", "Node | Hyperedge", Type::is_entity);
    /// Nodes, hyperedges and maps.
    pub const ENTITY_OR_MAP: Self = Self::new(
        "a node, a hyperedge or a map",
        "Node | Hyperedge | Map",
        |ty| matches!(ty, Type::Map(_)) || ty.is_entity(),
    );
    /// Hyperedges and incidences.
    pub const RELATIONSHIP: Self = Self::new(
        "a relationship or a hyperedge",
        "Hyperedge | Incidence",
        |ty| matches!(ty, Type::Hyperedge(_) | Type::Incidence),
    );
    /// Incidences.
    pub const INCIDENCE: Self = Self::new("an incidence", "Incidence", |ty| ty == &Type::Incidence);
    /// Paths.
    pub const PATH: Self = Self::new("a path", "Path", |ty| ty == &Type::Path);

    /// The types for which `fits` is true.
    #[must_use]
    pub const fn new(wanted: &'static str, shown: &'static str, fits: fn(&Type) -> bool) -> Self {
        Self {
            wanted,
            shown,
            fits,
        }
    }
}

/// Fails where an operand of `what` has a known type that does not fit.
///
/// # Errors
/// `InvalidQuery`.
pub fn expect(what: &str, found: &Type, fits: bool, wanted: &str) -> Result<()> {
    if fits || matches!(found, Type::Null | Type::Any) {
        return Ok(());
    }
    Err(wrong_type(format!("`{what}` needs {wanted}, not {found}")))
}

/// The error for an operand of a wrong type.
#[must_use]
pub fn wrong_type(message: String) -> Error {
    Error::invalid_query(message).with_code("SyntaxError:InvalidArgumentType")
}
