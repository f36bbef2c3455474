//! Where a graph lies: its directory or object store, and what is shared by all that work there.

pub(super) mod at_once;
pub(super) mod error;
pub(super) mod resources;
pub(super) mod root;
pub(super) mod stamp;
pub(super) mod sync;
pub(super) mod turn;
