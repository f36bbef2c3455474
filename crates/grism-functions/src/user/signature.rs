//! `UserSignature`: the name, the arguments and the value of a user's function, and whether values fit them.

use std::fmt;

use arrow::array::{Array, ArrayRef};
use grism_core::{Error, Result, Type, Value};
use serde::{Deserialize, Serialize};

use crate::{Presence, Stability, expect};

/// What a query may know of a user's function of values or of groups.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UserSignature {
    /// The name; a `.` separates a namespace.
    pub name: String,
    /// The arguments; those that a call may leave out come last.
    pub parameters: Vec<UserParameter>,
    /// The type of the value. An entity is one of those that the call was given; which tables its type names does not matter.
    pub returns: Type,
    /// Whether equal arguments give equal values.
    pub stability: Stability,
    /// What the function gives.
    pub description: String,
}

/// One argument of a user's function.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UserParameter {
    /// What `SHOW FUNCTIONS` and messages call it.
    pub name: String,
    /// The type. An integer is taken where a float is wanted.
    pub ty: Type,
    /// Whether a call may leave it out.
    #[serde(default)]
    pub presence: Presence,
}

/// `value` where its type is `ty` or fits into it; an integer is taken as a float. `None` for any other value.
#[must_use]
pub fn fitting(value: Value, ty: &Type) -> Option<Value> {
    match (value, ty) {
        (Value::Int64(value), Type::Float64) => Some(Value::Float64(value as f64)),
        (value @ Value::Node(_), Type::Node(_) | Type::Entity { .. })
        | (value @ Value::Hyperedge(_), Type::Hyperedge(_) | Type::Entity { .. })
        | (value @ Value::Incidence(_), Type::Incidence) => Some(value),
        (Value::List(items), Type::List(item)) => {
            let items = items.into_iter().map(|own| fitting(own, item));
            items.collect::<Option<_>>().map(Value::List)
        }
        (value, ty) => (&ty.unify(&value.type_of()) == ty).then_some(value),
    }
}

impl UserParameter {
    /// A parameter `name` of the type `ty`, which every call gives.
    #[must_use]
    pub fn new(name: impl Into<String>, ty: Type) -> Self {
        Self {
            name: name.into(),
            ty,
            presence: Presence::Required,
        }
    }

    /// The same parameter, which a call may leave out, with those after it.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.presence = Presence::Optional;
        self
    }

    /// Whether a value of the type `found` is taken. A parameter that is a node takes nodes of all tables, and alike one that is
    /// a hyperedge.
    #[must_use]
    pub fn takes(&self, found: &Type) -> bool {
        match (&self.ty, found) {
            (Type::Any, _)
            | (Type::Float64, Type::Int64)
            | (Type::Node(_), Type::Node(_))
            | (Type::Hyperedge(_), Type::Hyperedge(_)) => true,
            (Type::Entity { .. }, found) if found.is_entity() => true,
            // What it is shows only while the query runs.
            (Type::Node(_) | Type::Hyperedge(_), Type::Entity { .. }) => true,
            (ty, found) => &ty.unify(found) == ty,
        }
    }

    /// The type of the columns that hold its values, in which entities come with what they hold.
    #[must_use]
    pub fn column_type(&self) -> Type {
        self.ty.with_contents()
    }

    /// Fails for an argument of the type `found` that the function `name` does not take.
    ///
    /// # Errors
    /// `InvalidQuery`.
    pub fn expect(&self, name: &str, found: &Type) -> Result<()> {
        let wanted = format!("{} as `{}`", self.ty, self.name);
        expect(&format!("{name}()"), found, self.takes(found), &wanted)
    }

    /// A column of values whose types are known only at run time as one of the parameter's type. `place` says which row one
    /// is of, for the error.
    ///
    /// # Errors
    /// `InvalidQuery`, naming the function `name`, the parameter and the row, for a value of another type.
    pub fn typed(
        &self,
        name: &str,
        values: &ArrayRef,
        place: &dyn Fn(usize) -> String,
    ) -> Result<ArrayRef> {
        let typed = (0..values.len()).map(|row| {
            let value = Value::from_typed(values, row, &Type::Any)?;
            let found = value.type_name();
            fitting(value, &self.ty).ok_or_else(|| {
                let (wanted, own, place) = (&self.ty, &self.name, place(row));
                let message = format!("`{name}()` needs {wanted} as `{own}`, not {found}{place}");
                Error::invalid_query(message).with_code("TypeError:InvalidArgumentType")
            })
        });
        let typed = typed.collect::<Result<Vec<_>>>()?;
        Value::column(&typed, &self.column_type().to_arrow())
    }
}

impl fmt::Display for UserParameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.presence {
            Presence::Optional => write!(f, "[{} :: {}]", self.name, self.ty),
            Presence::Required | Presence::Repeated => write!(f, "{} :: {}", self.name, self.ty),
        }
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

    /// The smallest and the largest number of arguments.
    #[must_use]
    pub fn arity(&self) -> (usize, usize) {
        arity(&self.parameters)
    }

    /// The type of the column of its values, in which entities come with what they hold.
    #[must_use]
    pub fn column_type(&self) -> Type {
        self.returns.with_contents()
    }

    /// The type of the column of its values for arguments of these types.
    ///
    /// # Errors
    /// `InvalidQuery` for an argument that the function does not take.
    pub fn return_type(&self, arguments: &[Type]) -> Result<Type> {
        for (parameter, ty) in self.parameters.iter().zip(arguments) {
            parameter.expect(&self.name, ty)?;
        }
        Ok(self.column_type())
    }
}

impl fmt::Display for UserSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, returns) = (&self.name, &self.returns);
        write!(f, "{name}({}) :: {returns}", listed(&self.parameters))
    }
}

/// The smallest and the largest number of arguments for these parameters.
pub(super) fn arity(parameters: &[UserParameter]) -> (usize, usize) {
    let required = parameters.iter();
    let required = required.filter(|own| own.presence != Presence::Optional);
    (required.count(), parameters.len())
}

/// Parameters or columns with their types, as a signature shows them.
pub(super) fn listed(parameters: &[UserParameter]) -> String {
    let shown: Vec<String> = parameters.iter().map(ToString::to_string).collect();
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_fit_where_floats_are_wanted_within_lists_too() {
        let floats = Type::Float64.list();
        let list = Value::List(vec![Value::Int64(1), Value::Null, Value::Float64(0.5)]);
        let expected = Value::List(vec![Value::Float64(1.0), Value::Null, Value::Float64(0.5)]);
        assert_eq!(fitting(list, &floats), Some(expected));
        let text = Value::String("a".to_owned());
        assert_eq!(fitting(text, &Type::Float64), None);
        assert_eq!(fitting(Value::Float64(1.0), &Type::Int64), None);
    }

    #[test]
    fn entities_fit_by_their_kind_whatever_their_tables() {
        let node = Type::Node([].into());
        assert_eq!(fitting(Value::node(7), &node), Some(Value::node(7)));
        assert_eq!(fitting(Value::hyperedge(7), &node), None);
        assert_eq!(fitting(Value::Int64(7), &node), None);
        let nodes = Value::List(vec![Value::node(1), Value::Null]);
        assert_eq!(fitting(nodes.clone(), &node.clone().list()), Some(nodes));
        let parameter = UserParameter::new("n", node);
        assert!(parameter.takes(&Type::Node(
            [grism_core::TableId::try_new(3).unwrap()].into()
        )));
        assert!(!parameter.takes(&Type::Hyperedge([].into())) && !parameter.takes(&Type::Int64));
        assert_eq!(parameter.column_type(), Type::Any);
    }

    #[test]
    fn a_value_of_another_type_is_named_with_its_row() {
        let values = [Value::Int64(1), Value::String("a".to_owned())];
        let values = Value::column(&values, &Type::Any.to_arrow()).unwrap();
        let parameter = UserParameter::new("number", Type::Int64);
        let error = parameter.typed("my.f", &values, &|row| format!(" for row {row}"));
        let message = error.unwrap_err().message().to_owned();
        assert_eq!(
            message,
            "`my.f()` needs Int64 as `number`, not String for row 1"
        );
    }
}
