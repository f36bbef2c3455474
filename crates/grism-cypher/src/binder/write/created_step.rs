//! The edges and incidences that a pattern of CREATE or MERGE makes.

use grism_core::{Result, Type};
use grism_logical::{Created, CreatedEdge, CreatedIncidence};

use super::writing::{Writing, property_map};
use crate::binder::names::{column_for, hint, type_names};
use crate::syntax::{Direction, Name, RelationshipPattern, Span};

/// Why a pattern is taken for what it creates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To create it.
    Create,
    /// To create it where it is not found, which may have been looked for in either direction.
    Merge,
}

/// A step and the columns of the entities at its ends.
pub(super) struct CreatedStep<'s> {
    pub(super) pattern: &'s RelationshipPattern,
    pub(super) span: Span,
    pub(super) left: &'s str,
    pub(super) right: &'s str,
}

/// Adds what a step creates, and returns the column that a path through it has: that of its edge, or of the hyperedge that
/// gets a member.
pub(super) fn created_step(
    writing: &mut Writing<'_, '_>,
    step: &CreatedStep<'_>,
    purpose: Purpose,
    created: &mut Created,
) -> Result<String> {
    let name = step_type(writing, step)?;
    let type_name = name.text.as_str();
    let direction = step.pattern.direction;
    let (source, target) = match (direction, purpose) {
        (Direction::Right, _) | (Direction::Either, Purpose::Merge) => (step.left, step.right),
        (Direction::Left, _) => (step.right, step.left),
        (Direction::Either, Purpose::Create) => {
            return Err(writing
                .invalid("a relationship that is created has a direction", step.span)
                .with_code("SyntaxError:RequiresDirectedRelationship"));
        }
    };
    let (from, to) = (
        declared_of(writing, source, created),
        declared_of(writing, target, created),
    );
    let turned = !have_role(writing, from.as_deref(), type_name)
        && have_role(writing, to.as_deref(), type_name);
    let (hyperedge, member, types) = match (from, to) {
        // Without a direction a role leads from the hyperedge, wherever it stands.
        (_, Some(types)) if turned && direction == Direction::Either => (target, source, types),
        _ if turned => {
            let message = format!(
                "the role `{type_name}` leads from the hyperedge to its member; turn the arrow round"
            );
            return Err(writing.invalid(message, step.span));
        }
        (Some(types), _) => (source, target, types),
        (None, _) => {
            let or_member = may_have_role(writing, source, type_name, created)
                && step.pattern.variable.is_none();
            if !or_member {
                check_edge_type(writing, type_name, source, created, name.span)?;
            }
            let ends = [source, target];
            return created_edge(writing, step, type_name, ends, or_member, created);
        }
    };
    check_incidence(writing, step, type_name, &types)?;
    created.incidences.push(CreatedIncidence {
        hyperedge: hyperedge.to_owned(),
        role: type_name.to_owned(),
        member: member.to_owned(),
    });
    Ok(hyperedge.to_owned())
}

/// The one type of a step, whose variable is new.
fn step_type<'s>(writing: &Writing<'_, '_>, step: &CreatedStep<'s>) -> Result<&'s Name> {
    let (pattern, span) = (step.pattern, step.span);
    if pattern.quantifier.is_some() {
        let message = "a relationship of variable length cannot be created";
        return Err(writing
            .invalid(message, span)
            .with_code("SyntaxError:CreatingVarLength"));
    }
    if let Some(variable) = &pattern.variable
        && writing.scope.find(&variable.text).is_some()
    {
        let message = format!("the variable `{}` is bound already", variable.text);
        return Err(writing
            .invalid(message, variable.span)
            .with_code("SyntaxError:VariableAlreadyBound"));
    }
    let names = pattern.labels.as_ref().and_then(type_names);
    match names.as_deref() {
        Some([name]) => Ok(name),
        _ => Err(writing
            .invalid("a relationship that is created has exactly one type", span)
            .with_code("SyntaxError:NoSingleRelationshipType")),
    }
}

/// Adds the binary edge of a step between the entities in two columns.
fn created_edge(
    writing: &mut Writing<'_, '_>,
    step: &CreatedStep<'_>,
    type_name: &str,
    [source, target]: [&str; 2],
    or_member: bool,
    created: &mut Created,
) -> Result<String> {
    let properties = property_map(writing, step.pattern.properties.as_ref())?;
    let column = match &step.pattern.variable {
        Some(variable) => {
            let column = column_for(&variable.text);
            let ty = Type::Hyperedge([].into());
            writing.scope.put(&variable.text, &column, ty);
            column
        }
        None => writing.notes.fresh("edge"),
    };
    created.edges.push(CreatedEdge {
        column: column.clone(),
        type_name: type_name.to_owned(),
        source: source.to_owned(),
        target: target.to_owned(),
        undirected: step.pattern.direction == Direction::Either,
        properties,
        or_member,
    });
    Ok(column)
}

/// Refuses a role step whose hyperedge, of one of these types, cannot have it, or that is written like an edge.
fn check_incidence(
    writing: &Writing<'_, '_>,
    step: &CreatedStep<'_>,
    role: &str,
    types: &[String],
) -> Result<()> {
    for name in types {
        let Some((_, ty)) = writing.context.schema().hyperedge_table(name) else {
            continue;
        };
        if ty.role(role).is_none() {
            let roles: Vec<&str> = ty.roles.iter().map(|role| role.name.as_str()).collect();
            let message = format!(
                "`{name}` has no role `{role}`{}; its roles are {}",
                hint(role, roles.iter().copied()),
                roles.join(", ")
            );
            return Err(writing.invalid(message, step.span));
        }
    }
    if let Some(properties) = &step.pattern.properties {
        let message = "a role step has no properties; they belong to the hyperedge";
        return Err(writing.invalid(message, properties.span));
    }
    if let Some(variable) = &step.pattern.variable {
        let what = "naming a role step that is created";
        return Err(writing.unsupported(what, variable.span));
    }
    Ok(())
}

/// Refuses a new type of binary edges that can only be a slip: the name of a hyperedge type, or of a role.
fn check_edge_type(
    writing: &Writing<'_, '_>,
    type_name: &str,
    source: &str,
    created: &Created,
    span: Span,
) -> Result<()> {
    match writing.context.schema().hyperedge_table(type_name) {
        Some((_, ty)) if ty.is_binary() => return Ok(()),
        Some(_) => {
            let message = format!(
                "`{type_name}` is a hyperedge type, not a relationship: write (h:{type_name})-[:role]->(member)"
            );
            return Err(writing.invalid(message, span));
        }
        None => {}
    }
    let types = writing.context.schema().hyperedge_tables();
    let owners: Vec<&str> = types
        .filter(|(_, ty)| ty.declared && ty.role(type_name).is_some())
        .map(|(_, ty)| ty.name.as_str())
        .collect();
    let Some(owner) = owners.first() else {
        return Ok(());
    };
    let entities = created.entities.iter();
    let labels = entities
        .filter(|entity| entity.column == source)
        .flat_map(|entity| &entity.labels);
    let meant = labels
        .filter_map(|label| grism_core::nearest(label, owners.iter().copied()))
        .next();
    let hint = match meant {
        Some(meant) => format!("; did you mean the label `{meant}`?"),
        None => format!("; label it: (h:{owner})-[:{type_name}]->(member)"),
    };
    let message = format!(
        "`{type_name}` is a role of `{}`, but this does not start from such a hyperedge{hint}",
        owners.join("`, `")
    );
    Err(writing.invalid(message, span))
}

/// Whether one of the types has the role.
fn have_role(writing: &Writing<'_, '_>, types: Option<&[String]>, role: &str) -> bool {
    types.into_iter().flatten().any(|name| {
        let ty = writing.context.schema().hyperedge_table(name);
        ty.is_some_and(|(_, ty)| ty.role(role).is_some())
    })
}

/// Whether the entity in a column, which may be a node or a hyperedge, may have the role.
fn may_have_role(writing: &Writing<'_, '_>, column: &str, role: &str, created: &Created) -> bool {
    if created
        .entities
        .iter()
        .any(|entity| entity.column == column)
    {
        return false;
    }
    let schema = writing.context.schema();
    let mut variables = writing.scope.variables.iter();
    let ty = variables.find(|variable| variable.column == column);
    match ty.map(|variable| &variable.ty) {
        Some(Type::Entity { tables, .. }) => tables.iter().any(|table| {
            let ty = schema
                .table(*table)
                .ok()
                .and_then(|own| own.hyperedge_type());
            ty.is_some_and(|ty| ty.declared && ty.role(role).is_some())
        }),
        Some(Type::Any) => {
            let mut types = schema.hyperedge_tables();
            types.any(|(_, ty)| ty.declared && ty.role(role).is_some())
        }
        _ => false,
    }
}

/// The declared types that the entity in a column may have, where it is a hyperedge.
fn declared_of(writing: &Writing<'_, '_>, column: &str, created: &Created) -> Option<Vec<String>> {
    let here = created
        .entities
        .iter()
        .find(|entity| entity.column == column);
    if let Some(entity) = here {
        return entity.hyperedge_type.clone().map(|name| vec![name]);
    }
    let ty = writing
        .scope
        .variables
        .iter()
        .find(|variable| variable.column == column)
        .map(|variable| &variable.ty)?;
    let Type::Hyperedge(tables) = ty else {
        return None;
    };
    let types = tables
        .iter()
        .filter_map(|table| {
            writing
                .context
                .schema()
                .table(*table)
                .ok()?
                .hyperedge_type()
        })
        .filter(|ty| ty.declared)
        .map(|ty| ty.name.clone());
    Some(types.collect())
}
