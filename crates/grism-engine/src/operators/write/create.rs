//! What CREATE makes, row by row.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, UInt64Array};
use grism_core::{EntityId, Error, GraphSchema, PathValue, Result, Type, Value};
use grism_logical::{Column, Created, CreatedEdge};

use super::clause_rows::{ClauseBatch, ClauseRows};
use super::writer::{OutputRows, Writer};

/// After how many rows it is asked whether the statement has to stop: batches of a MERGE are large.
const ROWS_BETWEEN_CHECKS: usize = 1024;

impl Writer<'_> {
    /// Creates what a pattern says for each row; the rows that are kept have what was created, and the columns that are called
    /// `before`.
    pub(super) async fn create(
        &mut self,
        created: &Created,
        rows: &ClauseRows,
        before: &[String],
        output_rows: OutputRows,
    ) -> Result<ClauseRows> {
        let mut output = self.buffer();
        for batch in rows.batches() {
            let batch = batch?;
            let made = self.create_batch(created, &batch, None).await?;
            if output_rows == OutputRows::Kept {
                output.push(batch.keep(before)?.with(made)?.batch)?;
            }
        }
        // The types are known once all is made.
        let none = ClauseBatch::none(&rows.schema)?;
        let made = self.create_batch(created, &none, None).await?;
        output.finish(none.keep(before)?.with(made)?.schema)
    }

    /// Creates what a pattern says for each row of a batch, or for those of `only`; the columns of what was created.
    pub(super) async fn create_batch(
        &mut self,
        created: &Created,
        rows: &ClauseBatch,
        only: Option<&[bool]>,
    ) -> Result<Vec<(Column, ArrayRef)>> {
        let count = rows.len();
        let mut ids: BTreeMap<&str, Vec<Option<u64>>> = BTreeMap::new();
        for entity in &created.entities {
            ids.insert(&entity.column, vec![None; count]);
        }
        for edge in &created.edges {
            ids.insert(&edge.column, vec![None; count]);
        }
        let wanted = |row: usize| only.is_none_or(|only| only[row]);
        for row in (0..count).filter(|row| wanted(*row)) {
            if row % ROWS_BETWEEN_CHECKS == 0 {
                self.cancellation.check()?;
            }
            for entity in &created.entities {
                let id = match &entity.hyperedge_type {
                    Some(name) => self.target.create_hyperedge(name)?,
                    None => self.target.create_node(&entity.labels)?,
                };
                if let Some(own) = ids.get_mut(entity.column.as_str()) {
                    own[row] = Some(id);
                }
                self.set_created(id, entity.properties.as_deref(), rows, row)?;
            }
            let find = |ids: &BTreeMap<&str, Vec<Option<u64>>>, column: &str| -> Result<u64> {
                let here = ids.get(column).and_then(|own| own[row]);
                let id = match here {
                    Some(id) => Some(id),
                    None => rows.value(column, row)?.entity_id(),
                };
                id.ok_or_else(|| Error::invalid_data("a relationship to null cannot be created"))
            };
            for edge in &created.edges {
                let (source, target) = (find(&ids, &edge.source)?, find(&ids, &edge.target)?);
                if edge.or_member && self.becomes_member(edge, source)? {
                    self.target.bind(source, &edge.type_name, target).await?;
                    continue;
                }
                let id = self.target.create_edge(&edge.type_name, source, target)?;
                if let Some(own) = ids.get_mut(edge.column.as_str()) {
                    own[row] = Some(id);
                }
                self.set_created(id, edge.properties.as_deref(), rows, row)?;
            }
            for incidence in &created.incidences {
                let hyperedge = find(&ids, &incidence.hyperedge)?;
                let member = find(&ids, &incidence.member)?;
                self.target.bind(hyperedge, &incidence.role, member).await?;
            }
        }
        let schema = self.target.schema();
        let mut made = Vec::new();
        for entity in &created.entities {
            let ty = match &entity.hyperedge_type {
                Some(name) => edge_type(schema, name),
                None => {
                    let mut labels = entity.labels.clone();
                    labels.sort_unstable();
                    labels.dedup();
                    let table = schema.node_table(&labels).map(|table| table.id);
                    Type::Node(table.into_iter().collect())
                }
            };
            made.push((
                Column::new(&entity.column, ty),
                id_array(&ids, &entity.column),
            ));
        }
        for edge in &created.edges {
            let ty = edge_type(schema, &edge.type_name);
            made.push((Column::new(&edge.column, ty), id_array(&ids, &edge.column)));
        }
        for (column, through) in &created.paths {
            let mut paths = Vec::with_capacity(count);
            for row in 0..count {
                let mut parts = Vec::new();
                for part in through {
                    let known = made.iter().find(|(own, _)| &own.name == part);
                    parts.push(match known {
                        Some((own, array)) => Value::from_typed(array, row, &own.ty)?,
                        None => rows.value(part, row)?,
                    });
                }
                paths.push(if parts.iter().any(Value::is_null) {
                    Value::Null
                } else {
                    path_of(parts)
                });
            }
            let array = Value::column(&paths, &Type::Path.to_arrow())?;
            made.push((Column::new(column, Type::Path), array));
        }
        Ok(made)
    }

    /// Whether an edge that may stand for a role step starts from a hyperedge that has the role.
    fn becomes_member(&self, edge: &CreatedEdge, source: u64) -> Result<bool> {
        let (schema, name) = (self.target.schema(), &edge.type_name);
        let table = schema.table(EntityId::from_raw(source).table())?;
        let ty = table.hyperedge_type().filter(|ty| ty.declared);
        if ty.is_some_and(|ty| ty.role(name).is_some()) {
            return match &edge.properties {
                None => Ok(true),
                Some(_) => Err(Error::invalid_query(
                    "a role step has no properties; they belong to the hyperedge",
                )),
            };
        }
        match schema.hyperedge_table(name) {
            Some((_, ty)) if ty.is_binary() => Ok(false),
            _ => Err(Error::invalid_query(format!(
                "`{name}` is a role, but this does not start from a hyperedge that has it; give an edge another type"
            ))),
        }
    }

    fn set_created(
        &mut self,
        id: u64,
        properties: Option<&str>,
        rows: &ClauseBatch,
        row: usize,
    ) -> Result<()> {
        let Some(column) = properties else {
            return Ok(());
        };
        if let Value::Map(entries) = rows.value(column, row)? {
            for (key, value) in entries {
                if !value.is_null() {
                    self.target.set_property(id, &key, value)?;
                }
            }
        }
        Ok(())
    }
}

fn edge_type(schema: &GraphSchema, name: &str) -> Type {
    let table = schema.hyperedge_table(name).map(|(table, _)| table.id);
    Type::Hyperedge(table.into_iter().collect())
}

fn id_array(ids: &BTreeMap<&str, Vec<Option<u64>>>, column: &str) -> ArrayRef {
    let own = ids.get(column).cloned().unwrap_or_default();
    Arc::new(UInt64Array::from(own))
}

fn path_of(parts: Vec<Value>) -> Value {
    let (mut nodes, mut relationships) = (Vec::new(), Vec::new());
    for (place, part) in parts.into_iter().enumerate() {
        if place % 2 == 0 {
            nodes.push(part);
        } else {
            relationships.push(part);
        }
    }
    Value::Path(Box::new(PathValue {
        nodes,
        relationships,
    }))
}
