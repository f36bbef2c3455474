//! The variables that a part of a query may name.

use super::origin::Origin;
use crate::binder::Scope;

/// Variables with their origins, in the order they were bound.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    variables: Vec<(String, Origin)>,
}

impl Known {
    /// The variables of rows that come from outside of the query.
    pub(super) fn of_scope(scope: &Scope) -> Self {
        let names = scope.names().map(|name| (name.to_owned(), Origin::Value));
        Self {
            variables: names.collect(),
        }
    }

    pub(super) fn find(&self, name: &str) -> Option<&Origin> {
        let mut variables = self.variables.iter();
        variables
            .find(|(own, _)| own == name)
            .map(|(_, origin)| origin)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// Binds `name`, or binds it anew.
    pub(super) fn put(&mut self, name: &str, origin: Origin) {
        match self.variables.iter_mut().find(|(own, _)| own == name) {
            Some((_, own)) => *own = origin,
            None => self.variables.push((name.to_owned(), origin)),
        }
    }

    /// These variables, and those of `other`, which hide them.
    pub(super) fn with(mut self, other: &Self) -> Self {
        for (name, origin) in &other.variables {
            self.put(name, origin.clone());
        }
        self
    }

    /// These variables and one more.
    pub(super) fn and(mut self, name: &str, origin: Origin) -> Self {
        self.put(name, origin);
        self
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.iter().map(|(name, _)| name.as_str())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Origin)> {
        let variables = self.variables.iter();
        variables.map(|(name, origin)| (name.as_str(), origin))
    }
}
