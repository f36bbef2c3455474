//! Sorting, and pipelines whose rows are merged in order.

mod late_threads;
pub(crate) mod parallel;
pub(crate) mod sort;

pub use parallel::ParallelExec;
pub use sort::SortExec;

#[cfg(test)]
mod tests;
