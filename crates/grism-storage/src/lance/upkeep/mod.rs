//! OPTIMIZE, VACUUM, checks and tags.

pub(super) mod abilities;
pub(super) mod optimize;
pub(super) mod recount;
pub(super) mod vacuum;
