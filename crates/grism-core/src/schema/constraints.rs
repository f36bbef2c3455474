//! The constraints of a schema, and the keys of tables that follow from them.

use std::sync::Arc;

use super::{Constraint, ConstraintRule, EntityKind, GraphSchema, Table};
use crate::{Error, Result, TableId, nearest};

impl GraphSchema {
    /// The constraints, in the order they were made.
    #[must_use]
    pub fn constraints(&self) -> &[Constraint] {
        &self.constraints
    }

    /// The constraint as it is added: of a hyperedge type where there is one and no node has such a label, however it was
    /// written.
    #[must_use]
    pub fn resolved_constraint(&self, constraint: &Constraint) -> Constraint {
        let mut resolved = constraint.clone();
        let label = constraint.label.as_str();
        if self.hyperedge_table(label).is_some() && !self.labels().contains(&label) {
            resolved.entity = EntityKind::Hyperedge;
        }
        resolved
    }

    /// Declares a constraint. Whether the graph keeps it is looked at when that is committed.
    ///
    /// # Errors
    /// `InvalidData` for a name that is taken, a constraint that is there already, a property that stands twice or is a role,
    /// and a node label that is called a type.
    pub fn add_constraint(&mut self, constraint: &Constraint) -> Result<()> {
        let constraint = self.resolved_constraint(constraint);
        if let Some(known) = self
            .constraints
            .iter()
            .find(|own| own.name == constraint.name)
        {
            return Err(Error::invalid_data(format!(
                "there is a constraint `{}` already: {known}",
                known.name
            )));
        }
        if let Some(known) = self
            .constraints
            .iter()
            .find(|own| own.is_same_rule(&constraint))
        {
            return Err(Error::invalid_data(format!(
                "there is the same constraint already, called `{}`: {known}",
                known.name
            )));
        }
        self.check_constraint(&constraint)?;
        self.constraints.push(constraint);
        self.settle_keys();
        Ok(())
    }

    fn check_constraint(&self, constraint: &Constraint) -> Result<()> {
        let label = &constraint.label;
        if label.is_empty() || constraint.name.is_empty() || constraint.properties.is_empty() {
            return Err(Error::invalid_data(
                "a constraint needs a name, a label or type, and a property",
            ));
        }
        for (index, property) in constraint.properties.iter().enumerate() {
            if property.is_empty() {
                return Err(Error::invalid_data("a property needs a name"));
            }
            if constraint.properties[..index].contains(property) {
                return Err(Error::invalid_data(format!(
                    "the property `{property}` stands twice in a constraint"
                )));
            }
        }
        if constraint.entity == EntityKind::Node {
            return Ok(());
        }
        match self.hyperedge_table(label) {
            Some((_, ty)) if ty.declared => {
                let is_role = |own: &&String| ty.role(own).is_some();
                match constraint.properties.iter().find(is_role) {
                    Some(role) => Err(Error::invalid_data(format!(
                        "`{role}` is a role of `{label}`, and constraints are of properties; a required role is declared \
                         without `?` or `*`"
                    ))),
                    None => Ok(()),
                }
            }
            None if self.labels().contains(&label.as_str()) => Err(Error::invalid_data(format!(
                "`{label}` is a node label: write FOR (n:{label})"
            ))),
            _ => Ok(()),
        }
    }

    /// Takes a constraint away, and with it the key of a table that it was.
    ///
    /// # Errors
    /// `NotFound` where none has the name.
    pub fn drop_constraint(&mut self, name: &str) -> Result<()> {
        let before = self.constraints.len();
        self.constraints.retain(|own| own.name != name);
        if self.constraints.len() < before {
            self.settle_keys();
            return Ok(());
        }
        let hint = nearest(name, self.constraints.iter().map(|own| own.name.as_str()))
            .map(|near| format!("; did you mean `{near}`?"))
            .unwrap_or_default();
        Err(Error::not_found(format!(
            "the constraint `{name}` does not exist{hint}"
        )))
    }

    /// The property that alone is the key of the nodes of a label, or of the hyperedges of a type.
    #[must_use]
    pub fn key(&self, entity: EntityKind, label: &str) -> Option<&str> {
        self.key_constraint(entity, label)
            .and_then(Constraint::single_key)
    }

    /// The constraint that makes one property the key of the nodes of a label, or of the hyperedges of a type.
    #[must_use]
    pub fn key_constraint(&self, entity: EntityKind, label: &str) -> Option<&Constraint> {
        self.constraints
            .iter()
            .find(|own| own.entity == entity && own.label == label && own.single_key().is_some())
    }

    /// Makes a property the key of what a table holds, unless it has one: of the nodes of its only label, or of the hyperedges
    /// of its type. It is a constraint like any other. Nodes of several labels get none.
    pub fn set_key(&mut self, table: TableId, key: &str) {
        let Some((entity, label)) = self.tables.get(&table).and_then(|own| owner(own)) else {
            return;
        };
        if self.key(entity, &label).is_some() {
            return;
        }
        let properties = vec![key.to_owned()];
        let mut name = Constraint::default_name(&label, &properties, ConstraintRule::Key);
        let is_taken = |name: &str| self.constraints.iter().any(|own| own.name == name);
        if is_taken(&name) {
            let numbered = (2..).map(|number| format!("{name}_{number}"));
            name = numbered
                .into_iter()
                .find(|own| !is_taken(own))
                .unwrap_or(name);
        }
        self.constraints.push(Constraint {
            name,
            entity,
            label,
            properties,
            rule: ConstraintRule::Key,
        });
        self.settle_key(table);
    }

    /// Makes constraints of the keys of a graph that was written before there were constraints.
    pub(super) fn adopt_keys(&mut self) {
        let keys: Vec<(TableId, String)> = self
            .tables
            .values()
            .filter_map(|table| Some((table.id, table.key.clone()?)))
            .collect();
        for (table, key) in keys {
            self.set_key(table, &key);
        }
    }

    /// Brings the keys of all tables to what the constraints say.
    fn settle_keys(&mut self) {
        let tables: Vec<TableId> = self.tables.keys().copied().collect();
        for table in tables {
            self.settle_key(table);
        }
    }

    /// Brings the key of a table to what the constraints say.
    pub(super) fn settle_key(&mut self, table: TableId) {
        let owner = self.tables.get(&table).and_then(|own| owner(own));
        let key = owner.and_then(|(entity, label)| self.key(entity, &label).map(str::to_owned));
        // What has not changed stays shared with other schemas.
        let changed = self.tables.get_mut(&table).filter(|own| own.key != key);
        if let Some(entry) = changed.map(Arc::make_mut) {
            entry.key = key;
        }
    }

    /// Forgets the constraints of a hyperedge type that is dropped.
    pub(super) fn drop_constraints_of_type(&mut self, name: &str) {
        self.constraints
            .retain(|own| own.entity != EntityKind::Hyperedge || own.label != name);
    }

    /// Makes the constraints of a label, or of a hyperedge type, those of its new name.
    pub(super) fn rename_constrained(&mut self, entity: EntityKind, from: &str, to: &str) {
        let is_own = |own: &&mut Constraint| own.entity == entity && own.label == from;
        for own in self.constraints.iter_mut().filter(is_own) {
            to.clone_into(&mut own.label);
        }
        self.settle_keys();
    }

    /// Gives a property its new name in the constraints of a label, or of a hyperedge type.
    pub(super) fn rename_constrained_property(
        &mut self,
        entity: EntityKind,
        label: &str,
        from: &str,
        to: &str,
    ) {
        let is_own = |own: &&mut Constraint| own.entity == entity && own.label == label;
        let constraints = self.constraints.iter_mut().filter(is_own);
        let properties = constraints.flat_map(|own| &mut own.properties);
        for property in properties.filter(|own| *own == from) {
            to.clone_into(property);
        }
        self.settle_keys();
    }

    /// Whether a constraint of what the table holds names the property.
    #[must_use]
    pub fn constrains(&self, table: &Table, property: &str) -> bool {
        let mut constraints = self.constraints.iter();
        constraints.any(|own| own.covers(table) && own.properties.iter().any(|own| own == property))
    }

    /// Checks that no other label's constraint names a property of nodes that have `label` too.
    pub(super) fn check_unshared(&self, label: &str, property: &str) -> Result<()> {
        let shares = |own: &&Constraint| {
            let mut tables = self.node_tables().filter(|table| table.may_have(label));
            own.label != label
                && own.properties.iter().any(|own| own == property)
                && tables.any(|table| own.covers(table))
        };
        match self.constraints.iter().find(shares) {
            Some(own) => Err(Error::invalid_data(format!(
                "the constraint `{}` of `{}` names `{property}` of nodes that may have `{label}` too: drop it first",
                own.name, own.label
            ))),
            None => Ok(()),
        }
    }

    /// Makes constraints that were declared before a hyperedge type of their label constraints of the type.
    pub(super) fn constrain_type(&mut self, name: &str) {
        for own in &mut self.constraints {
            if own.label == name {
                own.entity = EntityKind::Hyperedge;
            }
        }
    }
}

/// The only label of the nodes of a table, or the type of its hyperedges.
fn owner(table: &Table) -> Option<(EntityKind, String)> {
    match (table.hyperedge_type(), table.labels()) {
        (Some(ty), _) => Some((EntityKind::Hyperedge, ty.name.clone())),
        (None, [only]) => Some((EntityKind::Node, only.clone())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cardinality, HyperedgeType, Role};

    fn constraint(label: &str, property: &str, rule: ConstraintRule) -> Constraint {
        let properties = vec![property.to_owned()];
        Constraint {
            name: Constraint::default_name(label, &properties, rule),
            entity: EntityKind::Node,
            label: label.to_owned(),
            properties,
            rule,
        }
    }

    fn key_of(schema: &GraphSchema, label: &str) -> Option<String> {
        let table = schema.node_table(&[label.to_owned()]);
        table.and_then(|table| table.key.clone())
    }

    #[test]
    fn the_key_of_a_load_is_a_constraint() {
        let mut schema = GraphSchema::default();
        let person = schema.ensure_node_table(&["Person".to_owned()]).unwrap();
        schema.set_key(person, "id");
        schema.set_key(person, "other");
        assert_eq!(key_of(&schema, "Person").as_deref(), Some("id"));
        let names: Vec<_> = schema.constraints().iter().map(|own| &own.name).collect();
        assert_eq!(names, ["Person_id_key"]);
        schema.drop_constraint("Person_id_key").unwrap();
        assert_eq!(key_of(&schema, "Person"), None);
        let error = schema.drop_constraint("Person_id_key").unwrap_err();
        assert!(error.to_string().contains("does not exist"), "{error}");
    }

    #[test]
    fn a_table_that_comes_later_has_the_key_that_was_declared() {
        let mut schema = GraphSchema::default();
        let key = constraint("Person", "id", ConstraintRule::Key);
        schema.add_constraint(&key).unwrap();
        assert!(schema.add_constraint(&key).is_err());
        schema.ensure_node_table(&["Person".to_owned()]).unwrap();
        assert_eq!(key_of(&schema, "Person").as_deref(), Some("id"));
    }

    #[test]
    fn keys_of_older_graphs_become_constraints() {
        let mut schema = GraphSchema::default();
        let person = schema.ensure_node_table(&["Person".to_owned()]).unwrap();
        Arc::make_mut(schema.tables.get_mut(&person).unwrap()).key = Some("id".to_owned());
        schema.adopt_keys();
        assert_eq!(schema.key(EntityKind::Node, "Person"), Some("id"));
        let adopted = schema.clone();
        schema.adopt_keys();
        assert_eq!(schema, adopted);
    }

    #[test]
    fn constraints_follow_their_hyperedge_type() {
        let mut schema = GraphSchema::default();
        let unique = constraint("MEETING", "code", ConstraintRule::Unique);
        schema.add_constraint(&unique).unwrap();
        let role = Role::new("room", None, Cardinality::One);
        let ty = HyperedgeType {
            name: "MEETING".to_owned(),
            roles: vec![role],
            declared: true,
        };
        let table = schema.declare(ty).unwrap();
        assert!(schema.constraints()[0].covers(schema.table(table).unwrap()));
        let of_role = constraint("MEETING", "room", ConstraintRule::NotNull);
        let error = schema.add_constraint(&of_role).unwrap_err();
        assert!(error.to_string().contains("`room` is a role"), "{error}");
        schema.drop_type("MEETING").unwrap();
        assert!(schema.constraints().is_empty());
    }
}
