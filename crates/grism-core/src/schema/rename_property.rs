//! Renaming of properties: names change, columns stay.

use std::sync::Arc;

use super::rename::hint;
use super::{EntityKind, GraphSchema, Table};
use crate::{Error, Result, TableId};

impl GraphSchema {
    /// Gives the property `from` of the hyperedges of a type the name `to`.
    ///
    /// # Errors
    /// `NotFound` for an unknown type or property; `InvalidData` where a property has the name already, or none can have it.
    pub fn rename_type_property(&mut self, type_name: &str, from: &str, to: &str) -> Result<()> {
        let table = self.altered_type(type_name)?.0;
        self.rename_property(table, from, to)?;
        self.rename_constrained_property(EntityKind::Hyperedge, type_name, from, to);
        self.rename_indexed(type_name, from, to);
        Ok(())
    }

    /// Gives the property `from` of nodes with a label the name `to`, in the tables all of whose nodes have the label, and in
    /// indexes and constraints of the label. Where only some nodes of a table have it, their values are the caller's to move.
    ///
    /// # Errors
    /// `NotFound` for an unknown label; `InvalidData` where a property has the name already, or none can have it, and where a
    /// constraint of another label names the property of the same nodes.
    pub fn rename_label_property(&mut self, label: &str, from: &str, to: &str) -> Result<()> {
        if !self.knows_label(label) {
            return Err(self.no_label(label));
        }
        self.check_unshared(label, from)?;
        let (whole, _) = self.parted_tables(label);
        for table in whole {
            if self.table(table)?.property(from).is_some() {
                self.rename_property(table, from, to)?;
            }
        }
        self.rename_constrained_property(EntityKind::Node, label, from, to);
        self.rename_indexed(label, from, to);
        Ok(())
    }

    /// The tables all of whose nodes have `label`, and those of which only some may have it.
    #[must_use]
    pub fn parted_tables(&self, label: &str) -> (Vec<TableId>, Vec<TableId>) {
        let tables = self.node_tables().filter(|table| table.may_have(label));
        let ids = tables.map(|table| (table.id, table.always_has(label)));
        let (whole, part): (Vec<_>, Vec<_>) = ids.partition(|(_, always)| *always);
        let ids = |tables: Vec<(TableId, bool)>| tables.into_iter().map(|(id, _)| id).collect();
        (ids(whole), ids(part))
    }

    /// Takes the property `name`, of which no row has a value, from a table.
    pub fn retire_property(&mut self, table: TableId, name: &str) {
        let Some(entry) = self.tables.get_mut(&table).map(Arc::make_mut) else {
            return;
        };
        if let Some(place) = entry.properties.iter().position(|own| own.name == name) {
            let property = entry.properties.remove(place);
            entry.retired_columns.push(property.column().to_owned());
        }
    }

    fn rename_property(&mut self, table: TableId, from: &str, to: &str) -> Result<()> {
        let entry = self
            .tables
            .get_mut(&table)
            .map(Arc::make_mut)
            .ok_or_else(|| Error::internal(format!("the schema has no table {table}")))?;
        if entry.property(from).is_none() {
            return Err(entry.no_property(from));
        }
        entry.check_new_property(to)?;
        if let Some(property) = entry.properties.iter_mut().find(|own| own.name == from) {
            property.rename(to);
        }
        Ok(())
    }

    fn rename_indexed(&mut self, label: &str, from: &str, to: &str) {
        let own =
            |index: &&mut crate::IndexDefinition| index.label == label && index.property == from;
        for index in self.indexes.iter_mut().filter(own) {
            to.clone_into(&mut index.property);
        }
    }
}

impl Table {
    /// # Errors
    /// `InvalidData` where no property can get the name.
    pub fn check_new_property(&self, name: &str) -> Result<()> {
        if name.is_empty() {
            return Err(Error::invalid_data("a property needs a name"));
        }
        if self.property(name).is_some() {
            return Err(Error::invalid_data(format!(
                "`{}` has a property `{name}` already",
                self.display_name()
            )));
        }
        self.check_property_name(name)
    }

    fn no_property(&self, name: &str) -> Error {
        let known = self.properties.iter().map(|own| own.name.as_str());
        let owner = self.display_name();
        Error::not_found(format!(
            "`{owner}` has no property `{name}`{}",
            hint(name, known)
        ))
    }
}
