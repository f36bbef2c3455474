//! The groups of rows, and the row of each whose value of a column counts.

use std::cmp::Ordering;

use arrow::array::{Array, ArrayRef, DynComparator, make_comparator};
use arrow::compute::SortOptions;
use grism_core::{Cardinality, NumberMap, Result, Role};

use super::rules::{Agreement, GroupRules};

/// Stands for no row, and for no group.
pub(super) const NONE: u32 = u32::MAX;

/// A column whose value the rows of a group have in common.
pub(super) struct Single<'a> {
    pub(super) place: usize,
    /// The column's name in the table.
    pub(super) stored: &'a str,
    /// Its name in the source.
    pub(super) name: &'a str,
    pub(super) role: Option<&'a Role>,
    pub(super) values: &'a ArrayRef,
    /// `None` where rows need not agree, and for the key, which may be written as a number here and as a text there.
    compare: Option<DynComparator>,
}

impl<'a> Single<'a> {
    pub(super) fn new(
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
            _ if rules.agreement == Agreement::LastRow => None,
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
pub(super) struct GroupedRows {
    agreement: Agreement,
    /// The group of each row; [`NONE`] for those that are rejected.
    pub(super) group_of: Vec<u32>,
    /// For each group the row whose value of each single column counts; [`NONE`] where no row says anything of it.
    pub(super) chosen: Vec<u32>,
    pub(super) groups: usize,
}

impl GroupedRows {
    pub(super) fn new(rows: usize, agreement: Agreement) -> Self {
        Self {
            agreement,
            group_of: Vec::with_capacity(rows),
            chosen: Vec::new(),
            groups: 0,
        }
    }

    /// Adds the next row; where it contradicts a row before, it belongs to no group, and that row comes back.
    pub(super) fn add<'a, 'b>(
        &mut self,
        row: usize,
        group: usize,
        singles: &'b [Single<'a>],
        says: impl Fn(&Single<'a>) -> bool,
    ) -> Option<(usize, &'b Single<'a>)> {
        if group == self.groups {
            self.groups += 1;
            self.chosen.resize(self.groups * singles.len(), NONE);
        }
        let chosen = &mut self.chosen[group * singles.len()..][..singles.len()];
        let wrong = singles
            .iter()
            .find(|single| single.differs(chosen[single.place], row));
        if let Some(single) = wrong {
            self.group_of.push(NONE);
            return Some((chosen[single.place] as usize, single));
        }
        for single in singles {
            let counts = match self.agreement {
                Agreement::Required => chosen[single.place] == NONE && single.values.is_valid(row),
                Agreement::LastRow => says(single),
            };
            if counts {
                chosen[single.place] = row as u32;
            }
        }
        self.group_of.push(group as u32);
        None
    }

    /// The rows that are in groups, each with its group.
    pub(super) fn rows(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let rows = self.group_of.iter().enumerate();
        rows.filter(|(_, group)| **group != NONE)
            .map(|(row, group)| (row, *group as usize))
    }

    /// The groups that do not bind a required role, each with the first such role.
    pub(super) fn without_required<'a, 'b>(
        &self,
        singles: &'b [Single<'a>],
    ) -> NumberMap<u32, &'b Single<'a>> {
        let mut refused = NumberMap::default();
        for single in singles {
            let cardinality = single.role.map(|role| role.cardinality);
            if cardinality != Some(Cardinality::One) {
                continue;
            }
            let chosen = self.chosen.iter().skip(single.place).step_by(singles.len());
            for (group, chosen) in chosen.enumerate() {
                if *chosen == NONE {
                    refused.entry(group as u32).or_insert(single);
                }
            }
        }
        refused
    }
}
