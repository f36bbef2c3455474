//! `nullIf`.

use grism_core::{Value, equal_values};

use crate::call::take;
use crate::{Accepts, Category, Example, Failure, Function, Kernel, Parameter, Passes, Returns};

pub(super) const FUNCTIONS: &[&Function] = &[&NULL_IF];

/// Null where both arguments are equal, else the first.
pub static NULL_IF: Function = Function {
    name: "nullIf",
    category: Category::Nulls,
    parameters: &[
        Parameter::new("value", Accepts::ANYTHING),
        Parameter::new("other", Accepts::ANYTHING),
    ],
    returns: Returns::First,
    failure: Failure::Never,
    passes: Passes::First,
    kernel: Kernel::Values(|arguments| {
        let [first, second] = take(arguments)?;
        let same = equal_values(&first, &second) == Some(true);
        Ok(if same { Value::Null } else { first })
    }),
    description: "Null where both arguments are equal, else the first.",
    examples: &[Example::new("nullIf(1, 1)", "null")],
    ..Function::BASE
};
