//! `toUpper` and `toLower`.

use super::{OF_TEXT, each_text};
use crate::{Example, Function, Kernel};

pub(super) const FUNCTIONS: &[&Function] = &[&TO_UPPER, &TO_LOWER];

static TO_UPPER: Function = Function {
    name: "toUpper",
    synonyms: &["upper"],
    kernel: Kernel::Columns(|call| each_text(call, str::to_uppercase)),
    description: "The text in upper case.",
    examples: &[Example::new("toUpper('straße')", "STRASSE")],
    ..OF_TEXT
};

static TO_LOWER: Function = Function {
    name: "toLower",
    synonyms: &["lower"],
    kernel: Kernel::Columns(|call| each_text(call, str::to_lowercase)),
    description: "The text in lower case.",
    examples: &[Example::new("toLower('ABC')", "abc")],
    ..OF_TEXT
};
