//! The types of values, and how each stands in an Arrow column.

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, TimeUnit};
use serde::{Deserialize, Serialize};

use crate::{Error, Result, TableId};

/// The tables an entity may come from, ascending and without duplicates.
pub type Tables = Arc<[TableId]>;

/// The type of an expression or a column.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Type {
    /// Only null is known.
    Null,
    /// True or false.
    Bool,
    /// 64-bit signed integer.
    Int64,
    /// 64-bit IEEE float.
    Float64,
    /// UTF-8 text.
    String,
    /// Raw bytes.
    Bytes,
    /// A calendar day.
    Date,
    /// A time of day without zone, to the nanosecond.
    LocalTime,
    /// A day and time without zone, to the nanosecond.
    LocalDateTime,
    /// An instant, to the nanosecond, in UTC.
    DateTime,
    /// So many 32-bit floats: the type of a stored property, which queries read as a list of floats.
    Vector(u32),
    /// A list of one type.
    List(Box<Type>),
    /// A map whose keys are known.
    Map(Vec<(String, Type)>),
    /// A node of one of these tables, as its id.
    Node(Tables),
    /// A hyperedge of one of these tables, as its id.
    Hyperedge(Tables),
    /// A node or a hyperedge, as its id.
    Entity {
        /// All tables it may come from.
        tables: Tables,
        /// Those of them that hold hyperedges.
        hyperedges: Tables,
    },
    /// An incidence: hyperedge, role, position, member.
    Incidence,
    /// A path; a column of paths holds the same bytes as one of dynamically typed values.
    Path,
    /// A value whose type is known only at run time.
    Any,
    /// A sum of integers that is not finished yet, in 128 bits. Never a value of a query.
    WideInt,
}

impl Type {
    /// A list of `self`.
    #[must_use]
    pub fn list(self) -> Self {
        Self::List(Box::new(self))
    }

    /// The Arrow type of a column of this type.
    #[must_use]
    pub fn to_arrow(&self) -> DataType {
        match self {
            Self::Null => DataType::Null,
            Self::Bool => DataType::Boolean,
            Self::Int64 => DataType::Int64,
            Self::Float64 => DataType::Float64,
            Self::String => DataType::Utf8,
            Self::Bytes => DataType::Binary,
            Self::Date => DataType::Date32,
            Self::LocalTime => DataType::Time64(TimeUnit::Nanosecond),
            Self::LocalDateTime => DataType::Timestamp(TimeUnit::Nanosecond, None),
            Self::DateTime => DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
            Self::Vector(dimensions) => DataType::FixedSizeList(
                Arc::new(Field::new_list_field(DataType::Float32, true)),
                i32::try_from(*dimensions).unwrap_or(i32::MAX),
            ),
            Self::List(item) => {
                DataType::List(Arc::new(Field::new_list_field(item.to_arrow(), true)))
            }
            Self::Map(fields) => DataType::Struct(
                fields
                    .iter()
                    .map(|(name, item)| Field::new(name, item.to_arrow(), true))
                    .collect::<Fields>(),
            ),
            Self::Node(_) | Self::Hyperedge(_) | Self::Entity { .. } => DataType::UInt64,
            Self::WideInt => DataType::Decimal128(38, 0),
            Self::Path | Self::Any => DataType::LargeBinary,
            Self::Incidence => DataType::Struct(Fields::from(vec![
                Field::new("hyperedge", DataType::UInt64, true),
                Field::new("role", DataType::Utf8, true),
                Field::new("position", DataType::Int64, true),
                Field::new("member", DataType::UInt64, true),
            ])),
        }
    }

    /// The type that holds the values of an Arrow column from outside; narrower numbers widen.
    ///
    /// # Errors
    /// `Unsupported`, naming the Arrow type, where no Grism type holds it without loss.
    pub fn from_arrow(data_type: &DataType) -> Result<Self> {
        Ok(match data_type {
            DataType::Null => Self::Null,
            DataType::Boolean => Self::Bool,
            DataType::Int8
            | DataType::Int16
            | DataType::Int32
            | DataType::Int64
            | DataType::UInt8
            | DataType::UInt16
            | DataType::UInt32
            | DataType::UInt64 => Self::Int64,
            DataType::Float16 | DataType::Float32 | DataType::Float64 => Self::Float64,
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Self::String,
            DataType::Binary
            | DataType::LargeBinary
            | DataType::BinaryView
            | DataType::FixedSizeBinary(_) => Self::Bytes,
            DataType::Date32 | DataType::Date64 => Self::Date,
            DataType::Time32(_) | DataType::Time64(_) => Self::LocalTime,
            DataType::Timestamp(_, None) => Self::LocalDateTime,
            DataType::Timestamp(_, Some(_)) => Self::DateTime,
            DataType::Dictionary(_, values) => Self::from_arrow(values)?,
            DataType::RunEndEncoded(_, values) => Self::from_arrow(values.data_type())?,
            DataType::List(item)
            | DataType::LargeList(item)
            | DataType::ListView(item)
            | DataType::LargeListView(item) => Self::from_arrow(item.data_type())?.list(),
            DataType::FixedSizeList(item, dimensions) => match item.data_type() {
                DataType::Float16 | DataType::Float32 if *dimensions > 0 => {
                    Self::Vector(dimensions.unsigned_abs())
                }
                other => Self::from_arrow(other)?.list(),
            },
            DataType::Struct(fields) => Self::Map(
                fields
                    .iter()
                    .map(|field| Ok((field.name().clone(), Self::from_arrow(field.data_type())?)))
                    .collect::<Result<_>>()?,
            ),
            other => {
                return Err(Error::unsupported(format!(
                    "a property of the Arrow type {other}"
                )));
            }
        })
    }

    /// The type of a column that Grism itself made, in which ids are nodes of any table.
    #[must_use]
    pub fn of_column(data_type: &DataType) -> Self {
        match data_type {
            DataType::LargeBinary => Self::Any,
            DataType::UInt64 => Self::Node([].into()),
            DataType::Decimal128(..) => Self::WideInt,
            DataType::List(item) => Self::of_column(item.data_type()).list(),
            DataType::Struct(fields) => Self::Map(
                fields
                    .iter()
                    .map(|field| (field.name().clone(), Self::of_column(field.data_type())))
                    .collect(),
            ),
            other => Self::from_arrow(other).unwrap_or(Self::Any),
        }
    }

    /// The narrowest type that holds the values of both, unchanged: integers and floats have none but [`Type::Any`].
    #[must_use]
    pub fn unify(&self, other: &Self) -> Self {
        match (self, other) {
            (a, b) if a == b => a.clone(),
            (Self::Null, any) | (any, Self::Null) => any.clone(),
            (Self::List(a), Self::List(b)) => a.unify(b).list(),
            (Self::Node(a), Self::Node(b)) => Self::Node(union_tables(a, b)),
            (Self::Hyperedge(a), Self::Hyperedge(b)) => Self::Hyperedge(union_tables(a, b)),
            (a, b) if a.is_entity() && b.is_entity() => Self::Entity {
                tables: union_tables(a.tables_or_none(), b.tables_or_none()),
                hyperedges: union_tables(a.hyperedge_tables(), b.hyperedge_tables()),
            },
            (Self::Map(a), Self::Map(b))
                if a.len() == b.len() && a.iter().zip(b).all(|((a, _), (b, _))| a == b) =>
            {
                let fields = a.iter().zip(b);
                Self::Map(
                    fields
                        .map(|((name, a), (_, b))| (name.clone(), a.unify(b)))
                        .collect(),
                )
            }
            _ => Self::Any,
        }
    }

    /// The type of a stored property as queries read it: a vector is a list of floats.
    #[must_use]
    pub fn in_queries(&self) -> Self {
        match self {
            Self::Vector(_) => Self::Float64.list(),
            other => other.clone(),
        }
    }

    /// Whether a value of the type may hold a node, a hyperedge, an incidence or a path.
    #[must_use]
    pub fn may_hold_entity(&self) -> bool {
        match self {
            Self::Node(_)
            | Self::Hyperedge(_)
            | Self::Entity { .. }
            | Self::Incidence
            | Self::Path
            | Self::Any => true,
            Self::List(item) => item.may_hold_entity(),
            Self::Map(fields) => fields.iter().any(|(_, ty)| ty.may_hold_entity()),
            _ => false,
        }
    }

    /// The type of a column whose values carry what their entities hold: wherever an entity, an incidence or a path stands in
    /// `self`, values of any type do.
    #[must_use]
    pub fn with_contents(&self) -> Self {
        match self {
            Self::Node(_)
            | Self::Hyperedge(_)
            | Self::Entity { .. }
            | Self::Incidence
            | Self::Path => Self::Any,
            Self::List(item) => item.with_contents().list(),
            Self::Map(fields) => {
                let fields = fields.iter();
                Self::Map(
                    fields
                        .map(|(name, ty)| (name.clone(), ty.with_contents()))
                        .collect(),
                )
            }
            other => other.clone(),
        }
    }

    /// Whether a value of the type may be dynamically typed, or hold one that is.
    #[must_use]
    pub fn may_hold_any(&self) -> bool {
        match self {
            Self::Path | Self::Any => true,
            Self::List(item) => item.may_hold_any(),
            Self::Map(fields) => fields.iter().any(|(_, ty)| ty.may_hold_any()),
            _ => false,
        }
    }

    /// Whether this is an integer or a float.
    #[must_use]
    pub fn is_numeric(&self) -> bool {
        matches!(self, Self::Int64 | Self::Float64)
    }

    /// The tables of a node or hyperedge.
    #[must_use]
    pub fn tables(&self) -> Option<&Tables> {
        match self {
            Self::Node(tables) | Self::Hyperedge(tables) | Self::Entity { tables, .. } => {
                Some(tables)
            }
            _ => None,
        }
    }

    /// Whether this is a node, a hyperedge, or one of both.
    #[must_use]
    pub fn is_entity(&self) -> bool {
        self.tables().is_some()
    }

    fn tables_or_none(&self) -> &[TableId] {
        self.tables().map_or(&[], |tables| tables)
    }

    /// The tables of the hyperedges that a value of the type may be.
    #[must_use]
    pub fn hyperedge_tables(&self) -> &[TableId] {
        match self {
            Self::Hyperedge(tables) => tables,
            Self::Entity { hyperedges, .. } => hyperedges,
            _ => &[],
        }
    }
}

/// The most numbers of a vector.
const MOST_DIMENSIONS: u32 = 1 << 16;

/// The number in `Vector(number)`.
fn vector_dimensions(name: &str) -> Option<u32> {
    let lower = name.trim().to_ascii_lowercase();
    let inner = lower.strip_prefix("vector(")?.strip_suffix(')')?;
    let dimensions = inner.trim().parse().ok()?;
    (1..=MOST_DIMENSIONS)
        .contains(&dimensions)
        .then_some(dimensions)
}

/// The type in `List<type>`.
fn list_item(name: &str) -> Option<&str> {
    let (word, item) = name.trim().split_once('<')?;
    let is_list = word.trim().eq_ignore_ascii_case("list");
    is_list.then_some(item)?.strip_suffix('>')
}

fn union_tables(a: &[TableId], b: &[TableId]) -> Tables {
    let mut all: Vec<TableId> = a.iter().chain(b.iter()).copied().collect();
    all.sort_unstable();
    all.dedup();
    all.into()
}

impl Type {
    /// The type of plain values called `name`, in any case, by Grism's or by openCypher's name.
    ///
    /// # Errors
    /// `Unsupported` for another name.
    pub fn from_name(name: &str) -> Result<Self> {
        if let Some(dimensions) = vector_dimensions(name) {
            return Ok(Self::Vector(dimensions));
        }
        if let Some(item) = list_item(name) {
            return Ok(Self::from_name(item)?.list());
        }
        Ok(
            match name.to_ascii_lowercase().replace([' ', '_'], "").as_str() {
                "bool" | "boolean" => Self::Bool,
                "int64" | "int" | "integer" => Self::Int64,
                "float64" | "float" | "double" => Self::Float64,
                "string" | "text" => Self::String,
                "date" => Self::Date,
                "localtime" => Self::LocalTime,
                "localdatetime" => Self::LocalDateTime,
                "datetime" | "zoneddatetime" => Self::DateTime,
                _ => {
                    return Err(Error::unsupported(format!(
                        "the type `{name}`; Bool, Int64, Float64, String, Date, LocalTime, LocalDateTime, DateTime, Vector(dimensions) and List<type> are known"
                    )));
                }
            },
        )
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::List(item) => write!(f, "List<{item}>"),
            Self::Map(_) => f.write_str("Map"),
            Self::Node(_) => f.write_str("Node"),
            Self::Hyperedge(_) => f.write_str("Hyperedge"),
            Self::Entity { .. } => f.write_str("Entity"),
            other => write!(f, "{other:?}"),
        }
    }
}
