//! Functions of angles.

use super::real::{OF_ONE, one, two};
use crate::{Accepts, Example, Function, Kernel, Parameter};

pub(super) const FUNCTIONS: &[&Function] = &[
    &SIN, &COS, &TAN, &COT, &ASIN, &ACOS, &ATAN, &HAVERSIN, &DEGREES, &RADIANS, &ATAN2,
];

static SIN: Function = Function {
    name: "sin",
    kernel: Kernel::Columns(|call| one(call, f64::sin)),
    description: "Sine of radians.",
    examples: &[Example::new("sin(0)", "0.0")],
    ..OF_ONE
};

static COS: Function = Function {
    name: "cos",
    kernel: Kernel::Columns(|call| one(call, f64::cos)),
    description: "Cosine of radians.",
    examples: &[Example::new("cos(pi())", "-1.0")],
    ..OF_ONE
};

static TAN: Function = Function {
    name: "tan",
    kernel: Kernel::Columns(|call| one(call, f64::tan)),
    description: "Tangent of radians.",
    examples: &[Example::new("tan(0)", "0.0")],
    ..OF_ONE
};

static COT: Function = Function {
    name: "cot",
    kernel: Kernel::Columns(|call| one(call, |angle| 1.0 / angle.tan())),
    description: "Cotangent of radians.",
    examples: &[Example::new("cot(1)", "0.6420926159343306")],
    ..OF_ONE
};

static ASIN: Function = Function {
    name: "asin",
    kernel: Kernel::Columns(|call| one(call, f64::asin)),
    description: "Arc sine, in radians.",
    examples: &[Example::new("asin(1)", "1.5707963267948966")],
    ..OF_ONE
};

static ACOS: Function = Function {
    name: "acos",
    kernel: Kernel::Columns(|call| one(call, f64::acos)),
    description: "Arc cosine, in radians.",
    examples: &[Example::new("acos(1)", "0.0")],
    ..OF_ONE
};

static ATAN: Function = Function {
    name: "atan",
    kernel: Kernel::Columns(|call| one(call, f64::atan)),
    description: "Arc tangent, in radians.",
    examples: &[Example::new("atan(1)", "0.7853981633974483")],
    ..OF_ONE
};

static HAVERSIN: Function = Function {
    name: "haversin",
    kernel: Kernel::Columns(|call| one(call, |angle| (1.0 - angle.cos()) / 2.0)),
    description: "Half the versed sine of radians.",
    examples: &[Example::new("haversin(1)", "0.22984884706593012")],
    ..OF_ONE
};

static DEGREES: Function = Function {
    name: "degrees",
    kernel: Kernel::Columns(|call| one(call, f64::to_degrees)),
    description: "Degrees of radians.",
    examples: &[Example::new("degrees(pi())", "180.0")],
    ..OF_ONE
};

static RADIANS: Function = Function {
    name: "radians",
    kernel: Kernel::Columns(|call| one(call, f64::to_radians)),
    description: "Radians of degrees.",
    examples: &[Example::new("radians(180)", "3.141592653589793")],
    ..OF_ONE
};

static ATAN2: Function = Function {
    name: "atan2",
    parameters: &[
        Parameter::new("y", Accepts::NUMBER),
        Parameter::new("x", Accepts::NUMBER),
    ],
    kernel: Kernel::Columns(|call| two(call, f64::atan2)),
    description: "The angle of the point (x, y), in radians.",
    examples: &[Example::new("atan2(1, 1)", "0.7853981633974483")],
    ..OF_ONE
};
