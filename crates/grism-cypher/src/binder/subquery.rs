//! Subqueries within expressions: EXISTS, COUNT and pattern predicates, run as applies.

use std::sync::Arc;

use grism_core::{Error, Result, Type};
use grism_logical::{ApplyKind, Column, LogicalExpr, LogicalPlan, PlanSchema, infer_type};

use super::projection::ProjectionKind;
use super::{Binder, Pending};
use crate::syntax::{
    ClauseKind, Expr, ExprKind, PathPattern, Pattern, PrefixOperator, Projection,
    ProjectionItemKind, Query, SingleQuery, Span, Subquery, SubqueryKind,
};

impl Binder<'_> {
    /// The subplan of an expression that only asks whether something exists, or does not.
    pub(super) fn existential(
        &mut self,
        expression: &Expr,
    ) -> Result<Option<(LogicalPlan, ApplyKind)>> {
        match &expression.kind {
            ExprKind::Parenthesized(inner) => self.existential(inner),
            ExprKind::Prefix {
                operator: PrefixOperator::Not,
                operand,
            } => Ok(self
                .existential(operand)?
                .and_then(|(subplan, kind)| match kind {
                    ApplyKind::Semi => Some((subplan, ApplyKind::Anti)),
                    ApplyKind::Anti => Some((subplan, ApplyKind::Semi)),
                    _ => None,
                })),
            ExprKind::Pattern(path) => Ok(Some((self.pattern_subplan(path)?, ApplyKind::Semi))),
            ExprKind::Subquery(subquery) if subquery.kind == SubqueryKind::Exists => Ok(Some((
                self.query_subplan(&subquery.query, "EXISTS")?,
                ApplyKind::Semi,
            ))),
            _ => Ok(None),
        }
    }

    /// A pattern as a predicate within a larger expression.
    pub(super) fn pattern_predicate(&mut self, path: &PathPattern) -> Result<LogicalExpr> {
        let subplan = self.pattern_subplan(path)?;
        Ok(self.mark(subplan))
    }

    pub(super) fn subquery(&mut self, subquery: &Subquery) -> Result<LogicalExpr> {
        match subquery.kind {
            SubqueryKind::Exists => {
                let subplan = self.query_subplan(&subquery.query, "EXISTS")?;
                Ok(self.mark(subplan))
            }
            SubqueryKind::Count => {
                let subplan = self.query_subplan(&subquery.query, "COUNT")?;
                let name = self.internal_name("count");
                self.pending.push(Pending::Apply(
                    Box::new(subplan),
                    ApplyKind::Count(name.clone()),
                ));
                Ok(LogicalExpr::Column(name))
            }
            SubqueryKind::Collect => {
                let subplan = self.query_subplan(&subquery.query, "COLLECT")?;
                let columns = subplan.schema()?.columns;
                let [column] = &columns[..] else {
                    let message =
                        format!("COLLECT {{ … }} returns one column, not {}", columns.len());
                    return Err(self.source.invalid(message, subquery.span));
                };
                let name = column.name.clone();
                Ok(self.collected(subplan, name, subquery.span))
            }
        }
    }

    fn mark(&mut self, subplan: LogicalPlan) -> LogicalExpr {
        let name = self.internal_name("exists");
        self.pending.push(Pending::Apply(
            Box::new(subplan),
            ApplyKind::Mark(name.clone()),
        ));
        LogicalExpr::Column(name)
    }

    fn pattern_subplan(&mut self, path: &PathPattern) -> Result<LogicalPlan> {
        let mut inner = self.inner()?;
        inner.forbid_new_variables(path)?;
        let pattern = Pattern {
            paths: vec![path.clone()],
            span: path.span,
        };
        inner.match_pattern(&pattern, None)?;
        self.adopt(inner)
    }

    fn query_subplan(&mut self, query: &Query, what: &str) -> Result<LogicalPlan> {
        if query.unions.is_empty() {
            return self.branch_subplan(&query.head, what);
        }
        // How many rows there are, and which, depends on all columns; whether there is one does not.
        let counts_all = what == "COUNT" && query.unions.iter().all(|union| union.all);
        let mut inputs = Vec::new();
        for branch in query.branches() {
            let plan = match what == "EXISTS" || counts_all {
                true => LogicalPlan::Project {
                    input: Arc::new(self.branch_subplan(branch, what)?),
                    expressions: vec![(
                        LogicalExpr::Literal(grism_core::Value::Bool(true)),
                        "#row".to_owned(),
                    )],
                },
                false => self.branch_rows(branch, what)?,
            };
            inputs.push(Arc::new(plan));
        }
        match what == "EXISTS" || counts_all {
            true => Ok(LogicalPlan::Union { inputs }),
            false => self.united(query, inputs),
        }
    }

    /// The rows of a branch, with the columns of its RETURN.
    fn branch_rows(&mut self, query: &SingleQuery, what: &str) -> Result<LogicalPlan> {
        let mut inner = self.inner()?;
        for clause in &query.clauses {
            match &clause.kind {
                ClauseKind::Return(projection) => {
                    inner.projection(projection, None, ProjectionKind::Inner)?;
                }
                _ if clause.is_write() => return Err(self.writes_within(what, clause.span)),
                _ => inner.clause(clause)?,
            }
        }
        self.adopt(inner)
    }

    fn writes_within(&self, what: &str, span: Span) -> Error {
        let message = format!("{what} {{ … }} cannot write");
        let error = self.source.invalid(message, span);
        error.with_code("SyntaxError:InvalidClauseComposition")
    }

    fn branch_subplan(&mut self, query: &SingleQuery, what: &str) -> Result<LogicalPlan> {
        let mut inner = self.inner()?;
        for clause in &query.clauses {
            match &clause.kind {
                ClauseKind::Return(projection) => {
                    let cuts = projection.limit.is_some()
                        || projection.skip.is_some()
                        || projection.distinct;
                    // What a RETURN lists matters to whether, or how many, rows there are only where it aggregates.
                    let lists = what != "COLLECT" && !cuts && !aggregates(projection);
                    if lists {
                        inner.check_items(projection)?;
                    } else {
                        inner.projection(projection, None, ProjectionKind::Inner)?;
                    }
                }
                _ if clause.is_write() => return Err(self.writes_within(what, clause.span)),
                _ => inner.clause(clause)?,
            }
        }
        self.adopt(inner)
    }

    /// A binder whose plan starts from the rows of this one.
    pub(super) fn inner(&self) -> Result<Self> {
        let mut schema = self.plan.schema()?;
        self.add_pending_columns(&mut schema)?;
        let mut inner = Binder::new(self.query);
        inner.plan = LogicalPlan::Argument(schema);
        inner.scope = self.scope.clone();
        inner.counter = self.counter;
        Ok(inner)
    }

    pub(super) fn adopt(&mut self, mut inner: Binder<'_>) -> Result<LogicalPlan> {
        self.counter = inner.counter;
        self.warnings.append(&mut inner.warnings);
        self.volatile |= inner.volatile;
        Ok(inner.plan)
    }

    pub(super) fn add_pending_columns(&self, schema: &mut PlanSchema) -> Result<()> {
        self.add_columns_of(&self.pending, schema)
    }

    /// The columns that `pending` makes.
    pub(super) fn add_columns_of(
        &self,
        pending: &[Pending],
        schema: &mut PlanSchema,
    ) -> Result<()> {
        for pending in pending {
            match pending {
                Pending::Apply(_, ApplyKind::Mark(name)) => {
                    schema.put(Column::new(name, Type::Bool))
                }
                Pending::Apply(_, ApplyKind::Count(name)) => {
                    schema.put(Column::new(name, Type::Int64))
                }
                Pending::Apply(subplan, ApplyKind::Collect { value, into }) => {
                    let inner = subplan.schema()?;
                    let item = inner.find(value).map_or(Type::Null, |own| own.ty.clone());
                    schema.put(Column::new(into, item.list()));
                }
                Pending::Apply(..) => {}
                Pending::Hydrate(_, name, _) => schema.put(Column::new(name, Type::Any)),
                Pending::Column(expression, name) => {
                    let ty = infer_type(expression, schema)?;
                    schema.put(Column::new(name, ty));
                }
            }
        }
        Ok(())
    }
}

/// Whether an aggregate stands in a projection.
fn aggregates(projection: &Projection) -> bool {
    projection.items.iter().any(|item| match &item.kind {
        ProjectionItemKind::Expression { expression, .. } => crate::check::aggregates(expression),
        _ => false,
    })
}
