//! WITH and RETURN: projection, aggregation, DISTINCT, ORDER BY, SKIP and LIMIT.

use std::sync::Arc;

use grism_core::Result;
use grism_logical::{LogicalExpr, LogicalPlan, SortKey};

use super::Binder;
use super::aggregation::replace;
use super::projection_items::{Item, Order};
use super::scope::Scope;
use crate::syntax::{Expr, ExprKind, Projection, ProjectionItemKind};

/// What a projection stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProjectionKind {
    /// WITH: every expression has a name, and entities stay entities.
    With,
    /// RETURN of a subquery or a frame: names come from the text, and entities stay entities.
    Inner,
    /// RETURN of a query: entities become values.
    Return,
}

impl Binder<'_> {
    pub(crate) fn projection(
        &mut self,
        projection: &Projection,
        predicate: Option<&Expr>,
        kind: ProjectionKind,
    ) -> Result<()> {
        let distinct = projection.distinct;
        let mut predicate = predicate;
        if let Some(early) = predicate
            && distinct
            && projection.limit.is_none()
            && projection.skip.is_none()
            && self.reads_before(early, projection)
        {
            // Rows are dropped before they are put together, which comes to the same for what is projected.
            self.filter(early)?;
            predicate = None;
        }
        self.aggregates = Some(Vec::new());
        let mut items = self.items(projection, kind)?;
        self.aliases = items
            .iter()
            .map(|item| (item.name.clone(), item.expression.clone()))
            .collect();
        let item_aggregates = self.aggregates.as_ref().map_or(0, Vec::len);
        let keeps = predicate.is_some();
        let mut order = self.order(projection)?;
        self.aliases.clear();
        let aggregates = self.aggregates.take().unwrap_or_default();
        if item_aggregates == 0 && !aggregates.is_empty() {
            let span = order.first().map_or(projection.span, |order| order.span);
            return Err(self
                .source
                .invalid(
                    "ORDER BY cannot aggregate where the projection does not",
                    span,
                )
                .with_code("SyntaxError:InvalidAggregation"));
        }
        self.flush_pending()?;
        if !aggregates.is_empty() {
            self.aggregate(&mut items, &mut order, aggregates)?;
        }
        // A predicate may name what the projection drops, unless rows were put together.
        let hidden = if keeps && item_aggregates == 0 {
            self.scope
                .variables
                .iter()
                .map(|variable| variable.column.clone())
                .collect()
        } else {
            Vec::new()
        };
        self.project(&items, order, distinct, &hidden)?;
        let skip = self.row_count(projection.skip.as_ref(), "SKIP")?;
        let fetch = self.row_count(projection.limit.as_ref(), "LIMIT")?;
        if skip.is_some() || fetch.is_some() {
            let input = Arc::new(std::mem::replace(&mut self.plan, LogicalPlan::Unit));
            self.plan = LogicalPlan::Limit {
                input,
                skip: skip.unwrap_or(0),
                fetch,
            };
        }
        let columns: Vec<String> = items.iter().map(|item| item.column.clone()).collect();
        let mut scope = Scope::default();
        for item in &items {
            scope.put(&item.name, &item.column, item.ty.clone());
        }
        if let Some(predicate) = predicate {
            // WHERE sees the variables before the projection too, but for those that a new one hides.
            let known = self.plan.schema()?;
            self.scope.variables.retain(|variable| {
                known.contains(&variable.column) && !columns.contains(&variable.column)
            });
            for variable in &scope.variables {
                self.scope
                    .put(&variable.name, &variable.column, variable.ty.clone());
            }
            self.filter(predicate)?;
        }
        let plan = std::mem::replace(&mut self.plan, LogicalPlan::Unit);
        self.plan = plan.keep_columns(&columns)?;
        self.scope = scope;
        if kind == ProjectionKind::Return {
            self.result(&items)
        } else {
            Ok(())
        }
    }

    /// Whether the expression names a variable that the projection does not hand on.
    fn reads_before(&self, expression: &Expr, projection: &Projection) -> bool {
        let kept = |name: &str| {
            projection.items.iter().any(|item| match &item.kind {
                ProjectionItemKind::Expression { expression, alias } => {
                    match (alias, &expression.kind) {
                        (Some(alias), _) => alias.text == name,
                        (None, ExprKind::Variable(own)) => own.text == name,
                        _ => false,
                    }
                }
                _ => true,
            })
        };
        super::variables_of(expression)
            .iter()
            .any(|name| self.scope.find(name).is_some() && !kept(name))
    }

    fn project(
        &mut self,
        items: &[Item],
        order: Vec<Order>,
        distinct: bool,
        hidden: &[String],
    ) -> Result<()> {
        let shown: Vec<(LogicalExpr, String)> = items
            .iter()
            .map(|item| (item.expression.clone(), item.column.clone()))
            .collect();
        let mut expressions = shown.clone();
        for column in hidden {
            if !distinct && !shown.iter().any(|(_, own)| own == column) {
                expressions.push((LogicalExpr::column(column), column.clone()));
            }
        }
        let mut keys = Vec::new();
        for key in order {
            let expression = match shown
                .iter()
                .find(|(expression, _)| expression == &key.expression)
            {
                Some((_, column)) => LogicalExpr::Column(column.clone()),
                None if distinct => {
                    let rewritten = replace(&key.expression, &shown);
                    let known = |column: &String| shown.iter().any(|(_, own)| own == column);
                    if !rewritten.columns().iter().all(known) {
                        let message =
                            "after DISTINCT, ORDER BY can only name the columns that are returned";
                        return Err(self
                            .source
                            .invalid(message, key.span)
                            .with_code("SyntaxError:UndefinedVariable"));
                    }
                    rewritten
                }
                None => {
                    let column = self.internal_name("order");
                    expressions.push((key.expression, column.clone()));
                    LogicalExpr::Column(column)
                }
            };
            keys.push(SortKey {
                expression,
                descending: key.descending,
            });
        }
        let input = Arc::new(std::mem::replace(&mut self.plan, LogicalPlan::Unit));
        let mut plan = LogicalPlan::Project { input, expressions };
        if distinct {
            plan = LogicalPlan::Distinct {
                input: Arc::new(plan),
            };
        }
        if !keys.is_empty() {
            plan = LogicalPlan::Sort {
                input: Arc::new(plan),
                keys,
                fetch: None,
            };
        }
        self.plan = plan;
        Ok(())
    }
}
