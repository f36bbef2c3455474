//! The operators of an expression.

use grism_core::ComparisonOperator;
use serde::{Deserialize, Serialize};

/// A logical operator; all of them are associative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum LogicOperator {
    /// Three-valued `OR`.
    Or,
    /// Three-valued `XOR`.
    Xor,
    /// Three-valued `AND`.
    And,
}

impl LogicOperator {
    /// All of them.
    const ALL: [Self; 3] = [Self::Or, Self::Xor, Self::And];

    /// The operator as Cypher writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Or => "OR",
            Self::Xor => "XOR",
            Self::And => "AND",
        }
    }

    /// The operand that changes nothing, which is the value over no operands: true for AND, false for OR and XOR.
    #[must_use]
    pub const fn identity(self) -> bool {
        matches!(self, Self::And)
    }

    /// The operand that settles the value, whatever the others are; XOR has none.
    #[must_use]
    pub const fn settling(self) -> Option<bool> {
        match self {
            Self::And => Some(false),
            Self::Or => Some(true),
            Self::Xor => None,
        }
    }

    /// How tightly the operator binds; more binds tighter.
    pub(super) const fn precedence(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::Xor => 2,
            Self::And => 3,
        }
    }
}

/// An arithmetic operator; all of them group from the left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ArithmeticOperator {
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

impl ArithmeticOperator {
    /// All of them.
    const ALL: [Self; 6] = [
        Self::Add,
        Self::Subtract,
        Self::Multiply,
        Self::Divide,
        Self::Remainder,
        Self::Power,
    ];

    /// The operator as Cypher writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
            Self::Power => "^",
        }
    }

    /// How tightly the operator binds; more binds tighter.
    pub(super) const fn precedence(self) -> u8 {
        match self {
            Self::Add | Self::Subtract => 6,
            Self::Multiply | Self::Divide | Self::Remainder => 7,
            Self::Power => 8,
        }
    }
}

/// An infix operator of exactly two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum BinaryOperator {
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
}

impl BinaryOperator {
    /// All of them.
    const ALL: [Self; 11] = [
        Self::Equal,
        Self::NotEqual,
        Self::Less,
        Self::LessOrEqual,
        Self::Greater,
        Self::GreaterOrEqual,
        Self::RegexMatch,
        Self::In,
        Self::StartsWith,
        Self::EndsWith,
        Self::Contains,
    ];

    /// The operator as Cypher writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
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

    /// How tightly every one of these operators binds; more binds tighter.
    pub(super) const PRECEDENCE: u8 = 5;
}

/// Any infix operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InfixOperator {
    /// Between the operands of a chain of logic.
    Logic(LogicOperator),
    /// A step of a chain of arithmetic.
    Arithmetic(ArithmeticOperator),
    /// Between two operands.
    Binary(BinaryOperator),
}

impl InfixOperator {
    /// The operator that Cypher writes like this.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let logic = LogicOperator::ALL.into_iter().map(Self::Logic);
        let arithmetic = ArithmeticOperator::ALL.into_iter().map(Self::Arithmetic);
        let binary = BinaryOperator::ALL.into_iter().map(Self::Binary);
        let mut all = logic.chain(arithmetic).chain(binary);
        all.find(|operator| operator.as_str() == name)
    }

    /// The operator as Cypher writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Logic(operator) => operator.as_str(),
            Self::Arithmetic(operator) => operator.as_str(),
            Self::Binary(operator) => operator.as_str(),
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
