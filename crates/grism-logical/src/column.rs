//! Named and typed columns of plans.

use std::borrow::Cow;

use grism_core::Type;
use serde::{Deserialize, Serialize};

/// A column of a plan's output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// The name, unique within its schema.
    pub name: String,
    /// The type.
    pub ty: Type,
    /// Whether a physical plan holds each different value once, and rows by number: so for large values that are carried
    /// through operators which repeat rows.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shared: bool,
}

impl Column {
    /// Makes a column.
    pub fn new(name: impl Into<String>, ty: Type) -> Self {
        Self {
            name: name.into(),
            ty,
            shared: false,
        }
    }

    /// The column, its values held once each.
    #[must_use]
    pub fn shared(self) -> Self {
        Self {
            shared: true,
            ..self
        }
    }
}

/// The columns of a plan's output, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PlanSchema {
    /// The columns.
    pub columns: Vec<Column>,
}

impl PlanSchema {
    /// Makes a schema.
    #[must_use]
    pub fn new(columns: Vec<Column>) -> Self {
        Self { columns }
    }

    /// The column called `name`.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Whether there is a column called `name`.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }

    /// Adds a column, or replaces the one of the same name.
    pub fn put(&mut self, column: Column) {
        match self.columns.iter_mut().find(|own| own.name == column.name) {
            Some(own) => *own = column,
            None => self.columns.push(column),
        }
    }
}

impl Extend<Column> for PlanSchema {
    /// Adds columns as [`PlanSchema::put`] does.
    fn extend<T: IntoIterator<Item = Column>>(&mut self, columns: T) {
        columns.into_iter().for_each(|column| self.put(column));
    }
}

impl FromIterator<Column> for PlanSchema {
    fn from_iter<T: IntoIterator<Item = Column>>(columns: T) -> Self {
        let mut schema = Self::default();
        schema.extend(columns);
        schema
    }
}

/// What stands before the name of a role where a plan names what it reads of an entity.
pub const ROLE_PREFIX: char = '@';

/// What a plan calls the role `role` of an entity that it reads beside properties, which are called by their keys.
#[must_use]
pub fn role_key(role: &str) -> String {
    format!("{ROLE_PREFIX}{role}")
}

/// What a plan calls the labels of a node that it reads beside properties.
pub const LABELS_KEY: &str = "@labels";

/// What stands before the name of a property that begins as the keys of roles and of labels do.
const ESCAPE: char = '\\';

/// What a plan calls the property `name` of an entity; never what it calls a role, or the labels of a node.
#[must_use]
pub fn property_key(name: &str) -> Cow<'_, str> {
    match name.starts_with([ROLE_PREFIX, ESCAPE]) {
        true => Cow::Owned(format!("{ESCAPE}{name}")),
        false => Cow::Borrowed(name),
    }
}

/// The name of the property that a plan calls `key`; `None` for the key of a role, or of the labels of a node.
#[must_use]
pub fn property_of_key(key: &str) -> Option<&str> {
    match key.strip_prefix(ESCAPE) {
        Some(name) => Some(name),
        None => (!key.starts_with(ROLE_PREFIX)).then_some(key),
    }
}

/// The name of the column that holds the property `key` of the entity in the column `entity`.
#[must_use]
pub fn property_column(entity: &str, key: &str) -> String {
    format!("{entity}.{key}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_of_any_name_have_keys_of_their_own() {
        for name in ["labels", "@labels", "@source", "\\@labels", "\\", "@", ""] {
            let key = property_key(name);
            assert_eq!(property_of_key(&key), Some(name));
            assert!(key != LABELS_KEY && key != role_key("source"));
        }
        assert_eq!(property_of_key(LABELS_KEY), None);
        assert_eq!(property_of_key(&role_key("source")), None);
    }
}
