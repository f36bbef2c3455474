//! Expressions: compiled once per operator, evaluated batch by batch on Arrow kernels.

mod arithmetic;
mod budget;
mod call;
mod case;
mod compare;
mod compile;
mod convert;
mod dynamic;
mod evaluate;
mod evaluator;
mod indexed;
mod lambda;
mod list;
mod logic;
mod lookup;
mod math;
mod membership;
mod node;
mod once;
mod operand;
mod range;
pub mod schema_inference;
mod statistics;
mod temporal;
mod text;
mod values;

pub use evaluator::ExprEvaluator;
pub(crate) use math::float_key;
pub(crate) use range::Steps;
