//! Logical expressions.

mod columns;
mod display;
mod fallible;
mod logical_expr;
mod operator;
mod quantifier;
mod traversal;

pub use logical_expr::LogicalExpr;
pub use operator::{BinaryOperator, UnaryOperator};
pub use quantifier::Quantifier;
