//! Further roles of a declared hyperedge type, and fewer.

use super::rename::no_role;
use super::{GraphSchema, Role};
use crate::{Error, Result};

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
        if let Some(entry) = self.tables.get_mut(&table) {
            entry.retired_columns.push(column);
        }
        Ok(())
    }
}
