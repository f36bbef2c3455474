//! `IS NULL` and label tests, of entities whose tables are known and of those known only at run time.

use grism_core::{Result, Type, Value};
use grism_functions::HAS_LABELS;
use grism_logical::{BinaryOperator, LogicalExpr, UnaryOperator};

use super::bind::bind_expression;
use super::binder::ExpressionBinder;
use super::entity::{incidence_part, label_condition, label_test, with_contents};
use crate::binder::names::{typed_tables, warn_of_unknown_types};
use crate::syntax::{Expr, IsPredicate, LabelExpression, LabelKind};

/// `operand IS NULL` and `operand:Labels`, or the opposite.
pub(super) fn is_predicate(
    binder: &mut ExpressionBinder<'_, '_>,
    operand: &Expr,
    negated: bool,
    predicate: &IsPredicate,
) -> Result<LogicalExpr> {
    let bound = bind_expression(binder, operand)?;
    match predicate {
        IsPredicate::Null if negated => Ok(bound.unary(UnaryOperator::IsNotNull)),
        IsPredicate::Null => Ok(bound.unary(UnaryOperator::IsNull)),
        IsPredicate::Labels(labels) => {
            let ty = binder.type_of(&bound, operand)?;
            let test = match &ty {
                Type::Null => LogicalExpr::Literal(Value::Null),
                Type::Any => dynamic_label_test(binder, bound, &ty, labels),
                ty if ty.is_entity() && binder.reads_lambda(&bound) => {
                    dynamic_label_test(binder, bound, ty, labels)
                }
                Type::Node(tables) | Type::Entity { tables, .. } => {
                    label_condition(binder, bound, tables, labels)?
                }
                // `r:KNOWS` tests the type of a relationship, declared or not.
                Type::Hyperedge(own) => {
                    warn_of_unknown_types(binder.context, binder.notes, labels);
                    let allowed = typed_tables(binder.context.schema(), labels, own)?;
                    label_test(bound, allowed)
                }
                Type::Incidence => {
                    warn_of_unknown_types(binder.context, binder.notes, labels);
                    let role = incidence_part(bound, "role");
                    role_test(&role, labels)
                }
                other => {
                    return Err(binder
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

/// A label test whose entity is known only at run time.
fn dynamic_label_test(
    binder: &mut ExpressionBinder<'_, '_>,
    bound: LogicalExpr,
    ty: &Type,
    labels: &LabelExpression,
) -> LogicalExpr {
    let base = with_contents(binder, bound, ty);
    dynamic_label_predicate(&base, labels)
}

fn dynamic_label_predicate(base: &LogicalExpr, labels: &LabelExpression) -> LogicalExpr {
    let parts = |parts: &[LabelExpression]| {
        let parts = parts.iter().map(|part| dynamic_label_predicate(base, part));
        parts.collect::<Vec<_>>()
    };
    match &labels.kind {
        LabelKind::Name(name) => {
            let wanted = Value::List(vec![Value::String(name.text.clone())]);
            LogicalExpr::call(
                &HAS_LABELS,
                vec![base.clone(), LogicalExpr::Literal(wanted)],
            )
        }
        LabelKind::And(all) => LogicalExpr::all(parts(all)),
        LabelKind::Or(any) => LogicalExpr::any(parts(any)),
        LabelKind::Not(inner) => dynamic_label_predicate(base, inner).unary(UnaryOperator::Not),
        LabelKind::Wildcard => LogicalExpr::call(
            &HAS_LABELS,
            vec![base.clone(), LogicalExpr::Literal(Value::List(Vec::new()))],
        ),
    }
}

/// Whether a role passes a type expression; null where there is no incidence.
fn role_test(role: &LogicalExpr, labels: &LabelExpression) -> LogicalExpr {
    let parts = |parts: &[LabelExpression]| {
        let parts = parts.iter().map(|part| role_test(role, part));
        parts.collect::<Vec<_>>()
    };
    match &labels.kind {
        LabelKind::Name(name) => {
            let wanted = Value::String(name.text.clone());
            role.clone()
                .binary(BinaryOperator::Equal, LogicalExpr::Literal(wanted))
        }
        LabelKind::And(all) => LogicalExpr::all(parts(all)),
        LabelKind::Or(any) => LogicalExpr::any(parts(any)),
        LabelKind::Not(inner) => role_test(role, inner).unary(UnaryOperator::Not),
        LabelKind::Wildcard => role.clone().binary(BinaryOperator::Equal, role.clone()),
    }
}
