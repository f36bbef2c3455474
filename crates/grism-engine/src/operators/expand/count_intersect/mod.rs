//! Counting where edges from several nodes meet: cycles of which nothing but their number matters.

mod exec;
mod meeting_count;
mod neighbour_counts;

pub use exec::CountIntersectExec;
