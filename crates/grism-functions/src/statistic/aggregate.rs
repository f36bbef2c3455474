//! `count`, `sum`, `avg`, `min`, `max` and `collect`.

use grism_core::Type;

use crate::{Accepts, AggregateFunction, Binding, Category, Example, Function, Parameter, Returns};

pub(super) const FUNCTIONS: &[&Function] = &[&COUNT, &SUM, &AVG, &MIN, &MAX, &COLLECT];

const AGGREGATE: Function = Function {
    category: Category::Aggregates,
    parameters: &[Parameter::new("value", Accepts::ANYTHING)],
    ..Function::BASE
};

const NUMBERS: &[Parameter] = &[Parameter::new(
    "value",
    Accepts::new("numbers", "Number | Duration", Type::is_numeric),
)];

static COUNT: Function = Function {
    name: "count",
    returns: Returns::INTEGER,
    binding: Binding::Aggregate(AggregateFunction::Count),
    description: "The number of values that are not null; `count(*)` that of rows.",
    examples: &[Example::new(
        "UNWIND [1, null, 2] AS x RETURN count(x), count(*)",
        "2 | 3",
    )],
    ..AGGREGATE
};

static SUM: Function = Function {
    name: "sum",
    parameters: NUMBERS,
    returns: Returns::First,
    binding: Binding::Aggregate(AggregateFunction::Sum),
    description: "The sum of numbers or durations; 0 over nothing.",
    examples: &[Example::new("UNWIND [1, 2, 3] AS x RETURN sum(x)", "6")],
    ..AGGREGATE
};

static AVG: Function = Function {
    name: "avg",
    parameters: NUMBERS,
    returns: Returns::ANYTHING,
    binding: Binding::Aggregate(AggregateFunction::Avg),
    description: "The mean of numbers or durations; null over nothing.",
    examples: &[Example::new(
        "UNWIND [1, 2, 3, 4] AS x RETURN avg(x)",
        "2.5",
    )],
    ..AGGREGATE
};

static MIN: Function = Function {
    name: "min",
    returns: Returns::First,
    binding: Binding::Aggregate(AggregateFunction::Min),
    description: "The smallest value; null over nothing.",
    examples: &[Example::new("UNWIND [2, 1, 3] AS x RETURN min(x)", "1")],
    ..AGGREGATE
};

static MAX: Function = Function {
    name: "max",
    returns: Returns::First,
    binding: Binding::Aggregate(AggregateFunction::Max),
    description: "The largest value; null over nothing.",
    examples: &[Example::new(
        "UNWIND ['a', 'c', 'b'] AS x RETURN max(x)",
        "c",
    )],
    ..AGGREGATE
};

static COLLECT: Function = Function {
    name: "collect",
    returns: Returns::LIST,
    binding: Binding::Aggregate(AggregateFunction::Collect),
    description: "The list of the values that are not null; an empty one over nothing. With DISTINCT their order may be any.",
    examples: &[Example::new(
        "UNWIND [1, 1] AS x RETURN collect(x), collect(DISTINCT x)",
        "[1, 1] | [1]",
    )],
    ..AGGREGATE
};
