//! Patterns with cycles, and counts by two places: counted for each entity of a pinned place, from its neighbours on.

mod count;
mod forest;
mod neighbour_rows;
mod numbering;
mod pairs;
mod partial;
mod ways;
