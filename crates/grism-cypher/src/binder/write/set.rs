//! SET and REMOVE: what is changed.

use grism_core::{Result, Type, Value};
use grism_functions::PROPERTY_MAP;
use grism_logical::{LabelChange, LogicalExpr, PropertiesMode, SetItem};

use super::create::plain_labels;
use super::storable::{check_map, check_value};
use super::writing::{Writing, bind, computed};
use crate::binder::expression::dynamic_function;
use crate::syntax::{
    self, Expr, ExprKind, LabelExpression, Name, RemoveItem, RemoveItemKind, SetItemKind, Span,
};

/// Notes the properties that a clause sets: what is bound next may read them, though they are not there yet.
pub(super) fn note_set_keys(writing: &mut Writing<'_, '_>, set: &[syntax::SetItem]) -> Result<()> {
    for item in set {
        if let SetItemKind::Property { target, .. } = &item.kind {
            let key = property_target(writing, target)?.1;
            writing.set_properties.push(key);
        }
    }
    Ok(())
}

/// What the items of a SET change, from left to right.
pub(super) fn set(writing: &mut Writing<'_, '_>, set: &[syntax::SetItem]) -> Result<Vec<SetItem>> {
    let mut items = Vec::new();
    for item in set {
        items.push(match &item.kind {
            SetItemKind::Property { target, value } => {
                let (base, key) = property_target(writing, target)?;
                let entity = target_entity(writing, base)?;
                let (bound, ty) = bind(writing, value)?;
                check_value(writing.context.source, &ty, value)?;
                let column = computed(writing, bound, "value")?;
                SetItem::Property {
                    entity,
                    key,
                    value: (column, ty),
                }
            }
            SetItemKind::ReplaceProperties { target, value } => {
                set_properties(writing, target, value, PropertiesMode::Replace)?
            }
            SetItemKind::MergeProperties { target, value } => {
                set_properties(writing, target, value, PropertiesMode::Merge)?
            }
            SetItemKind::Labels { target, labels } => SetItem::Labels {
                entity: target_variable(writing, target)?,
                labels: changed_labels(writing, labels)?,
                change: LabelChange::Add,
            },
        });
    }
    Ok(items)
}

fn set_properties(
    writing: &mut Writing<'_, '_>,
    target: &Name,
    value: &Expr,
    mode: PropertiesMode,
) -> Result<SetItem> {
    let entity = target_variable(writing, target)?;
    let (bound, ty) = bind(writing, value)?;
    check_map(writing.context.source, &ty, value)?;
    let map = match &ty {
        Type::Map(_) | Type::Null => bound.convert(&ty, &Type::Any),
        ty if ty.is_entity() || matches!(ty, Type::Any | Type::Incidence) => writing
            .with_expressions(|binder| {
                let function = &PROPERTY_MAP;
                Ok(dynamic_function(binder, function, bound, ty, Vec::new()))
            })?,
        other => {
            return Err(writing
                .invalid(format!("properties are a map, not {other}"), value.span)
                .with_code("SyntaxError:InvalidArgumentType"));
        }
    };
    let column = computed(writing, map, "value")?;
    Ok(SetItem::Properties {
        entity,
        value: (column, Type::Any),
        mode,
    })
}

/// Labels that a node gets or loses: the type of a hyperedge is not a label here.
fn changed_labels(writing: &Writing<'_, '_>, labels: &LabelExpression) -> Result<Vec<String>> {
    let names = plain_labels(writing.context, labels)?;
    for name in &names {
        let declared = writing.context.schema().hyperedge_table(name);
        if declared.is_some_and(|(_, ty)| ty.declared) {
            let message =
                format!("`{name}` is a declared hyperedge type, and no label that a node can have");
            return Err(writing.invalid(message, labels.span));
        }
    }
    Ok(names)
}

/// The entity and the key of `entity.key`.
fn property_target<'e>(writing: &Writing<'_, '_>, target: &'e Expr) -> Result<(&'e Expr, String)> {
    match &target.kind {
        ExprKind::Parenthesized(inner) => property_target(writing, inner),
        ExprKind::Property { base, key } => Ok((base, key.text.clone())),
        _ => Err(writing
            .invalid("SET takes `entity.key = value`", target.span)
            .with_code("SyntaxError:UnexpectedSyntax")),
    }
}

fn target_entity(writing: &mut Writing<'_, '_>, base: &Expr) -> Result<(String, Type)> {
    let (bound, ty) = bind(writing, base)?;
    check_target(writing, &ty, base.span)?;
    if let LogicalExpr::Column(column) = &bound {
        return Ok((column.clone(), ty));
    }
    Ok((computed(writing, bound, "entity")?, ty))
}

fn check_target(writing: &Writing<'_, '_>, ty: &Type, span: Span) -> Result<()> {
    if ty.is_entity() || matches!(ty, Type::Any | Type::Null) {
        return Ok(());
    }
    Err(writing
        .invalid(format!("a node or a hyperedge is needed, not {ty}"), span)
        .with_code("SyntaxError:InvalidArgumentType"))
}

fn target_variable(writing: &mut Writing<'_, '_>, name: &Name) -> Result<(String, Type)> {
    let expression = Expr {
        kind: ExprKind::Variable(name.clone()),
        span: name.span,
        height: 1,
    };
    target_entity(writing, &expression)
}

/// What an item of a REMOVE changes.
pub(super) fn remove(writing: &mut Writing<'_, '_>, item: &RemoveItem) -> Result<SetItem> {
    Ok(match &item.kind {
        RemoveItemKind::Property(target) => {
            let (base, key) = property_target(writing, target)?;
            let entity = target_entity(writing, base)?;
            let column = computed(writing, LogicalExpr::Literal(Value::Null), "value")?;
            SetItem::Property {
                entity,
                key,
                value: (column, Type::Null),
            }
        }
        RemoveItemKind::Labels { target, labels } => SetItem::Labels {
            entity: target_variable(writing, target)?,
            labels: changed_labels(writing, labels)?,
            change: LabelChange::Remove,
        },
    })
}
