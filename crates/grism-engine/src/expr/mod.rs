//! Expressions: compiled once per operator, evaluated batch by batch on Arrow kernels.

mod arithmetic;
mod case;
mod compare;
mod convert;
mod dynamic;
mod evaluator;
mod lambda;
mod list;
mod logic;
mod math;
mod operand;
pub mod schema_inference;
mod statistics;
mod temporal;
mod text;
mod values;

pub use evaluator::ExprEvaluator;
