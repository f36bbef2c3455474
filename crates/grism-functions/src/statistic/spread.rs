//! Aggregates that are computed over the list of all values: deviations and percentiles.

use super::over_list::{PERCENTILE_CONT, PERCENTILE_DISC, ST_DEV, ST_DEV_P};
use crate::{Accepts, Binding, Category, Example, Function, Parameter, Returns};

pub(super) const FUNCTIONS: &[&Function] = &[
    &STANDARD_DEVIATION,
    &POPULATION_DEVIATION,
    &CONTINUOUS_PERCENTILE,
    &DISCRETE_PERCENTILE,
];

const NUMBERS: Accepts = Accepts {
    wanted: "numbers",
    ..Accepts::NUMBER
};

const SPREAD: Function = Function {
    category: Category::Aggregates,
    parameters: &[Parameter::new("value", NUMBERS)],
    ..Function::BASE
};

const AT: &[Parameter] = &[
    Parameter::new("value", NUMBERS),
    Parameter::new("percentile", NUMBERS),
];

static STANDARD_DEVIATION: Function = Function {
    name: "stDev",
    returns: Returns::FLOAT,
    binding: Binding::OverList(&ST_DEV),
    description: "Standard deviation of numbers that are a sample; 0 over nothing.",
    examples: &[Example::new(
        "UNWIND [1, 2, 3, 4] AS x RETURN stDev(x)",
        "1.2909944487358056",
    )],
    ..SPREAD
};

static POPULATION_DEVIATION: Function = Function {
    name: "stDevP",
    returns: Returns::FLOAT,
    binding: Binding::OverList(&ST_DEV_P),
    description: "Standard deviation of numbers that are everything there is; 0 over nothing.",
    examples: &[Example::new(
        "UNWIND [1, 2, 3, 4] AS x RETURN stDevP(x)",
        "1.118033988749895",
    )],
    ..SPREAD
};

static CONTINUOUS_PERCENTILE: Function = Function {
    name: "percentileCont",
    parameters: AT,
    returns: Returns::FLOAT,
    binding: Binding::OverList(&PERCENTILE_CONT),
    description: "The value at a percentile from 0.0 to 1.0, between the two values beside it; null over nothing.",
    examples: &[Example::new(
        "UNWIND [1, 2, 3, 4] AS x RETURN percentileCont(x, 0.5)",
        "2.5",
    )],
    ..SPREAD
};

static DISCRETE_PERCENTILE: Function = Function {
    name: "percentileDisc",
    parameters: AT,
    returns: Returns::First,
    binding: Binding::OverList(&PERCENTILE_DISC),
    description: "The value at a percentile from 0.0 to 1.0; null over nothing.",
    examples: &[Example::new(
        "UNWIND [1, 2, 3, 4] AS x RETURN percentileDisc(x, 0.5)",
        "2",
    )],
    ..SPREAD
};
