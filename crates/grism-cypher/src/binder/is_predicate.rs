//! `IS NULL` and label tests, of entities whose tables are known and of those known only at run time.

use grism_core::{Result, Type, Value};
use grism_logical::{LogicalExpr, ScalarFunction, UnaryOperator};
use open_cypher::Span;
use open_cypher::ast::{self, Expr, IsPredicate};

use super::Binder;

impl Binder<'_> {
    pub(super) fn is_predicate(
        &mut self,
        operand: &Expr,
        negated: bool,
        predicate: &IsPredicate,
        span: Span,
    ) -> Result<LogicalExpr> {
        let bound = self.expression(operand)?;
        match predicate {
            IsPredicate::Null if negated => Ok(bound.unary(UnaryOperator::IsNotNull)),
            IsPredicate::Null => Ok(bound.unary(UnaryOperator::IsNull)),
            IsPredicate::Label(labels) => {
                let ty = self.type_of(&bound, operand)?;
                let test = match &ty {
                    Type::Null => LogicalExpr::Literal(Value::Null),
                    Type::Any => self.dynamic_label_test(bound, &ty, labels)?,
                    Type::Node(_) | Type::Hyperedge(_) if self.reads_lambda(&bound) => {
                        self.dynamic_label_test(bound, &ty, labels)?
                    }
                    Type::Node(tables) => self.label_condition(bound, tables, labels)?,
                    Type::Hyperedge(own) => {
                        // `r:KNOWS` tests the type of a relationship, declared or not.
                        let mut allowed = self.labelled_tables(labels)?.to_vec();
                        if let Some(names) = super::labels::type_names(labels) {
                            for (table, hyperedge_type) in self.schema.hyperedge_tables() {
                                let named = names
                                    .iter()
                                    .any(|name| name.kind.text == hyperedge_type.name);
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
            IsPredicate::Typed(_) => Err(self.source.unsupported("IS ::", span)),
            IsPredicate::Normalized(_) => Err(self.source.unsupported("IS NORMALIZED", span)),
            _ => Err(self.source.unsupported("this predicate", span)),
        }
    }

    /// A label test whose entity is known only at run time: a conjunction of names.
    fn dynamic_label_test(
        &mut self,
        bound: LogicalExpr,
        ty: &Type,
        labels: &ast::LabelExpression,
    ) -> Result<LogicalExpr> {
        let base = self.with_contents(bound, ty);
        self.dynamic_label_predicate(&base, labels)
    }

    fn dynamic_label_predicate(
        &mut self,
        base: &LogicalExpr,
        labels: &ast::LabelExpression,
    ) -> Result<LogicalExpr> {
        use ast::LabelExpressionKind as Kind;
        let mut parts = |parts: &[ast::LabelExpression]| {
            parts
                .iter()
                .map(|part| self.dynamic_label_predicate(base, part))
                .collect::<Result<Vec<_>>>()
        };
        Ok(match &labels.kind {
            Kind::Name(name) => {
                let wanted = Value::List(vec![Value::String(name.kind.text.clone())]);
                LogicalExpr::call(
                    ScalarFunction::HasLabels,
                    vec![base.clone(), LogicalExpr::Literal(wanted)],
                )
            }
            Kind::And(all) => LogicalExpr::all(parts(all)?),
            Kind::Or(any) => LogicalExpr::any(parts(any)?),
            Kind::Not(inner) => self
                .dynamic_label_predicate(base, inner)?
                .unary(UnaryOperator::Not),
            Kind::Parenthesized(inner) => self.dynamic_label_predicate(base, inner)?,
            _ => {
                return Err(self
                    .source
                    .unsupported("this label expression", labels.span));
            }
        })
    }
}
