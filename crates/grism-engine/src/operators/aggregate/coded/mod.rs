//! Grouping by keys that fit into one number: ids of entities, integers and booleans.

mod groups;
mod key_code;
mod key_codes;
mod state;
mod stream;
mod table;
mod tables;

pub(super) use groups::CodedGroups;
pub(super) use stream::{Spilling, group_by_code};
