//! What an operator needs of those below.

use std::collections::{BTreeMap, BTreeSet};

use grism_core::{Result, Type};

use crate::{LogicalPlan, PropertyRef, property_column};

/// What an operator's output must hold: these columns, and these properties of entities that a scan below provides.
#[derive(Clone, Debug, Default)]
pub(super) struct Needs {
    pub(super) columns: BTreeSet<String>,
    pub(super) properties: BTreeMap<String, BTreeMap<String, Type>>,
}

impl Needs {
    /// These columns, and no property.
    pub(super) fn of(columns: impl IntoIterator<Item = String>) -> Self {
        Self {
            columns: columns.into_iter().collect(),
            properties: BTreeMap::new(),
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
        }
        self
    }
}
