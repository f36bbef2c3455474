//! Where graphs live: in memory and in Lance datasets, with their adjacency, a catalog, and import from files.

mod catalog;
mod columns;
mod import;
mod incidences;
mod lance;
mod memory;
mod rebase;
mod sorted;
mod transaction;

pub use catalog::Catalog;
pub use import::{
    FileFormat, ImportOptions, KeyIndex, LoadReport, MissingMember, RoleSource, load_hyperedges,
    load_nodes, read_source,
};
pub use lance::{FORMAT_VERSION, GraphOptions, LanceStorage};
pub use memory::InMemoryStorage;
pub use transaction::{Transaction, TransactionSnapshot, WriteCounts};
