//! Functions of texts. Positions and lengths count characters, not bytes.

mod case;
mod column;
mod part;
mod replace;
mod split;
mod trim;

pub use column::check_text_length;
pub(crate) use column::each_text;

use crate::{Accepts, Category, Failure, Function, Parameter, Returns};

/// The functions of the family.
pub(crate) const FUNCTIONS: &[&[&Function]] = &[
    case::FUNCTIONS,
    trim::FUNCTIONS,
    replace::FUNCTIONS,
    part::FUNCTIONS,
    split::FUNCTIONS,
];

/// A function from a text to a text, which has a value for every text.
const OF_TEXT: Function = Function {
    category: Category::Text,
    parameters: &[Parameter::new("text", Accepts::TEXT)],
    returns: Returns::TEXT,
    failure: Failure::UnlessTyped,
    ..Function::BASE
};
