//! `FunctionRef`: the function that an expression calls, built in or the user's.

use std::fmt;
use std::sync::Arc;

use grism_core::{Error, Result, Type};
use serde::{Deserialize, Serialize};

use crate::registry::by_exact_name;
use crate::{Function, Passes, Stability, UserFunction};

/// The function that an expression calls. A built-in one travels by its name, a user's as it is.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "Travelling", into = "Travelling")]
pub enum FunctionRef {
    /// A function of Grism.
    BuiltIn(&'static Function),
    /// A function that the user registered.
    User(Arc<dyn UserFunction>),
}

#[derive(Serialize, Deserialize)]
enum Travelling {
    BuiltIn(String),
    User(Arc<dyn UserFunction>),
}

impl FunctionRef {
    /// The name; that of an internal function is one that no query can write.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::BuiltIn(function) => function.name,
            Self::User(function) => &function.signature().name,
        }
    }

    /// The built-in function; `None` of a user's.
    #[must_use]
    pub fn built_in(&self) -> Option<&'static Function> {
        match self {
            Self::BuiltIn(function) => Some(function),
            Self::User(_) => None,
        }
    }

    /// Whether it is this built-in function.
    #[must_use]
    pub fn is(&self, function: &Function) -> bool {
        self.built_in().is_some_and(|own| own == function)
    }

    /// The smallest and the largest number of arguments.
    #[must_use]
    pub fn arity(&self) -> (usize, usize) {
        match self {
            Self::BuiltIn(function) => function.arity(),
            Self::User(function) => function.signature().arity(),
        }
    }

    /// The type of the value for arguments of these types.
    ///
    /// # Errors
    /// `InvalidQuery` for an argument that the function does not take.
    pub fn return_type(&self, arguments: &[Type]) -> Result<Type> {
        match self {
            Self::BuiltIn(function) => function.return_type(arguments),
            Self::User(function) => function.signature().return_type(arguments),
        }
    }

    /// Whether a call with arguments of these types may raise an error.
    #[must_use]
    pub fn may_fail(&self, arguments: &[Type]) -> bool {
        match self {
            Self::BuiltIn(function) => function.may_fail(arguments),
            Self::User(_) => true,
        }
    }

    /// Whether another call with equal arguments may give another value.
    #[must_use]
    pub fn is_volatile(&self) -> bool {
        let stability = match self {
            Self::BuiltIn(function) => function.stability,
            Self::User(function) => function.signature().stability,
        };
        stability == Stability::Volatile
    }

    /// Which arguments may be part of the value as they are.
    #[must_use]
    pub fn passes(&self) -> Passes {
        match self {
            Self::BuiltIn(function) => function.passes,
            Self::User(_) => Passes::Nothing,
        }
    }

    /// The function as messages name it.
    #[must_use]
    pub fn called(&self) -> String {
        match self {
            Self::BuiltIn(function) => function.called(),
            Self::User(function) => format!("`{}()`", function.signature().name),
        }
    }
}

impl From<&'static Function> for FunctionRef {
    fn from(function: &'static Function) -> Self {
        Self::BuiltIn(function)
    }
}

impl From<Arc<dyn UserFunction>> for FunctionRef {
    fn from(function: Arc<dyn UserFunction>) -> Self {
        Self::User(function)
    }
}

impl PartialEq for FunctionRef {
    /// A plan is made with one set of functions, so that the name of a function tells which it is.
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name() && self.built_in().is_some() == other.built_in().is_some()
    }
}

impl Eq for FunctionRef {}

impl fmt::Debug for FunctionRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl From<FunctionRef> for Travelling {
    fn from(function: FunctionRef) -> Self {
        match function {
            FunctionRef::BuiltIn(function) => Self::BuiltIn(function.name.to_owned()),
            FunctionRef::User(function) => Self::User(function),
        }
    }
}

impl TryFrom<Travelling> for FunctionRef {
    type Error = Error;

    fn try_from(travelling: Travelling) -> Result<Self> {
        match travelling {
            Travelling::User(function) => Ok(Self::User(function)),
            Travelling::BuiltIn(name) => by_exact_name(&name).map(Self::BuiltIn).ok_or_else(|| {
                Error::unsupported(format!(
                    "the function `{name}` of the plan is not known here: the plan is of another version of Grism"
                ))
            }),
        }
    }
}
