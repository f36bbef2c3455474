//! What parsers make of a batch, without a look at other batches: keys become ids, values those that are stored.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ListArray, UInt64Array, new_null_array};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field};
use arrow::record_batch::RecordBatch;
use grism_core::{Cardinality, Error, Result, Role, Type, nearest};

use super::arrow_column::{decoded, plain_lists};
use super::grouped::split_cells;
use super::keys::{KeyColumn, NONE};
use super::parsed::Parsed;
use super::plan::{AbsentColumns, Plan, RolePlan};
use super::properties::{normalized_columns, required_column};

/// What a parser makes of a batch.
pub(super) struct Converted {
    pub(super) batch: RecordBatch,
    pub(super) parsed: Parsed,
    pub(super) properties: Vec<(String, Type, ArrayRef)>,
    /// The keys of what is loaded, or those that group the rows.
    pub(super) keys: Option<KeyColumn>,
    /// Of hyperedges: each role's members.
    pub(super) members: Vec<Members>,
}

/// The members of one role in one batch.
pub(super) struct Members {
    pub(super) keys: KeyColumn,
    pub(super) ids: Vec<u64>,
    /// Places of keys that no node has.
    pub(super) missing: Vec<usize>,
    /// For a column of lists: where each row's keys are, and which rows have a list.
    pub(super) lists: Option<ListArray>,
}

impl Members {
    /// The places of nulls in lists.
    pub(super) fn nulls_in_lists(&self) -> Vec<usize> {
        if self.lists.is_none() {
            return Vec::new();
        }
        let places = 0..self.ids.len();
        places
            .filter(|place| self.keys.get(*place).is_none())
            .collect()
    }

    /// The row that the key at `place` belongs to.
    pub(super) fn row_of(&self, place: usize) -> usize {
        match &self.lists {
            None => place,
            Some(lists) => {
                let offsets = lists.value_offsets();
                offsets.partition_point(|offset| *offset as usize <= place) - 1
            }
        }
    }
}

impl Plan {
    /// What needs no look at other batches; parsers do it at the same time.
    pub(super) fn convert(&self, parsed: Parsed) -> Result<Converted> {
        let batch = parsed.batch.clone();
        let members = self.roles.iter().map(|role| role.members(self, &batch));
        let members = members.collect::<Result<_>>()?;
        let grouping = self.grouping.as_ref().map(|own| own.by.as_str());
        let keys = grouping.or(self.key.as_deref());
        let keys = keys.map(|by| KeyColumn::new(by, required_column(&batch, by)?));
        Ok(Converted {
            keys: keys.transpose()?,
            properties: normalized_columns(&batch, &self.consumed)?,
            members,
            batch,
            parsed,
        })
    }

    /// Fails where a column that roles are read from is in none of several tables.
    ///
    /// # Errors
    /// `InvalidData`, with the nearest name.
    pub(super) fn check_columns(&self, read: &HashSet<String>) -> Result<()> {
        let mut wanted = self
            .consumed
            .iter()
            .filter(|_| self.absent == AbsentColumns::InOtherTables);
        match wanted.find(|column| !read.contains(*column)) {
            Some(column) => {
                let hint = nearest(column, read.iter().map(String::as_str))
                    .map(|near| format!("; did you mean `{near}`?"))
                    .unwrap_or_default();
                Err(Error::invalid_data(format!(
                    "no table has a column `{column}`{hint}"
                )))
            }
            None => Ok(()),
        }
    }
}

impl RolePlan {
    /// Whether a table may be without its column.
    pub(super) fn may_be_absent(&self, absent: AbsentColumns) -> bool {
        match absent {
            AbsentColumns::None => false,
            AbsentColumns::NotRequired => self.role.cardinality != Cardinality::One,
            AbsentColumns::InOtherTables | AbsentColumns::Any => true,
        }
    }

    fn members(&self, plan: &Plan, batch: &RecordBatch) -> Result<Members> {
        let column = match batch.column_by_name(&self.column) {
            None if self.may_be_absent(plan.absent) => {
                &new_null_array(&DataType::Null, batch.num_rows())
            }
            _ => required_column(batch, &self.column)?,
        };
        let column = match &plan.split {
            Some(separator) if self.role.cardinality == Cardinality::Many => {
                &split_cells(column, separator)?
            }
            _ => column,
        };
        let index = &plan.labels[self.label].index;
        let (lists, keys) = match plain_lists(&decoded(column)?)? {
            Some(_) if self.role.cardinality != Cardinality::Many => {
                return Err(Error::invalid_data(format!(
                    "the role `{}` is bound once, and the column `{}` holds lists",
                    self.role.name, self.column
                )));
            }
            Some(lists) => {
                let keys = KeyColumn::new(&self.column, lists.values())?;
                (Some(lists), keys)
            }
            None => (None, KeyColumn::new(&self.column, column)?),
        };
        let (ids, missing) = index.resolve(&keys)?;
        Ok(Members {
            keys,
            ids,
            missing,
            lists,
        })
    }
}

/// Lists of ids without those that are [`NONE`].
fn without_none(lists: &ListArray, ids: &[u64]) -> Result<ListArray> {
    let (mut kept, mut lengths) = (Vec::with_capacity(ids.len()), Vec::new());
    for range in lists.value_offsets().windows(2) {
        let before = kept.len();
        let own = &ids[range[0] as usize..range[1] as usize];
        kept.extend(own.iter().copied().filter(|id| *id != NONE));
        lengths.push(kept.len() - before);
    }
    Ok(ListArray::try_new(
        Arc::new(Field::new_list_field(DataType::UInt64, true)),
        OffsetBuffer::from_lengths(lengths),
        Arc::new(UInt64Array::from(kept)),
        lists.nulls().cloned(),
    )?)
}

impl Members {
    /// The members as the role's column.
    pub(super) fn into_column(self, role: &Role) -> Result<ArrayRef> {
        if let Some(lists) = &self.lists
            && self.ids.contains(&NONE)
        {
            return Ok(Arc::new(without_none(lists, &self.ids)?));
        }
        let nulls = self
            .ids
            .contains(&NONE)
            .then(|| self.ids.iter().map(|id| *id != NONE).collect());
        let ids = UInt64Array::new(self.ids.into(), nulls);
        let field = Arc::new(Field::new_list_field(DataType::UInt64, true));
        match (self.lists, role.cardinality) {
            (Some(lists), _) => Ok(Arc::new(ListArray::try_new(
                field,
                lists.offsets().clone(),
                Arc::new(ids),
                lists.nulls().cloned(),
            )?)),
            // A list of one for each id, empty for null.
            (None, Cardinality::Many) => {
                let lengths = (0..ids.len()).map(|row| usize::from(ids.is_valid(row)));
                let values: UInt64Array = ids.iter().flatten().collect();
                let offsets = OffsetBuffer::from_lengths(lengths);
                Ok(Arc::new(ListArray::try_new(
                    field,
                    offsets,
                    Arc::new(values),
                    None,
                )?))
            }
            (None, _) => Ok(Arc::new(ids)),
        }
    }
}
