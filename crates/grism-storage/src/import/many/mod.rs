//! Many loads as one commit: nodes first, then the hyperedges that bind them, then those that bind these.
//!
//! ```text
//! jobs ──in stages──▶ planned ──at the same time──▶ rows ──▶ staged ──▶ the next stage ──▶ one commit
//! ```

mod job;
mod order;
mod preview;
mod run;

pub use job::{LoadJob, ManyLoads, ManyReport};
pub use preview::preview_many;
pub use run::{StagedLoads, load_many_into};
