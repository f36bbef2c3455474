//! `coalesce`.

use crate::{Accepts, Category, Example, Failure, Function, Kernel, Parameter, Passes, Returns};

pub(super) const FUNCTIONS: &[&Function] = &[&COALESCE];

/// The first argument that is not null.
pub static COALESCE: Function = Function {
    name: "coalesce",
    category: Category::Nulls,
    parameters: &[Parameter::repeated("value", Accepts::ANYTHING)],
    returns: Returns::Common,
    failure: Failure::Never,
    passes: Passes::All,
    // An argument is evaluated only for the rows where those before it are null.
    kernel: Kernel::Compiled,
    description: "The first argument that is not null.",
    examples: &[Example::new("coalesce(null, 2, 3)", "2")],
    ..Function::BASE
};
