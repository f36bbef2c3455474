//! Steps of a pattern: what each may stand for, and what that says of the entities at its ends.
//!
//! A step is a binary edge, or a role that leads from the hyperedge at one of its ends to the member at the other. Where its
//! type does not tell, it may be several of these: each choice of one for every step is planned by itself.

use grism_core::{GraphSchema, HyperedgeType, Result, TableId, Value};

use super::elements::{Entity, Step, StepKind};
use super::tables::{edge_types, known_types, narrow, possible_tables, types_with_roles};
use crate::binder::names::hint;
use crate::binder::{Notes, QueryContext};
use crate::syntax::{Direction, ExprKind};

/// More choices than this are refused, since each is a plan of its own.
const MOST_CHOICES: usize = 256;

/// What every step stands for, and the entities that this leaves.
pub(crate) struct Choice {
    pub(crate) kinds: Vec<StepKind>,
    pub(crate) entities: Vec<Entity>,
}

/// The ways of taking each step for an edge or a role that the tables of the entities allow; one at least.
pub(crate) fn choices(
    context: QueryContext<'_>,
    notes: &mut Notes,
    entities: &[Entity],
    steps: &[Step<'_>],
) -> Result<Vec<Choice>> {
    let mut choices = vec![Choice {
        kinds: Vec::new(),
        entities: entities.to_vec(),
    }];
    for step in steps {
        let options = step_options(context, notes, entities, step)?;
        let mut longer = Vec::new();
        for choice in &choices {
            for kind in &options {
                let mut entities = choice.entities.clone();
                // A choice that leaves an entity no table finds nothing; one of the pattern stays all the same.
                if narrow_ends(context.schema(), &mut entities, step, *kind)? || options.len() == 1
                {
                    let mut kinds = choice.kinds.clone();
                    kinds.push(*kind);
                    longer.push(Choice { kinds, entities });
                }
            }
        }
        if longer.is_empty() {
            let mut choice = choices.swap_remove(0);
            let kind = options.first().copied().unwrap_or(StepKind::Edge);
            narrow_ends(context.schema(), &mut choice.entities, step, kind)?;
            choice.kinds.push(kind);
            longer.push(choice);
        }
        if longer.len() > MOST_CHOICES {
            let what = "a pattern of so many steps without types that may be edges or roles";
            return Err(context.source.unsupported(what, step.span));
        }
        choices = longer;
    }
    Ok(choices)
}

/// What a step may stand for, by its type, its direction and the tables of the entities at its ends.
fn step_options(
    context: QueryContext<'_>,
    notes: &mut Notes,
    entities: &[Entity],
    step: &Step<'_>,
) -> Result<Vec<StepKind>> {
    let direction = step.pattern.direction;
    let (left, right) = (&entities[step.left], &entities[step.right]);
    check_roles(context, left, right, step)?;
    let plain = !asks_properties(context, step);
    // An incidence has no properties, which is said where a role is named.
    let may_be_role = plain || step.is_list && edge_types(context.schema(), step).is_empty();
    if step.length.is_some() {
        // What lies between the ends of several hops may be anything.
        let schema = context.schema();
        let mut types = schema.hyperedge_tables();
        let is_role = |ty: &HyperedgeType| ty.roles.iter().any(|role| step.allows(&role.name));
        let roles = types.any(|(_, ty)| ty.declared && !ty.is_binary() && is_role(ty))
            || [left, right].iter().any(|end| {
                end.tables.labelled.is_some()
                    && !types_with_roles(context.schema(), end, None, step).is_empty()
            });
        if roles && step.length.is_some_and(|length| length.least > 0) {
            warn_of_turned_role(context, notes, left, right, step);
        }
        return Ok(match roles && may_be_role {
            true => vec![StepKind::Repeated],
            false => vec![StepKind::Edge],
        });
    }
    let mut options = Vec::new();
    if !edge_types(context.schema(), step).is_empty() {
        options.push(StepKind::Edge);
    }
    if may_be_role {
        if direction != Direction::Left
            && !types_with_roles(context.schema(), left, Some(right), step).is_empty()
        {
            options.push(StepKind::Role { reversed: false });
        }
        if direction != Direction::Right
            && !types_with_roles(context.schema(), right, Some(left), step).is_empty()
        {
            options.push(StepKind::Role { reversed: true });
        }
    }
    if may_be_role
        && !options
            .iter()
            .any(|own| matches!(own, StepKind::Role { .. }))
    {
        warn_of_turned_role(context, notes, left, right, step);
    }
    if options.is_empty() {
        options.push(StepKind::Edge);
    }
    Ok(options)
}

/// Whether a step asks for a property: its map, or the parameter in its place, is not empty.
pub(super) fn asks_properties(context: QueryContext<'_>, step: &Step<'_>) -> bool {
    match step.pattern.properties.as_ref().map(|map| &map.kind) {
        None => false,
        Some(ExprKind::Map(entries)) => !entries.is_empty(),
        Some(ExprKind::Parameter(name)) => {
            let value = context.bind.parameters.get(name.as_str());
            !matches!(value, Some(Value::Map(entries)) if entries.is_empty())
        }
        Some(_) => true,
    }
}

/// A role that a step names must be one of the hyperedge's, where it is known to be a hyperedge.
fn check_roles(
    context: QueryContext<'_>,
    left: &Entity,
    right: &Entity,
    step: &Step<'_>,
) -> Result<()> {
    let Some(names) = step.names.as_ref().filter(|_| step.is_list) else {
        return Ok(());
    };
    let ends = match step.pattern.direction {
        Direction::Right => vec![left],
        Direction::Left => vec![right],
        Direction::Either => vec![left, right],
    };
    let known: Vec<_> = ends
        .into_iter()
        .filter_map(|end| known_types(context.schema(), end).map(|types| (end, types)))
        .collect();
    let Some((entity, types)) = known.first() else {
        return Ok(());
    };
    for name in names {
        let is_edge = context
            .schema()
            .hyperedge_table(name)
            .is_some_and(|(_, ty)| ty.is_binary());
        let has_role = |ty: &HyperedgeType| ty.role(name).is_some();
        let is_role = known
            .iter()
            .any(|(_, types)| types.iter().any(|ty| has_role(ty)));
        // The other end of a step without direction may be the hyperedge that has the role.
        let other = match step.pattern.direction {
            Direction::Either if known.len() == 1 => {
                let schema = context.schema().hyperedge_tables();
                let declared = schema.filter(|(_, ty)| ty.declared);
                declared.into_iter().any(|(_, ty)| has_role(ty))
            }
            _ => false,
        };
        // Several hops may go on from another hyperedge.
        let later = step.length.is_some_and(|length| length.most != Some(1)) && {
            let mut all = context.schema().hyperedge_tables();
            all.any(|(_, ty)| ty.declared && has_role(ty))
        };
        if is_edge || is_role || other || later || is_turned(context, left, right, step, name) {
            continue;
        }
        let roles: Vec<&str> = types
            .iter()
            .flat_map(|ty| ty.roles.iter().map(|role| role.name.as_str()))
            .collect();
        let message = format!(
            "`{}` has no role `{name}`{}; its roles are {}",
            entity.label,
            hint(name, roles.iter().copied()),
            roles.join(", ")
        );
        return Err(context.source.invalid(message, step.type_span()));
    }
    Ok(())
}

/// Whether the hyperedge that has the role stands where the arrow points to, which is warned of.
fn is_turned(
    context: QueryContext<'_>,
    left: &Entity,
    right: &Entity,
    step: &Step<'_>,
    role: &str,
) -> bool {
    let hyperedge = match step.pattern.direction {
        Direction::Right => right,
        Direction::Left => left,
        Direction::Either => return false,
    };
    let types = known_types(context.schema(), hyperedge);
    types.is_some_and(|types| types.iter().any(|ty| ty.role(role).is_some()))
}

/// A step that follows no role because its arrow points from the member to the hyperedge.
fn warn_of_turned_role(
    context: QueryContext<'_>,
    notes: &mut Notes,
    left: &Entity,
    right: &Entity,
    step: &Step<'_>,
) {
    let schema = context.schema();
    let (hyperedge, member) = match step.pattern.direction {
        Direction::Right => (right, left),
        Direction::Left => (left, right),
        Direction::Either => return,
    };
    let types = types_with_roles(schema, hyperedge, Some(member), step);
    if !step.is_list
        || types.is_empty()
        || !types_with_roles(schema, member, Some(hyperedge), step).is_empty()
    {
        return;
    }
    let is_role = |name: &&str| {
        let mut types = types.iter().filter_map(|table| schema.table(*table).ok());
        types.any(|table| {
            table
                .hyperedge_type()
                .is_some_and(|ty| ty.role(name).is_some())
        })
    };
    let is_edge = |name: &str| {
        let table = schema.hyperedge_table(name);
        table.is_some_and(|(_, ty)| ty.is_binary())
    };
    let names = step.names.iter().flatten().map(String::as_str);
    let turned: Vec<&str> = names
        .filter(is_role)
        .filter(|name| !is_edge(name))
        .collect();
    if turned.is_empty() {
        return;
    }
    let message = format!(
        "the role `{}` matches nothing here, since it leads from the hyperedge to its member; turn the arrow round",
        turned.join("|")
    );
    notes.warn(context.source, message, step.type_span());
}

/// Leaves the entities at the ends of a step the tables that its kind allows; false where one has none left.
fn narrow_ends(
    schema: &GraphSchema,
    entities: &mut [Entity],
    step: &Step<'_>,
    kind: StepKind,
) -> Result<bool> {
    let StepKind::Role { reversed } = kind else {
        return Ok(true);
    };
    let (hyperedge, member) = match reversed {
        true => (step.right, step.left),
        false => (step.left, step.right),
    };
    let other = &entities[member];
    let types = types_with_roles(schema, &entities[hyperedge], Some(other), step);
    let mut allowed: Vec<TableId> = Vec::new();
    for table in &types {
        let Some(hyperedge_type) = schema.table(*table)?.hyperedge_type() else {
            continue;
        };
        for role in &hyperedge_type.roles {
            if step.allows(&role.name) {
                allowed.extend(schema.member_tables(role).iter());
            }
        }
    }
    narrow(&mut entities[hyperedge].tables.by_roles, types);
    narrow(&mut entities[member].tables.as_member, allowed);
    let left = [hyperedge, member].map(|end| possible_tables(&entities[end]).is_empty());
    Ok(!left.contains(&true))
}
