//! The aggregates that the engine folds row by row.

use grism_core::Type;
use serde::{Deserialize, Serialize};

/// An aggregate that the engine folds row by row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum AggregateFunction {
    /// Rows, or values that are not null.
    Count,
    /// Sum; 0 over nothing. Integers are summed in 128 bits, so that the answer does not depend on their order.
    Sum,
    /// Mean; null over nothing.
    Avg,
    /// Smallest value; null over nothing.
    Min,
    /// Largest value; null over nothing.
    Max,
    /// List of the values that are not null.
    Collect,
}

impl AggregateFunction {
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
