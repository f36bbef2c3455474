//! What rows of a load become: its nodes or hyperedges, and the entities that these bind by their keys.

use std::collections::BTreeMap;

use grism_core::{ChangeSet, Error, Result, Role, Snapshot, TableId, Tables};

use super::conflict::{Keyed, OnConflict, key_of_load};
use super::created::Created;
use super::grouped::{Agreement, Presence};
use super::label_plan::LabelPlan;
use super::options::{LoadOptions, MissingMember, RoleSource};
use super::plan_label::label_plan;
use super::role_columns::{check_roles, check_split, hyperedge_table};
use super::shared_keys::SharedKeys;
use crate::shares::Shares;

/// What rows become.
pub(super) struct Plan {
    pub(super) table: TableId,
    /// The column that is the key of what is loaded.
    pub(super) key: Option<String>,
    /// Which rows are one entity; `None` where each is one.
    pub(super) grouping: Option<Grouping>,
    /// The roles of hyperedges; none of nodes.
    pub(super) roles: Vec<RolePlan>,
    /// The columns that roles are read from, which are no properties.
    pub(super) consumed: Vec<String>,
    pub(super) labels: Vec<LabelPlan>,
    /// What stands between members in a text.
    pub(super) split: Option<String>,
    pub(super) absent: AbsentColumns,
}

/// Rows with one value of a column are one entity.
#[derive(Clone, Debug)]
pub(super) struct Grouping {
    /// The column.
    pub(super) by: String,
    pub(super) agreement: Agreement,
    pub(super) presence: Presence,
}

/// Which columns of roles a table may be without; the roles are not bound by its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AbsentColumns {
    None,
    /// Those of roles that may be unbound, where the columns are not named.
    NotRequired,
    /// Those that another table has.
    InOtherTables,
    /// All, where there are several tables and the columns are not named.
    Any,
}

pub(super) struct RolePlan {
    pub(super) role: Role,
    pub(super) column: String,
    /// The place of its label in the plan.
    pub(super) label: usize,
}

/// What grows while rows are taken.
pub(super) struct State {
    /// The keys of what is loaded, where it has one.
    pub(super) keyed: Option<Keyed>,
    /// The members that are created because they are bound, for each label.
    pub(super) created: Vec<Created>,
}

pub(super) async fn nodes_plan(
    snapshot: &dyn Snapshot,
    changes: &mut ChangeSet,
    label: &str,
    key: &str,
    options: &LoadOptions,
    shared: &SharedKeys,
) -> Result<(Plan, State)> {
    if label.is_empty() {
        return Err(Error::invalid_data("a label is needed"));
    }
    let table = changes.schema.ensure_node_table(&[label.to_owned()])?;
    let known = snapshot.schema().tables_with_label(label);
    let old_key = changes.schema.table(table)?.key.clone();
    if let Some(old) = old_key.filter(|old| old != key) {
        return Err(Error::invalid_data(format!(
            "the nodes of `{label}` are known by `{old}`, not by `{key}`"
        )));
    }
    let keyed = Keyed::read(
        snapshot,
        &known,
        label,
        key,
        table,
        options.on_conflict,
        Shares::of(snapshot.memory().as_ref()).key_bytes() / shared.indexes().max(1),
    );
    let keyed = keyed.await?;
    changes.schema.set_key(table, key);
    let plan = Plan {
        table,
        key: Some(key.to_owned()),
        grouping: grouping(Some(key), options),
        roles: Vec::new(),
        consumed: Vec::new(),
        labels: Vec::new(),
        split: None,
        absent: AbsentColumns::None,
    };
    let state = State {
        keyed: Some(keyed),
        created: Vec::new(),
    };
    Ok((plan, state))
}

pub(super) async fn hyperedges_plan(
    snapshot: &dyn Snapshot,
    changes: &mut ChangeSet,
    name: &str,
    sources: &BTreeMap<String, RoleSource>,
    options: &LoadOptions,
    absent: AbsentColumns,
    shared: &SharedKeys,
) -> Result<(Plan, State)> {
    let creates = options.missing == MissingMember::Create;
    let table = hyperedge_table(changes, name, sources)?;
    let ty = changes.schema.table(table)?.hyperedge_type().cloned();
    let ty = ty.ok_or_else(|| Error::internal("a table of hyperedges"))?;
    check_roles(&ty, sources, options)?;
    check_split(&ty, sources, options)?;
    let consumed: Vec<String> = sources
        .values()
        .map(|source| source.column.clone())
        .collect();
    let key = key_of_load(snapshot, &changes.schema, table, &consumed, options)?;
    let mut labels: Vec<String> = Vec::new();
    let mut roles = Vec::new();
    for (name, source) in sources {
        let Some(role) = ty.role(name) else {
            continue;
        };
        let label = source
            .label
            .clone()
            .or_else(|| role.member.clone())
            .ok_or_else(|| {
                Error::invalid_data(format!(
                    "the role `{name}` has no declared member type: name the label of its keys"
                ))
            })?;
        let place = match labels.iter().position(|own| *own == label) {
            Some(place) => place,
            None => {
                labels.push(label);
                labels.len() - 1
            }
        };
        roles.push(RolePlan {
            role: role.clone(),
            column: source.column.clone(),
            label: place,
        });
    }
    // The keys of all labels, those that are created and those of the load itself too, have one share of memory.
    let indexes = labels.len() * if creates { 2 } else { 1 } + usize::from(key.is_some());
    let shares = Shares::of(snapshot.memory().as_ref());
    let keys = shares.key_bytes() / indexes.max(shared.indexes()).max(1);
    let rows = shares.created_bytes() / labels.len().max(1);
    let keyed = match &key {
        None => None,
        Some(key) => {
            let is_stored = snapshot.schema().table(table).is_ok();
            let own: Tables = is_stored.then_some(table).into_iter().collect();
            let on_conflict = options.on_conflict;
            Some(Keyed::read(snapshot, &own, name, key, table, on_conflict, keys).await?)
        }
    };
    // Members of the type itself are bound by the key that it has from now on.
    if let Some(key) = &key {
        changes.schema.set_key(table, key);
    }
    let (mut plans, mut created) = (Vec::new(), Vec::new());
    for label in labels {
        let missing = options.missing;
        let plan = label_plan(snapshot, changes, label, table, missing, keys, shared);
        let (plan, key_type) = plan.await?;
        created.push(match shared.take_created(&plan.label) {
            Some(created) => created.continued(),
            None => Created::new(key_type, keys, rows, snapshot.memory()),
        });
        plans.push(plan);
    }
    let plan = Plan {
        table,
        grouping: grouping(key.as_deref(), options),
        key,
        roles,
        consumed,
        labels: plans,
        split: options.split.clone(),
        absent,
    };
    Ok((plan, State { keyed, created }))
}

/// Which rows are one entity.
fn grouping(key: Option<&str>, options: &LoadOptions) -> Option<Grouping> {
    let (by, agreement) = match (&options.group_by, options.on_conflict, key) {
        (Some(by), ..) => (by.as_str(), Agreement::Required),
        (None, OnConflict::Update, Some(key)) => (key, Agreement::LastRow),
        _ => return None,
    };
    Some(Grouping {
        by: by.to_owned(),
        agreement,
        presence: match (options.on_conflict, key) {
            (OnConflict::Update, Some(_)) => Presence::MayBeStored,
            _ => Presence::New,
        },
    })
}
