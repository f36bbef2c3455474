//! The variables a clause can name.

use grism_core::Type;

/// A variable in scope.
#[derive(Clone, Debug)]
pub(super) struct Variable {
    /// As the query names it.
    pub(super) name: String,
    /// The column that holds it.
    pub(super) column: String,
    /// Its type.
    pub(super) ty: Type,
}

/// Variables in the order they were bound.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    pub(super) variables: Vec<Variable>,
}

impl Scope {
    pub(super) fn find(&self, name: &str) -> Option<&Variable> {
        self.variables.iter().find(|variable| variable.name == name)
    }

    pub(super) fn put(&mut self, name: &str, column: &str, ty: Type) {
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

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.iter().map(|variable| variable.name.as_str())
    }
}

/// The column for a variable: its own name, in brackets where that could be taken for a property's column (which has a
/// dot), an internal one (which starts with `#`), or another bracketed one.
pub(super) fn column_for(name: &str) -> String {
    if name.contains('.') || name.starts_with(['#', '[']) {
        format!("[{name}]")
    } else {
        name.to_owned()
    }
}
