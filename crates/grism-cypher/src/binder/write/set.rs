//! SET, REMOVE and DELETE: what is changed, and what goes.

use grism_core::{Result, Type, Value};
use grism_logical::LogicalExpr;
use open_cypher::Span;
use open_cypher::ast::{
    DeleteClause, Expr, ExprKind, Name, RemoveItemKind, SetClause, SetItemKind,
};

use crate::binder::Binder;

use super::{SetItem, WriteKind};

impl Binder<'_> {
    /// Notes the properties that a clause sets: what is bound next may read them, though they are not there yet.
    pub(super) fn note_set_keys(&mut self, set: &SetClause) -> Result<()> {
        for item in &set.items {
            if let SetItemKind::Property { target, .. } = &item.kind {
                let key = self.target(target)?.1;
                self.setting.push(key);
            }
        }
        Ok(())
    }

    pub(super) fn set(&mut self, set: &SetClause) -> Result<Vec<SetItem>> {
        let mut items = Vec::new();
        for item in &set.items {
            items.push(match &item.kind {
                SetItemKind::Property { target, value } => {
                    let (base, key) = self.target(target)?;
                    let entity = self.target_entity(base)?;
                    let bound = self.expression(value)?;
                    let ty = self.type_of(&bound, value)?;
                    let storable = match &ty {
                        Type::Map(_) | Type::Node(_) | Type::Hyperedge(_) | Type::Incidence => {
                            false
                        }
                        Type::List(item) => !matches!(
                            **item,
                            Type::Map(_) | Type::Node(_) | Type::Hyperedge(_) | Type::Incidence
                        ),
                        _ => true,
                    };
                    if !storable {
                        return Err(self
                            .source
                            .invalid(format!("a property cannot hold {ty}"), value.span)
                            .with_code("TypeError:InvalidPropertyType"));
                    }
                    let column = self.computed(bound, "value")?;
                    SetItem::Property {
                        entity,
                        key,
                        value: (column, ty),
                    }
                }
                SetItemKind::ReplaceProperties { target, value } => {
                    self.set_properties(target, value, false)?
                }
                SetItemKind::MergeProperties { target, value } => {
                    self.set_properties(target, value, true)?
                }
                SetItemKind::Labels { target, labels } => {
                    let entity = self.target_variable(target)?;
                    SetItem::Labels {
                        entity,
                        labels: self.plain_labels(labels)?,
                        remove: false,
                    }
                }
                _ => return Err(self.source.unsupported("this SET", item.span)),
            });
        }
        Ok(items)
    }

    fn set_properties(&mut self, target: &Name, value: &Expr, merge: bool) -> Result<SetItem> {
        let entity = self.target_variable(target)?;
        let bound = self.expression(value)?;
        let ty = self.type_of(&bound, value)?;
        let map = match &ty {
            Type::Node(_) | Type::Hyperedge(_) => self.dynamic_function(
                grism_logical::ScalarFunction::PropertyMap,
                bound,
                &ty,
                Vec::new(),
            ),
            Type::Map(_) | Type::Null => bound.convert(&ty, &Type::Any),
            Type::Any => self.dynamic_function(
                grism_logical::ScalarFunction::PropertyMap,
                bound,
                &ty,
                Vec::new(),
            ),
            other => {
                return Err(self
                    .source
                    .invalid(format!("properties are a map, not {other}"), value.span)
                    .with_code("SyntaxError:InvalidArgumentType"));
            }
        };
        let column = self.computed(map, "value")?;
        Ok(SetItem::Properties {
            entity,
            value: (column, Type::Any),
            merge,
        })
    }

    /// The entity and the key of `entity.key`.
    fn target<'e>(&self, target: &'e Expr) -> Result<(&'e Expr, String)> {
        match &target.kind {
            ExprKind::Parenthesized(inner) => self.target(inner),
            ExprKind::Property { expression, key } => Ok((expression, key.kind.text.clone())),
            _ => Err(self
                .source
                .invalid("SET takes `entity.key = value`", target.span)
                .with_code("SyntaxError:UnexpectedSyntax")),
        }
    }

    fn target_entity(&mut self, base: &Expr) -> Result<(String, Type)> {
        let bound = self.expression(base)?;
        let ty = self.type_of(&bound, base)?;
        self.check_target(&ty, base.span)?;
        if let LogicalExpr::Column(column) = &bound {
            return Ok((column.clone(), ty));
        }
        Ok((self.computed(bound, "entity")?, ty))
    }

    fn check_target(&self, ty: &Type, span: Span) -> Result<()> {
        if matches!(
            ty,
            Type::Node(_) | Type::Hyperedge(_) | Type::Any | Type::Null
        ) {
            return Ok(());
        }
        Err(self
            .source
            .invalid(format!("a node or a hyperedge is needed, not {ty}"), span)
            .with_code("SyntaxError:InvalidArgumentType"))
    }

    fn target_variable(&mut self, name: &Name) -> Result<(String, Type)> {
        let expression = Expr::new(ExprKind::Variable(name.clone()), name.span);
        self.target_entity(&expression)
    }

    pub(super) fn remove(&mut self, item: &RemoveItemKind, span: Span) -> Result<SetItem> {
        Ok(match item {
            RemoveItemKind::Property(target) => {
                let (base, key) = self.target(target)?;
                let entity = self.target_entity(base)?;
                let column = self.computed(LogicalExpr::Literal(Value::Null), "value")?;
                SetItem::Property {
                    entity,
                    key,
                    value: (column, Type::Null),
                }
            }
            RemoveItemKind::Labels { target, labels } => SetItem::Labels {
                entity: self.target_variable(target)?,
                labels: self.plain_labels(labels)?,
                remove: true,
            },
            _ => return Err(self.source.unsupported("this REMOVE", span)),
        })
    }

    pub(super) fn delete(&mut self, delete: &DeleteClause) -> Result<WriteKind> {
        let mut targets = Vec::new();
        for expression in &delete.expressions {
            let bound = self.expression(expression)?;
            let ty = self.type_of(&bound, expression)?;
            let deletable = matches!(
                ty,
                Type::Node(_)
                    | Type::Hyperedge(_)
                    | Type::Incidence
                    | Type::Path
                    | Type::Any
                    | Type::Null
            );
            if !deletable {
                let code = match &expression.kind {
                    ExprKind::Is { .. } => "SyntaxError:InvalidDelete",
                    _ => "SyntaxError:InvalidArgumentType",
                };
                return Err(self
                    .source
                    .invalid(format!("{ty} cannot be deleted"), expression.span)
                    .with_code(code));
            }
            let column = self.computed(bound, "target")?;
            targets.push((column, ty));
        }
        Ok(WriteKind::Delete {
            targets,
            detach: delete.mode.kind == open_cypher::ast::DeleteMode::Detach,
        })
    }
}
