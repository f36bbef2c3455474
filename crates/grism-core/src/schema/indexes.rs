//! The indexes of a schema.

use super::{GraphSchema, Table};
use crate::{Error, IndexDefinition, IndexKind, Result, TableId, Type, nearest};

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

    /// Declares an index. A vector index also declares the property, where it is new, and needs no dimensions (they may
    /// be 0) where it is not.
    ///
    /// # Errors
    /// `InvalidData` for a name that is taken, and for a property that no such index can be of; `Unsupported` for a range
    /// index of lists and the like; `NotFound` for an unknown label, type or property.
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
        let mut index = index;
        let is_known = own
            .iter()
            .any(|table| table.property(&index.property).is_some());
        match index.kind {
            IndexKind::Vector { dimensions, metric } => {
                let dimensions = vector_dimensions(&index, &own, dimensions)?;
                index.kind = IndexKind::Vector { dimensions, metric };
                let tables: Vec<TableId> = own.iter().map(|table| table.id).collect();
                for table in tables {
                    self.ensure_property(table, &index.property, &Type::Vector(dimensions))?;
                }
            }
            _ if !is_known => {
                let known = own.iter().flat_map(|table| &table.properties);
                let hint = nearest(&index.property, known.map(|own| own.name.as_str()))
                    .map(|near| format!("; did you mean `{near}`?"))
                    .unwrap_or_default();
                return Err(Error::not_found(format!(
                    "`{}` has no property `{}`{hint}",
                    index.label, index.property
                )));
            }
            IndexKind::FullText => {
                let other = own.iter().find_map(|table| {
                    let ty = &table.property(&index.property)?.value_type;
                    (!matches!(ty, Type::String | Type::Null)).then_some(ty)
                });
                if let Some(ty) = other {
                    return Err(Error::invalid_data(format!(
                        "a full-text index is of strings, and `{}` of `{}` holds {ty}",
                        index.property, index.label
                    )));
                }
            }
            IndexKind::Range => {
                let types = own
                    .iter()
                    .filter_map(|table| table.property(&index.property));
                let mut types = types.map(|property| &property.value_type);
                if let Some(ty) = types.find(|ty| **ty != Type::Null && !index.kind.fits(ty)) {
                    return Err(Error::unsupported(format!(
                        "an index of `{}` of `{}`, which holds {ty}",
                        index.property, index.label
                    )));
                }
            }
        }
        self.indexes.push(index);
        Ok(())
    }

    /// The type of vectors that an index declares for the property `name` of `table`.
    pub(super) fn indexed_vector(&self, table: TableId, name: &str) -> Result<Option<Type>> {
        let table = self.table(table)?;
        let vector = |index: &IndexDefinition| match index.kind {
            IndexKind::Vector { dimensions, .. } if index.property == name => {
                Some(Type::Vector(dimensions))
            }
            _ => None,
        };
        Ok(self.indexes_of(table).find_map(vector))
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

/// The dimensions of a new vector index over the property of some tables.
fn vector_dimensions(index: &IndexDefinition, tables: &[&Table], asked: u32) -> Result<u32> {
    let mut dimensions = asked;
    let types = tables
        .iter()
        .filter_map(|table| table.property(&index.property));
    for ty in types.map(|property| &property.value_type) {
        match ty {
            Type::Null => {}
            Type::Vector(own) if dimensions == 0 || dimensions == *own => dimensions = *own,
            Type::Vector(own) => {
                return Err(Error::invalid_data(format!(
                    "the vectors in `{}` of `{}` have {own} numbers, not {dimensions}",
                    index.property, index.label
                )));
            }
            other => {
                return Err(Error::invalid_data(format!(
                    "`{0}` of `{1}` holds {other}, and a vector index is of vectors: declare it for a new property, and \
                     set that from `{0}`",
                    index.property, index.label
                )));
            }
        }
    }
    if dimensions == 0 {
        return Err(Error::invalid_query(format!(
            "how many numbers do the vectors in `{}` have? Name it: OPTIONS {{dimensions: 384}}",
            index.property
        )));
    }
    Ok(dimensions)
}
