//! Rows of groups become one each. Those of one hyperedge must agree in what they say once, and members of roles that take
//! many stand in row order; of rows that change an entity one after the other the last one that says something counts.

use std::collections::BTreeMap;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, StringArray};
use arrow::record_batch::RecordBatch;
use grism_core::{Cardinality, FastMap, NumberMap, Result, Role};

use super::grouped_rows::{GroupedRows, NONE, Single};
use super::ordered::Ordered;
use super::origins::Origins;
use super::rows::BEFORE;
use super::rules::{Agreement, GroupRules, Presence};
use crate::import::keys::KeyColumn;
use crate::import::rejects::Rejected;

/// Groups that are made into one batch.
const BATCH_GROUPS: usize = 1 << 16;
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
    let mut numbers: FastMap<&str, usize> = FastMap::default();
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
        Presence::MayBeStored => NumberMap::default(),
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
