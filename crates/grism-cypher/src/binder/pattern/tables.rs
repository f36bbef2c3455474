//! The tables that the entities and steps of a pattern may come from.

use grism_core::{GraphSchema, HyperedgeType, TableId, Type};

use super::elements::{Entity, Step};

/// The type of an entity, from the tables that it may come from.
pub(crate) fn entity_type(schema: &GraphSchema, entity: &Entity) -> Type {
    let tables = possible_tables(entity);
    let is_hyperedge =
        entity.tables.by_roles.is_some() || matches!(entity.bound, Some(Type::Hyperedge(_)));
    match tables.is_empty() && is_hyperedge {
        true => Type::Hyperedge(tables.into()),
        false => schema.entity_type(tables.into()),
    }
}

/// The declared types of an entity that is known to be a hyperedge.
pub(super) fn known_types<'s>(
    schema: &'s GraphSchema,
    entity: &Entity,
) -> Option<Vec<&'s HyperedgeType>> {
    let tables = match (&entity.tables.labelled, &entity.bound) {
        (Some(tables), _) => tables,
        (None, Some(bound)) => bound.tables()?,
        (None, None) => return None,
    };
    let types: Option<Vec<&'s HyperedgeType>> = tables
        .iter()
        .map(|table| {
            let hyperedge_type = schema.table(*table).ok()?.hyperedge_type();
            hyperedge_type.filter(|ty| ty.declared)
        })
        .collect();
    types.filter(|types| !types.is_empty())
}

/// The tables that an entity may come from, as far as they are known.
pub(super) fn possible_tables(entity: &Entity) -> Vec<TableId> {
    let bound = entity.bound.as_ref().filter(|_| !entity.is_start);
    let mut tables: Vec<TableId> = match (bound, &entity.tables.labelled) {
        (Some(bound), _) => bound.tables().map_or_else(Vec::new, |own| own.to_vec()),
        (None, Some(labelled)) => labelled.to_vec(),
        (None, None) => entity.tables.unlabelled.to_vec(),
    };
    let narrower = [
        entity.tables.labelled.as_deref(),
        entity.tables.by_roles.as_deref(),
        entity.tables.as_member.as_deref(),
    ];
    for own in narrower.into_iter().flatten() {
        tables.retain(|table| own.contains(table));
    }
    tables
}

/// The declared types that `entity` may have, and that have one of the step's roles, which may bind `member`.
pub(super) fn types_with_roles(
    schema: &GraphSchema,
    entity: &Entity,
    member: Option<&Entity>,
    step: &Step<'_>,
) -> Vec<TableId> {
    let members = member.map(possible_tables);
    let fits = |table: &TableId| {
        let Ok(table) = schema.table(*table) else {
            return false;
        };
        let Some(ty) = table.hyperedge_type().filter(|ty| ty.declared) else {
            return false;
        };
        ty.roles.iter().any(|role| {
            step.allows(&role.name)
                && members.as_ref().is_none_or(|members| {
                    let mut own = schema.member_tables(role).to_vec();
                    own.retain(|table| members.contains(table));
                    // A label without a table yet is no reason to refuse the role.
                    !own.is_empty() || members.is_empty()
                })
        })
    };
    let mut types = possible_tables(entity);
    types.retain(fits);
    types
}

/// The roles that a role step may follow from the hyperedge.
pub(super) fn step_roles(schema: &GraphSchema, hyperedge: &Entity, step: &Step<'_>) -> Vec<String> {
    if let Some(names) = step.names.as_ref().filter(|_| step.is_list) {
        return names.clone();
    }
    let mut roles: Vec<String> = Vec::new();
    let types = hyperedge
        .tables
        .by_roles
        .iter()
        .flatten()
        .filter_map(|table| schema.table(*table).ok()?.hyperedge_type());
    for role in types.flat_map(|ty| &ty.roles) {
        if step.allows(&role.name) && !roles.contains(&role.name) {
            roles.push(role.name.clone());
        }
    }
    roles
}

/// The tables of the binary edge types that a step allows.
pub(super) fn edge_types(schema: &GraphSchema, step: &Step<'_>) -> Vec<TableId> {
    schema
        .hyperedge_tables()
        .filter(|(_, ty)| ty.is_binary() && step.allows(&ty.name))
        .map(|(table, _)| table.id)
        .collect()
}

/// Leaves `own` the tables that `allowed` has too.
pub(super) fn narrow(own: &mut Option<Vec<TableId>>, mut allowed: Vec<TableId>) {
    allowed.sort_unstable();
    allowed.dedup();
    let own = own.get_or_insert_with(|| allowed.clone());
    own.retain(|table| allowed.contains(table));
}
