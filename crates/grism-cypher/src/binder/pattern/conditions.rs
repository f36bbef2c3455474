//! The conditions that a pattern writes: labels that tables do not settle, and property maps.

use std::sync::Arc;

use grism_core::{Result, Type, Value};
use grism_logical::pattern::{PatternGraph, PatternHop};
use grism_logical::{BinaryOperator, LogicalExpr, PropertyRef};

use super::elements::{Elements, Place};
use super::tables::entity_type;
use crate::binder::expression::{ExpressionBinder, bind_expression, label_condition, property};
use crate::syntax::{Expr, ExprKind, Name};

/// The labels that the tables of an entity do not settle, since those of its rows may have changed.
pub(super) fn label_checks(
    binder: &mut ExpressionBinder<'_, '_>,
    elements: &Elements<'_>,
    conditions: &mut Vec<LogicalExpr>,
) -> Result<()> {
    for entity in &elements.entities {
        for labels in &entity.checks {
            let ty = entity_type(binder.context.schema(), entity);
            let tables = ty.tables().cloned().unwrap_or_default();
            let column = LogicalExpr::column(&entity.column);
            conditions.push(label_condition(binder, column, &tables, labels)?);
        }
    }
    Ok(())
}

/// The properties that nodes ask of their entities.
pub(super) fn entity_properties(
    binder: &mut ExpressionBinder<'_, '_>,
    elements: &Elements<'_>,
    graph: &PatternGraph,
    conditions: &mut Vec<LogicalExpr>,
) -> Result<()> {
    for (index, properties) in &elements.inline {
        let column = &elements.entities[*index].column;
        let ty = &graph.entities[*index].ty;
        inline_properties(binder, column, ty, properties, conditions)?;
    }
    Ok(())
}

fn inline_properties(
    binder: &mut ExpressionBinder<'_, '_>,
    column: &str,
    ty: &Type,
    properties: &Expr,
    conditions: &mut Vec<LogicalExpr>,
) -> Result<()> {
    let tables = ty.tables().cloned().unwrap_or_default();
    for (key, value) in property_entries(binder, properties)? {
        let property = property(binder, LogicalExpr::column(column), &tables, &key)?;
        conditions.push(property.binary(BinaryOperator::Equal, value));
    }
    Ok(())
}

/// The entries of a property map, which is written out or a parameter.
fn property_entries(
    binder: &mut ExpressionBinder<'_, '_>,
    properties: &Expr,
) -> Result<Vec<(Name, LogicalExpr)>> {
    let span = properties.span;
    match &properties.kind {
        ExprKind::Map(entries) => entries
            .iter()
            .map(|entry| Ok((entry.key.clone(), bind_expression(binder, &entry.value)?)))
            .collect(),
        _ => match bind_expression(binder, properties)? {
            LogicalExpr::Literal(Value::Map(entries)) => Ok(entries
                .into_iter()
                .map(|(key, value)| (Name { text: key, span }, LogicalExpr::Literal(value)))
                .collect()),
            _ => Err(binder.unsupported("a computed property map in a pattern", span)),
        },
    }
}

/// The properties that steps ask of their edges.
pub(super) fn step_properties(
    binder: &mut ExpressionBinder<'_, '_>,
    elements: &Elements<'_>,
    places: &[Place],
    graph: &mut PatternGraph,
    conditions: &mut Vec<LogicalExpr>,
) -> Result<()> {
    for (step, place) in elements.steps.iter().zip(places) {
        let Some(properties) = &step.pattern.properties else {
            continue;
        };
        let Place::Edge(place) = place else {
            let message = "a role step has no properties; they belong to the hyperedge";
            return Err(binder.invalid(message, properties.span));
        };
        let edge = &graph.edges[*place];
        let (variable, ty) = (
            edge.variable.clone(),
            Type::Hyperedge(Arc::clone(&edge.tables)),
        );
        if edge.path.is_none() {
            inline_properties(binder, &variable, &ty, properties, conditions)?;
            continue;
        }
        let asked = path_properties(binder, &ty, properties)?;
        if let Some(path) = &mut graph.edges[*place].path
            && let PatternHop::Edge { properties, .. } = &mut path.hop
        {
            for (_, value) in &asked {
                value.collect_columns(&mut path.reads);
            }
            *properties = asked;
        }
    }
    Ok(())
}

fn path_properties(
    binder: &mut ExpressionBinder<'_, '_>,
    ty: &Type,
    properties: &Expr,
) -> Result<Vec<(PropertyRef, LogicalExpr)>> {
    let tables = ty.tables().cloned().unwrap_or_default();
    let mut wanted = Vec::new();
    for (key, value) in property_entries(binder, properties)? {
        let edge = binder.notes.fresh("edge");
        // An unknown property is null, and nothing equals it.
        let ty = match property(binder, LogicalExpr::Column(edge), &tables, &key)? {
            LogicalExpr::Property { ty, .. } => ty,
            _ => Type::Null,
        };
        let key = key.text.clone();
        wanted.push((PropertyRef { key, ty }, value));
    }
    Ok(wanted)
}
