//! Comprehensions, quantifiers and reduce(): expressions that bind a variable for a part of themselves.

use grism_core::{Result, Type};
use grism_logical::{ApplyKind, LogicalExpr, LogicalPlan, UnaryOperator};

use super::{Binder, Lambda, Pending};
use crate::syntax::{
    Expr, ExprKind, ListComprehension, Name, Pattern, PatternComprehension, Quantified, Reduce,
    Span, Visitor, walk_expr,
};

/// Whether a pattern or a subquery stands in the expression.
fn asks_the_graph(expression: &Expr) -> bool {
    struct Finder(bool);
    impl<'ast> Visitor<'ast> for Finder {
        fn visit_expr(&mut self, expression: &'ast Expr) {
            self.0 |= matches!(
                expression.kind,
                ExprKind::Pattern(_) | ExprKind::PatternComprehension(_) | ExprKind::Subquery(_)
            );
            walk_expr(self, expression);
        }
    }
    let mut finder = Finder(false);
    finder.visit_expr(expression);
    finder.0
}

/// How many pending columns there are, to tell which ones a part of an expression asked for.
#[derive(Clone, Copy)]
struct Mark {
    pending: usize,
    after: usize,
    warnings: usize,
    counter: usize,
}

impl Binder<'_> {
    pub(super) fn list_comprehension(
        &mut self,
        comprehension: &ListComprehension,
        place: &Expr,
    ) -> Result<LogicalExpr> {
        let parts = || {
            let predicate = comprehension.predicate.as_deref();
            (predicate, comprehension.projection.as_deref())
        };
        if parts().0.is_some_and(asks_the_graph) || parts().1.is_some_and(asks_the_graph) {
            return self.as_subplan(
                &comprehension.list,
                &comprehension.variable,
                parts().0,
                parts().1,
                place.span,
            );
        }
        let (list, item) = self.list_of(&comprehension.list)?;
        let (list, variable, (predicate, projection)) = self.with_lambda(
            list,
            item,
            &comprehension.variable,
            place.span,
            &mut |binder| {
                let predicate = comprehension
                    .predicate
                    .as_deref()
                    .map(|predicate| binder.predicate(predicate))
                    .transpose()?;
                let projection = comprehension
                    .projection
                    .as_deref()
                    .map(|projection| binder.expression(projection))
                    .transpose()?;
                Ok((predicate.map(Box::new), projection.map(Box::new)))
            },
        )?;
        Ok(LogicalExpr::Transform {
            list: Box::new(list),
            variable,
            predicate,
            projection,
        })
    }

    pub(super) fn quantified(
        &mut self,
        quantified: &Quantified,
        place: &Expr,
    ) -> Result<LogicalExpr> {
        let quantifier = quantified.quantifier;
        if asks_the_graph(&quantified.predicate) {
            // Whether it holds for each element, as a list of its own.
            let answers = self.as_subplan(
                &quantified.list,
                &quantified.variable,
                None,
                Some(&quantified.predicate),
                place.span,
            )?;
            let variable = self.internal_name("element");
            return Ok(LogicalExpr::Quantified {
                quantifier,
                list: Box::new(answers),
                predicate: Box::new(LogicalExpr::column(&variable)),
                variable,
            });
        }
        let (list, item) = self.list_of(&quantified.list)?;
        let (list, variable, predicate) = self.with_lambda(
            list,
            item,
            &quantified.variable,
            place.span,
            &mut |binder| binder.predicate(&quantified.predicate),
        )?;
        Ok(LogicalExpr::Quantified {
            quantifier,
            list: Box::new(list),
            variable,
            predicate: Box::new(predicate),
        })
    }

    pub(super) fn reduce(&mut self, reduce: &Reduce, place: &Expr) -> Result<LogicalExpr> {
        let initial = self.expression(&reduce.initial)?;
        let mut ty = self.type_of(&initial, &reduce.initial)?;
        let (list, item) = self.list_of(&reduce.list)?;
        // The value may widen from step to step: until it holds what the next step makes of it.
        loop {
            let mark = self.position();
            let accumulator = self.internal_name("sum");
            self.lambdas.push(Lambda {
                name: reduce.accumulator.text.clone(),
                column: accumulator.clone(),
                ty: ty.clone(),
                depth: 0,
            });
            let depth = self.lambdas.len();
            let bound = self.with_lambda(
                list.clone(),
                item.clone(),
                &reduce.variable,
                place.span,
                &mut |binder| {
                    let step = binder.expression(&reduce.step)?;
                    let found = binder.type_of(&step, &reduce.step)?;
                    Ok((step, found))
                },
            );
            self.lambdas.truncate(depth - 1);
            let (list, variable, (step, found)) = bound?;
            let wider = ty.unify(&found);
            if wider == ty {
                return Ok(LogicalExpr::Reduce {
                    accumulator,
                    initial: Box::new(initial),
                    variable,
                    list: Box::new(list),
                    step: Box::new(step),
                    ty,
                });
            }
            // A list that grows by lists would widen for ever.
            ty = if matches!((&ty, &wider), (Type::Null, _)) {
                wider
            } else {
                Type::Any
            };
            self.rewind(mark);
        }
    }

    /// A comprehension whose parts look for patterns: a subplan that unwinds the list and collects what becomes of it.
    fn as_subplan(
        &mut self,
        list: &Expr,
        variable: &Name,
        predicate: Option<&Expr>,
        projection: Option<&Expr>,
        span: Span,
    ) -> Result<LogicalExpr> {
        if !self.lambdas.is_empty() {
            return Err(self
                .source
                .unsupported("a pattern within nested comprehensions", span));
        }
        let (bound, item) = self.list_of(list)?;
        let ty = self.type_of(&bound, list)?;
        let bound = match item {
            Type::Any => bound.convert(&ty, &Type::Any.list()),
            _ => bound,
        };
        let reads_aggregate = |column: &String| {
            let aggregates = self.aggregates.iter().flatten();
            aggregates.map(|(_, name)| name).any(|name| name == column)
        };
        if bound.columns().iter().any(reads_aggregate) {
            return Err(self
                .source
                .unsupported("a pattern over an aggregated list; use WITH first", span));
        }
        let column = self.internal_name("list");
        self.pend(Pending::Column(bound, column.clone()));
        let mut inner = self.inner()?;
        let element = inner.internal_name("element");
        inner.plan = LogicalPlan::Unwind {
            input: std::sync::Arc::new(std::mem::replace(&mut inner.plan, LogicalPlan::Unit)),
            expression: LogicalExpr::column(&column),
            variable: element.clone(),
        };
        inner.scope.put(&variable.text, &element, item);
        if let Some(predicate) = predicate {
            inner.filter(predicate)?;
        }
        let value = match projection {
            Some(projection) => inner.expression(projection)?,
            None => LogicalExpr::Column(element),
        };
        inner.flush_pending()?;
        let made = inner.internal_name("item");
        let input = std::sync::Arc::new(std::mem::replace(&mut inner.plan, LogicalPlan::Unit));
        inner.plan = super::with_column(input, value, made.clone())?;
        let subplan = self.adopt(inner)?;
        let collected = self.collected(subplan, made, span);
        Ok(LogicalExpr::Case {
            branches: vec![(
                LogicalExpr::Column(column).unary(UnaryOperator::IsNotNull),
                collected,
            )],
            otherwise: None,
        })
    }

    /// `[(a)-->(b) WHERE … | …]`: a list of what each match makes.
    pub(super) fn pattern_comprehension(
        &mut self,
        comprehension: &PatternComprehension,
        span: Span,
    ) -> Result<LogicalExpr> {
        let mut inner = self.inner()?;
        let pattern = Pattern {
            paths: vec![comprehension.pattern.clone()],
            span: comprehension.pattern.span,
        };
        inner.match_pattern(&pattern, comprehension.predicate.as_ref())?;
        let value = inner.expression(&comprehension.projection)?;
        inner.flush_pending()?;
        let column = inner.internal_name("item");
        let input = std::sync::Arc::new(std::mem::replace(
            &mut inner.plan,
            grism_logical::LogicalPlan::Unit,
        ));
        inner.plan = super::with_column(input, value, column.clone())?;
        let subplan = self.adopt(inner)?;
        Ok(self.collected(subplan, column, span))
    }

    /// The list of a subplan's column for each row.
    pub(super) fn collected(
        &mut self,
        subplan: grism_logical::LogicalPlan,
        value: String,
        _span: Span,
    ) -> LogicalExpr {
        let into = self.internal_name("list");
        let kind = ApplyKind::Collect {
            value,
            into: into.clone(),
        };
        self.pending.push(Pending::Apply(Box::new(subplan), kind));
        LogicalExpr::Column(into)
    }

    /// The list an expression ranges over, and the type of its elements.
    fn list_of(&mut self, list: &Expr) -> Result<(LogicalExpr, Type)> {
        let bound = self.expression(list)?;
        let item = match self.type_of(&bound, list)? {
            Type::List(item) => *item,
            other @ (Type::Any | Type::Null) => other,
            other => {
                return Err(self
                    .source
                    .invalid(format!("a list is needed, not {other}"), list.span)
                    .with_code("SyntaxError:InvalidArgumentType"));
            }
        };
        Ok((bound, item))
    }

    /// Binds what is evaluated for each element of `list`; where it asks for the contents of entities, the list is
    /// read with them.
    fn with_lambda<T>(
        &mut self,
        list: LogicalExpr,
        item: Type,
        variable: &Name,
        span: Span,
        body: &mut dyn FnMut(&mut Self) -> Result<T>,
    ) -> Result<(LogicalExpr, String, T)> {
        let mark = self.position();
        let (column, bound, depth) = self.within_lambda(&item, variable, body)?;
        if depth == 0 || item == Type::Null {
            self.check_pending(mark, &column, span)?;
            return Ok((list, column, bound));
        }
        self.rewind(mark);
        let ty = if item == Type::Any {
            Type::Any
        } else {
            item.list()
        };
        let list = self.with_deep_contents(list, &ty, depth);
        let mark = self.position();
        let (column, bound, _) = self.within_lambda(&Type::Any, variable, body)?;
        self.check_pending(mark, &column, span)?;
        Ok((list, column, bound))
    }

    fn within_lambda<T>(
        &mut self,
        item: &Type,
        variable: &Name,
        body: &mut dyn FnMut(&mut Self) -> Result<T>,
    ) -> Result<(String, T, u8)> {
        let column = self.internal_name("element");
        self.lambdas.push(Lambda {
            name: variable.text.clone(),
            column: column.clone(),
            ty: item.clone(),
            depth: 0,
        });
        let depth = self.lambdas.len();
        let bound = body(self);
        let asked = self.lambdas.get(depth - 1).map_or(0, |lambda| lambda.depth);
        self.lambdas.truncate(depth - 1);
        Ok((column, bound?, asked))
    }

    fn position(&self) -> Mark {
        Mark {
            pending: self.pending.len(),
            after: self.after_aggregates.len(),
            warnings: self.warnings.len(),
            counter: self.counter,
        }
    }

    /// Forgets what was asked for since `mark`.
    fn rewind(&mut self, mark: Mark) {
        self.pending.truncate(mark.pending);
        self.after_aggregates.truncate(mark.after);
        self.warnings.truncate(mark.warnings);
        debug_assert!(self.counter >= mark.counter);
    }

    /// A column made below cannot hang on an element.
    fn check_pending(&self, mark: Mark, column: &str, span: Span) -> Result<()> {
        let made = self.pending[mark.pending..]
            .iter()
            .chain(&self.after_aggregates[mark.after..]);
        for pending in made {
            if let Pending::Column(expression, _) | Pending::Hydrate(expression, ..) = pending
                && expression.columns().contains(column)
            {
                return Err(self
                    .source
                    .unsupported("this use of an element's entity", span));
            }
        }
        Ok(())
    }

    /// An expression that must be a boolean.
    pub(super) fn predicate(&mut self, predicate: &Expr) -> Result<LogicalExpr> {
        let bound = self.expression(predicate)?;
        match self.type_of(&bound, predicate)? {
            Type::Bool | Type::Null | Type::Any => Ok(bound),
            other => Err(self
                .source
                .invalid(
                    format!("a predicate must be a boolean, not {other}"),
                    predicate.span,
                )
                .with_code("SyntaxError:InvalidArgumentType")),
        }
    }
}
