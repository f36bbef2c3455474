//! Tests of the parser across its rules.

mod fuzz;
mod generate;
mod mistakes;
mod names;
mod render;
mod speed;

pub(super) use render::{clauses, expression, failure, statement};
