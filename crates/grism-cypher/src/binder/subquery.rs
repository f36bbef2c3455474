//! Subqueries within expressions: EXISTS, COUNT and pattern predicates, run as applies.

use grism_core::{Result, Type};
use grism_logical::{ApplyKind, Column, LogicalExpr, LogicalPlan, PlanSchema, infer_type};
use open_cypher::Span;
use open_cypher::ast::{
    ClauseKind, Expr, ExprKind, Pattern, Query, QueryKind, SubqueryExpression,
    SubqueryExpressionKind, UnaryOperator,
};

use super::{Binder, Pending};

impl Binder<'_> {
    /// The subplan of an expression that only asks whether something exists, or does not.
    pub(super) fn existential(
        &mut self,
        expression: &Expr,
    ) -> Result<Option<(LogicalPlan, ApplyKind)>> {
        match &expression.kind {
            ExprKind::Parenthesized(inner) => self.existential(inner),
            ExprKind::Unary { operator, operand } if operator.kind == UnaryOperator::Not => {
                Ok(self
                    .existential(operand)?
                    .and_then(|(subplan, kind)| match kind {
                        ApplyKind::Semi => Some((subplan, ApplyKind::Anti)),
                        ApplyKind::Anti => Some((subplan, ApplyKind::Semi)),
                        _ => None,
                    }))
            }
            ExprKind::Pattern(pattern) => Ok(Some((
                self.pattern_subplan(pattern, expression.span)?,
                ApplyKind::Semi,
            ))),
            ExprKind::Subquery(subquery)
                if subquery.kind.kind == SubqueryExpressionKind::Exists =>
            {
                Ok(Some((
                    self.query_subplan(&subquery.query, "EXISTS")?,
                    ApplyKind::Semi,
                )))
            }
            _ => Ok(None),
        }
    }

    /// A pattern as a predicate within a larger expression.
    pub(super) fn pattern_predicate(
        &mut self,
        pattern: &Pattern,
        span: Span,
    ) -> Result<LogicalExpr> {
        let subplan = self.pattern_subplan(pattern, span)?;
        Ok(self.mark(subplan))
    }

    pub(super) fn subquery(&mut self, subquery: &SubqueryExpression) -> Result<LogicalExpr> {
        match subquery.kind.kind {
            SubqueryExpressionKind::Exists => {
                let subplan = self.query_subplan(&subquery.query, "EXISTS")?;
                Ok(self.mark(subplan))
            }
            SubqueryExpressionKind::Count => {
                let subplan = self.query_subplan(&subquery.query, "COUNT")?;
                let name = self.internal_name("count");
                self.pending
                    .push(Pending::Apply(subplan, ApplyKind::Count(name.clone())));
                Ok(LogicalExpr::Column(name))
            }
            _ => Err(self.source.unsupported("COLLECT { … }", subquery.kind.span)),
        }
    }

    fn mark(&mut self, subplan: LogicalPlan) -> LogicalExpr {
        let name = self.internal_name("exists");
        self.pending
            .push(Pending::Apply(subplan, ApplyKind::Mark(name.clone())));
        LogicalExpr::Column(name)
    }

    fn pattern_subplan(&mut self, pattern: &Pattern, span: Span) -> Result<LogicalPlan> {
        let mut inner = self.inner()?;
        inner.forbid_new_variables(pattern)?;
        inner.match_pattern(pattern, None)?;
        self.adopt(inner, "a pattern predicate", span)
    }

    fn query_subplan(&mut self, query: &Query, what: &str) -> Result<LogicalPlan> {
        let QueryKind::Regular(regular) = &query.kind else {
            return Err(self
                .source
                .unsupported(format!("this {what} subquery"), query.span));
        };
        if let Some(union) = regular.unions.first() {
            return Err(self
                .source
                .unsupported(format!("UNION in {what} {{ … }}"), union.operator.span));
        }
        let mut inner = self.inner()?;
        for clause in &regular.head.kind.clauses {
            match &clause.kind {
                // What a RETURN lists does not matter to whether, or how many, rows there are.
                ClauseKind::Return(returned) => {
                    let projection = &returned.projection;
                    let cuts = projection.limit.is_some()
                        || projection.skip.is_some()
                        || projection.quantifier.is_some();
                    if cuts && what != "EXISTS" {
                        return Err(self
                            .source
                            .unsupported(format!("this RETURN in {what} {{ … }}"), clause.span));
                    }
                    if projection.skip.is_some() {
                        return Err(self
                            .source
                            .unsupported(format!("SKIP in {what} {{ … }}"), clause.span));
                    }
                }
                _ => inner.clause(clause)?,
            }
        }
        self.adopt(inner, &format!("{what} {{ … }}"), query.span)
    }

    /// A binder whose plan starts from the rows of this one.
    fn inner(&self) -> Result<Self> {
        let mut schema = self.plan.schema()?;
        self.add_pending_columns(&mut schema)?;
        let mut inner = Binder::new(self.source, self.schema, self.statistics, self.parameters);
        inner.plan = LogicalPlan::Argument(schema);
        inner.scope = self.scope.clone();
        inner.counter = self.counter;
        Ok(inner)
    }

    fn adopt(&mut self, mut inner: Binder<'_>, what: &str, span: Span) -> Result<LogicalPlan> {
        self.counter = inner.counter;
        self.warnings.append(&mut inner.warnings);
        self.check_subplan(&inner.plan, what, span)?;
        Ok(inner.plan)
    }

    /// A subplan runs for many outer rows at once, so it may not hold an operator that mixes rows.
    pub(super) fn check_subplan(&self, plan: &LogicalPlan, what: &str, span: Span) -> Result<()> {
        let mixing = match plan {
            LogicalPlan::Aggregate(_) => "an aggregation",
            LogicalPlan::Distinct { .. } => "DISTINCT",
            LogicalPlan::Sort { .. } => "ORDER BY",
            LogicalPlan::Limit { .. } => "SKIP or LIMIT",
            LogicalPlan::Union { .. } => "UNION",
            _ => {
                return plan
                    .inputs()
                    .into_iter()
                    .try_for_each(|input| self.check_subplan(input, what, span));
            }
        };
        Err(self.source.unsupported(format!("{mixing} in {what}"), span))
    }

    pub(super) fn add_pending_columns(&self, schema: &mut PlanSchema) -> Result<()> {
        for pending in &self.pending {
            match pending {
                Pending::Apply(_, ApplyKind::Mark(name)) => {
                    schema.put(Column::new(name, Type::Bool))
                }
                Pending::Apply(_, ApplyKind::Count(name)) => {
                    schema.put(Column::new(name, Type::Int64))
                }
                Pending::Apply(..) => {}
                Pending::Column(expression, name) => {
                    let ty = infer_type(expression, schema)?;
                    schema.put(Column::new(name, ty));
                }
            }
        }
        Ok(())
    }
}
