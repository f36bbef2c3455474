//! Rows of groups become one each. Those of one hyperedge must agree in what they say once, and members of roles that take
//! many stand in row order; of rows that change an entity one after the other the last one that says something counts.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};

use ahash::RandomState;
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, DynComparator, StringArray, make_comparator,
};
use arrow::compute::SortOptions;
use arrow::record_batch::RecordBatch;
use grism_core::{Cardinality, Result, Role, Table};

use super::ordered::Ordered;
use super::origins::Origins;
use super::rows::BEFORE;
use crate::import::keys::KeyColumn;
use crate::import::plan::{Grouping, RolePlan};
use crate::import::rejects::Rejected;

/// How the rows of a group become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::import) enum Agreement {
    /// They are parts of one hyperedge, and must agree.
    Required,
    /// They follow each other, and the last one that says something counts.
    LastRow,
}

/// Whether what the rows of a group are may be there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::import) enum Presence {
    /// It is new, and must bind the roles that are required.
    New,
    /// It may be stored, and bind them there.
    MayBeStored,
}

/// Groups that are made into one batch.
const BATCH_GROUPS: usize = 1 << 16;
/// Stands for no row, and for no group.
pub(super) const NONE: u32 = u32::MAX;

/// What is known of the rows of a load.
pub(in crate::import) struct GroupRules<'a> {
    /// The table of the entities, as it is once all rows are read.
    pub(super) table: &'a Table,
    by: &'a str,
    agreement: Agreement,
    presence: Presence,
    roles: &'a [RolePlan],
}

/// What some groups became.
pub(in crate::import) struct Merged<'a> {
    /// The entities.
    pub(in crate::import) batches: Vec<MergedBatch>,
    /// Rows that do not agree with others, or lack what all of their group lack.
    pub(in crate::import) rejected: Vec<Rejected>,
    /// Hyperedges that leave a role unbound, by role.
    pub(in crate::import) unbound: BTreeMap<String, u64>,
    ordered: Ordered,
    places: Vec<ArrayRef>,
    origins: &'a Origins,
}

/// Entities, a row each.
pub(in crate::import) struct MergedBatch {
    pub(in crate::import) rows: RecordBatch,
    /// The values that group the rows.
    pub(in crate::import) keys: KeyColumn,
    /// Of the columns of roles: the entities of which no row says anything of the role.
    pub(in crate::import) unsaid: BTreeMap<String, BooleanArray>,
    groups: Vec<usize>,
}

impl Merged<'_> {
    /// The rows of one entity, to be rejected.
    ///
    /// # Errors
    /// None that a user can cause.
    pub(in crate::import) fn rejected_rows(
        &self,
        batch: &MergedBatch,
        row: usize,
        reason: &str,
    ) -> Result<Vec<Rejected>> {
        let rows = self.ordered.rows(batch.groups[row]).iter();
        let rejected = rows.map(|row| {
            let row = *row as usize;
            self.origins.rejected(&self.places, row, reason.to_owned())
        });
        rejected.collect()
    }
}

impl<'a> GroupRules<'a> {
    pub(in crate::import) fn new(
        table: &'a Table,
        grouping: &'a Grouping,
        roles: &'a [RolePlan],
    ) -> Self {
        Self {
            table,
            by: &grouping.by,
            agreement: grouping.agreement,
            presence: grouping.presence,
            roles,
        }
    }

    /// Whether the role called `name` must be bound.
    fn requires(&self, name: &str) -> bool {
        let mut roles = self.roles.iter().map(|own| &own.role);
        roles.any(|role| role.name == name && role.cardinality == Cardinality::One)
    }

    /// The role that a column of the table is, and the column that it is read from.
    fn role(&self, column: &str) -> Option<(&'a Role, &'a str)> {
        let mut roles = self.roles.iter();
        let own = roles.find(|own| own.role.column() == column)?;
        Some((&own.role, &own.column))
    }
}

/// A column whose value the rows of a group have in common.
pub(super) struct Single<'a> {
    pub(super) place: usize,
    /// The column's name in the table.
    pub(super) stored: &'a str,
    /// Its name in the source.
    name: &'a str,
    pub(super) role: Option<&'a Role>,
    pub(super) values: &'a ArrayRef,
    /// `None` where rows need not agree, and for the key, which may be written as a number here and as a text there.
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

/// What rows are; all rows of each group are here.
///
/// # Errors
/// Those of Arrow.
pub(super) fn merged<'a>(
    rows: &RecordBatch,
    rules: &GroupRules<'_>,
    origins: &'a Origins,
) -> Result<Merged<'a>> {
    let (mut singles, mut lists) = (Vec::new(), Vec::new());
    let schema = rows.schema();
    for (field, values) in schema.fields().iter().zip(rows.columns()).skip(BEFORE) {
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
    let mut grouping = GroupedRows::new(rows.num_rows(), rules.agreement);
    let mut numbers: HashMap<&str, usize, RandomState> = HashMap::default();
    for row in 0..rows.num_rows() {
        let next = numbers.len();
        let group = *numbers.entry(keys.value(row)).or_insert(next);
        let says = |single: &Single<'_>| match single.role {
            // Null unbinds a role that may be unbound.
            Some(role) if role.cardinality == Cardinality::Optional => {
                origins.says(places, row, single.stored)
            }
            _ => single.values.is_valid(row),
        };
        if let Some((first, single)) = grouping.add(row, group, &singles, says) {
            let what = match single.role {
                Some(role) => format!("the role `{}` is bound to another member", role.name),
                None => format!("`{}` is another", single.name),
            };
            let (first, key) = (origins.place(places, first)?, keys.value(row));
            let reason = format!("{what} than in {first}, which has the same `{by}` '{key}'");
            wrong.push((row, single.name, reason));
        }
    }
    let refused = match rules.presence {
        Presence::New => grouping.without_required(&singles),
        Presence::MayBeStored => HashMap::default(),
    };
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
    let mut ordered = Ordered::new(grouping);
    let says = |row: usize, column: &str| origins.says(places, row, column);
    if rules.agreement == Agreement::LastRow {
        for (role, _) in &lists {
            ordered.choose_last(&role.name, |row| says(row, &role.column()));
        }
    }
    let mut unbound = ordered.unbound(&kept, &singles, &lists);
    let roles = singles.iter().filter_map(|single| single.role);
    let replaced: Vec<&Role> = roles
        .filter(|role| role.cardinality == Cardinality::Optional)
        .chain(lists.iter().map(|(role, _)| *role))
        .filter(|role| origins.leaves_out(&role.column()))
        .collect();
    if rules.presence == Presence::MayBeStored {
        // What rows leave out is bound already.
        let are_left_out = |role: &String| replaced.iter().any(|own| own.name == *role);
        unbound.retain(|role, _| !are_left_out(role) && !rules.requires(role));
    }
    let batches = kept.chunks(BATCH_GROUPS).map(|own| {
        let texts = own.iter().map(|group| {
            let first = ordered.rows(*group).first();
            first.map(|row| keys.value(*row as usize))
        });
        let unsaid = replaced.iter().map(|role| {
            let column = role.column().into_owned();
            let says_nothing = own.iter().map(|group| {
                let mut rows = ordered.rows(*group).iter();
                Some(!rows.any(|row| says(*row as usize, &column)))
            });
            let says_nothing: BooleanArray = says_nothing.collect();
            (column, says_nothing)
        });
        Ok(MergedBatch {
            rows: ordered.entities(own, &singles, &lists)?,
            keys: KeyColumn::of_texts(texts.collect::<StringArray>()),
            unsaid: unsaid.collect(),
            groups: own.to_vec(),
        })
    });
    Ok(Merged {
        batches: batches.collect::<Result<_>>()?,
        rejected,
        unbound,
        ordered,
        places: places.to_vec(),
        origins,
    })
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
