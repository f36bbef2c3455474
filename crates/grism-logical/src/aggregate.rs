//! Aggregate functions.

use std::fmt;

use grism_core::Type;
use serde::{Deserialize, Serialize};

use crate::LogicalExpr;

/// An aggregate function of openCypher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum AggregateFunction {
    /// Rows, or values that are not null.
    Count,
    /// Sum; 0 over nothing. Integers are summed in 128 bits, so that the answer does not hang on their order.
    Sum,
    /// Mean; null over nothing.
    Avg,
    /// Least value; null over nothing.
    Min,
    /// Greatest value; null over nothing.
    Max,
    /// List of the values that are not null.
    Collect,
}

impl AggregateFunction {
    /// Every aggregate function.
    pub const ALL: [Self; 6] = [
        Self::Count,
        Self::Sum,
        Self::Avg,
        Self::Min,
        Self::Max,
        Self::Collect,
    ];

    /// The function's name, in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Sum => "sum",
            Self::Avg => "avg",
            Self::Min => "min",
            Self::Max => "max",
            Self::Collect => "collect",
        }
    }

    /// What the function gives.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::Count => "The number of values that are not null, or of rows.",
            Self::Sum => "The sum of numbers or durations; 0 over nothing.",
            Self::Avg => "The mean of numbers or durations; null over nothing.",
            Self::Min => "The smallest value; null over nothing.",
            Self::Max => "The largest value; null over nothing.",
            Self::Collect => "The list of the values that are not null.",
        }
    }

    /// The function called `name`, in any case.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|function| function.name().eq_ignore_ascii_case(name))
    }

    /// The type of the result for an argument of the type `argument`.
    #[must_use]
    pub fn result_type(self, argument: &Type) -> Type {
        match self {
            Self::Count => Type::Int64,
            Self::Sum if argument == &Type::Float64 => Type::Float64,
            Self::Sum => Type::Int64,
            Self::Avg => Type::Float64,
            Self::Min | Self::Max => argument.clone(),
            Self::Collect => argument.clone().list(),
        }
    }
}

/// A call of an aggregate function.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AggregateCall {
    /// The function.
    pub function: AggregateFunction,
    /// Its argument; `None` for `count(*)`.
    pub argument: Option<LogicalExpr>,
    /// Whether equal values count once.
    pub distinct: bool,
}

impl fmt::Display for AggregateCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let distinct = if self.distinct { "DISTINCT " } else { "" };
        match &self.argument {
            None => write!(f, "{}(*)", self.function.name()),
            Some(argument) => write!(f, "{}({distinct}{argument})", self.function.name()),
        }
    }
}
