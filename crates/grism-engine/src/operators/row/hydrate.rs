//! `HydrateExec`: the contents of nodes and hyperedges that stand within dynamically typed values.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, UInt32Array};
use arrow::record_batch::RecordBatch;
use futures::{StreamExt, TryStreamExt};
use grism_core::{
    EntityId, Error, HyperedgeContents, HyperedgeValue, LABELS_COLUMN, NodeContents, Result,
    Snapshot, TableId, Type, Value,
};
use grism_functions::SharedValues;
use serde::{Deserialize, Serialize};

use crate::operators::names::{comma_separated, shown};
use crate::{
    ExecutionContextTrait, OperatorRun, PhysicalSchema, PlanProperties, RecordBatchStream, Unary,
    UnaryExec,
};

/// Reads labels, types, members and properties of every node and hyperedge in some dynamically typed columns.
///
/// Output: the input's columns, rows, order and partitioning.
#[derive(Debug, Serialize, Deserialize)]
pub struct HydrateExec {
    columns: Vec<String>,
    /// How many levels of members are read: 1 reads the entities themselves.
    depth: u8,
}

impl HydrateExec {
    /// Reads what stands in `columns`, `depth` levels of members deep.
    #[must_use]
    pub fn new(columns: Vec<String>, depth: u8) -> Self {
        Self { columns, depth }
    }
}

#[typetag::serde]
impl Unary for HydrateExec {
    fn name(&self) -> &'static str {
        "HydrateExec"
    }

    fn schema(&self, input: &PhysicalSchema) -> Result<PhysicalSchema> {
        Ok(input.clone())
    }

    fn properties(&self, own: &UnaryExec, input: &PlanProperties) -> PlanProperties {
        PlanProperties::filtered(input, own.schema())
    }

    fn advice(&self, run: &OperatorRun<'_>) -> Option<String> {
        Some(format!(
            "whole entities are read for {} rows: return the properties that are needed instead, or fewer rows",
            run.first_input()
        ))
    }

    fn describe(&self) -> String {
        format!(
            "Hydrate({})",
            comma_separated(self.columns.iter().map(|column| shown(column).to_owned()))
        )
    }

    fn execute(
        &self,
        own: &UnaryExec,
        context: Arc<dyn ExecutionContextTrait>,
    ) -> Result<RecordBatchStream> {
        let snapshot = Arc::clone(&context.query().snapshot);
        let mut input = own.run_input(&context)?;
        let depth = self.depth;
        let places = self
            .columns
            .iter()
            .map(|column| {
                let index = own.schema().index_of(column)?;
                Ok((index, own.schema().columns().columns[index].ty.clone()))
            })
            .collect::<Result<Vec<(usize, Type)>>>()?;
        let hydrated = async_stream::try_stream! {
            while let Some(batch) = input.try_next().await? {
                let mut columns = batch.columns().to_vec();
                for (place, ty) in &places {
                    let (column, keys) = read_once(&columns[*place])?;
                    let mut values = (0..column.len())
                        .map(|row| Value::from_typed(&column, row, ty))
                        .collect::<Result<Vec<_>>>()?;
                    hydrate(snapshot.as_ref(), &mut values, depth).await?;
                    let column = Value::column(&values, &ty.to_arrow())?;
                    columns[*place] = shared_again(column, keys)?;
                }
                yield RecordBatch::try_new(batch.schema(), columns).map_err(Error::from)?;
            }
        };
        Ok(hydrated.boxed())
    }
}

/// The values of a column, what rows share once only, and which of them each row has.
fn read_once(column: &ArrayRef) -> Result<(ArrayRef, Option<UInt32Array>)> {
    Ok(match SharedValues::of(column)? {
        Some(shared) => {
            let shared = shared.compacted()?;
            (shared.values, Some(shared.keys))
        }
        None => (Arc::clone(column), None),
    })
}

fn shared_again(values: ArrayRef, keys: Option<UInt32Array>) -> Result<ArrayRef> {
    match keys {
        Some(keys) => SharedValues { keys, values }.into_column(),
        None => Ok(values),
    }
}

/// Reads the contents of every entity within `values` that has none yet, and of the members of hyperedges `depth - 1` levels
/// deep.
///
/// # Errors
/// Those of the storage.
pub async fn hydrate(snapshot: &dyn Snapshot, values: &mut [Value], depth: u8) -> Result<()> {
    for level in 1..=depth {
        read_level(snapshot, values, level).await?;
    }
    Ok(())
}

/// Reads what is missing down to the level `level`.
async fn read_level(snapshot: &dyn Snapshot, values: &mut [Value], level: u8) -> Result<()> {
    let mut ids = Vec::new();
    for value in values.iter() {
        missing(value, level, &mut ids);
    }
    if ids.is_empty() {
        return Ok(());
    }
    ids.sort_unstable();
    ids.dedup();
    let mut by_table: BTreeMap<TableId, Vec<u64>> = BTreeMap::new();
    for id in ids {
        let id = EntityId::from_raw(id);
        by_table.entry(id.table()).or_default().push(id.offset());
    }
    let mut known = BTreeMap::new();
    for (table, offsets) in by_table {
        read_contents(snapshot, table, &offsets, &mut known).await?;
    }
    for value in values {
        fill(value, level, &known);
    }
    Ok(())
}

fn missing(value: &Value, level: u8, ids: &mut Vec<u64>) {
    match value {
        Value::Node(node) if node.contents.is_none() => ids.push(node.id),
        Value::Hyperedge(hyperedge) => missing_of(hyperedge, level, ids),
        Value::List(items) => items.iter().for_each(|item| missing(item, level, ids)),
        Value::Map(entries) => entries.values().for_each(|item| missing(item, level, ids)),
        Value::Path(path) => {
            let parts = path.nodes.iter().chain(&path.relationships);
            parts.for_each(|part| missing(part, level, ids));
        }
        Value::Incidence(incidence) => {
            missing_of(&incidence.hyperedge, level, ids);
            missing(&incidence.member, level, ids);
        }
        _ => {}
    }
}

fn missing_of(hyperedge: &HyperedgeValue, level: u8, ids: &mut Vec<u64>) {
    match &hyperedge.contents {
        None => ids.push(hyperedge.id),
        Some(contents) if level > 1 => {
            let members = contents.members.iter().flat_map(|(_, members)| members);
            members.for_each(|member| missing(member, level - 1, ids));
        }
        Some(_) => {}
    }
}

fn fill(value: &mut Value, level: u8, known: &BTreeMap<u64, Value>) {
    match value {
        Value::Node(node) if node.contents.is_none() => {
            if let Some(read) = known.get(&node.id) {
                *value = read.clone();
            }
        }
        Value::Hyperedge(hyperedge) if hyperedge.contents.is_none() => {
            if let Some(read) = known.get(&hyperedge.id) {
                *value = read.clone();
            }
        }
        Value::Hyperedge(hyperedge) if level > 1 => fill_members(hyperedge, level, known),
        Value::List(items) => items.iter_mut().for_each(|item| fill(item, level, known)),
        Value::Map(entries) => entries
            .values_mut()
            .for_each(|item| fill(item, level, known)),
        Value::Path(path) => {
            let parts = path.nodes.iter_mut().chain(&mut path.relationships);
            parts.for_each(|part| fill(part, level, known));
        }
        Value::Incidence(incidence) => {
            if incidence.hyperedge.contents.is_some() {
                fill_members(&mut incidence.hyperedge, level, known);
            } else if let Some(Value::Hyperedge(read)) = known.get(&incidence.hyperedge.id) {
                incidence.hyperedge = (**read).clone();
            }
            fill(&mut incidence.member, level, known);
        }
        _ => {}
    }
}

fn fill_members(hyperedge: &mut HyperedgeValue, level: u8, known: &BTreeMap<u64, Value>) {
    if level < 2 {
        return;
    }
    let contents = hyperedge.contents.iter_mut();
    for (_, members) in contents.flat_map(|contents| &mut contents.members) {
        members
            .iter_mut()
            .for_each(|member| fill(member, level - 1, known));
    }
}

async fn read_contents(
    snapshot: &dyn Snapshot,
    table: TableId,
    offsets: &[u64],
    known: &mut BTreeMap<u64, Value>,
) -> Result<()> {
    let entry = snapshot.schema().table(table)?;
    let mut columns: Vec<String> = entry
        .properties
        .iter()
        .map(|property| property.column().to_owned())
        .collect();
    let roles: Vec<String> = entry
        .hyperedge_type()
        .map(|ty| ty.roles.iter().map(|role| role.name.clone()).collect())
        .unwrap_or_default();
    let ty = entry.hyperedge_type();
    columns.extend(ty.into_iter().flat_map(|ty| ty.role_columns()));
    let changed = !entry.changed_labels.is_empty();
    if changed {
        columns.push(LABELS_COLUMN.to_owned());
    }
    let batch = snapshot.take(table, offsets, &columns).await?;
    for (row, offset) in offsets.iter().enumerate() {
        let id = EntityId::new(table, *offset).raw();
        let mut properties = BTreeMap::new();
        for (property, column) in entry.properties.iter().zip(batch.columns()) {
            let value = Value::from_typed(column, row, &property.value_type)?;
            if !value.is_null() {
                properties.insert(property.name.clone(), value);
            }
        }
        let value = match entry.hyperedge_type() {
            None => {
                let mut labels = entry.labels().to_vec();
                if changed
                    && let Some(column) = batch.column_by_name(LABELS_COLUMN)
                    && let Value::List(current) = Value::from_array(column, row)?
                {
                    labels = current
                        .into_iter()
                        .filter_map(|label| match label {
                            Value::String(label) => Some(label),
                            _ => None,
                        })
                        .collect();
                }
                Value::Node(Box::new(grism_core::NodeValue {
                    id,
                    contents: Some(NodeContents { labels, properties }),
                }))
            }
            Some(hyperedge_type) => {
                let first = entry.properties.len();
                let members = roles
                    .iter()
                    .zip(&batch.columns()[first..])
                    .map(|(role, column)| {
                        let members = members_of(snapshot, column, row)?;
                        Ok((role.clone(), members))
                    })
                    .collect::<Result<_>>()?;
                let contents = HyperedgeContents {
                    type_name: hyperedge_type.name.clone(),
                    members,
                    properties,
                };
                Value::Hyperedge(Box::new(HyperedgeValue {
                    id,
                    contents: Some(contents),
                }))
            }
        };
        known.insert(id, value);
    }
    Ok(())
}

fn members_of(snapshot: &dyn Snapshot, column: &dyn Array, row: usize) -> Result<Vec<Value>> {
    let members = match Value::from_array(column, row)? {
        Value::Null => Vec::new(),
        Value::List(members) => members,
        member => vec![member],
    };
    Ok(members
        .into_iter()
        .filter_map(|member| {
            let id = member.entity_id()?;
            let table = snapshot
                .schema()
                .table(EntityId::from_raw(id).table())
                .ok()?;
            Some(match table.hyperedge_type() {
                Some(_) => Value::hyperedge(id),
                None => Value::node(id),
            })
        })
        .collect())
}
