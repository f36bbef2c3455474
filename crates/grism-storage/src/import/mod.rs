//! Import: rows of files and of memory become nodes and hyperedges.
//!
//! ```text
//! reader ──pieces──▶ parsers ──batches, keys resolved──▶ loader ──rows──▶ (groups ──▶) one commit
//! 1 thread           one a core                          1 thread, in order
//! ```

mod arrow_column;
mod budget;
mod conflict;
mod content;
mod convert;
mod created;
mod csv_columns;
mod csv_records;
mod entities;
mod file_options;
mod files;
mod grouped;
mod gzip_members;
mod http;
mod incremental;
mod input;
mod int96;
mod json_text;
mod key;
mod keys;
mod label_plan;
mod load;
mod loader;
mod look;
mod many;
mod members;
mod notes;
mod null_words;
mod options;
mod outside_rows;
mod parsed;
mod pieces;
mod plan;
mod plan_label;
mod preview;
mod properties;
mod read;
mod reader;
mod refusals;
mod rejects;
mod report;
mod role_columns;
mod shared_keys;
mod source_rows;
mod spilled_keys;
mod telling;
mod text;
mod text_parser;
mod unpacked;
mod verdicts;

pub use conflict::OnConflict;
pub(crate) use file_options::told_by_name;
pub use file_options::{Compression, FileFormat, ImportOptions, one_byte};
pub use incremental::{Incremental, IncrementalLoad};
pub use load::{load, load_into};
pub use many::{LoadJob, ManyLoads, ManyReport, StagedLoads, load_many_into, preview_many};
pub use options::{
    BadRow, ImportSource, LoadOptions, LoadProgress, LoadTarget, MissingMember, RoleSource,
    TableStream,
};
pub(crate) use outside_rows::outside_rows;
pub use preview::{ColumnPreview, LoadPreview, TablePreview, preview};
pub use report::LoadReport;
pub use source_rows::source_rows;
