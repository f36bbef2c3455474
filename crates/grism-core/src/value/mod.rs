//! Single values: literals, parameters and the cells of small results.

mod any;
mod build_column;
mod cast;
mod column;
mod compare;
mod display;
mod parts;

pub use any::{decode_any, encode_any, key_of, key_of_any};
pub use cast::{cast_column, key_column, widen_column};
pub use compare::{compare_integer_float, equal_values, order_values, total_order};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Type;
use crate::temporal::{DateTime, Duration, LocalDateTime, Time};

/// One value of a query.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Value {
    /// Nothing known.
    Null,
    /// True or false.
    Bool(bool),
    /// A 64-bit integer.
    Int64(i64),
    /// A 64-bit float; infinities and NaN survive serialization as their bits.
    Float64(#[serde(with = "float_bits")] f64),
    /// Text.
    String(String),
    /// Raw bytes.
    Bytes(Vec<u8>),
    /// Days since 1970-01-01.
    Date(i64),
    /// Nanoseconds since midnight.
    LocalTime(i64),
    /// A time of day with an offset.
    Time(Time),
    /// A day and time without zone.
    LocalDateTime(LocalDateTime),
    /// An instant, with its offset and perhaps its zone.
    DateTime(Box<DateTime>),
    /// A length of time.
    Duration(Duration),
    /// A list.
    List(Vec<Value>),
    /// A map.
    Map(BTreeMap<String, Value>),
    /// A node.
    Node(Box<NodeValue>),
    /// A hyperedge, binary edges included.
    Hyperedge(Box<HyperedgeValue>),
    /// An incidence.
    Incidence(Box<IncidenceValue>),
    /// A path.
    Path(Box<PathValue>),
}

/// A node as a value: its id, and what it holds where that was read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NodeValue {
    /// Raw id.
    pub id: u64,
    /// Labels and properties; `None` until they are read.
    pub contents: Option<NodeContents>,
}

/// What a node holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NodeContents {
    /// Its labels, sorted.
    pub labels: Vec<String>,
    /// Its properties; none of them is null.
    pub properties: BTreeMap<String, Value>,
}

/// A hyperedge as a value: its id, and what it holds where that was read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HyperedgeValue {
    /// Raw id.
    pub id: u64,
    /// Type, members and properties; `None` until they are read.
    pub contents: Option<HyperedgeContents>,
}

/// What a hyperedge holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HyperedgeContents {
    /// The type's name.
    pub type_name: String,
    /// The members of each role, in the order of declaration.
    pub members: Vec<(String, Vec<Value>)>,
    /// Its properties; none of them is null.
    pub properties: BTreeMap<String, Value>,
}

/// An incidence as a value: the relationship from a hyperedge to a member.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IncidenceValue {
    /// The hyperedge.
    pub hyperedge: HyperedgeValue,
    /// The role.
    pub role: String,
    /// The place within the role.
    pub position: i64,
    /// The member: a node or a hyperedge.
    pub member: Value,
}

/// A path: entities, and between each two of them a hyperedge that is a binary edge, or an incidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PathValue {
    /// One more than steps.
    pub nodes: Vec<Value>,
    /// The steps.
    pub relationships: Vec<Value>,
}

mod float_bits {
    //! JSON has no NaN, so floats travel as their bits.
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(value.to_bits())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        u64::deserialize(deserializer).map(f64::from_bits)
    }
}

impl Value {
    /// A node of which only the id is known.
    #[must_use]
    pub fn node(id: u64) -> Self {
        Self::Node(Box::new(NodeValue { id, contents: None }))
    }

    /// A hyperedge of which only the id is known.
    #[must_use]
    pub fn hyperedge(id: u64) -> Self {
        Self::Hyperedge(Box::new(HyperedgeValue { id, contents: None }))
    }

    /// The raw id of a node or hyperedge.
    #[must_use]
    pub fn entity_id(&self) -> Option<u64> {
        match self {
            Self::Node(node) => Some(node.id),
            Self::Hyperedge(hyperedge) => Some(hyperedge.id),
            _ => None,
        }
    }

    /// The narrowest type of a column that holds the value.
    #[must_use]
    pub fn type_of(&self) -> Type {
        match self {
            Self::Null => Type::Null,
            Self::Bool(_) => Type::Bool,
            Self::Int64(_) => Type::Int64,
            Self::Float64(_) => Type::Float64,
            Self::String(_) => Type::String,
            Self::Bytes(_) => Type::Bytes,
            Self::Date(days) if i32::try_from(*days).is_ok() => Type::Date,
            Self::LocalTime(_) => Type::LocalTime,
            Self::LocalDateTime(value) if value.to_nanos().is_some() => Type::LocalDateTime,
            Self::DateTime(value)
                if value.offset == 0
                    && value.zone.is_none()
                    && value.local.to_nanos().is_some() =>
            {
                Type::DateTime
            }
            Self::List(items) => items
                .iter()
                .fold(Type::Null, |ty, item| ty.unify(&item.type_of()))
                .list(),
            Self::Map(entries) => Type::Map(
                entries
                    .iter()
                    .map(|(key, value)| (key.clone(), value.type_of()))
                    .collect(),
            ),
            Self::Path(_) => Type::Path,
            _ => Type::Any,
        }
    }

    /// What the value is, as messages name it.
    #[must_use]
    pub fn type_name(&self) -> String {
        match self {
            Self::Date(_) => "Date".to_owned(),
            Self::Time(_) => "Time".to_owned(),
            Self::LocalDateTime(_) => "LocalDateTime".to_owned(),
            Self::DateTime(_) => "DateTime".to_owned(),
            Self::Duration(_) => "Duration".to_owned(),
            Self::Node(_) => "Node".to_owned(),
            Self::Hyperedge(_) => "Hyperedge".to_owned(),
            Self::Incidence(_) => "Incidence".to_owned(),
            Self::Path(_) => "Path".to_owned(),
            Self::Map(_) => "Map".to_owned(),
            other => other.type_of().to_string(),
        }
    }

    /// Whether this is null.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The number as an element of a vector; `None` where it is no number, or 32-bit floats do not reach it.
    #[must_use]
    pub fn to_vector_element(&self) -> Option<f32> {
        let number = match self {
            Self::Float64(number) => *number as f32,
            Self::Int64(number) => *number as f32,
            _ => return None,
        };
        number.is_finite().then_some(number)
    }
}
