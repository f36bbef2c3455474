//! Roots, powers of e, and logarithms.

use super::real::{OF_ONE, one};
use crate::{Example, Function, Kernel};

pub(super) const FUNCTIONS: &[&Function] = &[&SQRT, &EXP, &LOG, &LOG10];

/// Square root.
pub static SQRT: Function = Function {
    name: "sqrt",
    kernel: Kernel::Columns(|call| one(call, f64::sqrt)),
    description: "Square root; NaN of a negative number.",
    examples: &[Example::new("sqrt(2)", "1.4142135623730951")],
    ..OF_ONE
};

static EXP: Function = Function {
    name: "exp",
    kernel: Kernel::Columns(|call| one(call, f64::exp)),
    description: "e to the power of the number.",
    examples: &[Example::new("exp(1)", "2.718281828459045")],
    ..OF_ONE
};

static LOG: Function = Function {
    name: "log",
    synonyms: &["ln"],
    kernel: Kernel::Columns(|call| one(call, f64::ln)),
    description: "Natural logarithm.",
    examples: &[
        Example::new("log(e())", "1.0"),
        Example::new("ln(1)", "0.0"),
    ],
    ..OF_ONE
};

static LOG10: Function = Function {
    name: "log10",
    kernel: Kernel::Columns(|call| one(call, f64::log10)),
    description: "Logarithm to base 10.",
    examples: &[Example::new("log10(1000)", "3.0")],
    ..OF_ONE
};
