//! Patterns with cycles, and counts by two places: counted for each entity of a pinned place, from its neighbours on.

mod count;
mod counter;
mod forest;
mod neighbour_rows;
mod numbering;
mod pairs;
mod partial;
mod typed_counter;
mod ways;
