//! `pi` and `e`.

use std::sync::Arc;

use arrow::array::Float64Array;

use crate::{Category, Example, Failure, Function, Kernel, Operand, Returns};

pub(super) const FUNCTIONS: &[&Function] = &[&PI, &E];

const CONSTANT: Function = Function {
    category: Category::Numbers,
    returns: Returns::FLOAT,
    failure: Failure::Never,
    ..Function::BASE
};

static PI: Function = Function {
    name: "pi",
    kernel: Kernel::Columns(|_| Ok(constant(std::f64::consts::PI))),
    description: "The number pi.",
    examples: &[Example::new("pi()", "3.141592653589793")],
    ..CONSTANT
};

static E: Function = Function {
    name: "e",
    kernel: Kernel::Columns(|_| Ok(constant(std::f64::consts::E))),
    description: "The number e.",
    examples: &[Example::new("e()", "2.718281828459045")],
    ..CONSTANT
};

fn constant(value: f64) -> Operand {
    Operand::scalar(Arc::new(Float64Array::from(vec![value])))
}
