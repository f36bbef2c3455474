//! Operators over one row after another: what a row holds, which rows go on, one row made several.

pub(crate) mod fetch;
pub(crate) mod filter;
pub(crate) mod flatten;
pub(crate) mod hydrate;
pub(crate) mod limit;
pub(crate) mod parts;
pub(crate) mod project;
pub(crate) mod share;
pub(crate) mod union;
pub(crate) mod unwind;

pub use fetch::FetchExec;
pub use filter::FilterExec;
pub use flatten::FlattenExec;
pub use hydrate::{HydrateExec, hydrate};
pub use limit::LimitExec;
pub use project::ProjectExec;
pub(crate) use project::reads_one_shared;
pub use share::ShareExec;
pub use union::UnionExec;
pub use unwind::UnwindExec;

#[cfg(test)]
mod tests;
