//! What a projection lists, and what it orders by.

use grism_core::{Result, Type};
use grism_logical::LogicalExpr;

use super::Binder;
use super::projection::ProjectionKind;
use super::scope::column_for;
use crate::syntax::{ExprKind, Projection, ProjectionItemKind, Span};

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

impl Binder<'_> {
    pub(super) fn items(
        &mut self,
        projection: &Projection,
        kind: ProjectionKind,
    ) -> Result<Vec<Item>> {
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
                        Some(alias) => alias.text.clone(),
                        None => match &syntax.kind {
                            ExprKind::Variable(name) => name.text.clone(),
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

    /// Binds what a RETURN lists, for its errors only.
    pub(super) fn check_items(&mut self, projection: &Projection) -> Result<()> {
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

    pub(super) fn order(&mut self, projection: &Projection) -> Result<Vec<Order>> {
        let mut order = Vec::new();
        for item in &projection.order_by {
            let descending = item.descending;
            // Nulls come last, and first where the order descends.
            if let Some((first, span)) = item.nulls_first
                && first != descending
            {
                return Err(self.source.unsupported("this order of nulls", span));
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
}
