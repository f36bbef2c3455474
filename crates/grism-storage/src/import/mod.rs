//! Import: rows of files and of memory become nodes and hyperedges.
//!
//! ```text
//! reader ──pieces──▶ parsers ──batches, keys resolved──▶ loader ──rows──▶ (groups ──▶) one commit
//! 1 thread           one a core                          1 thread, in order
//! ```

mod arrow_column;
mod budget;
mod conflict;
mod convert;
mod created;
mod csv_columns;
mod csv_records;
mod entities;
mod files;
mod grouped;
mod incremental;
mod int96;
mod json_text;
mod keys;
mod label_plan;
mod load;
mod loader;
mod members;
mod options;
mod parsed;
mod pieces;
mod plan;
mod properties;
mod read;
mod reader;
mod refusals;
mod rejects;
mod report;
mod role_columns;
mod spilled_keys;
mod telling;
mod text;
mod text_parser;
mod verdicts;

pub use conflict::OnConflict;
pub(crate) use csv_records::csv_records;
pub use incremental::{Incremental, IncrementalLoad};
pub use load::{load, load_into};
pub(crate) use options::told_by_name;
pub use options::{
    BadRow, Compression, FileFormat, ImportOptions, ImportSource, LoadOptions, LoadProgress,
    LoadTarget, MissingMember, RoleSource,
};
pub use report::LoadReport;
