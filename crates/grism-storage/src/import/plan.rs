//! What rows of a load become: its nodes or hyperedges, and the nodes that these bind by their keys.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use arrow::datatypes::DataType;
use grism_core::{
    Cardinality, ChangeSet, Error, GraphSchema, HyperedgeType, Result, Role, Snapshot, TableId,
    TableKind, nearest,
};

use super::created::Created;
use super::keys::{KeyIndex, key_of};
use super::options::{LoadOptions, LoadTarget, MissingMember, RoleSource};
use super::shared_keys::SharedKeys;
use crate::memory_limit::{created_bytes, key_bytes};

/// What rows become.
pub(super) enum Plan {
    Nodes(NodesPlan),
    Hyperedges(HyperedgesPlan),
}

pub(super) struct NodesPlan {
    pub(super) table: TableId,
    pub(super) key: String,
}

pub(super) struct HyperedgesPlan {
    pub(super) table: TableId,
    pub(super) roles: Vec<RolePlan>,
    /// The columns that roles are read from, which are no properties.
    pub(super) consumed: Vec<String>,
    pub(super) labels: Vec<LabelPlan>,
    /// The column whose values tell which rows are one hyperedge.
    pub(super) group_by: Option<String>,
    /// What stands between members in a text.
    pub(super) split: Option<String>,
    pub(super) absent: AbsentColumns,
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

/// The nodes of one label that roles bind.
pub(super) struct LabelPlan {
    pub(super) label: String,
    pub(super) index: Arc<KeyIndex>,
    /// Where new nodes go, and the property that is their key.
    pub(super) table: TableId,
    pub(super) key: String,
    /// The column of that property.
    pub(super) key_column: String,
    pub(super) next_offset: u64,
}

/// The property that new nodes are known by where no node of their label told another.
const NEW_KEY: &str = "id";

/// What grows while rows are taken.
pub(super) enum State {
    /// The keys of nodes, those that are loaded too, and where the next one goes.
    Nodes(Box<KeyIndex>, u64),
    /// The nodes that come into being because they are bound, for each label.
    Hyperedges(Vec<Created>),
}

pub(super) async fn nodes_plan(
    snapshot: &dyn Snapshot,
    changes: &mut ChangeSet,
    label: &str,
    key: &str,
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
    let index = KeyIndex::read(snapshot, &known, label, key_bytes()).await?;
    let plan = NodesPlan {
        table,
        key: key.to_owned(),
    };
    let offset = next_offset(snapshot, table);
    Ok((Plan::Nodes(plan), State::Nodes(Box::new(index), offset)))
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
    check_roles(&ty, sources)?;
    check_split(&ty, sources, options)?;
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
    // The keys of all labels, those that come into being too, have one share of memory.
    let indexes = labels.len() * if creates { 2 } else { 1 };
    let keys = key_bytes() / indexes.max(1);
    let rows = created_bytes() / labels.len().max(1);
    let (mut plans, mut created) = (Vec::new(), Vec::new());
    for label in labels {
        let (plan, key_type) = if creates && is_new(snapshot, &label)? {
            (new_label_plan(snapshot, changes, label, keys)?, None)
        } else {
            let (plan, key_type) = label_plan(snapshot, changes, label, keys, shared).await?;
            (plan, Some(key_type))
        };
        created.push(match shared.take_created(&plan.label) {
            Some(created) => created.continued(),
            None => Created::new(key_type, keys, rows),
        });
        plans.push(plan);
    }
    let plan = HyperedgesPlan {
        table,
        roles,
        consumed: sources
            .values()
            .map(|source| source.column.clone())
            .collect(),
        labels: plans,
        group_by: options.group_by.clone(),
        split: options.split.clone(),
        absent,
    };
    Ok((Plan::Hyperedges(plan), State::Hyperedges(created)))
}

/// Whether no node has a label, and nothing tells what such nodes are known by.
fn is_new(snapshot: &dyn Snapshot, label: &str) -> Result<bool> {
    for table in snapshot.schema().tables_with_label(label).iter() {
        let is_known = snapshot.schema().table(*table)?.key.is_some();
        if is_known || snapshot.statistics().rows(*table) > 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The plan of a label that no node has yet: those that are bound come into being.
fn new_label_plan(
    snapshot: &dyn Snapshot,
    changes: &mut ChangeSet,
    label: String,
    keys: usize,
) -> Result<LabelPlan> {
    check_is_label(snapshot, &label)?;
    let labels = std::slice::from_ref(&label);
    let table = changes.schema.ensure_node_table(labels)?;
    changes.schema.set_key(table, NEW_KEY);
    Ok(LabelPlan {
        index: Arc::new(KeyIndex::new(keys).frozen()),
        table,
        key: NEW_KEY.to_owned(),
        key_column: changes.schema.table(table)?.column_for(NEW_KEY),
        next_offset: next_offset(snapshot, table),
        label,
    })
}

fn check_is_label(snapshot: &dyn Snapshot, name: &str) -> Result<()> {
    match snapshot.schema().hyperedge_table(name) {
        Some(_) => Err(Error::unsupported(format!(
            "loading hyperedges that bind hyperedges (`{name}`) by key"
        ))),
        None => Ok(()),
    }
}

/// The plan of a label that nodes have, and the type of their key.
async fn label_plan(
    snapshot: &dyn Snapshot,
    changes: &mut ChangeSet,
    label: String,
    keys: usize,
    shared: &SharedKeys,
) -> Result<(LabelPlan, DataType)> {
    let schema = snapshot.schema();
    let tables = schema.tables_with_label(&label);
    let Some(first) = tables.first().copied() else {
        check_is_label(snapshot, &label)?;
        let hint = nearest(&label, schema.labels())
            .map(|near| format!("; did you mean `{near}`?"))
            .unwrap_or_default();
        return Err(Error::not_found(format!(
            "there are no nodes of `{label}`{hint}; load them first, or have missing members created"
        )));
    };
    let key = key_of(schema, first, &label)?;
    let key_type = schema
        .table(first)?
        .property(&key)
        .map_or(DataType::Utf8, |key| key.value_type.to_arrow());
    // Nodes that come into being have this label and no other.
    let table = match schema.node_table(std::slice::from_ref(&label)) {
        Some(table) => table.id,
        None => {
            let table = changes
                .schema
                .ensure_node_table(std::slice::from_ref(&label))?;
            changes.schema.set_key(table, &key);
            table
        }
    };
    let key_type = if key_type == DataType::Null {
        DataType::Utf8
    } else {
        key_type
    };
    let plan = LabelPlan {
        index: shared.of(snapshot, &tables, &label, keys).await?,
        key_column: changes.schema.table(table)?.column_for(&key),
        table,
        key,
        next_offset: next_offset(snapshot, table),
        label,
    };
    Ok((plan, key_type))
}

/// The offset that the next row of a table gets.
fn next_offset(snapshot: &dyn Snapshot, table: TableId) -> u64 {
    let statistics = snapshot.statistics().tables.get(&table);
    statistics.map_or(0, |statistics| statistics.next_offset)
}

fn hyperedge_table(
    changes: &mut ChangeSet,
    name: &str,
    roles: &BTreeMap<String, RoleSource>,
) -> Result<TableId> {
    if let Some((table, _)) = changes.schema.hyperedge_table(name) {
        return Ok(table.id);
    }
    let edge = HyperedgeType::binary_edge(name);
    if roles.len() == 2 && edge.roles.iter().all(|role| roles.contains_key(&role.name)) {
        if changes.schema.labels().contains(&name) {
            return Err(Error::invalid_data(format!(
                "`{name}` is a node label: labels and types share one namespace"
            )));
        }
        return changes.schema.add_table(TableKind::Hyperedges(edge));
    }
    let known: Vec<String> = changes
        .schema
        .hyperedge_tables()
        .map(|(_, ty)| ty.name.clone())
        .collect();
    let hint = nearest(name, known.iter().map(String::as_str))
        .map(|near| format!("; did you mean `{near}`?"));
    Err(Error::not_found(format!(
        "there is no hyperedge type `{name}`{}; declare it with CREATE HYPEREDGE TYPE",
        hint.unwrap_or_default()
    )))
}

/// The target with a column for each role, that of the role's name, where none is given.
pub(super) fn with_roles<'a>(schema: &GraphSchema, target: &'a LoadTarget) -> Cow<'a, LoadTarget> {
    let LoadTarget::Hyperedges { name, roles } = target else {
        return Cow::Borrowed(target);
    };
    let Some((_, ty)) = schema.hyperedge_table(name).filter(|_| roles.is_empty()) else {
        return Cow::Borrowed(target);
    };
    let source = |role: &Role| RoleSource {
        label: None,
        column: role.name.clone(),
    };
    // Roles that may be unbound are left so where a column cannot bind them.
    let is_bindable = |role: &&Role| {
        let member = role.member.as_deref();
        role.cardinality == Cardinality::One
            || member.is_some_and(|member| schema.hyperedge_table(member).is_none())
    };
    let roles = ty.roles.iter().filter(is_bindable);
    Cow::Owned(LoadTarget::Hyperedges {
        name: name.clone(),
        roles: roles
            .map(|role| (role.name.clone(), source(role)))
            .collect(),
    })
}

/// The columns whose texts are split into keys.
pub(super) fn split_columns(
    schema: &GraphSchema,
    target: &LoadTarget,
    options: &LoadOptions,
) -> HashSet<String> {
    let LoadTarget::Hyperedges { name, roles } = target else {
        return HashSet::new();
    };
    let Some((_, ty)) = schema
        .hyperedge_table(name)
        .filter(|_| options.split.is_some())
    else {
        return HashSet::new();
    };
    let takes_many = |role: &String| {
        let role = ty.role(role);
        role.is_some_and(|role| role.cardinality == Cardinality::Many)
    };
    let roles = roles.iter().filter(|(role, _)| takes_many(role));
    roles.map(|(_, source)| source.column.clone()).collect()
}

fn check_split(
    ty: &HyperedgeType,
    roles: &BTreeMap<String, RoleSource>,
    options: &LoadOptions,
) -> Result<()> {
    let mut own = ty
        .roles
        .iter()
        .filter(|role| roles.contains_key(&role.name));
    match options.split.as_deref() {
        Some("") => Err(Error::invalid_query(
            "what texts are split at must not be empty",
        )),
        Some(_) if own.all(|role| role.cardinality != Cardinality::Many) => {
            Err(Error::invalid_query(format!(
                "texts are split for roles that take many members, and no such role of `{}` is loaded",
                ty.name
            )))
        }
        _ => Ok(()),
    }
}

fn check_roles(ty: &HyperedgeType, roles: &BTreeMap<String, RoleSource>) -> Result<()> {
    for role in roles.keys() {
        if ty.role(role).is_none() {
            let known = ty.roles.iter().map(|role| role.name.as_str());
            let hint = nearest(role, known)
                .map(|near| format!("; did you mean `{near}`?"))
                .unwrap_or_default();
            return Err(Error::invalid_data(format!(
                "`{}` has no role `{role}`{hint}",
                ty.name
            )));
        }
    }
    let unread = ty
        .roles
        .iter()
        .find(|role| role.cardinality == Cardinality::One && !roles.contains_key(&role.name));
    match unread {
        Some(role) => Err(Error::invalid_data(format!(
            "the role `{}` of `{}` is required, and no column is given for it",
            role.name, ty.name
        ))),
        None => Ok(()),
    }
}
