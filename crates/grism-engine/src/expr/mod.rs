//! Expressions: compiled once per operator, evaluated batch by batch on Arrow kernels.

mod arithmetic;
mod case;
mod compare;
mod compile;
mod dynamic;
mod evaluate;
mod evaluator;
mod indexed;
mod lambda;
mod list;
mod logic;
mod lookup;
mod membership;
mod node;
mod once;
mod rows;
pub mod schema_inference;
mod text;

pub use evaluator::ExprEvaluator;
