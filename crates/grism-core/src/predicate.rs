//! Predicates a storage can evaluate while it scans.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Value;

/// A conjunction of comparisons; empty means that every row passes.
pub type ScanPredicate = Vec<Comparison>;

/// `column operator value`, with a value of the column's own type; a null column never passes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// A property of the scanned entities in a plan, and its column ([`crate::Property::column`]) in a scan of one table.
    pub column: String,
    /// How the two are compared.
    pub operator: ComparisonOperator,
    /// A value that is not null; ignored by `IsNull` and `IsNotNull`.
    pub value: Value,
}

/// How a [`Comparison`] compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ComparisonOperator {
    /// `=`
    Equal,
    /// `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `IS NULL`
    IsNull,
    /// `IS NOT NULL`
    IsNotNull,
}

impl ComparisonOperator {
    /// The operator as it is written in Cypher and in SQL alike.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::IsNull => "IS NULL",
            Self::IsNotNull => "IS NOT NULL",
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.operator {
            ComparisonOperator::IsNull | ComparisonOperator::IsNotNull => {
                write!(f, "{} {}", self.column, self.operator.as_str())
            }
            _ => write!(
                f,
                "{} {} {}",
                self.column,
                self.operator.as_str(),
                self.value
            ),
        }
    }
}
