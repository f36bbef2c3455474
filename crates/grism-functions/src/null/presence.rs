//! `exists`.

use crate::{Accepts, Binding, Category, Example, Failure, Function, Parameter, Returns};

pub(super) const FUNCTIONS: &[&Function] = &[&EXISTS];

static EXISTS: Function = Function {
    name: "exists",
    category: Category::Nulls,
    parameters: &[Parameter::new("value", Accepts::ANYTHING)],
    returns: Returns::BOOLEAN,
    failure: Failure::Never,
    binding: Binding::Exists,
    description: "Whether a value is not null, or a pattern has a match.",
    examples: &[Example::new("exists({a: 1}.a)", "true")],
    ..Function::BASE
};
