//! Expressions: compiled once per operator to `PhysicalExpr`s, evaluated batch by batch on Arrow kernels.

mod arithmetic;
mod cast;
mod choose;
mod column;
mod columnar;
mod compare;
mod compile;
mod constant;
mod dynamic;
mod evaluator;
mod field;
mod function;
mod index;
mod indexed;
mod key;
mod lambda;
mod list;
mod logic;
mod lookup;
mod map;
mod membership;
mod negate;
mod node;
mod of_two;
mod once;
mod per_value;
mod regex;
mod run_time;
pub mod schema_inference;
mod slice;
mod table;
#[cfg(test)]
mod tests;
mod text_predicate;
mod user_function;

pub use evaluator::ExprEvaluator;
