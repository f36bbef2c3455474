//! Changes of a schema: tables come and go, and get properties and labels.

use std::sync::Arc;

use super::{GraphSchema, HyperedgeType, Property, Table, TableKind};
use crate::{Error, Result, TableId, Type};

impl GraphSchema {
    /// Adds a table and returns its number.
    ///
    /// # Errors
    /// `ResourceExhausted` past the last table number.
    pub fn add_table(&mut self, kind: TableKind) -> Result<TableId> {
        let id = TableId::try_new(self.next_table)?;
        self.next_table += 1;
        self.tables.insert(
            id,
            Arc::new(Table {
                id,
                kind,
                properties: Vec::new(),
                key: None,
                retired_columns: Vec::new(),
                first_roles: Vec::new(),
                changed_labels: Vec::new(),
            }),
        );
        self.settle_key(id);
        Ok(id)
    }

    /// The table of nodes born with `labels`, added where there is none yet.
    ///
    /// # Errors
    /// `ResourceExhausted` past the last table number; `InvalidData` where a label names a declared hyperedge type.
    pub fn ensure_node_table(&mut self, labels: &[String]) -> Result<TableId> {
        let mut labels = labels.to_vec();
        labels.sort_unstable();
        labels.dedup();
        if let Some(table) = self.node_table(&labels) {
            return Ok(table.id);
        }
        for label in &labels {
            self.check_label(label)?;
        }
        self.add_table(TableKind::Nodes { labels })
    }

    /// Declares a hyperedge type.
    ///
    /// # Errors
    /// `InvalidData` where the name is taken, a role stands twice or a role has no name.
    pub fn declare(&mut self, hyperedge_type: HyperedgeType) -> Result<TableId> {
        let name = &hyperedge_type.name;
        if self.hyperedge_table(name).is_some() {
            return Err(Error::invalid_data(format!(
                "the hyperedge type `{name}` exists already"
            )));
        }
        if self.labels().contains(&name.as_str()) {
            return Err(Error::invalid_data(format!(
                "`{name}` is a node label: labels and types share one namespace"
            )));
        }
        for (index, role) in hyperedge_type.roles.iter().enumerate() {
            if hyperedge_type.roles[..index]
                .iter()
                .any(|other| other.name == role.name)
            {
                return Err(Error::invalid_data(format!(
                    "the role `{}` of `{name}` stands twice",
                    role.name
                )));
            }
        }
        if hyperedge_type.roles.is_empty() {
            return Err(Error::invalid_data(format!(
                "the hyperedge type `{name}` needs at least one role"
            )));
        }
        let name = name.clone();
        self.constrain_type(&name);
        self.add_table(TableKind::Hyperedges(hyperedge_type))
    }

    /// Declares a hyperedge type unless it is declared already; the table that was added.
    ///
    /// # Errors
    /// `InvalidData` where a type of the name has other roles, and as [`Self::declare`].
    pub fn declare_if_missing(
        &mut self,
        hyperedge_type: &HyperedgeType,
    ) -> Result<Option<TableId>> {
        let known = self.hyperedge_table(&hyperedge_type.name);
        match known.map(|(_, known)| known).filter(|known| known.declared) {
            Some(known) if known.has_roles_of(hyperedge_type) => Ok(None),
            Some(known) => Err(Error::invalid_data(format!(
                "there is a hyperedge type {known} already, which differs from {hyperedge_type}"
            ))),
            None => self.declare(hyperedge_type.clone()).map(Some),
        }
    }

    /// The table of the binary edge type `name`, added where there is no hyperedge type of that name.
    ///
    /// # Errors
    /// `InvalidData` where the name is a declared type that is no binary edge.
    pub fn ensure_edge_table(&mut self, name: &str) -> Result<TableId> {
        match self.hyperedge_table(name) {
            Some((table, hyperedge_type)) if hyperedge_type.is_binary() => Ok(table.id),
            Some(_) => Err(Error::invalid_data(format!(
                "`{name}` is a hyperedge type, not a relationship"
            ))),
            None => self.add_table(TableKind::Hyperedges(HyperedgeType::binary_edge(name))),
        }
    }

    /// Removes the hyperedge type `name` and returns its table.
    ///
    /// # Errors
    /// `NotFound` where there is no such type.
    pub fn drop_type(&mut self, name: &str) -> Result<TableId> {
        let id = self
            .hyperedge_table(name)
            .map(|(table, _)| table.id)
            .ok_or_else(|| Error::not_found(format!("there is no hyperedge type `{name}`")))?;
        self.tables.remove(&id);
        self.indexes.retain(|index| index.label != name);
        self.drop_constraints_of_type(name);
        Ok(id)
    }

    /// Notes that some nodes of `table` have got or lost `labels` since they were born.
    ///
    /// # Errors
    /// `InvalidData` where a label names a declared hyperedge type.
    pub fn change_labels(&mut self, table: TableId, labels: &[String]) -> Result<()> {
        for label in labels {
            self.check_label(label)?;
        }
        if let Some(entry) = self.tables.get_mut(&table).map(Arc::make_mut) {
            entry.changed_labels.extend(labels.iter().cloned());
            entry.changed_labels.sort_unstable();
            entry.changed_labels.dedup();
        }
        Ok(())
    }

    /// Adds the property `name` to `table`, or widens its type so that it holds values of `value_type` too. Lists in a
    /// property of vectors, or in one that a vector index is declared for, become vectors.
    ///
    /// # Errors
    /// `InvalidData` for a name that a role of a declared type bears.
    pub fn ensure_property(&mut self, table: TableId, name: &str, value_type: &Type) -> Result<()> {
        let indexed = self.indexed_vector(table, name)?;
        if let (Type::Vector(dimensions), Some(wanted)) = (value_type, &indexed)
            && value_type != wanted
        {
            return Err(Error::invalid_data(format!(
                "a vector of {dimensions} numbers does not fit `{name}`, which an index declares to be {wanted}"
            )));
        }
        let vector = match value_type {
            Type::List(_) | Type::Null => indexed,
            _ => None,
        };
        let value_type = vector.as_ref().unwrap_or(value_type);
        let entry = self
            .tables
            .get_mut(&table)
            .map(Arc::make_mut)
            .ok_or_else(|| Error::internal(format!("the schema has no table {table}")))?;
        entry.check_property_name(name)?;
        let place = entry
            .properties
            .iter()
            .position(|property| property.name == name);
        match place.and_then(|place| entry.properties.get_mut(place)) {
            None => {
                let column = entry.column_for(name);
                entry.properties.push(Property {
                    name: name.to_owned(),
                    value_type: value_type.clone(),
                    column: (column != name).then_some(column),
                });
            }
            Some(property) if &property.value_type == value_type || value_type == &Type::Null => {}
            Some(property) if property.value_type == Type::Null => {
                property.value_type = value_type.clone()
            }
            Some(property) if is_vector_of(&property.value_type, value_type) => {}
            // A stored value is never rewritten: the column holds values of any type from now on.
            Some(property) => property.value_type = property.value_type.unify(value_type),
        }
        Ok(())
    }

    pub(super) fn check_label(&self, label: &str) -> Result<()> {
        let declared = |(_, ty): (&Table, &HyperedgeType)| ty.declared;
        if self.hyperedge_table(label).is_some_and(declared) {
            return Err(Error::invalid_data(format!(
                "`{label}` is a declared hyperedge type: labels and types share one namespace"
            )));
        }
        Ok(())
    }
}

/// Whether a property of vectors may take lists of the type, each of which is looked at when it is stored.
fn is_vector_of(property: &Type, value_type: &Type) -> bool {
    let is_numeric =
        |item: &Type| matches!(item, Type::Int64 | Type::Float64 | Type::Any | Type::Null);
    match (property, value_type) {
        (Type::Vector(_), Type::List(item)) => is_numeric(item),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(schema: &GraphSchema, table: TableId) -> Vec<&str> {
        let table = schema.table(table).unwrap();
        table.properties.iter().map(Property::column).collect()
    }

    #[test]
    fn a_property_named_like_a_role_of_an_undeclared_type_has_a_column_of_its_own() {
        let mut schema = GraphSchema::default();
        let knows = schema.ensure_edge_table("KNOWS").unwrap();
        for name in ["since", "source", "target", "source"] {
            schema.ensure_property(knows, name, &Type::Int64).unwrap();
        }
        let expected = ["since", "source~property", "target~property"];
        assert_eq!(columns(&schema, knows), expected);
        let table = schema.table(knows).unwrap();
        assert_eq!(
            table.property_in("source~property"),
            table.property("source")
        );
        assert_eq!(table.property_in("source"), None);
        // The type of the property may widen; its column stays.
        schema
            .ensure_property(knows, "source", &Type::String)
            .unwrap();
        let property = schema.table(knows).unwrap().property("source").unwrap();
        assert_eq!(
            (property.column(), &property.value_type),
            ("source~property", &Type::Any)
        );
    }

    #[test]
    fn no_two_properties_share_a_column() {
        let mut schema = GraphSchema::default();
        let knows = schema.ensure_edge_table("KNOWS").unwrap();
        for name in ["source~property", "source", "source~2", "x~2", "x"] {
            schema.ensure_property(knows, name, &Type::Int64).unwrap();
        }
        let expected = [
            "source%7Eproperty",
            "source~property",
            "source%7E2",
            "x%7E2",
            "x",
        ];
        assert_eq!(columns(&schema, knows), expected);
    }

    #[test]
    fn a_declared_type_keeps_the_names_of_its_roles() {
        let mut schema = GraphSchema::default();
        let knows = HyperedgeType {
            declared: true,
            ..HyperedgeType::binary_edge("KNOWS")
        };
        let knows = schema.declare(knows).unwrap();
        let refused = schema.ensure_property(knows, "source", &Type::Int64);
        let message = refused.unwrap_err().to_string();
        assert!(
            message.contains("`source` is a role of `KNOWS`"),
            "{message}"
        );
    }
}
