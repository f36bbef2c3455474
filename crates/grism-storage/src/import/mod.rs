//! Import: tables from files and from memory become nodes and hyperedges.

mod hyperedges;
mod keys;
mod nodes;
mod properties;
mod report;
mod source;

pub use hyperedges::{MissingMember, RoleSource, load_hyperedges};
pub use keys::KeyIndex;
pub use nodes::load_nodes;
pub use report::LoadReport;
pub use source::{FileFormat, ImportOptions, read_source};
