//! The changed rows of a transaction, and the commit they become.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::ArrayRef;
use arrow::record_batch::RecordBatch;
use grism_core::{
    Cardinality, ChangeSet, EntityId, GraphSchema, ID_COLUMN, LABELS_COLUMN, Result, SnapshotId,
    Table, TableId, Type, Value,
};

use super::column_of;
use crate::columns::{id_array, named_batch};

/// The columns of a row that were set, by name: properties, roles and the labels.
pub(super) type Row = BTreeMap<String, Value>;

/// The changes of one table.
#[derive(Clone, Debug)]
pub(super) struct TableChanges {
    /// The offset of the first row that was created.
    pub(super) first: u64,
    pub(super) created: Vec<Row>,
    pub(super) updated: BTreeMap<u64, Row>,
    /// Offsets of rows that are gone, created ones among them.
    pub(super) deleted: BTreeSet<u64>,
}

impl TableChanges {
    pub(super) fn new(first: u64) -> Self {
        Self {
            first,
            created: Vec::new(),
            updated: BTreeMap::new(),
            deleted: BTreeSet::new(),
        }
    }

    /// The changed columns of the row at `offset`.
    pub(super) fn row(&mut self, offset: u64) -> &mut Row {
        match offset.checked_sub(self.first) {
            Some(place) if (place as usize) < self.created.len() => {
                &mut self.created[place as usize]
            }
            _ => self.updated.entry(offset).or_default(),
        }
    }
}

/// The type of a column of a table.
pub(super) fn value_type(table: &Table, name: &str) -> Type {
    if name == LABELS_COLUMN {
        return Type::String.list();
    }
    if let Some(role) = table.hyperedge_type().and_then(|ty| ty.role(name)) {
        let member = Type::Node([].into());
        return match role.cardinality {
            Cardinality::Many => member.list(),
            _ => member,
        };
    }
    table
        .property(name)
        .map_or(Type::Null, |property| property.value_type.clone())
}

/// Columns of rows, each of the type the table has for it.
pub(super) fn columns_of(table: &Table, rows: &[&Row], names: &[String]) -> Result<Vec<ArrayRef>> {
    names
        .iter()
        .map(|name| {
            let cells: Vec<Value> = rows
                .iter()
                .map(|row| row.get(name).cloned().unwrap_or(Value::Null))
                .collect();
            column_of(&cells, &value_type(table, name))
        })
        .collect()
}

/// Every column that one of the rows sets.
pub(super) fn names_of<'a>(rows: impl Iterator<Item = &'a Row>) -> Vec<String> {
    let names: BTreeSet<&String> = rows.flat_map(BTreeMap::keys).collect();
    names.into_iter().cloned().collect()
}

/// The commit that the changes of all tables make.
pub(super) fn change_set(
    base: SnapshotId,
    schema: GraphSchema,
    tables: BTreeMap<TableId, TableChanges>,
) -> Result<ChangeSet> {
    let mut commit = ChangeSet::new(base, schema);
    for (id, changes) in tables {
        let table = commit.schema.table(id)?.clone();
        if !changes.created.is_empty() {
            let rows: Vec<&Row> = changes.created.iter().collect();
            let names: Vec<String> = names_of(changes.created.iter())
                .into_iter()
                .filter(|name| value_type(&table, name) != Type::Null)
                .collect();
            let columns = columns_of(&table, &rows, &names)?;
            commit.append(id, named_batch(&names, columns, rows.len())?);
        }
        for batch in updates(&table, &changes)? {
            commit.update(id, batch);
        }
        if !changes.deleted.is_empty() {
            let deleted = changes.deleted.into_iter().collect();
            commit.deletes.insert(id, deleted);
        }
    }
    Ok(commit)
}

/// Rows that change the same columns share a batch.
fn updates(table: &Table, changes: &TableChanges) -> Result<Vec<RecordBatch>> {
    let mut groups: BTreeMap<Vec<String>, Vec<(u64, &Row)>> = BTreeMap::new();
    for (offset, row) in &changes.updated {
        if changes.deleted.contains(offset) || row.is_empty() {
            continue;
        }
        let names = row
            .keys()
            .filter(|name| value_type(table, name) != Type::Null)
            .cloned()
            .collect();
        groups.entry(names).or_default().push((*offset, row));
    }
    groups
        .into_iter()
        .filter(|(names, _)| !names.is_empty())
        .map(|(names, rows)| {
            let (offsets, rows): (Vec<u64>, Vec<&Row>) = rows.into_iter().unzip();
            let mut columns = vec![id_array(table.id, offsets.iter().copied())];
            columns.extend(columns_of(table, &rows, &names)?);
            let names: Vec<String> = std::iter::once(ID_COLUMN.to_owned()).chain(names).collect();
            debug_assert!(
                offsets
                    .iter()
                    .all(|offset| EntityId::new(table.id, *offset).offset() == *offset)
            );
            named_batch(&names, columns, offsets.len())
        })
        .collect()
}
