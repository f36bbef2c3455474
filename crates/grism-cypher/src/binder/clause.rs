//! The clauses of a single query, from left to right.

use std::sync::Arc;

use grism_core::{Result, Type};
use grism_logical::{
    Apply, ApplyKind, LogicalExpr, LogicalPlan, PlanSchema, ScalarFunction, infer_type,
};

use super::projection::ProjectionKind;
use super::scope::column_for;
use super::{Binder, OpenPattern};
use crate::syntax::{
    Clause, ClauseKind, Expr, ExprKind, InfixOperator, MatchClause, SingleQuery, UnwindClause,
};

impl Binder<'_> {
    pub(super) fn single_query(&mut self, query: &SingleQuery) -> Result<LogicalPlan> {
        let clauses = &query.clauses;
        for (index, clause) in clauses.iter().enumerate() {
            let last = index + 1 == clauses.len();
            if let ClauseKind::Return(projection) = &clause.kind {
                if !last {
                    return Err(self
                        .source
                        .invalid("RETURN must be the last clause", clause.span)
                        .with_code("SyntaxError:InvalidClauseComposition"));
                }
                self.projection(projection, None, ProjectionKind::Return)?;
                return Ok(std::mem::replace(&mut self.plan, LogicalPlan::Unit));
            }
            match &clause.kind {
                ClauseKind::Call(call) => {
                    self.call_clause(call, clause.span, clauses.len() == 1)?
                }
                _ => self.clause(clause)?,
            }
        }
        match clauses.last().map(|clause| &clause.kind) {
            // A query that ends without RETURN has no columns and no rows.
            Some(ClauseKind::Call(_)) => {
                let plan = std::mem::replace(&mut self.plan, LogicalPlan::Unit);
                if let Some(ClauseKind::Call(call)) = clauses.last().map(|clause| &clause.kind)
                    && clauses.len() == 1
                    && self.stands_alone(call)
                {
                    return Ok(plan);
                }
                Ok(LogicalPlan::Limit {
                    input: Arc::new(plan.keep_columns(&[])?),
                    skip: 0,
                    fetch: Some(0),
                })
            }
            last => {
                let _ = last;
                let message = "a query that reads must end with RETURN";
                Err(self
                    .source
                    .invalid(
                        message,
                        clauses.last().map_or(query.span, |clause| clause.span),
                    )
                    .with_code("SyntaxError:InvalidClauseComposition"))
            }
        }
    }

    pub(crate) fn clause(&mut self, clause: &Clause) -> Result<()> {
        let name = match &clause.kind {
            ClauseKind::Match(matched) => return self.match_clause(matched),
            ClauseKind::Unwind(unwind) => return self.unwind(unwind),
            ClauseKind::With(with) => {
                let predicate = with.predicate.as_ref();
                return self.projection(&with.projection, predicate, ProjectionKind::With);
            }
            ClauseKind::Return(_) => {
                return Err(self
                    .source
                    .invalid("RETURN must be the last clause", clause.span));
            }
            ClauseKind::Call(call) => return self.call_clause(call, clause.span, false),
            ClauseKind::LoadCsv(load) => return self.load_csv(load),
            ClauseKind::Create(_) => "CREATE within a query that reads",
            ClauseKind::Merge(_) => "MERGE within a query that reads",
            ClauseKind::Delete(_) => "DELETE within a query that reads",
            ClauseKind::Set(_) => "SET within a query that reads",
            ClauseKind::Remove(_) => "REMOVE within a query that reads",
            ClauseKind::Subquery(subquery) if !subquery.query.writes() => {
                return self.call_subquery(subquery);
            }
            ClauseKind::Subquery(_) => "CALL { … } that writes",
            ClauseKind::Foreach(_) => "FOREACH",
        };
        Err(self.source.unsupported(name, clause.span))
    }

    fn match_clause(&mut self, matched: &MatchClause) -> Result<()> {
        if !matched.optional {
            return self.match_pattern(&matched.pattern, matched.predicate.as_ref());
        }
        let outer = std::mem::replace(&mut self.plan, LogicalPlan::Unit);
        let outer_schema = outer.schema()?;
        self.plan = LogicalPlan::Argument(outer_schema.clone());
        self.match_pattern(&matched.pattern, matched.predicate.as_ref())?;
        let subplan = std::mem::replace(&mut self.plan, LogicalPlan::Unit);
        // Internal columns of the optional part end here.
        let mut names: Vec<String> = outer_schema.names().map(str::to_owned).collect();
        for variable in &self.scope.variables {
            if !names.contains(&variable.column) {
                names.push(variable.column.clone());
            }
        }
        let subplan = Arc::new(subplan.keep_columns(&names)?);
        self.plan = LogicalPlan::Apply(Apply {
            input: Arc::new(outer),
            subplan,
            kind: ApplyKind::Optional,
        });
        Ok(())
    }

    fn unwind(&mut self, unwind: &UnwindClause) -> Result<()> {
        let name = &unwind.variable.text;
        if self.scope.find(name).is_some() {
            return Err(self
                .source
                .invalid(
                    format!("the variable `{name}` is bound already"),
                    unwind.variable.span,
                )
                .with_code("SyntaxError:VariableAlreadyBound"));
        }
        let mut expression = self.expression(&unwind.expression)?;
        self.flush_pending()?;
        let ty = match self.type_of(&expression, &unwind.expression)? {
            Type::List(item) => *item,
            Type::Null => Type::Null,
            // What is no list is unwound as a list of itself.
            Type::Any => {
                expression = LogicalExpr::call(ScalarFunction::AsList, vec![expression]);
                Type::Any
            }
            other => {
                expression = LogicalExpr::List(vec![expression]);
                other
            }
        };
        let variable = column_for(name);
        let input = Arc::new(std::mem::replace(&mut self.plan, LogicalPlan::Unit));
        self.plan = LogicalPlan::Unwind {
            input,
            expression,
            variable: variable.clone(),
        };
        self.scope.put(name, &variable, ty);
        Ok(())
    }

    /// Keeps the rows for which `predicate` is true; existential parts of its conjunction become semi and anti joins.
    pub(super) fn filter(&mut self, predicate: &Expr) -> Result<()> {
        let mut open = self.open.take().filter(|open| open.plan == self.plan);
        let mut conjuncts = Vec::new();
        for part in split_conjunction(predicate) {
            if let Some((subquery, kind)) = self.existential(part)? {
                open = None;
                self.flush_pending()?;
                let input = Arc::new(std::mem::replace(&mut self.plan, LogicalPlan::Unit));
                self.plan = LogicalPlan::Apply(Apply {
                    input,
                    subplan: Arc::new(subquery),
                    kind,
                });
                continue;
            }
            let expression = self.predicate(part)?;
            conjuncts.push(expression);
        }
        if !self.pending.is_empty() || conjuncts.iter().any(LogicalExpr::is_volatile) {
            open = None;
            self.flush_pending()?;
        }
        self.keep_open(open, conjuncts)
    }

    /// Keeps the rows for which all of `conjuncts` are true.
    pub(super) fn keep(&mut self, conjuncts: Vec<LogicalExpr>) -> Result<()> {
        let open = self.open.take().filter(|open| open.plan == self.plan);
        self.keep_open(open, conjuncts)
    }

    fn keep_open(&mut self, open: Option<OpenPattern>, conjuncts: Vec<LogicalExpr>) -> Result<()> {
        let plan = std::mem::replace(&mut self.plan, LogicalPlan::Unit);
        self.plan = plan.filtered(conjuncts.clone());
        if let Some(mut open) = open {
            open.conditions.extend(conjuncts);
            open.plan = self.plan.clone();
            self.open = Some(open);
        }
        Ok(())
    }

    /// The type of a bound expression over the plan with its pending columns.
    pub(super) fn type_of(&self, expression: &LogicalExpr, place: &Expr) -> Result<Type> {
        let mut columns = self.columns()?;
        for lambda in &self.lambdas {
            columns.put(grism_logical::Column::new(
                &lambda.column,
                lambda.ty.clone(),
            ));
        }
        infer_type(expression, &columns)
            .map_err(|error| error.with_location(self.source.location(place.span)))
    }

    /// The columns an expression may read: the plan's, the pending ones and the aggregates'.
    pub(super) fn columns(&self) -> Result<PlanSchema> {
        let mut schema = self.plan.schema()?;
        // What a pattern binds may be read within it, before it is planned.
        for variable in &self.scope.variables {
            if !schema.contains(&variable.column) {
                schema.put(grism_logical::Column::new(
                    &variable.column,
                    variable.ty.clone(),
                ));
            }
        }
        self.add_pending_columns(&mut schema)?;
        if let Some(aggregates) = &self.aggregates {
            for (call, name) in aggregates {
                let argument = match &call.argument {
                    Some(argument) => infer_type(argument, &schema)?,
                    None => Type::Null,
                };
                schema.put(grism_logical::Column::new(
                    name,
                    call.function.result_type(&argument),
                ));
            }
            self.add_columns_of(&self.after_aggregates, &mut schema)?;
        }
        Ok(schema)
    }
}

/// The parts of a conjunction, from left to right.
pub(super) fn split_conjunction(predicate: &Expr) -> Vec<&Expr> {
    let (mut open, mut parts) = (vec![predicate], Vec::new());
    while let Some(next) = open.pop() {
        match &next.kind {
            ExprKind::Parenthesized(inner) => open.push(inner),
            ExprKind::Chain { first, rest }
                if rest.iter().all(|link| link.operator == InfixOperator::And) =>
            {
                open.extend(rest.iter().rev().map(|link| &link.operand));
                open.push(first);
            }
            _ => parts.push(next),
        }
    }
    parts
}
