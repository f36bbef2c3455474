//! Subplans of expressions: what EXISTS, COUNT, COLLECT, pattern predicates and comprehensions run for each row.
//!
//! Each function takes the scope and the columns of the outer rows, and gives a plan that starts with these columns.

use grism_core::{Error, Result, Type, Value};
use grism_logical::{Internal, LogicalExpr, LogicalPlan, PlanSchema, SharedPlan};

use super::dispatch::bind_clause;
use super::filter::filter;
use super::matching::match_pattern;
use super::projection::{ProjectionKind, check_items, project};
use super::rows::{Rows, with_column};
use super::union::united;
use crate::aggregates::aggregates;
use crate::binder::expression::{ExpressionBinder, ExpressionInput, Needs, bind_expression};
use crate::binder::names::Scope;
use crate::binder::{Notes, QueryContext};
use crate::syntax::{
    ClauseKind, Expr, Name, PathPattern, Pattern, PatternComprehension, Projection,
    ProjectionItemKind, Query, SingleQuery, Span, SubqueryKind,
};

/// The matches of a pattern that is used as a predicate.
pub(crate) fn pattern_subplan(
    context: QueryContext<'_>,
    notes: &mut Notes,
    scope: &Scope,
    columns: PlanSchema,
    path: &PathPattern,
) -> Result<LogicalPlan> {
    let pattern = Pattern {
        paths: vec![path.clone()],
        span: path.span,
    };
    let mut own = notes.branch();
    let rows = Rows::argument(columns, scope.clone());
    let matched = match_pattern(context, &mut own, rows, &pattern, None)?;
    notes.absorb(own);
    Ok(matched.plan)
}

/// The rows of a subquery; with the columns of its RETURN only where these matter to what is asked.
pub(crate) fn query_subplan(
    context: QueryContext<'_>,
    notes: &mut Notes,
    scope: &Scope,
    columns: &PlanSchema,
    query: &Query,
    kind: SubqueryKind,
) -> Result<LogicalPlan> {
    let mut branch = |query: &SingleQuery, reads: Reads| {
        let mut own = notes.branch();
        let rows = Rows::argument(columns.clone(), scope.clone());
        let plan = branch_subplan(context, &mut own, rows, query, kind, reads)?;
        notes.absorb(own);
        Ok::<_, Error>(plan)
    };
    if query.unions.is_empty() {
        let reads = match kind {
            SubqueryKind::Collect => Reads::Columns,
            SubqueryKind::Exists | SubqueryKind::Count => Reads::Rows,
        };
        return branch(&query.head, reads);
    }
    // How many rows there are, and which, depends on all columns; whether there is one does not.
    let counts_all = kind == SubqueryKind::Count && query.unions.iter().all(|union| union.all);
    let rows_only = kind == SubqueryKind::Exists || counts_all;
    let mut inputs = Vec::new();
    for single in query.branches() {
        let plan = match rows_only {
            true => LogicalPlan::Project {
                input: SharedPlan::new(branch(single, Reads::Rows)?),
                expressions: vec![
                    LogicalExpr::Literal(Value::Bool(true)).named(Internal::Row.column()),
                ],
            },
            false => branch(single, Reads::Columns)?,
        };
        inputs.push(plan.into());
    }
    match rows_only {
        true => Ok(LogicalPlan::Union { inputs }),
        false => united(query, inputs),
    }
}

/// What is read of a branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reads {
    /// Whether, or how many, rows there are.
    Rows,
    /// The columns of its RETURN.
    Columns,
}

fn branch_subplan(
    context: QueryContext<'_>,
    notes: &mut Notes,
    mut rows: Rows,
    query: &SingleQuery,
    kind: SubqueryKind,
    reads: Reads,
) -> Result<LogicalPlan> {
    for clause in &query.clauses {
        rows = match &clause.kind {
            ClauseKind::Return(projection) => {
                if reads == Reads::Rows && keeps_rows(projection) {
                    check_items(context, notes, rows, projection)?
                } else {
                    let kind = ProjectionKind::Return;
                    project(context, notes, rows, projection, None, kind)?
                }
            }
            _ if clause.is_write() => return Err(writes_within(context, kind, clause.span)),
            _ => bind_clause(context, notes, rows, clause)?,
        };
    }
    Ok(rows.plan)
}

fn writes_within(context: QueryContext<'_>, kind: SubqueryKind, span: Span) -> Error {
    let name = match kind {
        SubqueryKind::Exists => "EXISTS",
        SubqueryKind::Count => "COUNT",
        SubqueryKind::Collect => "COLLECT",
    };
    context
        .source
        .invalid(format!("{name} {{ … }} cannot write"), span)
        .with_code("SyntaxError:InvalidClauseComposition")
}

/// Whether there are as many rows after a RETURN as before, whatever it lists.
fn keeps_rows(projection: &Projection) -> bool {
    let cuts = projection.limit.is_some() || projection.skip.is_some() || projection.distinct;
    let aggregates = projection.items.iter().any(|item| match &item.kind {
        ProjectionItemKind::Expression { expression, .. } => aggregates(expression),
        _ => false,
    });
    !cuts && !aggregates
}

/// A list whose elements are rows of a subplan.
pub(crate) struct UnwoundList<'e> {
    /// The column of the list.
    pub(crate) column: &'e str,
    /// What an element is called.
    pub(crate) variable: &'e Name,
    /// The type of an element.
    pub(crate) item: Type,
    /// What must be true of an element.
    pub(crate) predicate: Option<&'e Expr>,
    /// What becomes of an element; `None` for itself.
    pub(crate) projection: Option<&'e Expr>,
}

/// What becomes of the elements of a list, and the column it is in.
pub(crate) fn list_subplan(
    context: QueryContext<'_>,
    notes: &mut Notes,
    scope: &Scope,
    columns: PlanSchema,
    list: UnwoundList<'_>,
) -> Result<(LogicalPlan, String)> {
    let mut own = notes.branch();
    let element = own.fresh("element");
    let plan = LogicalPlan::Unwind {
        input: SharedPlan::new(LogicalPlan::Argument(columns)),
        expression: LogicalExpr::column(list.column),
        variable: element.clone(),
    };
    let mut rows = Rows::new(plan, scope.clone());
    rows.scope.put(&list.variable.text, &element, list.item);
    if let Some(predicate) = list.predicate {
        rows = filter(context, &mut own, rows, predicate)?;
    }
    let made = match list.projection {
        Some(projection) => with_item(context, &mut own, rows, projection)?,
        None => {
            let column = own.fresh("item");
            let plan = with_column(rows.plan, LogicalExpr::Column(element).named(&column))?;
            (plan, column)
        }
    };
    notes.absorb(own);
    Ok(made)
}

/// What each match of a pattern makes, and the column it is in.
pub(crate) fn comprehension_subplan(
    context: QueryContext<'_>,
    notes: &mut Notes,
    scope: &Scope,
    columns: PlanSchema,
    comprehension: &PatternComprehension,
) -> Result<(LogicalPlan, String)> {
    let pattern = Pattern {
        paths: vec![comprehension.pattern.clone()],
        span: comprehension.pattern.span,
    };
    let mut own = notes.branch();
    let rows = Rows::argument(columns, scope.clone());
    let predicate = comprehension.predicate.as_ref();
    let rows = match_pattern(context, &mut own, rows, &pattern, predicate)?;
    let made = with_item(context, &mut own, rows, &comprehension.projection)?;
    notes.absorb(own);
    Ok(made)
}

/// The plan of the rows with the value of an expression, and its column.
fn with_item(
    context: QueryContext<'_>,
    notes: &mut Notes,
    rows: Rows,
    expression: &Expr,
) -> Result<(LogicalPlan, String)> {
    let (columns, mut needs) = (rows.plan.schema()?, Needs::default());
    let input = ExpressionInput::new(&rows.scope, &columns);
    let mut binder = ExpressionBinder::new(context, notes, input, &mut needs);
    let value = bind_expression(&mut binder, expression)?;
    let column = notes.fresh("item");
    let rows = rows.with_needs(&mut needs)?;
    Ok((with_column(rows.plan, value.named(&column))?, column))
}
