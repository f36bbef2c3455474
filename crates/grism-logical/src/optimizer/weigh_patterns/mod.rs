//! `weigh_patterns`: a pattern that is only aggregated at one of its places is counted by weights instead of by rows.
//!
//! Four phases: the [`region`] of the plan that is the pattern becomes places and steps; the conditions that two steps or
//! two places differ become [`merged`] patterns, which are subtracted; each of those becomes a [`tree`], or where it has cycles
//! [`pinned`] places and trees between them; the aggregates are [`rewritten`] over the counts.

mod inputs;
mod merged;
mod partitions;
mod pinned;
mod region;
mod rewritten;
mod rule;
mod shape;
mod tree;
mod work;

pub(super) use rule::weigh_patterns;
