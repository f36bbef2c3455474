//! `GroupRules`: how rows of one group become one row of the graph.

use grism_core::{Cardinality, Role, Table};

use crate::import::plan::{Grouping, RolePlan};

/// How the rows of a group become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::import) enum Agreement {
    /// They are parts of one hyperedge, and must agree.
    Required,
    /// They follow each other, and the last one that says something counts.
    LastRow,
}

/// Whether what the rows of a group are may be there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::import) enum Presence {
    /// It is new, and must bind the roles that are required.
    New,
    /// It may be stored, and bind them there.
    MayBeStored,
}

/// What is known of the rows of a load.
pub(in crate::import) struct GroupRules<'a> {
    /// The table of the entities, as it is once all rows are read.
    pub(super) table: &'a Table,
    pub(super) by: &'a str,
    pub(super) agreement: Agreement,
    pub(super) presence: Presence,
    roles: &'a [RolePlan],
}

impl<'a> GroupRules<'a> {
    pub(in crate::import) fn new(
        table: &'a Table,
        grouping: &'a Grouping,
        roles: &'a [RolePlan],
    ) -> Self {
        Self {
            table,
            by: &grouping.by,
            agreement: grouping.agreement,
            presence: grouping.presence,
            roles,
        }
    }

    /// Whether the role called `name` must be bound.
    pub(super) fn requires(&self, name: &str) -> bool {
        let mut roles = self.roles.iter().map(|own| &own.role);
        roles.any(|role| role.name == name && role.cardinality == Cardinality::One)
    }

    /// The role that a column of the table is, and the column that it is read from.
    pub(super) fn role(&self, column: &str) -> Option<(&'a Role, &'a str)> {
        let mut roles = self.roles.iter();
        let own = roles.find(|own| own.role.column() == column)?;
        Some((&own.role, &own.column))
    }
}
