//! `Incremental`: how a load knows what was taken before.

/// How a load knows what was taken before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incremental {
    /// By the files: one that was taken is not taken again.
    Files,
    /// By a column whose values grow: rows are taken that are above the greatest value before.
    Above(String),
}
