//! Functions that users register, and the set of functions that a query may call.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use arrow::array::ArrayRef;
use grism_core::{Error, Result, Type, nearest};
use serde::{Deserialize, Serialize};

use crate::registry::built_in;
use crate::{
    AggregateFunction, Binding, Function, FunctionRef, Stability, Visibility, built_in_functions,
};

/// A scalar function that a user registers.
///
/// With `#[typetag::serde]` on its implementation it travels within plans, to any process that links the implementation.
#[typetag::serde(tag = "function")]
pub trait UserFunction: fmt::Debug + Send + Sync {
    /// The name, the arguments, and the type of the value.
    fn signature(&self) -> &UserSignature;

    /// The value for each of `rows` rows, as a column of the Arrow type of the signature's type. Arguments are columns of as
    /// many rows, of the Arrow types of the parameters' types; a null among them is the function's to treat.
    ///
    /// # Errors
    /// What the function cannot compute; `InvalidData` where a value is to blame.
    fn evaluate(&self, arguments: &[ArrayRef], rows: usize) -> Result<ArrayRef>;
}

/// What a query may know of a user's function.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UserSignature {
    /// The name; a `.` separates a namespace.
    pub name: String,
    /// The arguments, all of which a call gives.
    pub parameters: Vec<UserParameter>,
    /// The type of the value.
    pub returns: Type,
    /// Whether equal arguments give equal values.
    pub stability: Stability,
    /// What the function gives.
    pub description: String,
}

/// One argument of a user's function.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UserParameter {
    /// What `SHOW FUNCTIONS` calls it.
    pub name: String,
    /// The type. An integer is taken where a float is wanted.
    pub ty: Type,
}

impl UserParameter {
    /// A parameter `name` of the type `ty`.
    #[must_use]
    pub fn new(name: impl Into<String>, ty: Type) -> Self {
        Self {
            name: name.into(),
            ty,
        }
    }

    /// Whether a value of the type `found` is taken.
    #[must_use]
    pub fn takes(&self, found: &Type) -> bool {
        let is_widened = (&self.ty, found) == (&Type::Float64, &Type::Int64);
        self.ty == Type::Any || is_widened || self.ty.unify(found) == self.ty
    }
}

impl UserSignature {
    /// A stable function without a description.
    #[must_use]
    pub fn new(name: impl Into<String>, parameters: Vec<UserParameter>, returns: Type) -> Self {
        Self {
            name: name.into(),
            parameters,
            returns,
            stability: Stability::Stable,
            description: String::new(),
        }
    }

    /// With a description, a sentence or two.
    #[must_use]
    pub fn with_description(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// With another stability.
    #[must_use]
    pub fn with_stability(mut self, stability: Stability) -> Self {
        self.stability = stability;
        self
    }
}

impl fmt::Display for UserSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parameters: Vec<String> = self
            .parameters
            .iter()
            .map(|own| format!("{} :: {}", own.name, own.ty))
            .collect();
        let (name, returns) = (&self.name, &self.returns);
        write!(f, "{name}({}) :: {returns}", parameters.join(", "))
    }
}

/// The functions that a query may call: those of Grism and those that the user registered.
#[derive(Clone, Debug, Default)]
pub struct Functions {
    /// By name in lower case.
    user: BTreeMap<String, Arc<dyn UserFunction>>,
}

impl Functions {
    /// Adds a user's function; one of the same name is replaced.
    ///
    /// # Errors
    /// `InvalidQuery` for a name that a query cannot write, or that a function of Grism has.
    pub fn register(&mut self, function: Arc<dyn UserFunction>) -> Result<()> {
        let name = &function.signature().name;
        if let Some(own) = built_in(name) {
            let message = format!(
                "`{}()` is a function of Grism: give yours another name, such as `my.{name}`",
                own.name
            );
            return Err(Error::invalid_query(message));
        }
        let is_word = |word: &str| {
            let mut letters = word.chars();
            letters
                .next()
                .is_some_and(|first| first.is_alphabetic() || first == '_')
                && letters.all(|letter| letter.is_alphanumeric() || letter == '_')
        };
        if !name.split('.').all(is_word) {
            let message = format!(
                "`{name}` cannot name a function: a name is words of letters, digits and `_`, separated by `.`"
            );
            return Err(Error::invalid_query(message));
        }
        self.user.insert(name.to_lowercase(), function);
        Ok(())
    }

    /// The function that a query calls by `name`, in upper or lower case.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<FunctionRef> {
        if let Some(function) = built_in(name) {
            return Some(FunctionRef::BuiltIn(function));
        }
        let user = self.user.get(&name.to_lowercase())?;
        Some(FunctionRef::User(Arc::clone(user)))
    }

    /// Whether the user registered none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.user.is_empty()
    }

    /// These functions and `others`, of which those win that have the same name.
    #[must_use]
    pub fn overlaid(mut self, others: &Self) -> Self {
        let others = others.user.iter();
        let others = others.map(|(name, function)| (name.clone(), Arc::clone(function)));
        self.user.extend(others);
        self
    }

    /// The user's functions, by name.
    pub fn user_functions(&self) -> impl Iterator<Item = &Arc<dyn UserFunction>> {
        self.user.values()
    }

    /// The scalar function `name`: one that is a function of its arguments' values alone.
    ///
    /// # Errors
    /// `InvalidQuery` for an unknown name, with the nearest one, and for an aggregate.
    pub fn scalar(&self, name: &str) -> Result<FunctionRef> {
        let function = self.find(name).ok_or_else(|| self.unknown(name))?;
        let aggregates = function.built_in().is_some_and(Function::aggregates);
        if aggregates {
            let message = format!("`{}()` is an aggregate", function.name());
            return Err(Error::invalid_query(message));
        }
        Ok(function)
    }

    /// The aggregate `name` that is folded row by row.
    ///
    /// # Errors
    /// `InvalidQuery` for any other name.
    pub fn aggregate(&self, name: &str) -> Result<AggregateFunction> {
        let function = self.find(name).ok_or_else(|| self.unknown(name))?;
        match function.built_in().map(|own| own.binding) {
            Some(Binding::Aggregate(function)) => Ok(function),
            _ => Err(Error::invalid_query(format!(
                "`{}()` is no aggregate that folds one value after the other",
                function.name()
            ))),
        }
    }

    /// The error for a name that no function has, with the nearest one.
    #[must_use]
    pub fn unknown(&self, name: &str) -> Error {
        let near = nearest(name, self.names());
        let hint = near.map(|near| format!("; did you mean `{near}`?"));
        Error::invalid_query(format!(
            "unknown function `{name}`{}",
            hint.unwrap_or_default()
        ))
    }

    /// All names that a query may call, synonyms too.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let built_in = built_in_functions()
            .filter(|own| own.visibility() == Visibility::Public)
            .flat_map(|own| std::iter::once(own.name).chain(own.synonyms.iter().copied()));
        let user = self.user.values();
        built_in.chain(user.map(|own| own.signature().name.as_str()))
    }
}
