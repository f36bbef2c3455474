//! `IS NULL` and label tests, of entities whose tables are known and of those known only at run time.

use grism_core::{Result, Type, Value};
use grism_logical::{BinaryOperator, LogicalExpr, ScalarFunction, UnaryOperator};

use super::Binder;
use crate::syntax::{Expr, IsPredicate, LabelExpression, LabelKind};

impl Binder<'_> {
    pub(super) fn is_predicate(
        &mut self,
        operand: &Expr,
        negated: bool,
        predicate: &IsPredicate,
    ) -> Result<LogicalExpr> {
        let bound = self.expression(operand)?;
        match predicate {
            IsPredicate::Null if negated => Ok(bound.unary(UnaryOperator::IsNotNull)),
            IsPredicate::Null => Ok(bound.unary(UnaryOperator::IsNull)),
            IsPredicate::Labels(labels) => {
                let ty = self.type_of(&bound, operand)?;
                let test = match &ty {
                    Type::Null => LogicalExpr::Literal(Value::Null),
                    Type::Any => self.dynamic_label_test(bound, &ty, labels)?,
                    ty if ty.is_entity() && self.reads_lambda(&bound) => {
                        self.dynamic_label_test(bound, ty, labels)?
                    }
                    Type::Node(tables) | Type::Entity { tables, .. } => {
                        self.label_condition(bound, tables, labels)?
                    }
                    Type::Hyperedge(own) => {
                        // `r:KNOWS` tests the type of a relationship, declared or not.
                        let mut allowed = self.labelled_tables(labels)?.to_vec();
                        if let Some(names) = super::labels::type_names(labels) {
                            for (table, hyperedge_type) in self.schema.hyperedge_tables() {
                                let named =
                                    names.iter().any(|name| name.text == hyperedge_type.name);
                                if named && own.contains(&table.id) && !allowed.contains(&table.id)
                                {
                                    allowed.push(table.id);
                                }
                            }
                        }
                        self.label_test(bound, allowed.into())
                    }
                    other => {
                        return Err(self
                            .source
                            .invalid(
                                format!("a label test needs a node, not {other}"),
                                operand.span,
                            )
                            .with_code("SyntaxError:InvalidArgumentType"));
                    }
                };
                Ok(if negated {
                    test.unary(UnaryOperator::Not)
                } else {
                    test
                })
            }
        }
    }

    /// A label test whose entity is known only at run time: a conjunction of names.
    fn dynamic_label_test(
        &mut self,
        bound: LogicalExpr,
        ty: &Type,
        labels: &LabelExpression,
    ) -> Result<LogicalExpr> {
        let base = self.with_contents(bound, ty);
        self.dynamic_label_predicate(&base, labels)
    }

    fn dynamic_label_predicate(
        &mut self,
        base: &LogicalExpr,
        labels: &LabelExpression,
    ) -> Result<LogicalExpr> {
        let mut parts = |parts: &[LabelExpression]| {
            parts
                .iter()
                .map(|part| self.dynamic_label_predicate(base, part))
                .collect::<Result<Vec<_>>>()
        };
        Ok(match &labels.kind {
            LabelKind::Name(name) => {
                let wanted = Value::List(vec![Value::String(name.text.clone())]);
                LogicalExpr::call(
                    ScalarFunction::HasLabels,
                    vec![base.clone(), LogicalExpr::Literal(wanted)],
                )
            }
            LabelKind::And(all) => LogicalExpr::all(parts(all)?),
            LabelKind::Or(any) => LogicalExpr::any(parts(any)?),
            LabelKind::Not(inner) => self
                .dynamic_label_predicate(base, inner)?
                .unary(UnaryOperator::Not),
            LabelKind::Wildcard => {
                let labels = LogicalExpr::call(ScalarFunction::Labels, vec![base.clone()]);
                let size = LogicalExpr::call(ScalarFunction::Size, vec![labels]);
                size.binary(
                    BinaryOperator::Greater,
                    LogicalExpr::Literal(Value::Int64(0)),
                )
            }
        })
    }
}
