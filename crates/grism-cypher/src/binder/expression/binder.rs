//! What one expression is bound in: what it may read, and what it asks for.

use grism_core::{Error, Result, Type};
use grism_logical::{Column, LogicalExpr, NamedExpr, PlanSchema, infer_type};

use super::needs::Needs;
use crate::binder::names::Scope;
use crate::binder::{Notes, QueryContext};
use crate::syntax::{Expr, Span};

/// What the names of an expression may mean.
#[derive(Clone, Copy)]
pub(crate) struct ExpressionInput<'s> {
    /// The variables.
    pub(crate) scope: &'s Scope,
    /// The columns of the rows. A variable of the scope that is not among them is bound by the pattern being bound.
    pub(crate) rows: &'s PlanSchema,
    /// What the items of the projection whose ORDER BY is bound are called; they hide variables.
    pub(crate) aliases: &'s [NamedExpr],
    /// Properties that the clause being bound sets: no table has to have them.
    pub(crate) set_properties: &'s [String],
}

impl<'s> ExpressionInput<'s> {
    pub(crate) const fn new(scope: &'s Scope, rows: &'s PlanSchema) -> Self {
        Self {
            scope,
            rows,
            aliases: &[],
            set_properties: &[],
        }
    }
}

/// What one expression is bound in, with the variables that its enclosing comprehensions bind.
pub(crate) struct ExpressionBinder<'b, 'a> {
    pub(crate) context: QueryContext<'a>,
    pub(crate) notes: &'b mut Notes,
    pub(crate) input: ExpressionInput<'b>,
    pub(crate) needs: &'b mut Needs,
    /// Variables that enclosing comprehensions, quantifiers and reductions bind, the innermost last.
    pub(super) lambdas: Vec<Lambda>,
}

/// A variable that an expression binds for a part of itself.
pub(super) struct Lambda {
    pub(super) name: String,
    pub(super) column: String,
    pub(super) ty: Type,
    /// How many levels of the entities in it are asked for labels, properties or the like; 0 for none, 2 where it is their
    /// members that are asked.
    pub(super) depth: u8,
    /// The column of the value with the contents of its entities, where that is another one than `column`.
    pub(super) with_contents: Option<String>,
}

impl<'b, 'a> ExpressionBinder<'b, 'a> {
    pub(crate) fn new(
        context: QueryContext<'a>,
        notes: &'b mut Notes,
        input: ExpressionInput<'b>,
        needs: &'b mut Needs,
    ) -> Self {
        Self {
            context,
            notes,
            input,
            needs,
            lambdas: Vec::new(),
        }
    }

    /// The columns an expression may read: those of the rows, of the scope, and those that are needed already.
    pub(crate) fn columns(&self) -> Result<PlanSchema> {
        let mut schema = self.input.rows.clone();
        for variable in &self.input.scope.variables {
            if !schema.contains(&variable.column) {
                schema.put(Column::new(&variable.column, variable.ty.clone()));
            }
        }
        self.needs.add_columns(&mut schema)?;
        Ok(schema)
    }

    /// The columns that the rows of a subquery start with.
    pub(super) fn outer_columns(&self) -> Result<PlanSchema> {
        let mut schema = self.input.rows.clone();
        self.needs.add_columns_below(&mut schema)?;
        Ok(schema)
    }

    /// The same with the variables of enclosing comprehensions.
    pub(super) fn columns_within(&self) -> Result<PlanSchema> {
        let mut columns = self.columns()?;
        for lambda in &self.lambdas {
            columns.put(Column::new(&lambda.column, lambda.ty.clone()));
        }
        Ok(columns)
    }

    /// The type of a bound expression.
    pub(crate) fn type_of(&self, expression: &LogicalExpr, place: &Expr) -> Result<Type> {
        infer_type(expression, &self.columns_within()?)
            .map_err(|error| error.with_location(self.context.source.location(place.span)))
    }

    /// Checks the types of an expression that was just built.
    pub(super) fn typed(&self, bound: LogicalExpr, place: &Expr) -> Result<LogicalExpr> {
        self.type_of(&bound, place)?;
        Ok(bound)
    }

    /// Whether the query may have deleted the entity before: a variable that the rows bind.
    pub(super) fn may_be_deleted(&self, entity: &LogicalExpr) -> bool {
        let columns = entity.columns();
        let mut columns = columns.iter();
        self.context.bind.may_hold_deleted
            && columns.all(|column| self.input.rows.find(column).is_some())
    }

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

    pub(crate) fn warn(&mut self, message: String, span: Span) {
        self.notes.warn(self.context.source, message, span);
    }

    pub(crate) fn invalid(&self, message: impl Into<String>, span: Span) -> Error {
        self.context.source.invalid(message, span)
    }

    pub(crate) fn unsupported(&self, what: impl Into<String>, span: Span) -> Error {
        self.context.source.unsupported(what, span)
    }
}
