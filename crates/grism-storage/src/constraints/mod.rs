//! Constraints, as every commit keeps them: what it changes is compared with the graph before, by keys that are kept between
//! commits or read where they are too many.
//!
//! ```text
//! commit -> Checks::of   which rows of which constraints it touches
//!        -> Checks::run  keys of those rows | each other | KeyCache or a scan of the graph before
//!        -> publish      KeyCache::committed: the keys of the commit join the others
//! ```

mod cached_keys;
mod check;
mod commit_checks;
mod compare;
mod compare_parts;
mod covered;
mod key;
mod key_cache;
mod key_table;
mod new_keys;
mod parted_keys;
mod touched;
mod violation;
mod whole;

pub(crate) use commit_checks::{Base, CommitChecks};
pub(crate) use key_cache::{History, KeyCache};
pub(crate) use new_keys::NewKeys;
pub(crate) use whole::violations;
