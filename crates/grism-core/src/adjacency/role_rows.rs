//! Rows of hyperedges, read for the members of one role.

use arrow::array::{Array, AsArray, ListArray, UInt64Array};
use arrow::datatypes::UInt64Type;
use arrow::record_batch::RecordBatch;

use crate::{AppendedRows, EntityId, Error, ID_COLUMN, Result, TableId};

/// Rows of hyperedges, and the role of them that is looked at.
#[derive(Clone, Debug)]
pub(super) struct RoleRows {
    pub(super) pieces: Vec<AppendedRows>,
    pub(super) table: TableId,
    /// The role's column.
    pub(super) column: String,
    /// For a binary edge, the column of the role at its other end.
    pub(super) opposite: Option<String>,
    /// The offset of the first row, where the rows have no ids.
    pub(super) first_offset: u64,
}

impl RoleRows {
    /// Shows every incidence: member, hyperedge, position, opposite.
    pub(super) fn visit(&self, mut visit: impl FnMut(u64, u64, u32, u64)) -> Result<()> {
        let first = EntityId::new(self.table, self.first_offset).raw();
        let mut next = first;
        for piece in &self.pieces {
            for batch in piece.batches()? {
                let batch = batch?;
                let ids = ids(&batch, ID_COLUMN);
                let hyperedge = |row: usize| match ids {
                    Some(ids) => ids.value(row),
                    None => next + row as u64,
                };
                let opposites = self
                    .opposite
                    .as_ref()
                    .and_then(|column| self::ids(&batch, column));
                let opposite = |row: usize| opposites.map_or(0, |ids| ids.value(row));
                if let Some(members) = self::ids(&batch, &self.column) {
                    if members.null_count() == 0 {
                        for (row, member) in members.values().iter().enumerate() {
                            visit(*member, hyperedge(row), 0, opposite(row));
                        }
                    } else {
                        for (row, member) in members.iter().enumerate() {
                            if let Some(member) = member {
                                visit(member, hyperedge(row), 0, opposite(row));
                            }
                        }
                    }
                } else if let Some(lists) = lists(&batch, &self.column)? {
                    let (offsets, values) = (lists.0.value_offsets(), lists.1);
                    for row in (0..lists.0.len()).filter(|row| lists.0.is_valid(*row)) {
                        for (position, place) in (offsets[row]..offsets[row + 1]).enumerate() {
                            if values.is_valid(place as usize) {
                                let member = values.value(place as usize);
                                visit(member, hyperedge(row), position as u32, 0);
                            }
                        }
                    }
                }
                next += batch.num_rows() as u64;
            }
        }
        Ok(())
    }
}

fn ids<'a>(batch: &'a RecordBatch, name: &str) -> Option<&'a UInt64Array> {
    batch
        .column_by_name(name)
        .and_then(|column| column.as_primitive_opt::<UInt64Type>())
}

fn lists<'a>(
    batch: &'a RecordBatch,
    role: &str,
) -> Result<Option<(&'a ListArray, &'a UInt64Array)>> {
    let Some(lists) = batch
        .column_by_name(role)
        .and_then(|column| column.as_list_opt::<i32>())
    else {
        return Ok(None);
    };
    let values = lists
        .values()
        .as_primitive_opt::<UInt64Type>()
        .ok_or_else(|| Error::internal(format!("the role `{role}` is no list of ids")))?;
    Ok(Some((lists, values)))
}
