//! `AggregateRef`: the aggregate that a plan calls, built in or the user's.

use std::fmt;
use std::sync::Arc;

use grism_core::{Result, Type};
use serde::{Deserialize, Serialize};

use crate::{AggregateFunction, UserAggregate};

/// An aggregate that the engine folds row by row.
#[derive(Clone, Serialize, Deserialize)]
pub enum AggregateRef {
    /// One of Grism's.
    BuiltIn(AggregateFunction),
    /// One that the user registered.
    User(Arc<dyn UserAggregate>),
}

impl AggregateRef {
    /// The function's name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::BuiltIn(function) => function.name(),
            Self::User(function) => &function.signature().name,
        }
    }

    /// The built-in aggregate; `None` of a user's.
    #[must_use]
    pub fn built_in(&self) -> Option<AggregateFunction> {
        match self {
            Self::BuiltIn(function) => Some(*function),
            Self::User(_) => None,
        }
    }

    /// Whether the result is one of the values: those that come twice change nothing.
    #[must_use]
    pub fn is_extreme(&self) -> bool {
        matches!(
            self.built_in(),
            Some(AggregateFunction::Min | AggregateFunction::Max)
        )
    }

    /// The smallest and the largest number of arguments; `count(*)` has none.
    #[must_use]
    pub fn arity(&self) -> (usize, usize) {
        match self {
            Self::BuiltIn(AggregateFunction::Count) => (0, 1),
            Self::BuiltIn(_) => (1, 1),
            Self::User(function) => function.signature().arity(),
        }
    }

    /// The type of the result for arguments of these types.
    ///
    /// # Errors
    /// `InvalidQuery` for an argument that a user's aggregate does not take.
    pub fn result_type(&self, arguments: &[Type]) -> Result<Type> {
        match self {
            Self::BuiltIn(function) => {
                Ok(function.result_type(arguments.first().unwrap_or(&Type::Null)))
            }
            Self::User(function) => function.signature().return_type(arguments),
        }
    }
}

impl From<AggregateFunction> for AggregateRef {
    fn from(function: AggregateFunction) -> Self {
        Self::BuiltIn(function)
    }
}

impl From<Arc<dyn UserAggregate>> for AggregateRef {
    fn from(function: Arc<dyn UserAggregate>) -> Self {
        Self::User(function)
    }
}

impl PartialEq for AggregateRef {
    /// A plan is made with one set of functions, so that the name of a function tells which it is.
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name() && self.built_in() == other.built_in()
    }
}

impl PartialEq<AggregateFunction> for AggregateRef {
    fn eq(&self, other: &AggregateFunction) -> bool {
        self.built_in() == Some(*other)
    }
}

impl Eq for AggregateRef {}

impl fmt::Debug for AggregateRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuiltIn(function) => fmt::Debug::fmt(function, f),
            Self::User(function) => f.write_str(&function.signature().name),
        }
    }
}
