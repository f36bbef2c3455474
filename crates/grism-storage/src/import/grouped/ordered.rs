//! The rows of each group in their order, and the entities that they are.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, UInt64Array};
use arrow::buffer::OffsetBuffer;
use arrow::compute::take;
use arrow::datatypes::{DataType, Field, UInt64Type};
use arrow::record_batch::RecordBatch;
use grism_core::{Result, Role};

use super::grouped_rows::{GroupedRows, NONE, Single};
use crate::columns::named_batch;

/// The rows of each group, in order.
pub(super) struct Ordered {
    grouping: GroupedRows,
    /// Where the rows of each group begin, and where the last ones end.
    starts: Vec<usize>,
    rows: Vec<u32>,
    /// Of roles that take many: the only row of each group whose members count; [`NONE`] for none. Other roles have the
    /// members of all rows.
    last: HashMap<String, Vec<u32>>,
}

impl Ordered {
    pub(super) fn new(grouping: GroupedRows) -> Self {
        let mut starts = vec![0; grouping.groups + 1];
        for (_, group) in grouping.rows() {
            starts[group + 1] += 1;
        }
        for group in 0..grouping.groups {
            starts[group + 1] += starts[group];
        }
        let mut next = starts.clone();
        let mut rows = vec![0; starts[grouping.groups]];
        for (row, group) in grouping.rows() {
            rows[next[group]] = row as u32;
            next[group] += 1;
        }
        Self {
            grouping,
            starts,
            rows,
            last: HashMap::new(),
        }
    }

    /// The rows of a group.
    pub(super) fn rows(&self, group: usize) -> &[u32] {
        &self.rows[self.starts[group]..self.starts[group + 1]]
    }

    /// Has only the last row of each group that says something of a role count.
    pub(super) fn choose_last(&mut self, role: &str, says: impl Fn(usize) -> bool) {
        let last = (0..self.grouping.groups).map(|group| {
            let mut rows = self.rows(group).iter().rev().copied();
            rows.find(|row| says(*row as usize)).unwrap_or(NONE)
        });
        let last = last.collect();
        self.last.insert(role.to_owned(), last);
    }

    /// The ids of a group's members in one role.
    fn members<'b>(
        &self,
        group: usize,
        role: &Role,
        lists: &'b ListArray,
    ) -> impl Iterator<Item = &'b [u64]> {
        let ids = lists.values().as_primitive::<UInt64Type>().values();
        let offsets = lists.value_offsets();
        let only = self.last.get(&role.name).map(|last| last[group]);
        let rows = self.rows(group).iter();
        rows.filter(move |row| only.is_none_or(|only| only == **row))
            .map(|row| *row as usize)
            .filter(|row| lists.is_valid(*row))
            .map(|row| &ids[offsets[row] as usize..offsets[row + 1] as usize])
    }

    /// How many of some groups leave each role unbound.
    pub(super) fn unbound(
        &self,
        groups: &[usize],
        singles: &[Single<'_>],
        lists: &[(&Role, &ListArray)],
    ) -> BTreeMap<String, u64> {
        let mut unbound = BTreeMap::new();
        for single in singles {
            if let Some(role) = single.role {
                let is_unbound = |group: &&usize| {
                    let chosen = self.chosen(**group, single, singles.len());
                    chosen.is_none_or(|row| single.values.is_null(row as usize))
                };
                let own = groups.iter().filter(is_unbound);
                unbound.insert(role.name.clone(), own.count() as u64);
            }
        }
        for (role, own) in lists {
            let is_empty = |group: &&usize| self.members(**group, role, own).all(<[u64]>::is_empty);
            let own = groups.iter().filter(is_empty);
            unbound.insert(role.name.clone(), own.count() as u64);
        }
        unbound.retain(|_, count| *count > 0);
        unbound
    }

    /// The row of a group whose value of a column counts.
    fn chosen(&self, group: usize, single: &Single<'_>, singles: usize) -> Option<u64> {
        let chosen = self.grouping.chosen[group * singles + single.place];
        (chosen != NONE).then_some(u64::from(chosen))
    }

    /// One row for each of some groups.
    ///
    /// # Errors
    /// Those of Arrow.
    pub(super) fn entities(
        &self,
        groups: &[usize],
        singles: &[Single<'_>],
        lists: &[(&Role, &ListArray)],
    ) -> Result<RecordBatch> {
        let (mut names, mut columns) = (Vec::new(), Vec::<ArrayRef>::new());
        for (role, own) in lists {
            let (mut members, mut lengths) = (Vec::new(), Vec::with_capacity(groups.len()));
            for group in groups {
                let before = members.len();
                self.members(*group, role, own)
                    .for_each(|own| members.extend_from_slice(own));
                lengths.push(members.len() - before);
            }
            names.push(role.column().into_owned());
            columns.push(Arc::new(ListArray::try_new(
                Arc::new(Field::new_list_field(DataType::UInt64, true)),
                OffsetBuffer::from_lengths(lengths),
                Arc::new(UInt64Array::from(members)),
                None,
            )?));
        }
        for single in singles {
            let chosen = groups.iter();
            let chosen = chosen.map(|group| self.chosen(*group, single, singles.len()));
            let chosen: UInt64Array = chosen.collect();
            names.push(single.stored.to_owned());
            columns.push(take(single.values, &chosen, None)?);
        }
        named_batch(&names, columns, groups.len())
    }
}

#[cfg(test)]
mod tests {
    use super::super::rules::Agreement;
    use super::*;

    #[test]
    fn rows_stand_in_their_groups_in_order() {
        let mut grouping = GroupedRows::new(6, Agreement::Required);
        for (row, group) in [0, 1, 0, 2, 1, 0].into_iter().enumerate() {
            assert!(grouping.add(row, group, &[], |_| true).is_none());
        }
        grouping.group_of[2] = NONE;
        let ordered = Ordered::new(grouping);
        assert_eq!(ordered.starts, [0, 2, 4, 5]);
        assert_eq!(ordered.rows, [0, 5, 1, 4, 3]);
    }
}
