//! Where graphs live: in memory and in Lance datasets, with their adjacency, a catalog, and import from files.

mod all_rows;
mod alteration;
mod catalog;
mod check;
mod clock;
mod collector;
mod columns;
mod constraints;
mod diff;
mod export;
mod exported_json;
mod import;
mod incidences;
mod lance;
mod location;
mod memory;
mod packed_file;
mod rebase;
mod search;
mod selection;
mod shares;
mod snapshot_diff;
mod transaction;
mod upload;
mod value_lookups;

pub use alteration::alter_into;
pub use catalog::Catalog;
pub use check::check_snapshot;
pub use diff::diff;
pub use export::{ExportOptions, FileExport, export_graph, import_graph};
pub use grism_text::{ColumnType, CsvWriter, Encoding, TimeFormat, TimeFormats};
pub use import::{
    BadRow, ColumnPreview, Compression, FileFormat, ImportOptions, ImportSource, Incremental,
    IncrementalLoad, LoadJob, LoadOptions, LoadPreview, LoadProgress, LoadReport, LoadTarget,
    ManyLoads, ManyReport, MissingMember, OnConflict, RoleSource, StagedLoads, TablePreview,
    TableStream, load, load_into, load_many_into, one_byte, preview, preview_many, source_rows,
};
pub use lance::{FORMAT_VERSION, GraphOptions, LanceStorage};
pub use location::Location;
pub use memory::InMemoryStorage;
pub use packed_file::PackedFile;
pub use snapshot_diff::{SnapshotDiff, TableDiff};
pub use transaction::{Transaction, TransactionSnapshot};
pub use upload::upload_file;

#[cfg(test)]
mod tests;
