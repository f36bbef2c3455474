//! Calls of aggregate functions.

use std::fmt;

use grism_core::{Result, Type};
use grism_functions::{AggregateFunction, AggregateRef};
use serde::{Deserialize, Serialize};

use crate::{LogicalExpr, PlanSchema, infer_type};

/// A call of an aggregate function.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AggregateCall {
    /// The function.
    pub function: AggregateRef,
    /// Its arguments; `count(*)` has none.
    pub arguments: Vec<LogicalExpr>,
    /// Whether equal values count once.
    pub distinct: bool,
}

impl AggregateCall {
    /// `function` of these arguments.
    #[must_use]
    pub fn new(function: impl Into<AggregateRef>, arguments: Vec<LogicalExpr>) -> Self {
        Self {
            function: function.into(),
            arguments,
            distinct: false,
        }
    }

    /// `function` of these arguments, each different combination of which counts once.
    #[must_use]
    pub fn distinct(function: impl Into<AggregateRef>, arguments: Vec<LogicalExpr>) -> Self {
        Self {
            distinct: true,
            ..Self::new(function, arguments)
        }
    }

    /// Whether it counts rows, all of them.
    #[must_use]
    pub fn counts_rows(&self) -> bool {
        self.function == AggregateFunction::Count && self.arguments.is_empty()
    }

    /// The type of the result over rows of `input`.
    ///
    /// # Errors
    /// `InvalidQuery` for an argument of a wrong type.
    pub fn result_type(&self, input: &PlanSchema) -> Result<Type> {
        let arguments = self.arguments.iter().map(|own| infer_type(own, input));
        self.function
            .result_type(&arguments.collect::<Result<Vec<_>>>()?)
    }
}

impl fmt::Display for AggregateCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let distinct = if self.distinct { "DISTINCT " } else { "" };
        let name = self.function.name();
        if self.counts_rows() {
            return write!(f, "{name}(*)");
        }
        let arguments: Vec<String> = self.arguments.iter().map(ToString::to_string).collect();
        write!(f, "{name}({distinct}{})", arguments.join(", "))
    }
}
