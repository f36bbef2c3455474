//! Rows of groups become hyperedges: what rows say once must agree, members of roles that take many stand in row order.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use ahash::RandomState;
use arrow::array::{
    Array, ArrayRef, AsArray, DynComparator, ListArray, UInt64Array, make_comparator,
};
use arrow::buffer::OffsetBuffer;
use arrow::compute::{SortOptions, take};
use arrow::datatypes::{DataType, Field, UInt64Type};
use arrow::record_batch::RecordBatch;
use grism_core::{Cardinality, Result, Role, Table};

use super::origins::Origins;
use super::rows::BEFORE;
use crate::columns::named_batch;
use crate::import::plan::HyperedgesPlan;
use crate::import::rejects::Rejected;

/// Hyperedges that are made into one batch.
const BATCH_GROUPS: usize = 1 << 16;
/// Stands for no row, and for no group.
const NONE: u32 = u32::MAX;

/// What is known of the rows of a load.
pub(in crate::import) struct GroupRules<'a> {
    /// The table of the hyperedges, as it is once all rows are read.
    pub(super) table: &'a Table,
    by: &'a str,
    plan: &'a HyperedgesPlan,
}

/// What some groups became.
pub(in crate::import) struct Merged {
    /// The hyperedges.
    pub(in crate::import) batches: Vec<RecordBatch>,
    /// Rows that do not agree with others, or lack what all of their group lack.
    pub(in crate::import) rejected: Vec<Rejected>,
    /// Hyperedges that leave a role unbound, by role.
    pub(in crate::import) unbound: BTreeMap<String, u64>,
}

impl<'a> GroupRules<'a> {
    pub(in crate::import) fn new(table: &'a Table, by: &'a str, plan: &'a HyperedgesPlan) -> Self {
        Self { table, by, plan }
    }

    /// The role that a column of the table is, and the column that it is read from.
    fn role(&self, column: &str) -> Option<(&'a Role, &'a str)> {
        let mut roles = self.plan.roles.iter();
        let own = roles.find(|own| own.role.column() == column)?;
        Some((&own.role, &own.column))
    }
}

/// A column whose value the rows of a group have in common.
struct Single<'a> {
    place: usize,
    /// The column's name in the table.
    stored: &'a str,
    /// Its name in the source.
    name: &'a str,
    role: Option<&'a Role>,
    values: &'a ArrayRef,
    /// `None` for the key, which may be written as a number here and as a text there.
    compare: Option<DynComparator>,
}

impl<'a> Single<'a> {
    fn new(
        rules: &GroupRules<'a>,
        place: usize,
        stored: &'a str,
        values: &'a ArrayRef,
    ) -> Result<Self> {
        let role = rules.role(stored);
        let name = match role {
            Some((_, source)) => source,
            None => {
                let property = rules.table.property_in(stored);
                property.map_or(stored, |own| own.name.as_str())
            }
        };
        let compare = match role {
            None if name == rules.by => None,
            _ => Some(make_comparator(values, values, SortOptions::default())?),
        };
        Ok(Self {
            place,
            stored,
            name,
            role: role.map(|(role, _)| role),
            values,
            compare,
        })
    }

    /// Whether a row says something else than the first one; null says nothing.
    fn differs(&self, first: u32, row: usize) -> bool {
        let Some(compare) = self.compare.as_ref().filter(|_| first != NONE) else {
            return false;
        };
        self.values.is_valid(row) && compare(first as usize, row) != Ordering::Equal
    }
}

/// The groups of some rows.
struct Grouping {
    /// The group of each row; [`NONE`] for those that are rejected.
    group_of: Vec<u32>,
    /// For each group the first row that says something of each single column.
    firsts: Vec<u32>,
    groups: usize,
}

/// The hyperedges that rows are; all rows of each group are here.
///
/// # Errors
/// Those of Arrow.
pub(super) fn merged(
    rows: &RecordBatch,
    rules: &GroupRules<'_>,
    origins: &Origins,
) -> Result<Merged> {
    let (mut singles, mut lists) = (Vec::new(), Vec::new());
    let fields = rows.schema_ref().fields();
    for (field, values) in fields.iter().zip(rows.columns()).skip(BEFORE) {
        match rules.role(field.name()) {
            Some((role, _)) if role.cardinality == Cardinality::Many => {
                lists.push((role, values.as_list::<i32>()));
            }
            _ => singles.push(Single::new(rules, singles.len(), field.name(), values)?),
        }
    }
    let mut wrong: Vec<(usize, &str, String)> = Vec::new();
    let places = &rows.columns()[1..BEFORE];
    let (keys, by) = (rows.column(0).as_string::<i32>(), rules.by);
    let mut grouping = Grouping::new(rows.num_rows());
    let mut numbers: HashMap<&str, usize, RandomState> = HashMap::default();
    for row in 0..rows.num_rows() {
        let next = numbers.len();
        let group = *numbers.entry(keys.value(row)).or_insert(next);
        if let Some((first, single)) = grouping.add(row, group, &singles) {
            let what = match single.role {
                Some(role) => format!("the role `{}` is bound to another member", role.name),
                None => format!("`{}` is another", single.name),
            };
            let (first, key) = (origins.place(places, first)?, keys.value(row));
            let reason = format!("{what} than in {first}, which has the same `{by}` '{key}'");
            wrong.push((row, single.name, reason));
        }
    }
    let refused = grouping.without_required(&singles);
    for row in 0..rows.num_rows() {
        let Some(single) = refused.get(&grouping.group_of[row]) else {
            continue;
        };
        let (name, key) = (single.role.map_or("", |role| &role.name), keys.value(row));
        let reason =
            format!("the role `{name}` is required, and no row with the `{by}` '{key}' binds it");
        wrong.push((row, single.name, reason));
        grouping.group_of[row] = NONE;
    }
    wrong.sort_by_key(|(row, ..)| *row);
    let rejected = wrong.into_iter().map(|(row, column, reason)| {
        let rejected = origins.rejected(places, row, reason)?;
        Ok(rejected.in_column(column))
    });
    let rejected = rejected.collect::<Result<Vec<_>>>()?;
    let kept: Vec<usize> = (0..grouping.groups)
        .filter(|group| !refused.contains_key(&(*group as u32)))
        .collect();
    let groups = Ordered::new(&grouping);
    let batches = kept
        .chunks(BATCH_GROUPS)
        .map(|own| groups.hyperedges(own, &singles, &lists));
    Ok(Merged {
        batches: batches.collect::<Result<_>>()?,
        rejected,
        unbound: groups.unbound(&kept, &singles, &lists),
    })
}

impl Grouping {
    fn new(rows: usize) -> Self {
        Self {
            group_of: Vec::with_capacity(rows),
            firsts: Vec::new(),
            groups: 0,
        }
    }

    /// Adds the next row; where it contradicts a row before, it belongs to no group, and that row comes back.
    fn add<'a, 'b>(
        &mut self,
        row: usize,
        group: usize,
        singles: &'b [Single<'a>],
    ) -> Option<(usize, &'b Single<'a>)> {
        if group == self.groups {
            self.groups += 1;
            self.firsts.resize(self.groups * singles.len(), NONE);
        }
        let firsts = &mut self.firsts[group * singles.len()..][..singles.len()];
        let wrong = singles
            .iter()
            .find(|single| single.differs(firsts[single.place], row));
        if let Some(single) = wrong {
            self.group_of.push(NONE);
            return Some((firsts[single.place] as usize, single));
        }
        for single in singles {
            if firsts[single.place] == NONE && single.values.is_valid(row) {
                firsts[single.place] = row as u32;
            }
        }
        self.group_of.push(group as u32);
        None
    }

    /// The rows that are in groups, each with its group.
    fn rows(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let rows = self.group_of.iter().enumerate();
        rows.filter(|(_, group)| **group != NONE)
            .map(|(row, group)| (row, *group as usize))
    }

    /// The groups that do not bind a required role, each with the first such role.
    fn without_required<'a, 'b>(
        &self,
        singles: &'b [Single<'a>],
    ) -> HashMap<u32, &'b Single<'a>, RandomState> {
        let mut refused = HashMap::default();
        for single in singles {
            let cardinality = single.role.map(|role| role.cardinality);
            if cardinality != Some(Cardinality::One) {
                continue;
            }
            let firsts = self.firsts.iter().skip(single.place).step_by(singles.len());
            for (group, first) in firsts.enumerate() {
                if *first == NONE {
                    refused.entry(group as u32).or_insert(single);
                }
            }
        }
        refused
    }
}

/// The rows of each group, in order.
struct Ordered<'a> {
    grouping: &'a Grouping,
    /// Where the rows of each group begin, and where the last ones end.
    starts: Vec<usize>,
    rows: Vec<u32>,
}

impl<'a> Ordered<'a> {
    fn new(grouping: &'a Grouping) -> Self {
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
        }
    }

    /// The ids of a group's members in one role.
    fn members<'b>(&self, group: usize, lists: &'b ListArray) -> impl Iterator<Item = &'b [u64]> {
        let ids = lists.values().as_primitive::<UInt64Type>().values();
        let offsets = lists.value_offsets();
        let rows = &self.rows[self.starts[group]..self.starts[group + 1]];
        rows.iter()
            .map(|row| *row as usize)
            .filter(|row| lists.is_valid(*row))
            .map(|row| &ids[offsets[row] as usize..offsets[row + 1] as usize])
    }

    /// How many of some groups leave each role unbound.
    fn unbound(
        &self,
        groups: &[usize],
        singles: &[Single<'_>],
        lists: &[(&Role, &ListArray)],
    ) -> BTreeMap<String, u64> {
        let first = |group: usize, single: &Single<'_>| {
            self.grouping.firsts[group * singles.len() + single.place]
        };
        let mut unbound = BTreeMap::new();
        for single in singles {
            if let Some(role) = single.role {
                let own = groups.iter().filter(|group| first(**group, single) == NONE);
                unbound.insert(role.name.clone(), own.count() as u64);
            }
        }
        for (role, own) in lists {
            let is_empty = |group: &&usize| self.members(**group, own).all(<[u64]>::is_empty);
            let own = groups.iter().filter(is_empty);
            unbound.insert(role.name.clone(), own.count() as u64);
        }
        unbound.retain(|_, count| *count > 0);
        unbound
    }

    /// One row for each of some groups.
    fn hyperedges(
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
                self.members(*group, own)
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
            let firsts = groups.iter().map(|group| {
                let first = self.grouping.firsts[group * singles.len() + single.place];
                (first != NONE).then_some(u64::from(first))
            });
            let firsts: UInt64Array = firsts.collect();
            names.push(single.stored.to_owned());
            columns.push(take(single.values, &firsts, None)?);
        }
        named_batch(&names, columns, groups.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_in_their_groups_in_order() {
        let mut grouping = Grouping::new(6);
        for (row, group) in [0, 1, 0, 2, 1, 0].into_iter().enumerate() {
            assert!(grouping.add(row, group, &[]).is_none());
        }
        grouping.group_of[2] = NONE;
        let ordered = Ordered::new(&grouping);
        assert_eq!(ordered.starts, [0, 2, 4, 5]);
        assert_eq!(ordered.rows, [0, 5, 1, 4, 3]);
    }
}
