//! Import: rows of files and of memory become nodes and hyperedges.
//!
//! ```text
//! reader ──pieces──▶ parsers ──batches, keys resolved──▶ loader ──rows──▶ (groups ──▶) one commit
//! 1 thread           one a core                          1 thread, in order
//! ```

mod arrow_column;
mod budget;
mod convert;
mod created;
mod csv_columns;
mod csv_records;
mod files;
mod grouped;
mod int96;
mod json_text;
mod keys;
mod load;
mod loader;
mod many;
mod options;
mod parsed;
mod pieces;
mod plan;
mod properties;
mod read;
mod reader;
mod rejects;
mod report;
mod shared_keys;
mod spilled_keys;
mod telling;
mod text;
mod text_parser;

pub(crate) use csv_records::csv_records;
pub use load::{load, load_into};
pub use many::{LoadJob, ManyLoads, ManyReport, StagedLoads, load_many_into};
pub(crate) use options::told_by_name;
pub use options::{
    BadRow, Compression, FileFormat, ImportOptions, ImportSource, LoadOptions, LoadProgress,
    LoadTarget, MissingMember, RoleSource,
};
pub use report::LoadReport;
