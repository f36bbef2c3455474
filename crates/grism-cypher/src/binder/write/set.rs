//! SET, REMOVE and DELETE: what is changed, and what goes.

use grism_core::{Result, Type, Value};
use grism_logical::LogicalExpr;

use crate::binder::Binder;
use crate::syntax::{
    self, DeleteClause, Expr, ExprKind, LabelExpression, Name, RemoveItem, RemoveItemKind,
    SetItemKind, Span,
};

use super::{SetItem, WriteKind};

impl Binder<'_> {
    /// Notes the properties that a clause sets: what is bound next may read them, though they are not there yet.
    pub(super) fn note_set_keys(&mut self, set: &[syntax::SetItem]) -> Result<()> {
        for item in set {
            if let SetItemKind::Property { target, .. } = &item.kind {
                let key = self.target(target)?.1;
                self.setting.push(key);
            }
        }
        Ok(())
    }

    pub(super) fn set(&mut self, set: &[syntax::SetItem]) -> Result<Vec<SetItem>> {
        let mut items = Vec::new();
        for item in set {
            items.push(match &item.kind {
                SetItemKind::Property { target, value } => {
                    let (base, key) = self.target(target)?;
                    let entity = self.target_entity(base)?;
                    let bound = self.expression(value)?;
                    let ty = self.type_of(&bound, value)?;
                    let storable = match &ty {
                        Type::Map(_) | Type::Incidence => false,
                        ty if ty.is_entity() => false,
                        Type::List(item) => {
                            !matches!(**item, Type::Map(_) | Type::Incidence) && !item.is_entity()
                        }
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
                SetItemKind::Labels { target, labels } => SetItem::Labels {
                    entity: self.target_variable(target)?,
                    labels: self.changed_labels(labels)?,
                    remove: false,
                },
            });
        }
        Ok(items)
    }

    fn set_properties(&mut self, target: &Name, value: &Expr, merge: bool) -> Result<SetItem> {
        let entity = self.target_variable(target)?;
        let bound = self.expression(value)?;
        let ty = self.type_of(&bound, value)?;
        let map = match &ty {
            ty if ty.is_entity() => self.dynamic_function(
                grism_logical::ScalarFunction::PropertyMap,
                bound,
                ty,
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

    /// Labels that a node gets or loses: the type of a hyperedge is not a label here.
    fn changed_labels(&self, labels: &LabelExpression) -> Result<Vec<String>> {
        let names = self.plain_labels(labels)?;
        for name in &names {
            let declared = self.schema.hyperedge_table(name);
            if declared.is_some_and(|(_, ty)| ty.declared) {
                let message = format!(
                    "`{name}` is a declared hyperedge type, and no label that a node can have"
                );
                return Err(self.source.invalid(message, labels.span));
            }
        }
        Ok(names)
    }

    /// The entity and the key of `entity.key`.
    fn target<'e>(&self, target: &'e Expr) -> Result<(&'e Expr, String)> {
        match &target.kind {
            ExprKind::Parenthesized(inner) => self.target(inner),
            ExprKind::Property { base, key } => Ok((base, key.text.clone())),
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
        if ty.is_entity() || matches!(ty, Type::Any | Type::Null) {
            return Ok(());
        }
        Err(self
            .source
            .invalid(format!("a node or a hyperedge is needed, not {ty}"), span)
            .with_code("SyntaxError:InvalidArgumentType"))
    }

    fn target_variable(&mut self, name: &Name) -> Result<(String, Type)> {
        let expression = Expr {
            kind: ExprKind::Variable(name.clone()),
            span: name.span,
            height: 1,
        };
        self.target_entity(&expression)
    }

    pub(super) fn remove(&mut self, item: &RemoveItem) -> Result<SetItem> {
        Ok(match &item.kind {
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
                labels: self.changed_labels(labels)?,
                remove: true,
            },
        })
    }

    pub(super) fn delete(&mut self, delete: &DeleteClause) -> Result<WriteKind> {
        let mut targets = Vec::new();
        for expression in &delete.expressions {
            let bound = self.expression(expression)?;
            let ty = self.type_of(&bound, expression)?;
            let deletable = ty.is_entity()
                || matches!(ty, Type::Incidence | Type::Path | Type::Any | Type::Null);
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
            detach: delete.detach,
        })
    }
}
