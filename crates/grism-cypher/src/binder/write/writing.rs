//! The rows that a clause writes for, while their columns are made.

use grism_core::{Error, Result, Type};
use grism_logical::{LogicalExpr, LogicalPlan};

use super::storable::check_map;
use crate::binder::clause::{Rows, with_column, with_needs};
use crate::binder::expression::{ExpressionBinder, ExpressionInput, Needs, bind_expression};
use crate::binder::names::Scope;
use crate::binder::{Notes, QueryContext};
use crate::syntax::{Expr, ExprKind, Span};

/// The rows that a clause writes for, while their columns are made.
pub(super) struct Writing<'w, 'a> {
    pub(super) context: QueryContext<'a>,
    pub(super) notes: &'w mut Notes,
    pub(super) plan: LogicalPlan,
    pub(super) scope: Scope,
    /// Properties that the clause creates or sets: the actions of a MERGE read them, though no table has them yet.
    pub(super) set_properties: Vec<String>,
    needs: Needs,
}

impl<'w, 'a> Writing<'w, 'a> {
    pub(super) fn new(context: QueryContext<'a>, notes: &'w mut Notes, rows: Rows) -> Self {
        Self {
            context,
            notes,
            plan: rows.plan,
            scope: rows.scope,
            set_properties: Vec::new(),
            needs: Needs::default(),
        }
    }

    pub(super) fn into_rows(mut self) -> Result<Rows> {
        self.flush()?;
        Ok(Rows::new(self.plan, self.scope))
    }

    /// Makes the columns that the expressions bound so far need.
    pub(super) fn flush(&mut self) -> Result<()> {
        let plan = std::mem::replace(&mut self.plan, LogicalPlan::Unit);
        self.plan = with_needs(plan, &mut self.needs)?;
        Ok(())
    }

    /// Calls `bind` with what expressions over the rows are bound in.
    pub(super) fn with_expressions<T>(
        &mut self,
        bind: impl FnOnce(&mut ExpressionBinder<'_, 'a>) -> Result<T>,
    ) -> Result<T> {
        let columns = self.plan.schema()?;
        let input = ExpressionInput {
            set_properties: &self.set_properties,
            ..ExpressionInput::new(&self.scope, &columns)
        };
        let mut binder = ExpressionBinder::new(self.context, self.notes, input, &mut self.needs);
        bind(&mut binder)
    }

    pub(super) fn invalid(&self, message: impl Into<String>, span: Span) -> Error {
        self.context.source.invalid(message, span)
    }

    pub(super) fn unsupported(&self, what: impl Into<String>, span: Span) -> Error {
        self.context.source.unsupported(what, span)
    }
}

/// An expression over the rows, and its type.
pub(super) fn bind(
    writing: &mut Writing<'_, '_>,
    expression: &Expr,
) -> Result<(LogicalExpr, Type)> {
    writing.with_expressions(|binder| {
        let bound = bind_expression(binder, expression)?;
        let ty = binder.type_of(&bound, expression)?;
        Ok((bound, ty))
    })
}

/// The expression as a column of the plan.
pub(super) fn computed(
    writing: &mut Writing<'_, '_>,
    expression: LogicalExpr,
    stem: &str,
) -> Result<String> {
    writing.flush()?;
    let name = writing.notes.fresh(stem);
    let plan = std::mem::replace(&mut writing.plan, LogicalPlan::Unit);
    writing.plan = with_column(plan, expression.named(&name))?;
    Ok(name)
}

/// The column of a property map; `None` where the pattern has no properties.
pub(super) fn property_map(
    writing: &mut Writing<'_, '_>,
    properties: Option<&Expr>,
) -> Result<Option<String>> {
    let Some(properties) = properties else {
        return Ok(None);
    };
    let map = writing.with_expressions(|binder| bind_expression(binder, properties))?;
    // The actions of a MERGE read what its pattern creates.
    if let ExprKind::Map(entries) = &properties.kind {
        let keys = entries.iter().map(|entry| entry.key.text.clone());
        writing.set_properties.extend(keys);
    }
    let ty = writing.with_expressions(|binder| {
        let known = binder.columns()?;
        if map.columns().iter().any(|column| !known.contains(column)) {
            let what = "reading what the same pattern creates; use two patterns";
            return Err(binder.unsupported(what, properties.span));
        }
        binder.type_of(&map, properties)
    })?;
    if !matches!(ty, Type::Map(_) | Type::Any | Type::Null) {
        return Err(writing
            .invalid(format!("properties are a map, not {ty}"), properties.span)
            .with_code("SyntaxError:InvalidArgumentType"));
    }
    check_map(writing.context.source, &ty, properties)?;
    let map = map.convert(&ty, &Type::Any);
    computed(writing, map, "properties").map(Some)
}
