//! Logical expressions.

mod columns;
mod display;
mod fallible;
mod logical_expr;
mod operator;
mod quantifier;
mod shared_expr;
mod traversal;

pub use logical_expr::LogicalExpr;
pub use operator::{
    ArithmeticOperator, BinaryOperator, InfixOperator, LogicOperator, UnaryOperator,
};
pub use quantifier::Quantifier;
pub use shared_expr::SharedExpr;
