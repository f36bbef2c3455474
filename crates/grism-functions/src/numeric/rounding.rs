//! `ceil`, `floor` and `round`.

use super::real::{OF_ONE, one, two};
use crate::{Accepts, Example, Failure, Function, Kernel, Parameter};

pub(super) const FUNCTIONS: &[&Function] = &[&CEIL, &FLOOR, &ROUND];

static CEIL: Function = Function {
    name: "ceil",
    synonyms: &["ceiling"],
    kernel: Kernel::Columns(|call| one(call, f64::ceil)),
    description: "The smallest whole number that is not below, as a float.",
    examples: &[
        Example::new("ceil(1.2)", "2.0"),
        Example::new("ceiling(-1.2)", "-1.0"),
    ],
    ..OF_ONE
};

static FLOOR: Function = Function {
    name: "floor",
    kernel: Kernel::Columns(|call| one(call, f64::floor)),
    description: "The largest whole number that is not above, as a float.",
    examples: &[Example::new("floor(-1.2)", "-2.0")],
    ..OF_ONE
};

static ROUND: Function = Function {
    name: "round",
    parameters: &[
        Parameter::new("number", Accepts::NUMBER),
        Parameter::optional("places", Accepts::NUMBER),
    ],
    failure: Failure::Possible,
    kernel: Kernel::Columns(|call| match call.arguments.len() {
        1 => one(call, round_half_up),
        _ => two(call, round_to),
    }),
    description: "The nearest whole number, as a float, halves towards positive infinity; with `places` to so many decimal places, \
                  halves away from zero.",
    examples: &[
        Example::new("round(2.5)", "3.0"),
        Example::new("round(3.14159, 2)", "3.14"),
    ],
    ..OF_ONE
};

fn round_half_up(value: f64) -> f64 {
    // openCypher: halves go up, towards positive infinity.
    let floor = value.floor();
    if value - floor >= 0.5 {
        floor + 1.0
    } else {
        floor
    }
}

fn round_to(value: f64, places: f64) -> f64 {
    let factor = 10f64.powi(places.clamp(-300.0, 300.0) as i32);
    let scaled = value * factor;
    if scaled.is_finite() {
        scaled.abs().round().copysign(scaled) / factor
    } else {
        value
    }
}
