//! `NamedExpr` and `NamedAggregate`: what a plan computes, with the name of what holds it.

use serde::{Deserialize, Serialize};

use crate::{AggregateCall, LogicalExpr};

/// An expression, and the name of the column or the key of the map that holds its values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NamedExpr {
    /// What is computed.
    pub expression: LogicalExpr,
    /// The name of the column, or the key.
    pub name: String,
}

/// A call of an aggregate function and the column of its results.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NamedAggregate {
    /// What is computed of each group.
    pub call: AggregateCall,
    /// The column's name.
    pub name: String,
}

impl NamedExpr {
    /// A column of the input under its own name.
    pub fn column(name: impl Into<String>) -> Self {
        let name = name.into();
        LogicalExpr::column(&name).named(name)
    }

    /// The column of the input whose values these are; `None` where they are computed.
    #[must_use]
    pub fn source(&self) -> Option<&str> {
        match &self.expression {
            LogicalExpr::Column(source) => Some(source),
            _ => None,
        }
    }

    /// Whether it is a column of the input under its own name.
    #[must_use]
    pub fn is_own_column(&self) -> bool {
        self.source() == Some(&self.name)
    }
}

impl LogicalExpr {
    /// The expression as the column `name`.
    #[must_use]
    pub fn named(self, name: impl Into<String>) -> NamedExpr {
        NamedExpr {
            expression: self,
            name: name.into(),
        }
    }
}

impl AggregateCall {
    /// The call as the column `name`.
    #[must_use]
    pub fn named(self, name: impl Into<String>) -> NamedAggregate {
        NamedAggregate {
            call: self,
            name: name.into(),
        }
    }
}
