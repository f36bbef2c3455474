//! What an operator needs of those below.

use std::collections::{BTreeMap, BTreeSet};

use grism_core::{Result, Type};

use crate::{Internal, LogicalPlan, PropertyRef, property_column};

/// What an operator's output must hold: these columns, and these properties of entities that a scan below provides.
#[derive(Clone, Debug, Default)]
pub(super) struct Needs {
    pub(super) columns: BTreeSet<String>,
    /// Columns of paths and lists of which only the length is needed. An operator may make a column
    /// [`Internal::LengthOf`] of such a column instead of the column, or the column as well.
    pub(super) lengths: BTreeSet<String>,
    pub(super) properties: BTreeMap<String, BTreeMap<String, Type>>,
}

impl Needs {
    /// These columns, and no property.
    pub(super) fn of(columns: impl IntoIterator<Item = String>) -> Self {
        Self {
            columns: columns.into_iter().collect(),
            ..Self::default()
        }
    }

    /// All columns of a plan.
    pub(super) fn all_of(plan: &LogicalPlan) -> Result<Self> {
        Ok(Self::of(plan.schema()?.names().map(str::to_owned)))
    }

    pub(super) fn column(&mut self, name: &str) {
        self.columns.insert(name.to_owned());
    }

    /// The names of all columns needed.
    pub(super) fn names(&self) -> BTreeSet<String> {
        let mut names = self.columns.clone();
        for column in &self.lengths {
            names.extend([column.clone(), Internal::LengthOf(column).column()]);
        }
        for (entity, keys) in &self.properties {
            names.extend(keys.keys().map(|key| property_column(entity, key)));
        }
        names
    }

    pub(super) fn properties_of(&self, entity: &str) -> Vec<PropertyRef> {
        let keys = self.properties.get(entity).into_iter().flatten();
        keys.map(|(key, ty)| PropertyRef {
            key: key.clone(),
            ty: ty.clone(),
        })
        .collect()
    }

    /// What is left when some columns are produced here.
    pub(super) fn without<'a>(mut self, produced: impl IntoIterator<Item = &'a String>) -> Self {
        for name in produced {
            self.columns.remove(name);
            self.lengths.remove(name);
        }
        self
    }

    /// Whether the length of a column is needed, and not the column.
    pub(super) fn only_length(&self, column: &str) -> bool {
        self.lengths.contains(column) && !self.columns.contains(column)
    }

    /// The columns themselves instead of their lengths.
    pub(super) fn without_lengths(mut self) -> Self {
        self.columns.append(&mut self.lengths);
        self
    }
}
