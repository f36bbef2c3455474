//! Names of functions that no query can write.

/// What such a name starts with.
const SIGIL: char = '#';

/// The name of an internal function, which no query can write.
macro_rules! internal_name {
    ($name:literal) => {
        concat!('#', $name)
    };
}

pub(crate) use internal_name;

/// The name without what marks it as internal.
pub(crate) fn plain_name(name: &str) -> &str {
    name.trim_start_matches(SIGIL)
}
