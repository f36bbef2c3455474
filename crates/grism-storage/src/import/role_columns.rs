//! The columns that roles of a load are read from, and whether they fit the hyperedge type.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};

use grism_core::{
    Cardinality, ChangeSet, Error, GraphSchema, HyperedgeType, Result, Role, TableId, TableKind,
    nearest,
};

use super::conflict::OnConflict;
use super::options::{LoadOptions, LoadTarget, RoleSource};

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
    let is_keyed = |member: &str| {
        let table = schema.hyperedge_table(member);
        table.is_none_or(|(table, _)| table.key.is_some())
    };
    let is_bindable = |role: &&Role| {
        role.cardinality == Cardinality::One || role.member.as_deref().is_some_and(is_keyed)
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

/// # Errors
/// `InvalidQuery` where texts are to be split, and no role takes many members.
pub(super) fn check_split(
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

/// # Errors
/// `InvalidData` for a role that the type does not have, and where no column is given for a role that is required; not where
/// rows may change hyperedges that bind it already.
pub(super) fn check_roles(
    ty: &HyperedgeType,
    roles: &BTreeMap<String, RoleSource>,
    options: &LoadOptions,
) -> Result<()> {
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
    match unread.filter(|_| options.on_conflict != OnConflict::Update) {
        Some(role) => Err(Error::invalid_data(format!(
            "the role `{}` of `{}` is required, and no column is given for it",
            role.name, ty.name
        ))),
        None => Ok(()),
    }
}

/// The table of a type; that of a binary edge type is made where it does not exist.
///
/// # Errors
/// `NotFound` for another type that is not declared.
pub(super) fn hyperedge_table(
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
