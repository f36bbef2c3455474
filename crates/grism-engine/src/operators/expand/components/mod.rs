//! Connected components over incidence lists.

mod disjoint_sets;
mod exec;
mod links;

pub use exec::ComponentsExec;
