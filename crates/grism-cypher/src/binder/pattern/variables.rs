//! The variables that a pattern binds.

use std::sync::Arc;

use grism_core::{GraphSchema, Type};
use grism_logical::pattern::PatternGraph;

use super::elements::Elements;
use super::tables::entity_type;
use crate::binder::names::{Scope, column_for};

/// Binds the variables of entities and steps that no earlier clause binds.
pub(super) fn bind_variables(
    schema: &GraphSchema,
    elements: &Elements<'_>,
    graph: &PatternGraph,
    scope: &mut Scope,
) {
    for (entity, planned) in elements.entities.iter().zip(&graph.entities) {
        let Some(name) = &entity.name else { continue };
        if entity.is_start {
            scope.put(name, &entity.column, entity_type(schema, entity));
        } else if entity.bound.is_none() {
            scope.put(name, &entity.column, planned.ty.clone());
        }
    }
    for step in &elements.steps {
        let Some(name) = &step.pattern.variable else {
            continue;
        };
        if scope.find(&name.text).is_some() {
            continue;
        }
        let column = column_for(&name.text);
        let ty = match graph.edges.iter().find(|edge| edge.variable == column) {
            Some(edge) if edge.path.is_some() => Type::Hyperedge(Arc::clone(&edge.tables)).list(),
            Some(edge) => Type::Hyperedge(Arc::clone(&edge.tables)),
            None => Type::Incidence,
        };
        scope.put(&name.text, &column, ty);
    }
}
