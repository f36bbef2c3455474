//! CREATE: the nodes and hyperedges that a pattern makes.

use grism_core::{Result, Type};
use grism_logical::{Created, CreatedEntity, LogicalExpr};

use super::created_step::{CreatedStep, Purpose, created_step};
use super::writing::{Writing, property_map};
use crate::binder::QueryContext;
use crate::binder::expression::entity_of;
use crate::binder::names::{Variable, column_for};
use crate::syntax::{
    LabelExpression, LabelKind, NodePattern, PathElementKind, PathPattern, RelationshipPattern,
    Span,
};

/// What the paths create for each row. Their new variables are in scope afterwards.
pub(super) fn create(
    writing: &mut Writing<'_, '_>,
    paths: &[PathPattern],
    purpose: Purpose,
) -> Result<Created> {
    let mut created = Created::default();
    for path in paths {
        create_path(writing, path, purpose, &mut created)?;
    }
    Ok(created)
}

fn create_path(
    writing: &mut Writing<'_, '_>,
    path: &PathPattern,
    purpose: Purpose,
    created: &mut Created,
) -> Result<()> {
    let mode = path.mode.map(|(_, span)| span);
    if let Some(span) = path.selector.map(|(_, span)| span).or(mode) {
        let message = "what is created is one path: it has no selector and no mode";
        return Err(writing.invalid(message, span));
    }
    let mut left: Option<String> = None;
    let mut between: Option<(&RelationshipPattern, Span)> = None;
    let alone = path.elements.len() == 1;
    let mut through = Vec::new();
    for element in &path.elements {
        match &element.kind {
            PathElementKind::Node(node) => {
                let column = created_node(writing, node, element.span, alone, created)?;
                if let (Some(left), Some((step, span))) = (&left, between.take()) {
                    let step = CreatedStep {
                        pattern: step,
                        span,
                        left,
                        right: &column,
                    };
                    through.push(created_step(writing, &step, purpose, created)?);
                }
                through.push(column.clone());
                left = Some(column);
            }
            PathElementKind::Relationship(relationship) => {
                between = Some((&**relationship, element.span));
            }
            _ => {
                return Err(writing
                    .invalid(
                        "only nodes and single relationships can be created",
                        element.span,
                    )
                    .with_code("SyntaxError:CreatingVarLength"));
            }
        }
    }
    if let Some(binding) = &path.variable {
        let column = column_for(&binding.text);
        created.paths.push((column.clone(), through));
        writing.scope.put(&binding.text, &column, Type::Path);
    }
    Ok(())
}

/// The column of a node of the pattern: one that is bound, or one that is added to what is created.
fn created_node(
    writing: &mut Writing<'_, '_>,
    node: &NodePattern,
    span: Span,
    alone: bool,
    created: &mut Created,
) -> Result<String> {
    if let Some(name) = &node.variable
        && let Some(known) = writing.scope.find(&name.text).cloned()
    {
        if node.labels.is_some() || node.properties.is_some() || alone {
            let message = format!("the variable `{}` is bound already", name.text);
            return Err(writing
                .invalid(message, name.span)
                .with_code("SyntaxError:VariableAlreadyBound"));
        }
        return bound_node(writing, known, span);
    }
    let labels = match &node.labels {
        None => Vec::new(),
        Some(labels) => plain_labels(writing.context, labels)?,
    };
    let hyperedge_type = declared_type(writing, &labels, span)?;
    let properties = property_map(writing, node.properties.as_ref())?;
    let column = match &node.variable {
        Some(name) => column_for(&name.text),
        None => writing.notes.fresh("node"),
    };
    if let Some(name) = &node.variable {
        let ty = match &hyperedge_type {
            Some(name) => {
                let table = writing.context.schema().hyperedge_table(name);
                Type::Hyperedge(table.map(|(table, _)| table.id).into_iter().collect())
            }
            None => Type::Node([].into()),
        };
        writing.scope.put(&name.text, &column, ty);
    }
    let labels = match hyperedge_type {
        Some(_) => Vec::new(),
        None => labels,
    };
    created.entities.push(CreatedEntity {
        column: column.clone(),
        labels,
        hyperedge_type,
        properties,
    });
    Ok(column)
}

/// The column of an entity that is bound already.
fn bound_node(writing: &mut Writing<'_, '_>, known: Variable, span: Span) -> Result<String> {
    match &known.ty {
        Type::Any => {
            let value = LogicalExpr::Column(known.column);
            let (column, _) = writing.with_expressions(|binder| Ok(entity_of(binder, value)))?;
            writing.flush()?;
            Ok(column)
        }
        ty if ty.is_entity() || ty == &Type::Null => Ok(known.column),
        other => {
            let message = format!("`{}` is {other}, not a node or a hyperedge", known.name);
            Err(writing
                .invalid(message, span)
                .with_code("SyntaxError:VariableTypeConflict"))
        }
    }
}

/// The declared hyperedge type that the labels name; `None` where they are those of a node.
fn declared_type(
    writing: &Writing<'_, '_>,
    labels: &[String],
    span: Span,
) -> Result<Option<String>> {
    let schema = writing.context.schema();
    let is_declared = |label: &&String| {
        let table = schema.hyperedge_table(label);
        table.is_some_and(|(_, ty)| ty.declared)
    };
    let declared: Vec<&String> = labels.iter().filter(is_declared).collect();
    match (&declared[..], labels.len()) {
        ([], _) => Ok(None),
        ([only], 1) => Ok(Some((*only).clone())),
        _ => Err(writing.invalid("a hyperedge has its type and no label", span)),
    }
}

/// Labels joined by `:` or `&`, as creation wants them.
pub(super) fn plain_labels(
    context: QueryContext<'_>,
    labels: &LabelExpression,
) -> Result<Vec<String>> {
    Ok(match &labels.kind {
        LabelKind::Name(name) => vec![name.text.clone()],
        LabelKind::And(parts) => {
            let mut all: Vec<String> = Vec::new();
            for part in parts {
                for label in plain_labels(context, part)? {
                    if !all.contains(&label) {
                        all.push(label);
                    }
                }
            }
            all.sort_unstable();
            all
        }
        _ => {
            return Err(context
                .source
                .invalid(
                    "labels that are written are names joined by `:` or `&`",
                    labels.span,
                )
                .with_code("SyntaxError:UnexpectedSyntax"));
        }
    })
}
