//! Expressions and their types: syntax over a scope becomes a `LogicalExpr` whose columns are known.
//!
//! ```text
//! QueryContext, Notes ──┐
//! ExpressionInput ──────┼──► bind_expression(Expr) ──► LogicalExpr
//! (scope, columns, …)   │                          └─► Needs: columns to be made below, aggregates
//! ```
//!
//! An expression may need columns that the rows do not have: the mark of an EXISTS, the contents of an entity within a list.
//! These are its [`Needs`], which the clause makes before the expression is evaluated. The variables that comprehensions
//! bind live within [`ExpressionBinder`] only.

mod access;
mod bind;
mod binder;
mod comprehension;
mod entity;
mod function;
mod is_predicate;
mod lambda;
mod literal;
mod map_projection;
mod needs;
mod odd_comparison;
mod operator;
mod parameter;
mod reduce;
mod subquery;
#[cfg(test)]
mod tests;

pub(crate) use bind::{bind_expression, bind_predicate};
pub(crate) use binder::{ExpressionBinder, ExpressionInput};
pub(crate) use comprehension::asks_the_graph;
pub(crate) use entity::materialized;
pub(crate) use entity::{
    any_entity_tables, dynamic_function, edge_of, entity_of, label_condition, label_test,
    may_change, property,
};
pub(crate) use function::user_argument;
pub(crate) use literal::literal;
pub(crate) use needs::{Needs, Pending};
pub(crate) use odd_comparison::warn_of_comparison;
pub(crate) use operator::operator;
pub(crate) use parameter::of_value;
pub(crate) use subquery::existential;
