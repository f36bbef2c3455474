//! `Functions`: the functions that a query may call.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use grism_core::{Error, Result, Type, nearest};

use super::{TableFunction, UserAggregate, UserFunction, UserParameter};
use crate::registry::built_in;
use crate::{
    AggregateRef, Binding, Function, FunctionRef, Presence, Visibility, built_in_functions,
};

/// A function that the user registered.
#[derive(Clone, Debug)]
pub enum UserDefined {
    /// Of values.
    Scalar(Arc<dyn UserFunction>),
    /// Of groups.
    Aggregate(Arc<dyn UserAggregate>),
    /// Of rows.
    Table(Arc<dyn TableFunction>),
}

impl UserDefined {
    /// The name, as it was registered.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Scalar(function) => &function.signature().name,
            Self::Aggregate(function) => &function.signature().name,
            Self::Table(function) => &function.signature().name,
        }
    }

    /// What kind of function it is: `scalar`, `aggregate` or `table`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Scalar(_) => "scalar",
            Self::Aggregate(_) => "aggregate",
            Self::Table(_) => "table",
        }
    }

    /// The call with names and types.
    #[must_use]
    pub fn signature(&self) -> String {
        match self {
            Self::Scalar(function) => function.signature().to_string(),
            Self::Aggregate(function) => function.signature().to_string(),
            Self::Table(function) => function.signature().to_string(),
        }
    }

    /// What the function gives.
    #[must_use]
    pub fn description(&self) -> &str {
        match self {
            Self::Scalar(function) => &function.signature().description,
            Self::Aggregate(function) => &function.signature().description,
            Self::Table(function) => &function.signature().description,
        }
    }

    fn parameters(&self) -> &[UserParameter] {
        match self {
            Self::Scalar(function) => &function.signature().parameters,
            Self::Aggregate(function) => &function.signature().parameters,
            Self::Table(function) => &function.signature().parameters,
        }
    }

    /// Which registered object it is: another one, registered later under the same name, differs while both are alive.
    fn address(&self) -> usize {
        match self {
            Self::Scalar(function) => Arc::as_ptr(function).addr(),
            Self::Aggregate(function) => Arc::as_ptr(function).addr(),
            Self::Table(function) => Arc::as_ptr(function).addr(),
        }
    }
}

/// The functions that a query may call: those of Grism and those that the user registered.
#[derive(Clone, Debug, Default)]
pub struct Functions {
    /// By name in lower case.
    user: BTreeMap<String, UserDefined>,
}

impl Functions {
    /// Adds a user's function; one of the same name is replaced, of whatever kind.
    ///
    /// # Errors
    /// `InvalidQuery` for a name that a query cannot write, that a function of Grism has, or that lies in `db`, where
    /// Grism's procedures are; and for parameters or columns that share a name or stand in no order. `Unsupported` for an
    /// aggregate that returns an entity.
    pub fn register(&mut self, function: UserDefined) -> Result<()> {
        check_name(function.name())?;
        check_parameters(function.name(), function.parameters())?;
        if let UserDefined::Aggregate(aggregate) = &function
            && returns_entity(&aggregate.signature().returns)
        {
            let signature = aggregate.signature();
            return Err(Error::unsupported(format!(
                "`{}()` is an aggregate that returns {}, which only functions of values and of tables do; return a property \
                 by which it is matched",
                signature.name, signature.returns
            )));
        }
        if let UserDefined::Table(table) = &function {
            check_names(table.signature().columns.iter(), "columns", function.name())?;
        }
        self.user.insert(function.name().to_lowercase(), function);
        Ok(())
    }

    /// The user's function of this name, in upper or lower case.
    #[must_use]
    pub fn user(&self, name: &str) -> Option<&UserDefined> {
        self.user.get(&name.to_lowercase())
    }

    /// The scalar or built-in function that a query calls by `name`, in upper or lower case.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<FunctionRef> {
        if let Some(function) = built_in(name) {
            return Some(FunctionRef::BuiltIn(function));
        }
        match self.user(name)? {
            UserDefined::Scalar(function) => Some(FunctionRef::User(Arc::clone(function))),
            UserDefined::Aggregate(_) | UserDefined::Table(_) => None,
        }
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
        let others = others.map(|(name, function)| (name.clone(), function.clone()));
        self.user.extend(others);
        self
    }

    /// The user's functions, by name.
    pub fn user_functions(&self) -> impl Iterator<Item = &UserDefined> {
        self.user.values()
    }

    /// The names of the user's aggregates, in lower case.
    #[must_use]
    pub fn aggregate_names(&self) -> BTreeSet<String> {
        let user = self.user.iter();
        let aggregates = user.filter(|(_, own)| matches!(own, UserDefined::Aggregate(_)));
        aggregates.map(|(name, _)| name.clone()).collect()
    }

    /// Which functions of the user there are: equal as long as no other ones are registered. What is kept by it has to keep
    /// the functions that it uses, so that none of theirs comes to stand for another one.
    #[must_use]
    pub fn identity(&self) -> Vec<(String, usize)> {
        let user = self.user.iter();
        user.map(|(name, own)| (name.clone(), own.address()))
            .collect()
    }

    /// The scalar function `name`: one that is a function of its arguments' values alone.
    ///
    /// # Errors
    /// `InvalidQuery` for an unknown name, with the nearest one, for an aggregate and for a function of rows.
    pub fn scalar(&self, name: &str) -> Result<FunctionRef> {
        if let Some(own @ (UserDefined::Aggregate(_) | UserDefined::Table(_))) = self.user(name) {
            return Err(misplaced(own));
        }
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
    pub fn aggregate(&self, name: &str) -> Result<AggregateRef> {
        if let Some(UserDefined::Aggregate(function)) = self.user(name) {
            return Ok(AggregateRef::User(Arc::clone(function)));
        }
        let function = self.find(name).ok_or_else(|| self.unknown(name))?;
        match function.built_in().map(|own| own.binding) {
            Some(Binding::Aggregate(function)) => Ok(function.into()),
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

    /// All names that an expression may call, synonyms too.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let built_in = built_in_functions()
            .filter(|own| own.visibility() == Visibility::Public)
            .flat_map(|own| std::iter::once(own.name).chain(own.synonyms.iter().copied()));
        let user = self.user.values();
        let user = user.filter(|own| !matches!(own, UserDefined::Table(_)));
        built_in.chain(user.map(UserDefined::name))
    }
}

/// The error for a function that stands where a scalar one is needed.
fn misplaced(function: &UserDefined) -> Error {
    let name = function.name();
    Error::invalid_query(match function {
        UserDefined::Table(_) => {
            format!("`{name}()` gives rows, not a value: CALL {name}(…) YIELD …")
        }
        UserDefined::Scalar(_) | UserDefined::Aggregate(_) => {
            format!("`{name}()` is an aggregate")
        }
    })
}

/// Whether a value of the type is an entity, or holds one by its type.
fn returns_entity(ty: &Type) -> bool {
    ty != &ty.with_contents()
}

fn check_name(name: &str) -> Result<()> {
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
    if name.to_lowercase().starts_with("db.") {
        let message = format!(
            "`{name}` cannot name a function: the procedures of Grism are in `db`; give yours another name, such as `my.{}`",
            &name[3..]
        );
        return Err(Error::invalid_query(message));
    }
    Ok(())
}

fn check_parameters(name: &str, parameters: &[UserParameter]) -> Result<()> {
    check_names(parameters.iter(), "parameters", name)?;
    let mut optional = None;
    for parameter in parameters {
        match (parameter.presence, optional) {
            (Presence::Optional, _) => optional = Some(&parameter.name),
            (Presence::Required, None) => {}
            (Presence::Required, Some(before)) => {
                let message = format!(
                    "`{name}()`: a call gives `{}`, which stands behind `{before}`, which it may leave out",
                    parameter.name
                );
                return Err(Error::invalid_query(message));
            }
            (Presence::Repeated, _) => {
                let message = format!(
                    "`{name}()`: the parameter `{}` of a user's function cannot be repeated; take a list",
                    parameter.name
                );
                return Err(Error::invalid_query(message));
            }
        }
    }
    Ok(())
}

fn check_names<'a>(
    given: impl Iterator<Item = &'a UserParameter>,
    what: &str,
    function: &str,
) -> Result<()> {
    let mut known = BTreeSet::new();
    for own in given {
        if !known.insert(&own.name) {
            let message = format!("`{function}()` has two {what} called `{}`", own.name);
            return Err(Error::invalid_query(message));
        }
    }
    Ok(())
}
