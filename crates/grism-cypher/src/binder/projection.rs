//! WITH and RETURN: projection, aggregation, DISTINCT, ORDER BY, SKIP and LIMIT.

use std::sync::Arc;

use grism_core::{Result, Type, Value};
use grism_logical::{Aggregate, AggregateCall, LogicalExpr, LogicalPlan, SortKey};
use open_cypher::Span;
use open_cypher::ast::{
    Expr, ExprKind, NullOrder, ProjectionClause, ProjectionItemKind, SetQuantifier, SortDirection,
};

use super::scope::{Scope, column_for};
use super::{Binder, Pending};

struct Item {
    name: String,
    column: String,
    expression: LogicalExpr,
    ty: Type,
    span: Span,
}

struct Order {
    expression: LogicalExpr,
    descending: bool,
    span: Span,
}

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
        projection: &ProjectionClause,
        predicate: Option<&Expr>,
        kind: ProjectionKind,
    ) -> Result<()> {
        let distinct = projection
            .quantifier
            .as_ref()
            .is_some_and(|quantifier| quantifier.kind == SetQuantifier::Distinct);
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
        let skip = self.row_count(
            projection.skip.as_ref().or(projection.offset.as_ref()),
            "SKIP",
        )?;
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
    fn reads_before(&self, expression: &Expr, projection: &ProjectionClause) -> bool {
        let kept = |name: &str| {
            projection.items.iter().any(|item| match &item.kind {
                ProjectionItemKind::Expression { expression, alias } => {
                    match (alias, &expression.kind) {
                        (Some(alias), _) => alias.kind.text == name,
                        (None, ExprKind::Variable(own)) => own.kind.text == name,
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

    fn items(&mut self, projection: &ProjectionClause, kind: ProjectionKind) -> Result<Vec<Item>> {
        let mut items: Vec<Item> = Vec::new();
        for item in &projection.items {
            match &item.kind {
                ProjectionItemKind::Wildcard => {
                    if kind != ProjectionKind::With && self.scope.variables.is_empty() {
                        return Err(self
                            .source
                            .invalid("RETURN * needs at least one variable", item.span)
                            .with_code("SyntaxError:NoVariablesInScope"));
                    }
                    let mut variables = self.scope.variables.clone();
                    variables.sort_by(|a, b| a.name.cmp(&b.name));
                    for variable in variables {
                        let expression = LogicalExpr::Column(variable.column.clone());
                        let (name, ty) = (variable.name, variable.ty);
                        items.push(Item {
                            column: column_for(&name),
                            name,
                            expression,
                            ty,
                            span: item.span,
                        });
                    }
                }
                ProjectionItemKind::Expression {
                    expression: syntax,
                    alias,
                } => {
                    let expression = self.expression(syntax)?;
                    let ty = self.type_of(&expression, syntax)?;
                    let name = match alias {
                        Some(alias) => alias.kind.text.clone(),
                        None => match &syntax.kind {
                            open_cypher::ast::ExprKind::Variable(name) => name.kind.text.clone(),
                            _ if kind != ProjectionKind::With => {
                                self.source.slice(syntax.span).to_owned()
                            }
                            _ => {
                                return Err(self
                                    .source
                                    .invalid("an expression in WITH needs an alias", syntax.span)
                                    .with_code("SyntaxError:NoExpressionAlias"));
                            }
                        },
                    };
                    items.push(Item {
                        column: column_for(&name),
                        name,
                        expression,
                        ty,
                        span: item.span,
                    });
                }
                _ => return Err(self.source.unsupported("this projection item", item.span)),
            }
        }
        for (index, item) in items.iter().enumerate() {
            if items[..index].iter().any(|other| other.name == item.name) {
                return Err(self
                    .source
                    .invalid(
                        format!("the column `{}` stands twice", item.name),
                        item.span,
                    )
                    .with_code("SyntaxError:ColumnNameConflict"));
            }
        }
        Ok(items)
    }

    fn order(&mut self, projection: &ProjectionClause) -> Result<Vec<Order>> {
        let Some(order_by) = &projection.order_by else {
            return Ok(Vec::new());
        };
        let mut order = Vec::new();
        for item in &order_by.items {
            let descending = item
                .direction
                .as_ref()
                .is_some_and(|direction| direction.kind == SortDirection::Descending);
            if let Some(nulls) = &item.nulls {
                let default = if descending {
                    NullOrder::First
                } else {
                    NullOrder::Last
                };
                if nulls.kind != default {
                    return Err(self.source.unsupported("this order of nulls", nulls.span));
                }
            }
            let expression = self.expression(&item.expression)?;
            self.type_of(&expression, &item.expression)?;
            order.push(Order {
                expression,
                descending,
                span: item.expression.span,
            });
        }
        Ok(order)
    }

    /// Puts an aggregation below the projection and rewrites its expressions over the groups.
    fn aggregate(
        &mut self,
        items: &mut [Item],
        order: &mut [Order],
        aggregates: Vec<(AggregateCall, String)>,
    ) -> Result<()> {
        let after = std::mem::take(&mut self.after_aggregates);
        let is_aggregate = |column: &String| {
            aggregates.iter().any(|(_, name)| name == column)
                || after.iter().any(|pending| pending.makes(column))
        };
        let mut keys: Vec<(LogicalExpr, String)> = Vec::new();
        for item in items.iter() {
            if item.expression.columns().iter().any(is_aggregate)
                || keys.iter().any(|(key, _)| key == &item.expression)
            {
                continue;
            }
            // A constant is a key too: over no rows it makes no group.
            keys.push((item.expression.clone(), item.column.clone()));
        }
        let input = Arc::new(std::mem::replace(&mut self.plan, LogicalPlan::Unit));
        let mut names: Vec<String> = aggregates.iter().map(|(_, name)| name.clone()).collect();
        self.plan = LogicalPlan::Aggregate(Aggregate {
            input,
            keys: keys.clone(),
            aggregates,
        });
        for pending in after {
            let pending = match pending {
                Pending::Column(expression, name) => {
                    names.push(name.clone());
                    Pending::Column(replace(&expression, &keys), name)
                }
                Pending::Hydrate(expression, name) => {
                    names.push(name.clone());
                    Pending::Hydrate(replace(&expression, &keys), name)
                }
                other => other,
            };
            self.make(pending)?;
        }
        let over_groups = |binder: &Self,
                           expression: &LogicalExpr,
                           span: Span|
         -> Result<LogicalExpr> {
            let rewritten = replace(expression, &keys);
            let known = |column: &String| {
                names.contains(column) || keys.iter().any(|(_, key)| key == column)
            };
            let property = has_stray_property(&rewritten, &names);
            let columns = rewritten.columns();
            let strays = columns.iter().filter(|column| !known(column) || property);
            // An aggregate's own column is never what is missing.
            if let Some(stray) = strays.max_by_key(|column| !names.contains(column)) {
                let message = format!(
                    "`{}` is neither aggregated nor grouped by; put it among the columns, or in a WITH before",
                    stray.trim_start_matches('#')
                );
                return Err(binder
                    .source
                    .invalid(message, span)
                    .with_code("SyntaxError:AmbiguousAggregationExpression"));
            }
            Ok(rewritten)
        };
        for item in items.iter_mut() {
            item.expression = over_groups(self, &item.expression, item.span)?;
        }
        for key in order.iter_mut() {
            key.expression = over_groups(self, &key.expression, key.span)?;
        }
        Ok(())
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

    /// Makes values of the entities among the variables in scope, which become the result's columns.
    pub(crate) fn results(&mut self) -> Result<()> {
        let items: Vec<Item> = self
            .scope
            .variables
            .iter()
            .map(|variable| Item {
                column: variable.column.clone(),
                name: variable.name.clone(),
                expression: LogicalExpr::column(&variable.column),
                ty: variable.ty.clone(),
                span: open_cypher::Span::empty(0),
            })
            .collect();
        self.result(&items)
    }

    /// Gives the result columns their names, and makes values of the entities among them.
    fn result(&mut self, items: &[Item]) -> Result<()> {
        let mut expressions = Vec::new();
        for item in items {
            let base = LogicalExpr::Column(item.column.clone());
            expressions.push((
                self.materialized(base, &item.ty, item.span)?,
                item.name.clone(),
            ));
        }
        self.flush_pending()?;
        let plain = expressions
            .iter()
            .zip(items)
            .all(|((expression, name), item)| {
                *expression == LogicalExpr::Column(item.column.clone()) && name == &item.column
            });
        if !plain {
            let input = Arc::new(std::mem::replace(&mut self.plan, LogicalPlan::Unit));
            self.plan = LogicalPlan::Project { input, expressions };
        }
        Ok(())
    }

    fn row_count(&mut self, expression: Option<&Expr>, clause: &str) -> Result<Option<usize>> {
        let Some(syntax) = expression else {
            return Ok(None);
        };
        // No variable is in scope here.
        let scope = std::mem::take(&mut self.scope);
        let bound = self.expression(syntax);
        self.scope = scope;
        let bound = bound.map_err(|error| {
            if error.message().starts_with("unknown variable") {
                return self
                    .source
                    .invalid(format!("{clause} cannot refer to variables"), syntax.span)
                    .with_code("SyntaxError:NonConstantExpression");
            }
            error
        })?;
        if !bound.columns().is_empty() || !self.pending.is_empty() {
            return Err(self
                .source
                .invalid(format!("{clause} cannot refer to variables"), syntax.span)
                .with_code("SyntaxError:NonConstantExpression"));
        }
        self.volatile |= bound.is_volatile();
        let value = (self.context.constant)(&bound)
            .map_err(|error| error.with_location(self.source.location(syntax.span)))?;
        match value {
            Value::Int64(count) => usize::try_from(count).map(Some).map_err(|_| {
                self.source
                    .invalid(format!("{clause} cannot be negative"), syntax.span)
                    .with_code("SyntaxError:NegativeIntegerArgument")
            }),
            other => {
                let found = other.type_name();
                Err(self
                    .source
                    .invalid(
                        format!("{clause} needs an integer, not {found}"),
                        syntax.span,
                    )
                    .with_code("SyntaxError:InvalidArgumentType"))
            }
        }
    }

    /// Binds what a RETURN lists, for its errors only.
    pub(super) fn check_items(&mut self, projection: &ProjectionClause) -> Result<()> {
        if projection
            .items
            .iter()
            .any(|item| matches!(item.kind, ProjectionItemKind::Wildcard))
        {
            return Ok(());
        }
        self.items(projection, ProjectionKind::Inner).map(|_| ())?;
        // Columns that the list asked for stay below: they may say whether there is a row at all.
        self.flush_pending()
    }
}

/// `expression` with every part that equals one of the named expressions replaced by its column.
fn replace(expression: &LogicalExpr, named: &[(LogicalExpr, String)]) -> LogicalExpr {
    if let Some((_, column)) = named.iter().find(|(own, _)| own == expression) {
        return LogicalExpr::Column(column.clone());
    }
    expression.map_children(|child| replace(child, named))
}

/// Whether a property is read of anything but what was made above the aggregation.
fn has_stray_property(expression: &LogicalExpr, made: &[String]) -> bool {
    matches!(expression, LogicalExpr::Property { entity, .. } if !made.contains(entity))
        || expression
            .children()
            .into_iter()
            .any(|child| has_stray_property(child, made))
}
