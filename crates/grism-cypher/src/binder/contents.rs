//! Entities within values: their labels and properties are read below the operator that asks for them.

use grism_core::{Result, Type};
use grism_logical::{LogicalExpr, ScalarFunction};

use super::{Binder, Lambda, Pending};
use crate::syntax::Span;

impl Binder<'_> {
    /// The innermost variable called `name` that an enclosing expression binds.
    pub(super) fn lambda(&self, name: &str) -> Option<&Lambda> {
        self.lambdas.iter().rev().find(|lambda| lambda.name == name)
    }

    /// Whether the expression reads a variable that an enclosing expression binds.
    pub(super) fn reads_lambda(&self, expression: &LogicalExpr) -> bool {
        let columns = expression.columns();
        self.lambdas
            .iter()
            .any(|lambda| columns.contains(&lambda.column))
    }

    /// The expression, dynamically typed, with the contents of every entity within it.
    pub(super) fn with_contents(&mut self, expression: LogicalExpr, ty: &Type) -> LogicalExpr {
        self.with_deep_contents(expression, ty, 1)
    }

    /// The same with the contents of members, `depth - 1` levels deep.
    pub(super) fn with_deep_contents(
        &mut self,
        expression: LogicalExpr,
        ty: &Type,
        depth: u8,
    ) -> LogicalExpr {
        if !ty.may_hold_entity() {
            return expression;
        }
        if self.reads_lambda(&expression) {
            // What the variable ranges over is read as a whole, outside.
            for lambda in &mut self.lambdas {
                if let Some(within) = levels_to(&expression, &lambda.column) {
                    lambda.depth = lambda.depth.max(within.saturating_add(depth));
                }
            }
            return expression.convert(ty, &Type::Any);
        }
        let expression = expression.convert(ty, &Type::Any);
        for pending in self.pending.iter().chain(&self.after_aggregates) {
            if let Pending::Hydrate(own, name, known) = pending
                && own == &expression
                && *known == depth
            {
                return LogicalExpr::Column(name.clone());
            }
        }
        let name = self.internal_name("contents");
        self.pend(Pending::Hydrate(expression, name.clone(), depth));
        LogicalExpr::Column(name)
    }

    /// `base.key` where the type of `base` is known only at run time.
    pub(super) fn dynamic_property(
        &mut self,
        base: LogicalExpr,
        ty: &Type,
        key: LogicalExpr,
    ) -> LogicalExpr {
        let base = self.with_contents(base, ty);
        LogicalExpr::call(ScalarFunction::Get, vec![base, key])
    }

    /// A function of an entity whose type is known only at run time.
    pub(super) fn dynamic_function(
        &mut self,
        function: ScalarFunction,
        base: LogicalExpr,
        ty: &Type,
        rest: Vec<LogicalExpr>,
    ) -> LogicalExpr {
        let mut arguments = vec![self.with_contents(base, ty)];
        arguments.extend(rest);
        LogicalExpr::call(function, arguments)
    }

    /// The column of an entity that a pattern starts from, though its type is known only at run time.
    pub(super) fn entity_of(&mut self, expression: LogicalExpr, _span: Span) -> Result<String> {
        let entity = LogicalExpr::call(ScalarFunction::Entity, vec![expression]);
        // A node, or a hyperedge of a declared type.
        let hyperedges = self.schema.hyperedge_tables();
        let declared = hyperedges.filter(|(_, ty)| ty.declared);
        let mut tables: Vec<_> = declared.map(|(table, _)| table.id).collect();
        tables.extend(self.schema.node_tables().map(|table| table.id));
        tables.sort_unstable();
        let name = self.internal_name("entity");
        let typed = entity.convert(&Type::Any, &self.schema.entity_type(tables.into()));
        self.pend(Pending::Column(typed, name.clone()));
        self.flush_pending()?;
        Ok(name)
    }

    /// The column of a relationship whose type is known only at run time.
    pub(super) fn edge_of(&mut self, expression: LogicalExpr) -> Result<String> {
        let entity = LogicalExpr::call(ScalarFunction::Entity, vec![expression]);
        let tables: Vec<_> = self
            .schema
            .hyperedge_tables()
            .map(|(table, _)| table.id)
            .collect();
        let name = self.internal_name("edge");
        let typed = entity.convert(&Type::Any, &Type::Hyperedge(tables.into()));
        self.pend(Pending::Column(typed, name.clone()));
        self.flush_pending()?;
        Ok(name)
    }

    /// The member of a binary edge in its role `source` or `target`, read with the edge's properties.
    pub(super) fn end_of(
        &mut self,
        edge: LogicalExpr,
        role: &str,
        span: Span,
    ) -> Result<LogicalExpr> {
        let tables = self.schema.entity_tables();
        let entity = self.entity_column(edge, span)?;
        Ok(LogicalExpr::Property {
            entity,
            key: format!("@{role}"),
            ty: self.schema.entity_type(tables),
        })
    }

    /// An entity, or what holds entities, as a value of a result.
    pub(super) fn materialized_any(&mut self, base: LogicalExpr, ty: &Type) -> LogicalExpr {
        self.with_contents(base, ty)
    }
}

/// How many levels of members the expression goes down from the column; `None` where it does not read it.
fn levels_to(expression: &LogicalExpr, column: &str) -> Option<u8> {
    if matches!(expression, LogicalExpr::Column(own) if own == column) {
        return Some(0);
    }
    let below = expression
        .children()
        .into_iter()
        .filter_map(|child| levels_to(child, column))
        .max()?;
    let goes_down = matches!(
        expression,
        LogicalExpr::Function {
            function: ScalarFunction::StartNode | ScalarFunction::EndNode | ScalarFunction::Members,
            ..
        }
    );
    Some(below.saturating_add(u8::from(goes_down)))
}
