//! The nodes of a pattern, written or not.

use grism_core::{Result, Type};
use grism_logical::LogicalExpr;

use super::elements::{Entity, EntityTables};
use crate::binder::expression::{ExpressionBinder, Pending, entity_of, may_change};
use crate::binder::names::{column_for, found_tables, unlabelled_tables};
use crate::syntax::{NodePattern, Span};

/// A node that the pattern does not write.
pub(super) fn nameless(binder: &mut ExpressionBinder<'_, '_>, entities: &mut Vec<Entity>) -> usize {
    let column = binder.notes.fresh("node");
    entities.push(Entity {
        column,
        name: None,
        label: String::new(),
        tables: EntityTables::new(binder.context.schema().entity_tables(), None),
        bound: None,
        is_start: false,
        checks: Vec::new(),
    });
    entities.len() - 1
}

/// The entity that a node pattern is, by its index; added where the pattern does not name it yet.
pub(super) fn add_node(
    binder: &mut ExpressionBinder<'_, '_>,
    node: &NodePattern,
    span: Span,
    entities: &mut Vec<Entity>,
) -> Result<usize> {
    let variable = node.variable.as_ref().map(|name| name.text.as_str());
    let labelled = node
        .labels
        .as_ref()
        .map(|labels| found_tables(binder.context, binder.notes, labels, variable))
        .transpose()?;
    // Where labels may have changed, the tables alone do not tell.
    let check = node.labels.clone().filter(|_| {
        labelled
            .as_ref()
            .is_some_and(|tables| may_change(binder.context.schema(), tables))
    });
    let label = node
        .labels
        .as_ref()
        .map(|labels| {
            binder
                .context
                .source
                .slice(labels.span)
                .trim_start_matches(':')
                .to_owned()
        })
        .unwrap_or_default();
    let name = node.variable.as_ref().map(|name| name.text.clone());
    if let Some(name) = &name
        && let Some(index) = entities
            .iter()
            .position(|entity| entity.name.as_ref() == Some(name))
    {
        let entity = &mut entities[index];
        if let Some(more) = labelled {
            entity.tables.add_labelled(more);
            entity.label = label;
        }
        entity.checks.extend(check);
        return Ok(index);
    }
    let (column, bound) = node_column(binder, name.as_deref(), span)?;
    let unlabelled = unlabelled_tables(binder.context, name.as_deref());
    entities.push(Entity {
        column,
        name,
        label,
        tables: EntityTables::new(unlabelled, labelled),
        bound,
        is_start: false,
        checks: check.into_iter().collect(),
    });
    Ok(entities.len() - 1)
}

/// The column of a node, and the type it has where an earlier clause binds it.
fn node_column(
    binder: &mut ExpressionBinder<'_, '_>,
    name: Option<&str>,
    span: Span,
) -> Result<(String, Option<Type>)> {
    let Some(name) = name else {
        return Ok((binder.notes.fresh("node"), None));
    };
    let Some(known) = binder.input.scope.find(name) else {
        return Ok((column_for(name), None));
    };
    match &known.ty {
        Type::Any => {
            let (column, ty) = entity_of(binder, LogicalExpr::column(&known.column));
            Ok((column, Some(ty)))
        }
        Type::Null => {
            let column = binder.notes.fresh("entity");
            let none = Type::Node([].into());
            let null = LogicalExpr::column(&known.column).convert(&Type::Null, &none);
            binder.needs.pend(Pending::Column(null.named(&column)));
            Ok((column, Some(none)))
        }
        ty if ty.is_entity() => Ok((known.column.clone(), Some(ty.clone()))),
        ty => Err(binder
            .invalid(format!("`{name}` is {ty}, not a node or a hyperedge"), span)
            .with_code("SyntaxError:VariableTypeConflict")),
    }
}
