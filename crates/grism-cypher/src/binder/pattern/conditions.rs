//! The conditions that a pattern writes: labels that tables do not settle, and property maps.

use std::sync::Arc;

use grism_core::{Error, Result, Tables, Type, Value};
use grism_logical::pattern::{PatternGraph, PatternHop};
use grism_logical::{BinaryOperator, LogicalExpr, PropertyRef};

use super::elements::{Elements, Place};
use super::steps::asks_properties;
use super::tables::entity_type;
use crate::binder::expression::{
    ExpressionBinder, asks_the_graph, bind_expression, label_condition, property,
    warn_of_comparison,
};
use crate::projected::names_in;
use crate::syntax::{Expr, ExprKind, MapEntry, Name};

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

/// A property that is asked of an entity and whose value can be computed only behind the pattern: a subquery starts from
/// what the pattern binds.
pub(crate) struct LateProperty<'p> {
    column: String,
    tables: Tables,
    entry: &'p MapEntry,
}

/// What the property maps of a pattern ask for.
#[derive(Default)]
pub(super) struct Asked<'p> {
    pub(super) conditions: Vec<LogicalExpr>,
    pub(super) late: Vec<LateProperty<'p>>,
}

/// What must hold behind the pattern.
pub(crate) fn late_condition(
    binder: &mut ExpressionBinder<'_, '_>,
    late: &LateProperty<'_>,
) -> Result<LogicalExpr> {
    let value = bind_expression(binder, &late.entry.value)?;
    let column = LogicalExpr::column(&late.column);
    let property = property(binder, column, &late.tables, &late.entry.key)?;
    Ok(property.binary(BinaryOperator::Equal, value))
}

/// The properties that nodes ask of their entities.
pub(super) fn entity_properties<'p>(
    binder: &mut ExpressionBinder<'_, '_>,
    elements: &Elements<'p>,
    graph: &PatternGraph,
    asked: &mut Asked<'p>,
) -> Result<()> {
    for &(index, properties) in &elements.inline {
        let column = &elements.entities[index].column;
        let ty = &graph.entities[index].ty;
        inline_properties(binder, column, ty, properties, asked)?;
    }
    Ok(())
}

fn inline_properties<'p>(
    binder: &mut ExpressionBinder<'_, '_>,
    column: &str,
    ty: &Type,
    properties: &'p Expr,
    asked: &mut Asked<'p>,
) -> Result<()> {
    let tables = ty.tables().cloned().unwrap_or_default();
    let mut ask = |binder: &mut ExpressionBinder<'_, '_>, key: &Name, value, place: &Expr| {
        let property = property(binder, LogicalExpr::column(column), &tables, key)?;
        warn_of_comparison(binder, BinaryOperator::Equal, (&property, &value), place)?;
        asked
            .conditions
            .push(property.binary(BinaryOperator::Equal, value));
        Ok::<_, Error>(())
    };
    let ExprKind::Map(entries) = &properties.kind else {
        for (key, value) in property_entries(binder, properties)? {
            ask(binder, &key, value, properties)?;
        }
        return Ok(());
    };
    for entry in entries {
        match value_below(binder, &entry.value)? {
            Some(value) => ask(binder, &entry.key, value, &entry.value)?,
            None => asked.late.push(LateProperty {
                column: column.to_owned(),
                tables: Arc::clone(&tables),
                entry,
            }),
        }
    }
    Ok(())
}

/// A value whose columns can be made below the pattern; `None` where they depend on what the pattern binds.
fn value_below(binder: &mut ExpressionBinder<'_, '_>, value: &Expr) -> Result<Option<LogicalExpr>> {
    let reads_pattern = names_in(value).iter().any(|name| {
        let variable = binder.input.scope.find(name);
        variable.is_some_and(|own| !binder.input.rows.contains(&own.column))
    });
    if !reads_pattern {
        return bind_expression(binder, value).map(Some);
    }
    if asks_the_graph(value) {
        return Ok(None);
    }
    let mark = binder.needs.mark(binder.notes);
    let bound = bind_expression(binder, value)?;
    if binder.needs.grew_since(mark) {
        binder.needs.rewind(mark, binder.notes);
        return Ok(None);
    }
    Ok(Some(bound))
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
            .map(|entry| {
                let value = value_below(binder, &entry.value)?.ok_or_else(|| {
                    let what =
                        "a value that depends on the pattern, in the properties of several hops,";
                    binder.unsupported(what, entry.value.span)
                })?;
                Ok((entry.key.clone(), value))
            })
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
pub(super) fn step_properties<'p>(
    binder: &mut ExpressionBinder<'_, '_>,
    elements: &Elements<'p>,
    places: &[Place],
    graph: &mut PatternGraph,
    asked: &mut Asked<'p>,
) -> Result<()> {
    for (step, place) in elements.steps.iter().zip(places) {
        let Some(properties) = &step.pattern.properties else {
            continue;
        };
        if !asks_properties(binder.context, step) {
            continue;
        }
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
            inline_properties(binder, &variable, &ty, properties, asked)?;
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
