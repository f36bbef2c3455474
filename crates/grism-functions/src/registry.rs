//! The functions that Grism has, by name.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::{
    Function, Visibility, conversion, entity, list, null, numeric, statistic, temporal, text,
};

const FAMILIES: [&[&[&Function]]; 8] = [
    numeric::FUNCTIONS,
    text::FUNCTIONS,
    conversion::FUNCTIONS,
    list::FUNCTIONS,
    null::FUNCTIONS,
    entity::FUNCTIONS,
    temporal::FUNCTIONS,
    statistic::FUNCTIONS,
];

/// Every built-in function in the order of the reference, internal ones too.
pub fn built_in_functions() -> impl Iterator<Item = &'static Function> {
    FAMILIES.into_iter().flatten().copied().flatten().copied()
}

/// The built-in function with exactly this name.
pub(crate) fn by_exact_name(name: &str) -> Option<&'static Function> {
    static NAMES: LazyLock<HashMap<&'static str, &'static Function>> =
        LazyLock::new(|| built_in_functions().map(|own| (own.name, own)).collect());
    NAMES.get(name).copied()
}

/// The function that a query may call by this name or synonym, in upper or lower case.
///
/// ```
/// use grism_functions::built_in;
///
/// let function = built_in("TOUPPER").expect("a function");
/// assert_eq!(function.name, "toUpper");
/// assert_eq!(function.arity(), (1, 1));
/// assert!(built_in("no_such_function").is_none());
/// ```
#[must_use]
pub fn built_in(name: &str) -> Option<&'static Function> {
    static NAMES: LazyLock<HashMap<String, &'static Function>> = LazyLock::new(|| {
        built_in_functions()
            .filter(|own| own.visibility() == Visibility::Public)
            .flat_map(|own| {
                let names = std::iter::once(own.name).chain(own.synonyms.iter().copied());
                names.map(move |name| (name.to_ascii_lowercase(), own))
            })
            .collect()
    });
    NAMES.get(&name.to_ascii_lowercase()).copied()
}
