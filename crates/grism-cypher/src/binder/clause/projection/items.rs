//! What a projection lists, and what it orders by.

use grism_core::{Result, Type};
use grism_logical::{LogicalExpr, UnaryOperator};

use crate::binder::clause::rows::Rows;
use crate::binder::expression::{ExpressionBinder, ExpressionInput, Needs, bind_expression};
use crate::binder::names::column_for;
use crate::binder::{Notes, QueryContext};
use crate::syntax::{
    Expr, ExprKind, Name, OrderItem, Projection, ProjectionItem, ProjectionItemKind, Span,
};

/// What a projection stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProjectionKind {
    /// WITH: every expression has a name.
    With,
    /// RETURN: names come from the text.
    Return,
}

pub(super) struct Item {
    pub(super) name: String,
    pub(super) column: String,
    pub(super) expression: LogicalExpr,
    pub(super) ty: Type,
    pub(super) span: Span,
}

pub(super) struct Order {
    pub(super) expression: LogicalExpr,
    pub(super) descending: bool,
    pub(super) span: Span,
}

/// The items of a projection; their names differ.
pub(super) fn bind_items(
    binder: &mut ExpressionBinder<'_, '_>,
    projection: &Projection,
    kind: ProjectionKind,
) -> Result<Vec<Item>> {
    let mut items: Vec<Item> = Vec::new();
    for item in &projection.items {
        match &item.kind {
            ProjectionItemKind::Wildcard => add_variables(binder, item, kind, &mut items)?,
            ProjectionItemKind::Expression {
                expression: syntax,
                alias,
            } => {
                let expression = bind_expression(binder, syntax)?;
                let ty = binder.type_of(&expression, syntax)?;
                let name = item_name(binder, syntax, alias.as_ref(), kind)?;
                items.push(Item {
                    column: column_for(&name),
                    name,
                    expression,
                    ty,
                    span: item.span,
                });
            }
        }
    }
    for (index, item) in items.iter().enumerate() {
        if items[..index].iter().any(|other| other.name == item.name) {
            let message = format!("the column `{}` stands twice", item.name);
            return Err(binder
                .invalid(message, item.span)
                .with_code("SyntaxError:ColumnNameConflict"));
        }
    }
    Ok(items)
}

/// Adds every variable, by name.
fn add_variables(
    binder: &ExpressionBinder<'_, '_>,
    item: &ProjectionItem,
    kind: ProjectionKind,
    items: &mut Vec<Item>,
) -> Result<()> {
    let mut variables = binder.input.scope.variables.clone();
    if kind != ProjectionKind::With && variables.is_empty() {
        return Err(binder
            .invalid("RETURN * needs at least one variable", item.span)
            .with_code("SyntaxError:NoVariablesInScope"));
    }
    variables.sort_by(|a, b| a.name.cmp(&b.name));
    items.extend(variables.into_iter().map(|variable| Item {
        column: column_for(&variable.name),
        name: variable.name,
        expression: LogicalExpr::Column(variable.column),
        ty: variable.ty,
        span: item.span,
    }));
    Ok(())
}

/// What an item is called: by its alias, its variable or, in RETURN, its text.
fn item_name(
    binder: &ExpressionBinder<'_, '_>,
    syntax: &Expr,
    alias: Option<&Name>,
    kind: ProjectionKind,
) -> Result<String> {
    match (alias, &syntax.kind) {
        (Some(name), _) | (None, ExprKind::Variable(name)) => Ok(name.text.clone()),
        _ if kind != ProjectionKind::With => {
            Ok(binder.context.source.slice(syntax.span).to_owned())
        }
        _ => Err(binder
            .invalid("an expression in WITH needs an alias", syntax.span)
            .with_code("SyntaxError:NoExpressionAlias")),
    }
}

/// Binds what a RETURN lists, for its errors only.
pub(in crate::binder::clause) fn check_items(
    context: QueryContext<'_>,
    notes: &mut Notes,
    rows: Rows,
    projection: &Projection,
) -> Result<Rows> {
    let mut items = projection.items.iter();
    if items.any(|item| matches!(item.kind, ProjectionItemKind::Wildcard)) {
        return Ok(rows);
    }
    let (columns, mut needs) = (rows.plan.schema()?, Needs::default());
    let input = ExpressionInput::new(&rows.scope, &columns);
    let mut binder = ExpressionBinder::new(context, notes, input, &mut needs);
    bind_items(&mut binder, projection, ProjectionKind::Return)?;
    // Columns that the list asked for stay below: they may say whether there is a row at all.
    rows.with_needs(&mut needs)
}

/// What ORDER BY lists.
pub(super) fn bind_order(
    binder: &mut ExpressionBinder<'_, '_>,
    items: &[OrderItem],
) -> Result<Vec<Order>> {
    let mut order = Vec::new();
    for item in items {
        let (descending, span) = (item.descending, item.expression.span);
        let expression = bind_expression(binder, &item.expression)?;
        binder.type_of(&expression, &item.expression)?;
        // Nulls come last, and first where the order descends; any other place is an order of its own.
        if let Some(first) = item.nulls_first.filter(|first| *first != descending) {
            order.push(Order {
                expression: expression.clone().unary(UnaryOperator::IsNull),
                descending: first,
                span,
            });
        }
        order.push(Order {
            expression,
            descending,
            span,
        });
    }
    Ok(order)
}
