//! What predicates are expected to leave of an entity's tables, which decides where a pattern starts.

use grism_core::{Result, Type, Value};
use grism_logical::pattern::PatternGraph;
use grism_logical::{BinaryOperator, LogicalExpr, LogicalPlan};
use open_cypher::ast::{Expr, ExprKind};

use super::Binder;

impl Binder<'_> {
    /// Estimates what share of each entity's table its predicates leave, for the order of the pattern.
    pub(super) fn estimate(
        &mut self,
        graph: &mut PatternGraph,
        conditions: &[LogicalExpr],
        predicate: Option<&Expr>,
        input: &LogicalPlan,
    ) -> Result<()> {
        let bound = input.schema()?;
        let mut known: Vec<LogicalExpr> = conditions.to_vec();
        if let Some(predicate) = predicate {
            collect_comparisons(predicate, &mut |variable, key, equal| {
                let Some(column) = self
                    .scope
                    .find(variable)
                    .map(|variable| variable.column.clone())
                else {
                    return;
                };
                let property = LogicalExpr::Property {
                    entity: column,
                    key: key.to_owned(),
                    ty: Type::Null,
                };
                let operator = if equal {
                    BinaryOperator::Equal
                } else {
                    BinaryOperator::Less
                };
                known.push(property.binary(operator, LogicalExpr::Literal(Value::Null)));
            });
        }
        for entity in graph
            .entities
            .iter_mut()
            .filter(|entity| !bound.contains(&entity.variable))
        {
            entity.selectivity = 1.0;
            let tables = entity.ty.tables().cloned().unwrap_or_default();
            let rows: u64 = tables
                .iter()
                .map(|table| self.statistics.rows(*table))
                .sum();
            for condition in &known {
                let LogicalExpr::Binary {
                    operator,
                    left,
                    right,
                } = condition
                else {
                    continue;
                };
                let own = |side: &LogicalExpr| matches!(side, LogicalExpr::Property { entity: own, .. } if own == &entity.variable);
                let (own, other) = match (own(left), own(right)) {
                    (true, _) => (left, right),
                    (_, true) => (right, left),
                    _ => continue,
                };
                let LogicalExpr::Property { key, .. } = &**own else {
                    continue;
                };
                // What it is compared with must be known before the entity is looked for.
                if !other.columns().iter().all(|column| bound.contains(column)) {
                    continue;
                }
                let is_key = tables.iter().any(|table| {
                    self.schema
                        .table(*table)
                        .is_ok_and(|table| table.key.as_ref() == Some(key))
                });
                entity.selectivity *= match operator {
                    BinaryOperator::Equal if is_key => 1.0 / (rows.max(1) as f64),
                    BinaryOperator::Equal => 0.05,
                    _ => 0.4,
                };
            }
            entity.selectivity = entity.selectivity.max(1e-12);
        }
        Ok(())
    }
}

/// Reports comparisons of a property of a variable with something, by AND.
fn collect_comparisons(predicate: &Expr, report: &mut impl FnMut(&str, &str, bool)) {
    use open_cypher::ast::BinaryOperator as Ast;
    match &predicate.kind {
        ExprKind::Parenthesized(inner) => collect_comparisons(inner, report),
        ExprKind::Binary {
            left,
            operator,
            right,
        } => match operator.kind {
            Ast::And => {
                collect_comparisons(left, report);
                collect_comparisons(right, report);
            }
            Ast::Equal
            | Ast::Less
            | Ast::LessEqual
            | Ast::Greater
            | Ast::GreaterEqual
            | Ast::In
            | Ast::StartsWith => {
                let constant = |side: &Expr| {
                    matches!(
                        side.kind,
                        ExprKind::Literal(_)
                            | ExprKind::Parameter(_)
                            | ExprKind::List(_)
                            | ExprKind::Unary { .. }
                    )
                };
                for (side, other) in [(left, right), (right, left)] {
                    if let ExprKind::Property { expression, key } = &side.kind
                        && let ExprKind::Variable(variable) = &expression.kind
                        && constant(other)
                    {
                        report(
                            &variable.kind.text,
                            &key.kind.text,
                            operator.kind == Ast::Equal,
                        );
                    }
                }
            }
            _ => {}
        },
        _ => {}
    }
}
