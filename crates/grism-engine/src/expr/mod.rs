//! Expressions: compiled once per operator, evaluated batch by batch on Arrow kernels.

mod arithmetic;
mod case;
mod compare;
mod convert;
mod evaluator;
mod list;
mod logic;
mod math;
mod operand;
pub mod schema_inference;
mod text;

pub use evaluator::ExprEvaluator;
