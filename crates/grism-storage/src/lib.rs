//! Where graphs live: in memory and in Lance datasets, with their adjacency, a catalog, and import from files.

mod all_rows;
mod catalog;
mod check;
mod collector;
mod columns;
mod diff;
mod export;
mod exported_json;
mod import;
mod incidences;
mod lance;
mod location;
mod maintenance;
mod memory;
mod memory_limit;
mod rebase;
mod search;
mod transaction;
mod upload;

pub use catalog::Catalog;
pub use check::{CheckReport, check_snapshot};
pub use diff::diff;
pub use export::{ExportOptions, FileExport, export_graph, import_graph};
pub use grism_text::CsvWriter;
pub use import::{
    BadRow, Compression, FileFormat, ImportOptions, ImportSource, LoadJob, LoadOptions,
    LoadProgress, LoadReport, LoadTarget, ManyLoads, ManyReport, MissingMember, RoleSource,
    StagedLoads, load, load_into, load_many_into,
};
pub use lance::{FORMAT_VERSION, GraphOptions, LanceStorage};
pub use location::Location;
pub use maintenance::{OptimizeReport, SnapshotDiff, TableDiff, VacuumOptions, VacuumReport};
pub use memory::InMemoryStorage;
pub use memory_limit::{MemoryLimit, rows_between_clauses_bytes};
pub use transaction::{Transaction, TransactionSnapshot, WriteCounts};
pub use upload::upload_file;
