//! Calls of aggregate functions.

use std::fmt;

use grism_functions::AggregateFunction;
use serde::{Deserialize, Serialize};

use crate::LogicalExpr;

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
