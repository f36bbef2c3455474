//! The variables a clause can name.

use grism_core::Type;
use grism_logical::is_internal;

/// A variable in scope.
#[derive(Clone, Debug)]
pub struct Variable {
    /// As the query names it.
    pub name: String,
    /// The column that holds it.
    pub column: String,
    /// Its type.
    pub ty: Type,
}

/// Variables in the order they were bound.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// The variables.
    pub variables: Vec<Variable>,
}

impl Scope {
    /// The variable called `name`.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Variable> {
        self.variables.iter().find(|variable| variable.name == name)
    }

    /// Binds `name`, or binds it anew.
    pub fn put(&mut self, name: &str, column: &str, ty: Type) {
        let variable = Variable {
            name: name.to_owned(),
            column: column.to_owned(),
            ty,
        };
        match self.variables.iter_mut().find(|own| own.name == name) {
            Some(own) => *own = variable,
            None => self.variables.push(variable),
        }
    }

    /// The names, in the order they were bound.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.iter().map(|variable| variable.name.as_str())
    }
}

/// The column for a variable: its own name, in brackets where that could be taken for a property's column (which has a
/// dot), an internal one (which starts with `#`), or another bracketed one.
pub(crate) fn column_for(name: &str) -> String {
    if name.contains('.') || name.starts_with('[') || is_internal(name) {
        format!("[{name}]")
    } else {
        name.to_owned()
    }
}
