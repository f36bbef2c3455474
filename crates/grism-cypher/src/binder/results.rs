//! The columns of a result: their names, and values in place of entities.

use std::sync::Arc;

use grism_core::Result;
use grism_logical::{LogicalExpr, LogicalPlan};

use super::Binder;
use super::projection_items::Item;
use crate::syntax::Span;

impl Binder<'_> {
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
                span: Span::empty(0),
            })
            .collect();
        self.result(&items)
    }

    /// Gives the result columns their names, and makes values of the entities among them.
    pub(super) fn result(&mut self, items: &[Item]) -> Result<()> {
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
}
