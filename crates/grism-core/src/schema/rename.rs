//! Renaming of labels, hyperedge types, roles and properties: names change, tables and columns stay.

use super::{GraphSchema, HyperedgeType, Role, Table, TableKind};
use crate::{Error, Result, TableId, nearest};

impl GraphSchema {
    /// Whether nodes may have the label `name`, or a role binds nodes by it.
    #[must_use]
    pub fn knows_label(&self, name: &str) -> bool {
        self.labels().contains(&name) || self.hyperedge_table(name).is_none() && self.is_bound(name)
    }

    /// Gives the label `from` the name `to`: in the label sets of tables, in what roles bind, and in indexes. The labels that
    /// rows hold in their column of labels are the caller's to change.
    ///
    /// # Errors
    /// `NotFound` for an unknown label; `InvalidData` where `to` is a label or type already, or empty.
    pub fn rename_label(&mut self, from: &str, to: &str) -> Result<()> {
        if !self.knows_label(from) {
            return Err(self.no_label(from));
        }
        self.check_free(to)?;
        for table in self.tables.values_mut() {
            if let TableKind::Nodes { labels } = &mut table.kind {
                renamed(labels, from, to);
                renamed(&mut table.changed_labels, from, to);
            }
        }
        // Where an undeclared relationship type has the name too, roles and indexes mean that.
        if self.hyperedge_table(from).is_none() {
            self.rename_bound(from, to);
        }
        Ok(())
    }

    /// Gives the hyperedge type `from` the name `to`: in its table, in what roles bind, and in indexes.
    ///
    /// # Errors
    /// `NotFound` for an unknown type; `InvalidData` where `to` is a label or type already, or empty.
    pub fn rename_type(&mut self, from: &str, to: &str) -> Result<()> {
        let table = self.altered_type(from)?.0;
        self.check_free(to)?;
        self.hyperedge_type_mut(table)?.name = to.to_owned();
        self.rename_bound(from, to);
        Ok(())
    }

    /// Gives the role `from` of a hyperedge type the name `to`.
    ///
    /// # Errors
    /// `NotFound` for an unknown type or role; `InvalidData` where a role or property has the name already, and where the type
    /// was not declared, or would become a binary edge, or be none any more.
    pub fn rename_role(&mut self, type_name: &str, from: &str, to: &str) -> Result<()> {
        let (table, ty) = self.altered_roles(type_name)?;
        if ty.role(from).is_none() {
            return Err(no_role(ty, from));
        }
        self.check_role_name(table, to)?;
        self.alter_roles(table, |roles| {
            if let Some(role) = roles.iter_mut().find(|role| role.name == from) {
                let column = role.column().into_owned();
                to.clone_into(&mut role.name);
                role.set_column(column);
            }
        })
    }

    /// Gives the property `from` of the hyperedges of a type the name `to`.
    ///
    /// # Errors
    /// `NotFound` for an unknown type or property; `InvalidData` where a property has the name already, or none can have it.
    pub fn rename_type_property(&mut self, type_name: &str, from: &str, to: &str) -> Result<()> {
        let table = self.altered_type(type_name)?.0;
        self.rename_property(table, from, to)?;
        self.rename_indexed(type_name, from, to);
        Ok(())
    }

    /// Gives the property `from` of nodes with a label the name `to`, in the tables all of whose nodes have the label, and in
    /// indexes and keys of the label. Where only some nodes of a table have it, their values are the caller's to move.
    ///
    /// # Errors
    /// `NotFound` for an unknown label; `InvalidData` where a property has the name already, or none can have it.
    pub fn rename_label_property(&mut self, label: &str, from: &str, to: &str) -> Result<()> {
        if !self.knows_label(label) {
            return Err(self.no_label(label));
        }
        let (whole, _) = self.parted_tables(label);
        for table in whole {
            if self.table(table)?.property(from).is_some() {
                self.rename_property(table, from, to)?;
            }
        }
        let born = |table: &&mut Table| table.labels().iter().any(|own| own == label);
        for table in self.tables.values_mut().filter(born) {
            if table.key.as_deref() == Some(from) {
                table.key = Some(to.to_owned());
            }
        }
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
        let Some(entry) = self.tables.get_mut(&table) else {
            return;
        };
        if let Some(place) = entry.properties.iter().position(|own| own.name == name) {
            let property = entry.properties.remove(place);
            entry.retired_columns.push(property.column().to_owned());
        }
    }

    /// Whether every table of `before` still has its names, roles, columns and key: what was made for `before` fits then.
    #[must_use]
    pub fn keeps_names_of(&self, before: &Self) -> bool {
        before.tables().all(|old| {
            let Some(own) = self.tables.get(&old.id) else {
                return false;
            };
            let mut properties = old.properties.iter();
            own.kind == old.kind
                && (old.key.is_none() || old.key == own.key)
                && properties.all(|property| {
                    let kept = own.property(&property.name);
                    kept.is_some_and(|kept| kept.column() == property.column())
                })
        })
    }

    /// The error for a label that does not exist.
    #[must_use]
    pub fn no_label(&self, name: &str) -> Error {
        if self.hyperedge_table(name).is_some() {
            return Error::not_found(format!(
                "there is no label `{name}`, which is a hyperedge type: write ALTER HYPEREDGE TYPE"
            ));
        }
        let hint = hint(name, self.labels());
        Error::not_found(format!("there is no label `{name}`{hint}"))
    }

    /// The table and the hyperedge type `name`.
    ///
    /// # Errors
    /// `NotFound` where there is none.
    pub(super) fn altered_type(&self, name: &str) -> Result<(TableId, &HyperedgeType)> {
        if let Some((table, ty)) = self.hyperedge_table(name) {
            return Ok((table.id, ty));
        }
        let text = format!("there is no hyperedge type `{name}`");
        if self.labels().contains(&name) {
            return Err(Error::not_found(format!(
                "{text}, which is a label: write ALTER LABEL"
            )));
        }
        let types = self.hyperedge_tables().map(|(_, ty)| ty.name.as_str());
        Err(Error::not_found(format!("{text}{}", hint(name, types))))
    }

    /// The table and the hyperedge type `name`, whose roles may be altered.
    ///
    /// # Errors
    /// `NotFound` where there is none, `InvalidData` where it was not declared.
    pub(super) fn altered_roles(&self, name: &str) -> Result<(TableId, &HyperedgeType)> {
        let (table, ty) = self.altered_type(name)?;
        if !ty.declared {
            return Err(Error::invalid_data(format!(
                "`{name}` is a relationship type that was not declared: it binds source and target, and no other roles"
            )));
        }
        Ok((table, ty))
    }

    /// # Errors
    /// `InvalidData` where a role of the table cannot be called `name`.
    pub(super) fn check_role_name(&self, table: TableId, name: &str) -> Result<()> {
        let table = self.table(table)?;
        let owner = table.display_name();
        let taken = match table.hyperedge_type().and_then(|ty| ty.role(name)) {
            Some(_) => format!("`{owner}` has a role `{name}` already"),
            None if name.is_empty() => "a role needs a name".to_owned(),
            None if table.property(name).is_some() => {
                format!("`{name}` is a property of `{owner}` and cannot be a role too")
            }
            // Plans call the role so.
            None if table.property(&format!("@{name}")).is_some() => format!(
                "`{owner}` has a property `@{name}`, beside which no role can be called `{name}`"
            ),
            None => return Ok(()),
        };
        Err(Error::invalid_data(taken))
    }

    /// Changes the roles of a type, whose first ones are noted.
    ///
    /// # Errors
    /// `InvalidData` where a binary edge would become another hyperedge, or the reverse; then nothing is changed.
    pub(super) fn alter_roles(
        &mut self,
        table: TableId,
        alter: impl FnOnce(&mut Vec<Role>),
    ) -> Result<()> {
        let before = self.hyperedge_type_mut(table)?.clone();
        let mut after = before.clone();
        alter(&mut after.roles);
        let name = &before.name;
        match (before.is_binary(), after.is_binary()) {
            (true, false) => {
                return Err(Error::invalid_data(format!(
                    "`{name}` is a binary edge, as `(a)-[:{name}]->(b)` reads it, and binds exactly source and target: declare \
                     another type for hyperedges with other roles"
                )));
            }
            (false, true) => {
                return Err(Error::invalid_data(format!(
                    "`{name}` would become a binary edge, which binds exactly source and target: declare another type, and \
                     create its relationships from these hyperedges"
                )));
            }
            _ => {}
        }
        *self.hyperedge_type_mut(table)? = after;
        if let Some(entry) = self.tables.get_mut(&table)
            && entry.first_roles.is_empty()
        {
            entry.first_roles = before.roles.into_iter().map(|role| role.name).collect();
        }
        Ok(())
    }

    fn rename_property(&mut self, table: TableId, from: &str, to: &str) -> Result<()> {
        let entry = self
            .tables
            .get_mut(&table)
            .ok_or_else(|| Error::internal(format!("the schema has no table {table}")))?;
        if entry.property(from).is_none() {
            return Err(entry.no_property(from));
        }
        entry.check_new_property(to)?;
        if let Some(property) = entry.properties.iter_mut().find(|own| own.name == from) {
            property.rename(to);
        }
        if entry.key.as_deref() == Some(from) {
            entry.key = Some(to.to_owned());
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

    /// Whether a role binds entities by the label or type `name`.
    fn is_bound(&self, name: &str) -> bool {
        let mut roles = self.hyperedge_tables().flat_map(|(_, ty)| &ty.roles);
        roles.any(|role| role.member.as_deref() == Some(name))
    }

    fn rename_bound(&mut self, from: &str, to: &str) {
        for table in self.tables.values_mut() {
            let TableKind::Hyperedges(ty) = &mut table.kind else {
                continue;
            };
            for role in &mut ty.roles {
                if role.member.as_deref() == Some(from) {
                    role.member = Some(to.to_owned());
                }
            }
        }
        for index in &mut self.indexes {
            if index.label == from {
                to.clone_into(&mut index.label);
            }
        }
    }

    /// # Errors
    /// `InvalidData` where `name` is a label or a type already, or empty.
    fn check_free(&self, name: &str) -> Result<()> {
        let taken = if name.is_empty() {
            "a label or type needs a name".to_owned()
        } else if self.hyperedge_table(name).is_some() {
            format!(
                "there is a hyperedge type `{name}` already: labels and types share one namespace"
            )
        } else if self.labels().contains(&name) {
            format!("there is a label `{name}` already: labels and types share one namespace")
        } else {
            return Ok(());
        };
        Err(Error::invalid_data(taken))
    }

    fn hyperedge_type_mut(&mut self, table: TableId) -> Result<&mut HyperedgeType> {
        match self.tables.get_mut(&table).map(|table| &mut table.kind) {
            Some(TableKind::Hyperedges(ty)) => Ok(ty),
            _ => Err(Error::internal(format!(
                "{table} is no table of hyperedges"
            ))),
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

/// The error for a role that a type does not have.
pub(super) fn no_role(ty: &HyperedgeType, name: &str) -> Error {
    let known = ty.roles.iter().map(|role| role.name.as_str());
    Error::not_found(format!(
        "`{}` has no role `{name}`{}",
        ty.name,
        hint(name, known)
    ))
}

fn hint<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(name, known)
        .map(|near| format!("; did you mean `{near}`?"))
        .unwrap_or_default()
}

fn renamed(labels: &mut [String], from: &str, to: &str) {
    for label in labels.iter_mut().filter(|label| *label == from) {
        to.clone_into(label);
    }
    labels.sort_unstable();
}
