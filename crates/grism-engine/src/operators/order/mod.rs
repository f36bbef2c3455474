//! Sorting, and pipelines whose rows are merged in order.

pub(crate) mod parallel;
pub(crate) mod sort;

pub use parallel::ParallelExec;
pub use sort::SortExec;

#[cfg(test)]
mod tests;
