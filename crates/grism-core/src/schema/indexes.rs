//! The indexes of a schema.

use super::{GraphSchema, Table};
use crate::{Error, IndexDefinition, Result, nearest};

impl GraphSchema {
    /// The indexes.
    #[must_use]
    pub fn indexes(&self) -> &[IndexDefinition] {
        &self.indexes
    }

    /// The indexes of the rows of `table`.
    pub fn indexes_of<'a>(&'a self, table: &'a Table) -> impl Iterator<Item = &'a IndexDefinition> {
        self.indexes
            .iter()
            .filter(|index| match table.hyperedge_type() {
                Some(ty) => ty.name == index.label,
                None => table.may_have(&index.label),
            })
    }

    /// Declares an index.
    ///
    /// # Errors
    /// `InvalidData` for a name that is taken; `NotFound` for an unknown label, type or property.
    pub fn add_index(&mut self, index: IndexDefinition) -> Result<()> {
        if self.indexes.iter().any(|own| own.name == index.name) {
            return Err(Error::invalid_data(format!(
                "there is an index `{}` already",
                index.name
            )));
        }
        let own: Vec<&Table> = match self.hyperedge_table(&index.label) {
            Some((table, _)) => vec![table],
            None => self
                .node_tables()
                .filter(|table| table.may_have(&index.label))
                .collect(),
        };
        if own.is_empty() {
            return Err(Error::not_found(format!(
                "there is no label or hyperedge type `{}`",
                index.label
            )));
        }
        if !own
            .iter()
            .any(|table| table.property(&index.property).is_some())
        {
            let known = own.iter().flat_map(|table| &table.properties);
            let hint = nearest(&index.property, known.map(|own| own.name.as_str()))
                .map(|near| format!("; did you mean `{near}`?"))
                .unwrap_or_default();
            return Err(Error::not_found(format!(
                "`{}` has no property `{}`{hint}",
                index.label, index.property
            )));
        }
        self.indexes.push(index);
        Ok(())
    }

    /// Takes an index away.
    ///
    /// # Errors
    /// `NotFound` where there is none of the name.
    pub fn drop_index(&mut self, name: &str) -> Result<()> {
        let before = self.indexes.len();
        self.indexes.retain(|own| own.name != name);
        if self.indexes.len() < before {
            return Ok(());
        }
        let hint = nearest(name, self.indexes.iter().map(|own| own.name.as_str()))
            .map(|near| format!("; did you mean `{near}`?"))
            .unwrap_or_default();
        Err(Error::not_found(format!(
            "there is no index `{name}`{hint}"
        )))
    }
}
