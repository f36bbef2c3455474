//! Rows that belong together become one: those of an incidence table one hyperedge, those of one key one change.
//!
//! ```text
//! rows, in order ──▶ held in memory ──▶ merged: a hyperedge for each key
//!                          │ more than fit
//!                          ▼
//!                    64 parts by the hash of the key, in files ──▶ each merged, or cut again
//! ```

mod grouped_rows;
mod groups;
mod merge;
mod ordered;
mod origins;
mod parts;
mod rows;
mod rules;
mod split;

pub(super) use groups::{GroupRows, Groups, rows_without_key};
pub(super) use merge::MergedBatch;
pub(super) use rules::{Agreement, GroupRules, Presence};
pub(super) use split::split_cells;
