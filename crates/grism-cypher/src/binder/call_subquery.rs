//! `CALL (…) { … }`: a query that runs for each row, and sees the variables that it imports.

use std::sync::Arc;

use grism_core::{Error, Result};
use grism_logical::{Apply, ApplyKind, LogicalPlan};

use super::projection::ProjectionKind;
use super::{Binder, Scope, hint};
use crate::syntax::{
    ClauseKind, ExprKind, Imports, Name, Projection, ProjectionItemKind, Query, SingleQuery,
    SubqueryClause,
};

impl Binder<'_> {
    /// Binds a subquery that only reads.
    pub(super) fn call_subquery(&mut self, clause: &SubqueryClause) -> Result<()> {
        if let Some(transactions) = &clause.transactions {
            let message = "IN TRANSACTIONS needs a subquery that writes";
            return Err(self.source.invalid(message, transactions.span));
        }
        self.flush_pending()?;
        let outer = std::mem::replace(&mut self.plan, LogicalPlan::Unit);
        let schema = outer.schema()?;
        let mut branches = Vec::new();
        let mut names: Option<Vec<String>> = None;
        for branch in clause.query.branches() {
            let bound = self.subquery_branch(clause, branch, &schema)?;
            let own: Vec<String> = bound.scope.names().map(str::to_owned).collect();
            if *names.get_or_insert_with(|| own.clone()) != own {
                let message = "the branches of a UNION need the same columns in the same order";
                return Err(self
                    .source
                    .invalid(message, branch.span)
                    .with_code("SyntaxError:DifferentColumnsInUnion"));
            }
            branches.push(bound);
        }
        let Some(first) = branches.first() else {
            return Err(Error::internal("a subquery without a branch"));
        };
        let scope = first.scope.clone();
        let mut inputs = Vec::new();
        for branch in branches {
            self.counter = self.counter.max(branch.counter);
            inputs.push(Arc::new(self.adopt(branch)?));
        }
        let subplan = self.united(&clause.query, inputs)?;
        let types = subplan.schema()?;
        self.plan = LogicalPlan::Apply(Apply {
            input: Arc::new(outer),
            subplan: Arc::new(subplan),
            kind: match clause.optional {
                true => ApplyKind::Optional,
                false => ApplyKind::Inner,
            },
        });
        for variable in scope.variables {
            let found = types.find(&variable.column).map(|column| column.ty.clone());
            let ty = found.unwrap_or(variable.ty);
            self.scope.put(&variable.name, &variable.column, ty);
        }
        Ok(())
    }

    /// The rows of all branches.
    pub(super) fn united(
        &self,
        query: &Query,
        mut inputs: Vec<Arc<LogicalPlan>>,
    ) -> Result<LogicalPlan> {
        if inputs.len() == 1 {
            return Ok(Arc::unwrap_or_clone(inputs.swap_remove(0)));
        }
        let all = query.unions.first().is_some_and(|union| union.all);
        if let Some(other) = query.unions.iter().find(|union| union.all != all) {
            let message = "UNION and UNION ALL cannot be mixed in one query";
            return Err(self
                .source
                .invalid(message, other.span)
                .with_code("SyntaxError:InvalidClauseComposition"));
        }
        let union = LogicalPlan::Union {
            inputs: LogicalPlan::same_types(inputs)?,
        };
        Ok(match all {
            true => union,
            false => LogicalPlan::Distinct {
                input: Arc::new(union),
            },
        })
    }

    /// One branch, whose variables in the end are the columns of its RETURN.
    fn subquery_branch(
        &self,
        clause: &SubqueryClause,
        branch: &SingleQuery,
        schema: &grism_logical::PlanSchema,
    ) -> Result<Self> {
        let mut inner = Binder::new(self.query);
        inner.counter = self.counter;
        let mut clauses = &branch.clauses[..];
        let (scope, imports) = self.imports(clause, branch)?;
        inner.scope = scope;
        clauses = &clauses[imports..];
        // What is not imported has no column either, which the subquery might give another meaning.
        let known: Vec<String> = inner
            .scope
            .variables
            .iter()
            .map(|variable| variable.column.clone())
            .collect();
        inner.plan = LogicalPlan::Argument(schema.clone()).keep_columns(&known)?;
        let mut returns = false;
        for (index, own) in clauses.iter().enumerate() {
            match &own.kind {
                ClauseKind::Return(projection) if index + 1 == clauses.len() => {
                    inner.projection(projection, None, ProjectionKind::Inner)?;
                    self.check_returned(&inner.scope, projection)?;
                    returns = true;
                }
                _ => inner.clause(own)?,
            }
        }
        if !returns {
            let message = "a subquery that reads must end with RETURN";
            return Err(self
                .source
                .invalid(message, branch.span)
                .with_code("SyntaxError:InvalidClauseComposition"));
        }
        Ok(inner)
    }

    /// The variables that a branch of a subquery sees, and how many of its clauses say so.
    pub(crate) fn imports(
        &self,
        clause: &SubqueryClause,
        branch: &SingleQuery,
    ) -> Result<(Scope, usize)> {
        match &clause.imports {
            Some(Imports::All) => return Ok((self.scope.clone(), 0)),
            Some(Imports::Names(names)) => return Ok((self.imported(names.iter())?, 0)),
            None => {}
        }
        let Some(ClauseKind::With(with)) = branch.clauses.first().map(|first| &first.kind) else {
            return Ok((Scope::default(), 0));
        };
        match imports(&with.projection).filter(|_| with.predicate.is_none()) {
            // `WITH *` imports everything.
            Some(names) if names.is_empty() => Ok((self.scope.clone(), 1)),
            Some(names) => Ok((self.imported(names.into_iter())?, 1)),
            None => Ok((Scope::default(), 0)),
        }
    }

    /// The variables that a subquery imports.
    fn imported<'n>(&self, names: impl Iterator<Item = &'n Name>) -> Result<Scope> {
        let mut scope = Scope::default();
        for name in names {
            let Some(variable) = self.scope.find(&name.text) else {
                let hint = hint(&name.text, self.scope.names());
                let message = format!("unknown variable `{}`{hint}", name.text);
                return Err(self
                    .source
                    .invalid(message, name.span)
                    .with_code("SyntaxError:UndefinedVariable"));
            };
            scope.put(&variable.name, &variable.column, variable.ty.clone());
        }
        Ok(scope)
    }

    /// What a subquery returns is new outside of it.
    fn check_returned(&self, returned: &Scope, projection: &Projection) -> Result<()> {
        for variable in &returned.variables {
            if self.scope.find(&variable.name).is_some() {
                let message = format!(
                    "the variable `{}` is bound outside of the subquery; return it by another name with AS",
                    variable.name
                );
                return Err(self
                    .source
                    .invalid(message, projection.span)
                    .with_code("SyntaxError:VariableAlreadyBound"));
            }
        }
        Ok(())
    }
}

/// The variables that a WITH at the start of a subquery imports: those of a list of plain names, none for `*`; `None` where
/// it does anything else.
fn imports(projection: &Projection) -> Option<Vec<&Name>> {
    let plain = !projection.distinct
        && projection.order_by.is_empty()
        && projection.skip.is_none()
        && projection.limit.is_none();
    if !plain {
        return None;
    }
    if let [item] = &projection.items[..]
        && item.kind == ProjectionItemKind::Wildcard
    {
        return Some(Vec::new());
    }
    projection
        .items
        .iter()
        .map(|item| match &item.kind {
            ProjectionItemKind::Expression {
                expression,
                alias: None,
            } => match &expression.kind {
                ExprKind::Variable(name) => Some(name),
                _ => None,
            },
            _ => None,
        })
        .collect()
}
