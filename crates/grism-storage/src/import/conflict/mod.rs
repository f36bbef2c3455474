//! Rows whose key an entity has already: they are refused, left out, or change that entity.
//!
//! ```text
//! error, skip   rows, in order ──▶ key known? ──▶ refused or left out
//!                                      └ no ────▶ appended
//! update        rows, grouped by key: the last one counts ──▶ key known? ──▶ what differs from what is stored
//!                                                                  └ no ────▶ appended
//! ```

mod keyed;
mod on_conflict;
mod updates;

pub(super) use keyed::{Keyed, key_of_load};
pub use on_conflict::OnConflict;
pub(super) use updates::{NewValues, Updates};
