//! Renaming of labels and hyperedge types: names change, tables stay.

use std::sync::Arc;

use super::{EntityKind, GraphSchema, HyperedgeType, TableKind};
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
        for table in self.tables.values_mut().map(Arc::make_mut) {
            if let TableKind::Nodes { labels } = &mut table.kind {
                renamed(labels, from, to);
                renamed(&mut table.changed_labels, from, to);
            }
        }
        self.rename_constrained(EntityKind::Node, from, to);
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
        self.rename_constrained(EntityKind::Hyperedge, from, to);
        self.rename_bound(from, to);
        Ok(())
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
    /// `NotFound` where it does not exist.
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

    /// Whether a role binds entities by the label or type `name`.
    fn is_bound(&self, name: &str) -> bool {
        let mut roles = self.hyperedge_tables().flat_map(|(_, ty)| &ty.roles);
        roles.any(|role| role.member.as_deref() == Some(name))
    }

    fn rename_bound(&mut self, from: &str, to: &str) {
        for table in self.tables.values_mut().map(Arc::make_mut) {
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

    pub(super) fn hyperedge_type_mut(&mut self, table: TableId) -> Result<&mut HyperedgeType> {
        let entry = self.tables.get_mut(&table).map(Arc::make_mut);
        match entry.map(|table| &mut table.kind) {
            Some(TableKind::Hyperedges(ty)) => Ok(ty),
            _ => Err(Error::internal(format!(
                "{table} is no table of hyperedges"
            ))),
        }
    }
}

/// The end of a message that names the known name which `name` probably is.
pub(super) fn hint<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cardinality, Constraint, ConstraintRule, IndexDefinition, IndexKind, Role, Type};

    #[test]
    fn what_names_a_label_or_type_follows_it() {
        let mut schema = GraphSchema::default();
        let both = schema.ensure_node_table(&["A".to_owned(), "B".to_owned()]);
        let both = both.unwrap();
        schema.ensure_property(both, "x", &Type::Int64).unwrap();
        schema.change_labels(both, &["A".to_owned()]).unwrap();
        let role = |member: &str| {
            let member = Some(member.to_owned());
            Role::new(
                member.clone().unwrap_or_default(),
                member,
                Cardinality::Many,
            )
        };
        schema
            .declare(HyperedgeType {
                name: "T".to_owned(),
                roles: vec![role("A"), role("T")],
                declared: true,
            })
            .unwrap();
        let index = IndexDefinition {
            name: "i".to_owned(),
            label: "A".to_owned(),
            property: "x".to_owned(),
            kind: IndexKind::Range,
        };
        schema.add_index(index).unwrap();
        let constraint = Constraint {
            name: "c".to_owned(),
            entity: EntityKind::Node,
            label: "A".to_owned(),
            properties: vec!["x".to_owned()],
            rule: ConstraintRule::Unique,
        };
        schema.add_constraint(&constraint).unwrap();
        for taken in ["B", "T", ""] {
            assert!(schema.rename_label("A", taken).is_err(), "{taken}");
            assert!(schema.rename_type("T", taken).is_err(), "{taken}");
        }
        let before = schema.clone();
        schema.rename_label("A", "Z").unwrap();
        schema.rename_type("T", "U").unwrap();
        let table = schema.table(both).unwrap();
        assert_eq!(
            (table.labels(), &table.changed_labels[..]),
            (&["B".to_owned(), "Z".to_owned()][..], &["Z".to_owned()][..])
        );
        let (_, ty) = schema.hyperedge_table("U").unwrap();
        assert_eq!(ty.to_string(), "U (A Z*, T U*)");
        assert_eq!(schema.indexes()[0].label, "Z");
        let constraint = &schema.constraints()[0];
        assert_eq!(
            (&constraint.label[..], &constraint.properties[..]),
            ("Z", &["x".to_owned()][..])
        );
        assert!(schema.keeps_names_of(&schema) && !schema.keeps_names_of(&before));
        assert!(schema.rename_label("A", "Y").is_err());
    }
}
