//! Roles of a declared hyperedge type that are added, renamed and dropped.

use std::sync::Arc;

use super::rename::hint;
use super::{GraphSchema, HyperedgeType, Role};
use crate::{Error, Result, TableId};

impl GraphSchema {
    /// Adds a role to a hyperedge type, whose hyperedges leave it unbound.
    ///
    /// # Errors
    /// `NotFound` for an unknown type; `InvalidData` where a role or property has the name already, and where the type was not
    /// declared or is a binary edge.
    pub fn add_role(&mut self, type_name: &str, role: Role) -> Result<()> {
        let table = self.altered_roles(type_name)?.0;
        self.check_role_name(table, &role.name)?;
        // What an older role of the name held may still be stored.
        let column = self.table(table)?.free_column(&role.name, "~role");
        let mut role = role;
        role.set_column(column);
        self.alter_roles(table, |roles| roles.push(role))
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

    /// Takes a role from a hyperedge type.
    ///
    /// # Errors
    /// `NotFound` for an unknown type or role; `InvalidData` for the only role of a type, and where the type was not declared,
    /// is a binary edge or would become one.
    pub fn drop_role(&mut self, type_name: &str, name: &str) -> Result<()> {
        let (table, ty) = self.altered_roles(type_name)?;
        let role = ty.role(name).ok_or_else(|| no_role(ty, name))?;
        let column = role.column().into_owned();
        if ty.roles.len() == 1 {
            return Err(Error::invalid_data(format!(
                "`{name}` is the only role of `{type_name}`: drop the type"
            )));
        }
        self.alter_roles(table, |roles| roles.retain(|role| role.name != name))?;
        if let Some(entry) = self.tables.get_mut(&table).map(Arc::make_mut) {
            entry.retired_columns.push(column);
        }
        Ok(())
    }

    /// The table and the hyperedge type `name`, whose roles may be altered.
    ///
    /// # Errors
    /// `NotFound` where it does not exist, `InvalidData` where it was not declared.
    fn altered_roles(&self, name: &str) -> Result<(TableId, &HyperedgeType)> {
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
    fn check_role_name(&self, table: TableId, name: &str) -> Result<()> {
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
    fn alter_roles(&mut self, table: TableId, alter: impl FnOnce(&mut Vec<Role>)) -> Result<()> {
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
        if let Some(entry) = self.tables.get_mut(&table).map(Arc::make_mut)
            && entry.first_roles.is_empty()
        {
            entry.first_roles = before.roles.into_iter().map(|role| role.name).collect();
        }
        Ok(())
    }
}

/// The error for a role that a type does not have.
fn no_role(ty: &HyperedgeType, name: &str) -> Error {
    let known = ty.roles.iter().map(|role| role.name.as_str());
    Error::not_found(format!(
        "`{}` has no role `{name}`{}",
        ty.name,
        hint(name, known)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cardinality, Type};

    fn declared(roles: &[&str]) -> (GraphSchema, TableId) {
        let role = |name: &&str| Role::new(*name, None, Cardinality::Many);
        let ty = HyperedgeType {
            name: "T".to_owned(),
            roles: roles.iter().map(role).collect(),
            declared: true,
        };
        let mut schema = GraphSchema::default();
        let table = schema.declare(ty).unwrap();
        (schema, table)
    }

    /// Each role with its column.
    fn columns(schema: &GraphSchema, table: TableId) -> Vec<(String, String)> {
        let ty = schema.table(table).unwrap().hyperedge_type().unwrap();
        let roles = ty.roles.iter();
        let columns = roles.map(|role| (role.name.clone(), role.column().into_owned()));
        columns.collect()
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        let pairs = pairs.iter();
        let owned = pairs.map(|(name, column)| ((*name).to_owned(), (*column).to_owned()));
        owned.collect()
    }

    #[test]
    fn roles_that_change_their_names_keep_their_columns() {
        let (mut schema, table) = declared(&["a", "x!"]);
        for (from, to) in [("a", "c"), ("x!", "a"), ("c", "x!")] {
            schema.rename_role("T", from, to).unwrap();
        }
        assert_eq!(
            columns(&schema, table),
            pairs(&[("x!", "a"), ("a", "x%21")])
        );
        schema.ensure_property(table, "b", &Type::Int64).unwrap();
        for taken in ["a", "b", ""] {
            assert!(schema.rename_role("T", "x!", taken).is_err(), "{taken}");
        }
    }

    #[test]
    fn a_role_has_no_column_that_another_one_had() {
        let (mut schema, table) = declared(&["a", "b"]);
        let role = |name: &str| Role::new(name, None, Cardinality::Optional);
        for _ in 0..2 {
            schema.drop_role("T", "b").unwrap();
            schema.add_role("T", role("b")).unwrap();
        }
        assert_eq!(
            columns(&schema, table),
            pairs(&[("a", "a"), ("b", "b~role~role")])
        );
        schema.rename_role("T", "a", "c").unwrap();
        schema.ensure_property(table, "a", &Type::Int64).unwrap();
        let property = schema.table(table).unwrap().property("a").unwrap();
        assert_eq!(property.column(), "a~property");
        schema.drop_role("T", "c").unwrap();
        let refused = schema.drop_role("T", "b").unwrap_err().to_string();
        assert!(refused.contains("the only role"), "{refused}");
    }

    #[test]
    fn binary_edges_stay_what_they_are() {
        let mut schema = GraphSchema::default();
        let edge = HyperedgeType {
            declared: true,
            ..HyperedgeType::binary_edge("E")
        };
        schema.declare(edge.clone()).unwrap();
        let role = Role::new("c", None, Cardinality::Many);
        assert!(schema.add_role("E", role.clone()).is_err());
        assert!(schema.rename_role("E", "source", "from").is_err());
        let mut wide = edge;
        wide.name = "W".to_owned();
        wide.roles.push(role);
        schema.declare(wide).unwrap();
        assert!(schema.drop_role("W", "c").is_err());
        schema.drop_role("W", "source").unwrap();
    }
}
