//! The changed rows of a transaction, and the commit they become.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::ArrayRef;
use grism_core::{
    Cardinality, ChangeSet, GraphSchema, ID_COLUMN, LABELS_COLUMN, MemoryManager, OffsetSet,
    Result, RowBuffer, Snapshot, Table, TableId, Type, Value,
};

use super::cells::Cells;
use super::column_of;
use crate::columns::{id_array, named_batch};
use crate::shares::Shares;

/// Rows of a batch that is made of changed rows.
pub(super) const BATCH_ROWS: u64 = 1 << 14;

/// The changes of one table.
#[derive(Clone, Debug)]
pub(super) struct TableChanges {
    /// The offset of the first row that was created.
    pub(super) first: u64,
    /// How many rows were created.
    pub(super) created: u64,
    /// What was set of created and of stored rows: properties, roles and the labels.
    pub(super) cells: Cells,
    /// Offsets of rows that are gone, created ones among them.
    pub(super) deleted: OffsetSet,
}

impl TableChanges {
    pub(super) fn new(first: u64, shares: Shares) -> Self {
        Self {
            first,
            created: 0,
            cells: Cells::with_limit(shares.cells_bytes()),
            deleted: OffsetSet::new(),
        }
    }

    /// The offset behind the last row that was created.
    pub(super) fn end(&self) -> u64 {
        self.first + self.created
    }

    /// Whether a stored row was changed or deleted.
    pub(super) fn touches_stored(&self) -> bool {
        let stored = |offset: Option<u64>| offset.is_some_and(|offset| offset < self.first);
        stored(self.cells.touched().min()) || stored(self.deleted.min())
    }

    /// The offsets of the created rows, in ranges of a batch each.
    pub(super) fn created_ranges(&self) -> impl Iterator<Item = Range<u64>> + Send + use<> {
        let end = self.end();
        let starts = (self.first..end).step_by(BATCH_ROWS as usize);
        starts.map(move |start| start..end.min(start + BATCH_ROWS))
    }

    /// The offsets of the changed rows that were stored before and are not deleted, a batch at a time.
    pub(super) fn updated_pieces(&self) -> impl Iterator<Item = Vec<u64>> + '_ {
        let mut offsets = self
            .cells
            .touched()
            .iter()
            .take_while(|offset| *offset < self.first)
            .filter(|offset| !self.deleted.contains(*offset));
        std::iter::from_fn(move || {
            let piece: Vec<u64> = offsets.by_ref().take(BATCH_ROWS as usize).collect();
            (!piece.is_empty()).then_some(piece)
        })
    }

    /// Columns of rows that were created or changed; null where nothing was set.
    pub(super) fn columns(
        &self,
        table: &Table,
        offsets: &[u64],
        names: &[String],
    ) -> Result<Vec<ArrayRef>> {
        let cells = self.cells.cells(offsets, names)?;
        let columns = names.iter().zip(cells).map(|(name, cells)| {
            let values: Vec<Value> = cells
                .into_iter()
                .map(|cell| cell.unwrap_or(Value::Null))
                .collect();
            column_of(&values, &value_type(table, name))
        });
        columns.collect()
    }

    /// The names of the columns that were set and that the table stores.
    pub(super) fn stored_names(&self, table: &Table) -> Vec<String> {
        let names = self.cells.names().iter();
        let mut names: Vec<String> = names
            .filter(|name| value_type(table, name) != Type::Null)
            .cloned()
            .collect();
        names.sort_unstable();
        names
    }

    /// Which of the `required` roles, by their columns, a created row does not bind, or a changed one binds no more.
    pub(super) fn unbound_role(&self, required: &[String]) -> Result<Option<usize>> {
        for range in self.created_ranges() {
            let offsets: Vec<u64> = range
                .filter(|offset| !self.deleted.contains(*offset))
                .collect();
            let cells = self.cells.cells(&offsets, required)?;
            let is_unbound = |cell: &Option<Value>| cell.as_ref().is_none_or(Value::is_null);
            if let Some(role) = cells.iter().position(|cells| cells.iter().any(is_unbound)) {
                return Ok(Some(role));
            }
        }
        if !required.iter().any(|role| self.cells.sets(role)) {
            return Ok(None);
        }
        for offsets in self.updated_pieces() {
            let cells = self.cells.cells(&offsets, required)?;
            let is_emptied = |cell: &Option<Value>| cell.as_ref().is_some_and(Value::is_null);
            if let Some(role) = cells.iter().position(|cells| cells.iter().any(is_emptied)) {
                return Ok(Some(role));
            }
        }
        Ok(None)
    }
}

/// The type of a column of a table.
pub(super) fn value_type(table: &Table, name: &str) -> Type {
    if name == LABELS_COLUMN {
        return Type::String.list();
    }
    if let Some(role) = table.hyperedge_type().and_then(|ty| ty.role_in(name)) {
        let member = Type::Node([].into());
        return match role.cardinality {
            Cardinality::Many => member.list(),
            _ => member,
        };
    }
    table
        .property_in(name)
        .map_or(Type::Null, |property| property.value_type.clone())
}

/// The commit that the changes of all tables make.
pub(super) fn change_set(
    base: &dyn Snapshot,
    schema: GraphSchema,
    tables: BTreeMap<TableId, Arc<TableChanges>>,
) -> Result<ChangeSet> {
    let mut commit = ChangeSet::new(base, schema);
    for (id, changes) in tables {
        let table = commit.schema.table(id)?.clone();
        append(&mut commit, &table, &changes, base.memory())?;
        update(&mut commit, &table, &changes, base.memory())?;
        if !changes.deleted.is_empty() {
            commit.deletes.insert(id, changes.deleted.clone());
        }
    }
    Ok(commit)
}

fn append(
    commit: &mut ChangeSet,
    table: &Table,
    changes: &TableChanges,
    memory: &Arc<dyn MemoryManager>,
) -> Result<()> {
    if changes.created == 0 {
        return Ok(());
    }
    let names = changes.stored_names(table);
    let limit = Shares::of(memory.as_ref()).waiting_bytes() / 2;
    let mut rows = RowBuffer::new(limit, memory);
    for range in changes.created_ranges() {
        let offsets: Vec<u64> = range.collect();
        let columns = changes.columns(table, &offsets, &names)?;
        rows.push(named_batch(&names, columns, offsets.len())?)?;
    }
    commit.appends.insert(table.id, rows.finish()?);
    Ok(())
}

/// Rows that change the same columns share batches.
fn update(
    commit: &mut ChangeSet,
    table: &Table,
    changes: &TableChanges,
    memory: &Arc<dyn MemoryManager>,
) -> Result<()> {
    let limit = Shares::of(memory.as_ref()).waiting_bytes() / 8;
    let mut groups: BTreeMap<Vec<String>, RowBuffer> = BTreeMap::new();
    for piece in changes.updated_pieces() {
        for (mut names, offsets) in changes.cells.by_columns(&piece)? {
            names.retain(|name| value_type(table, name) != Type::Null);
            names.sort_unstable();
            if names.is_empty() {
                continue;
            }
            let mut columns = vec![id_array(table.id, offsets.iter().copied())];
            columns.extend(changes.columns(table, &offsets, &names)?);
            let with_id: Vec<String> = std::iter::once(ID_COLUMN.to_owned())
                .chain(names.iter().cloned())
                .collect();
            let batch = named_batch(&with_id, columns, offsets.len())?;
            let rows = groups
                .entry(names)
                .or_insert_with(|| RowBuffer::new(limit, memory));
            rows.push(batch)?;
        }
    }
    let mut pieces = Vec::new();
    for rows in groups.into_values() {
        pieces.extend(rows.finish()?);
    }
    if !pieces.is_empty() {
        commit.updates.insert(table.id, pieces);
    }
    Ok(())
}
