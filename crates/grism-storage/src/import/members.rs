//! The members that the rows of one batch bind: which rows are wrong for it, and which members are created.

use std::collections::BTreeMap;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use grism_core::{Cardinality, Error, Result};

use super::convert::Members;
use super::created::Created;
use super::options::MissingMember;
use super::plan::{Plan, RolePlan};
use super::verdicts::Verdicts;

/// Says which rows do not bind what they must, or bind what does not exist.
pub(super) fn check_members(
    plan: &Plan,
    members: &[Members],
    created: &mut [Created],
    missing: MissingMember,
    verdicts: &mut Verdicts,
) {
    for (place, created) in created.iter_mut().enumerate() {
        let own = plan.roles.iter().zip(members);
        let own = own.filter(|(role, _)| role.label == place);
        created.settle(own.map(|(_, members)| &members.keys));
    }
    for (role, own) in plan.roles.iter().zip(members) {
        // What a group binds is known when all its rows are.
        if plan.grouping.is_none() && role.role.cardinality == Cardinality::One {
            check_bound(role, own, verdicts);
        }
    }
    for (role, own) in plan.roles.iter().zip(members) {
        match missing {
            MissingMember::Create => check_key_type(plan, role, own, created, verdicts),
            MissingMember::Error | MissingMember::Reject => check_exists(plan, role, own, verdicts),
        }
    }
}

fn check_bound(role: &RolePlan, members: &Members, verdicts: &mut Verdicts) {
    let (name, column) = (&role.role.name, &role.column);
    for row in 0..members.ids.len() {
        if members.keys.get(row).is_none() {
            let reason =
                format!("the role `{name}` is required, and the column `{column}` is null");
            verdicts.wrong(row, column, reason);
        }
    }
}

fn check_exists(plan: &Plan, role: &RolePlan, members: &Members, verdicts: &mut Verdicts) {
    let (name, column) = (&role.role.name, &role.column);
    let label = &plan.labels[role.label];
    for place in members.nulls_in_lists() {
        let reason = format!("{name} is null in a list of `{column}`");
        verdicts.missing(members.row_of(place), column, reason);
    }
    for place in &members.missing {
        let Some(key) = members.keys.get(*place) else {
            continue;
        };
        let mut reason = format!("{name} '{}' does not exist", key.to_text());
        if label.table == plan.table {
            reason.push_str(&format!(
                " before this load: those of `{}` that others bind are loaded by a call before",
                label.label
            ));
        }
        verdicts.missing(members.row_of(*place), column, reason);
    }
}

fn check_key_type(
    plan: &Plan,
    role: &RolePlan,
    members: &Members,
    created: &[Created],
    verdicts: &mut Verdicts,
) {
    if created[role.label].key_type() != &DataType::Int64 {
        return;
    }
    for place in &members.missing {
        if let Some(key) = members.keys.get(*place).filter(|key| !key.is_integer()) {
            let reason = format!(
                "{} '{}' is no Int64, as keys of {} are",
                role.role.name,
                key.to_text(),
                plan.labels[role.label].label
            );
            verdicts.wrong(members.row_of(*place), &role.column, reason);
        }
    }
}

/// What rows that were not taken before leave unbound, and what they bind that does not exist, each by role.
pub(super) fn count_members(
    plan: &Plan,
    members: &[Members],
    verdicts: &Verdicts,
    policy: MissingMember,
    unbound: &mut BTreeMap<String, u64>,
    missing: &mut BTreeMap<String, u64>,
) {
    let add = |counts: &mut BTreeMap<String, u64>, role: &RolePlan, count: usize| {
        if count > 0 {
            *counts.entry(role.role.name.clone()).or_insert(0) += count as u64;
        }
    };
    for (role, own) in plan.roles.iter().zip(members) {
        let is_new = |place: &usize| !verdicts.is_known(own.row_of(*place));
        if plan.grouping.is_none() {
            let places = 0..own.ids.len();
            let nulls = places.filter(|place| own.keys.get(*place).is_none() && is_new(place));
            add(unbound, role, nulls.count());
        }
        // Those that are created are counted as such.
        if policy != MissingMember::Create {
            let absent = own.missing.iter().copied().filter(is_new);
            add(missing, role, absent.count());
        }
    }
}

/// The columns of the roles, by their names in the table; members that rows of the load need are created.
///
/// # Errors
/// `Unsupported` where members are missing that cannot be created; `ResourceExhausted` where the disk of temporary files is
/// full.
pub(super) fn member_columns(
    plan: &Plan,
    members: Vec<Members>,
    created: &mut [Created],
    missing: MissingMember,
    verdicts: &Verdicts,
) -> Result<Vec<(String, ArrayRef)>> {
    let columns = plan.roles.iter().zip(members).map(|(role, mut own)| {
        if missing == MissingMember::Create {
            let mut places = std::mem::take(&mut own.missing);
            places.retain(|place| verdicts.is_kept(own.row_of(*place)));
            let label = &plan.labels[role.label];
            if let (Some(why), false) = (&label.not_created, places.is_empty()) {
                return Err(Error::unsupported(why));
            }
            let ids = created[role.label].ids(label, &own.keys, &places)?;
            for (place, id) in places.into_iter().zip(ids) {
                own.ids[place] = id;
            }
        }
        let column = role.role.column().into_owned();
        Ok((column, own.into_column(&role.role)?))
    });
    columns.collect()
}
