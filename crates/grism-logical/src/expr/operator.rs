//! The operators of an expression.

use grism_core::ComparisonOperator;
use serde::{Deserialize, Serialize};

/// An infix operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum BinaryOperator {
    /// Three-valued `OR`.
    Or,
    /// Three-valued `XOR`.
    Xor,
    /// Three-valued `AND`.
    And,
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
    /// `=~`, the whole text.
    RegexMatch,
    /// `IN`, a list on the right.
    In,
    /// `STARTS WITH`
    StartsWith,
    /// `ENDS WITH`
    EndsWith,
    /// `CONTAINS`
    Contains,
    /// `+` of numbers, texts and lists.
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`; of integers it truncates.
    Divide,
    /// `%`
    Remainder,
    /// `^`, always a float.
    Power,
}

impl BinaryOperator {
    /// The operator as Cypher writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Or => "OR",
            Self::Xor => "XOR",
            Self::And => "AND",
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::RegexMatch => "=~",
            Self::In => "IN",
            Self::StartsWith => "STARTS WITH",
            Self::EndsWith => "ENDS WITH",
            Self::Contains => "CONTAINS",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
            Self::Power => "^",
        }
    }

    /// How a column on the left is compared with a value on the right, or the other way round where `flipped`; `None` for
    /// an operator that does not compare.
    #[must_use]
    pub const fn comparison(self, flipped: bool) -> Option<ComparisonOperator> {
        Some(match (self, flipped) {
            (Self::Equal, _) => ComparisonOperator::Equal,
            (Self::NotEqual, _) => ComparisonOperator::NotEqual,
            (Self::Less, false) | (Self::Greater, true) => ComparisonOperator::Less,
            (Self::LessOrEqual, false) | (Self::GreaterOrEqual, true) => {
                ComparisonOperator::LessOrEqual
            }
            (Self::Greater, false) | (Self::Less, true) => ComparisonOperator::Greater,
            (Self::GreaterOrEqual, false) | (Self::LessOrEqual, true) => {
                ComparisonOperator::GreaterOrEqual
            }
            _ => return None,
        })
    }

    /// Whether the operator compares two values.
    #[must_use]
    pub const fn is_comparison(self) -> bool {
        matches!(
            self,
            Self::Equal
                | Self::NotEqual
                | Self::Less
                | Self::LessOrEqual
                | Self::Greater
                | Self::GreaterOrEqual
        )
    }

    /// How tightly the operator binds; more binds tighter.
    pub(super) const fn precedence(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::Xor => 2,
            Self::And => 3,
            Self::Equal
            | Self::NotEqual
            | Self::Less
            | Self::LessOrEqual
            | Self::Greater
            | Self::GreaterOrEqual
            | Self::RegexMatch
            | Self::In
            | Self::StartsWith
            | Self::EndsWith
            | Self::Contains => 5,
            Self::Add | Self::Subtract => 6,
            Self::Multiply | Self::Divide | Self::Remainder => 7,
            Self::Power => 8,
        }
    }
}

/// A prefix or postfix operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum UnaryOperator {
    /// Three-valued `NOT`.
    Not,
    /// `-`
    Negate,
    /// `IS NULL`
    IsNull,
    /// `IS NOT NULL`
    IsNotNull,
}
