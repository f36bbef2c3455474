//! Patterns with cycles: counted for each entity of a pinned place, from its neighbours on.

mod count;
mod forest;
mod neighbour_rows;
mod numbering;
mod partial;
mod ways;
