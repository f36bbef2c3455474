//! From the elements of a pattern to the graph that the planner orders.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use grism_core::{Result, Tables, Type, Value};
use grism_logical::pattern::{
    PatternEdge, PatternEntity, PatternGraph, PatternHop, PatternPath, PatternRole,
};
use grism_logical::{BinaryOperator, Direction as EdgeDirection, LogicalExpr, UnaryOperator};

use super::elements::{Elements, Place, Step, StepKind};
use super::tables::{edge_types, entity_type, step_roles};
use crate::binder::QueryContext;
use crate::binder::expression::{ExpressionBinder, edge_of, label_test};
use crate::binder::names::{column_for, hint};
use crate::syntax::{Direction, Name, Span};

/// The elements as the planner wants them.
#[derive(Default)]
pub(super) struct GraphParts {
    pub(super) graph: PatternGraph,
    /// Where each step stands in the graph.
    pub(super) places: Vec<Place>,
    /// What ties the elements to what is bound already.
    pub(super) conditions: Vec<LogicalExpr>,
}

/// The graph of a pattern whose steps are of these kinds; its groups have no edges yet.
pub(super) fn pattern_graph(
    binder: &mut ExpressionBinder<'_, '_>,
    elements: &Elements<'_>,
    kinds: &[StepKind],
) -> Result<GraphParts> {
    let mut parts = GraphParts::default();
    for index in 0..elements.entities.len() {
        add_entity(binder, elements, index, &mut parts);
    }
    // The groups of repeated steps come last.
    let repeated = kinds.iter().filter(|kind| **kind == StepKind::Repeated);
    let mut groups = elements.groups.len() - repeated.count()..;
    let mut names = BTreeMap::new();
    for (step, kind) in elements.steps.iter().zip(kinds) {
        check_name(binder.context, elements, step, &mut names)?;
        let variable = step_variable(binder, step, *kind, &mut parts.conditions)?;
        let place = match kind {
            StepKind::Repeated => Place::Group(groups.next().unwrap_or_default()),
            StepKind::Role { reversed } => {
                parts
                    .graph
                    .roles
                    .push(role(binder, elements, step, *reversed, variable));
                Place::Role(parts.graph.roles.len() - 1)
            }
            StepKind::Edge => {
                let edge = edge(binder, elements, step, variable)?;
                parts.graph.edges.push(edge);
                Place::Edge(parts.graph.edges.len() - 1)
            }
        };
        parts.places.push(place);
    }
    Ok(parts)
}

/// Adds an entity; what an earlier clause binds keeps its type, and a condition narrows its rows.
fn add_entity(
    binder: &ExpressionBinder<'_, '_>,
    elements: &Elements<'_>,
    index: usize,
    parts: &mut GraphParts,
) {
    let entity = &elements.entities[index];
    let mut ty = entity_type(binder.context.schema(), entity);
    let column = || LogicalExpr::column(&entity.column);
    if let Some(bound) = &entity.bound {
        let in_step = |step: &Step<'_>| step.left == index || step.right == index;
        if !elements.steps.iter().any(in_step) {
            // Null is no entity; a step from it finds none by itself.
            let condition = column().unary(UnaryOperator::IsNotNull);
            parts.conditions.push(condition);
        }
        if let Some(tables) = ty.tables() {
            if bound.tables() != Some(tables) {
                let condition = label_test(column(), Arc::clone(tables));
                parts.conditions.push(condition);
            }
            ty = bound.clone();
        }
    }
    parts.graph.entities.push(PatternEntity {
        variable: entity.column.clone(),
        ty,
        label: entity.label.clone(),
        selectivity: 1.0,
    });
}

/// Refuses a step's variable that the pattern binds before.
fn check_name<'p>(
    context: QueryContext<'_>,
    elements: &Elements<'p>,
    step: &Step<'p>,
    names: &mut BTreeMap<&'p str, Span>,
) -> Result<()> {
    let Some(name) = &step.pattern.variable else {
        return Ok(());
    };
    let text = name.text.as_str();
    let mut entities = elements.entities.iter();
    let is_entity = entities.any(|entity| entity.name.as_deref() == Some(text));
    let is_step = names.insert(text, name.span).is_some();
    let code = match (is_entity, is_step) {
        (false, false) => return Ok(()),
        (true, _) => "SyntaxError:VariableTypeConflict",
        (false, true) => "SyntaxError:RelationshipUniquenessViolation",
    };
    Err(context
        .source
        .invalid(format!("the variable `{text}` is bound twice"), name.span)
        .with_code(code))
}

/// The column that a step binds. A relationship that is bound already is looked for anew, and must be the same.
fn step_variable(
    binder: &mut ExpressionBinder<'_, '_>,
    step: &Step<'_>,
    kind: StepKind,
    conditions: &mut Vec<LogicalExpr>,
) -> Result<Option<String>> {
    let Some(name) = &step.pattern.variable else {
        return Ok(None);
    };
    let Some(known) = binder.input.scope.find(&name.text) else {
        return Ok(Some(column_for(&name.text)));
    };
    if kind == StepKind::Repeated {
        let what = "role steps that are bound already";
        return Err(binder.unsupported(what, name.span));
    }
    let variable = binder.notes.fresh("edge");
    check_bound_type(binder.context, step, name, &known.ty)?;
    let found = LogicalExpr::column(&variable);
    let same = |column: String| found.binary(BinaryOperator::Equal, LogicalExpr::Column(column));
    conditions.push(match (kind, &known.ty) {
        // An edge is no incidence.
        (StepKind::Edge, Type::Incidence) | (StepKind::Role { .. }, Type::Hyperedge(_)) => {
            LogicalExpr::Literal(Value::Bool(false))
        }
        (StepKind::Edge, Type::Any) => {
            let column = LogicalExpr::column(&known.column);
            same(edge_of(binder, column))
        }
        _ => same(known.column.clone()),
    });
    Ok(Some(variable))
}

/// Refuses a variable that cannot be the relationship, or the list of relationships, that a step asks for.
fn check_bound_type(
    context: QueryContext<'_>,
    step: &Step<'_>,
    name: &Name,
    ty: &Type,
) -> Result<()> {
    let fits = match ty {
        Type::Hyperedge(_) | Type::Incidence => step.length.is_none(),
        Type::List(item) => {
            step.length.is_some() && matches!(**item, Type::Hyperedge(_) | Type::Any | Type::Null)
        }
        Type::Any | Type::Null => true,
        _ => false,
    };
    if fits {
        return Ok(());
    }
    let message = format!("`{}` is {ty}, not a relationship", name.text);
    Err(context
        .source
        .invalid(message, name.span)
        .with_code("SyntaxError:VariableTypeConflict"))
}

/// The role step of the graph for a step whose hyperedge stands at the left or, `reversed`, at the right.
fn role(
    binder: &ExpressionBinder<'_, '_>,
    elements: &Elements<'_>,
    step: &Step<'_>,
    reversed: bool,
    incidence: Option<String>,
) -> PatternRole {
    let (hyperedge, member) = match reversed {
        true => (step.right, step.left),
        false => (step.left, step.right),
    };
    let (hyperedge, member) = (&elements.entities[hyperedge], &elements.entities[member]);
    PatternRole {
        hyperedge: hyperedge.column.clone(),
        roles: step_roles(binder.context.schema(), hyperedge, step),
        member: member.column.clone(),
        incidence,
        repeats: false,
    }
}

/// The edge of the graph for a step that follows binary edges.
fn edge(
    binder: &mut ExpressionBinder<'_, '_>,
    elements: &Elements<'_>,
    step: &Step<'_>,
    variable: Option<String>,
) -> Result<PatternEdge> {
    let tables = edge_tables(binder, step)?;
    let direction = match step.pattern.direction {
        Direction::Right => EdgeDirection::Out,
        Direction::Left => EdgeDirection::In,
        Direction::Either => EdgeDirection::Both,
    };
    let variable = variable.unwrap_or_else(|| binder.notes.fresh("edge"));
    let path = step.length.map(|length| PatternPath {
        hop: PatternHop::Edge {
            properties: Vec::new(),
            nodes: binder.notes.fresh("nodes"),
        },
        least: length.least,
        most: length.most,
        search: length.rules.search,
        mode: length.rules.mode,
        reads: BTreeSet::new(),
    });
    Ok(PatternEdge {
        variable,
        tables,
        label: step.names.as_deref().unwrap_or_default().join("|"),
        direction,
        left: elements.entities[step.left].column.clone(),
        right: elements.entities[step.right].column.clone(),
        path,
        selectivity: 1.0,
    })
}

/// The tables of the binary edges that a step follows; warns of names that are neither types nor roles.
fn edge_tables(binder: &mut ExpressionBinder<'_, '_>, step: &Step<'_>) -> Result<Tables> {
    let schema = binder.context.schema();
    for name in step.names.iter().flatten().filter(|_| step.is_list) {
        let is_role = || {
            let mut types = schema.hyperedge_tables();
            types.any(|(_, ty)| ty.declared && ty.role(name).is_some())
        };
        match schema.hyperedge_table(name) {
            Some((_, ty)) if ty.is_binary() => {}
            _ if is_role() => {}
            Some(_) => {
                let message = format!(
                    "`{name}` is a hyperedge type, not a relationship: write (h:{name})-[:role]->(member)"
                );
                return Err(binder.invalid(message, step.type_span()));
            }
            None => {
                let known = schema.hyperedge_tables().flat_map(|(_, ty)| {
                    let roles = ty.roles.iter().map(|role| role.name.as_str());
                    std::iter::once(ty.name.as_str()).chain(roles)
                });
                let hint = hint(name, known);
                binder.warn(
                    format!("there is no relationship type `{name}`, so nothing matches it{hint}"),
                    step.type_span(),
                );
            }
        }
    }
    Ok(edge_types(schema, step).into())
}
