//! Operators without an operator input: tables, indexes, files and rows that are given.

pub(crate) mod argument;
pub(crate) mod empty;
pub(crate) mod hyperedge_scan;
pub(crate) mod index_lookup;
pub(crate) mod load_rows;
pub(crate) mod node_scan;
pub(crate) mod rows;
mod scan_parts;
pub(crate) mod stage_input;
pub(crate) mod table_scan;
pub(crate) mod unit;

pub use argument::ArgumentExec;
pub use empty::EmptyExec;
pub use hyperedge_scan::HyperedgeScanExec;
pub use index_lookup::IndexLookupExec;
pub use load_rows::LoadRowsExec;
pub use node_scan::NodeScanExec;
pub use rows::RowsExec;
pub use stage_input::StageInputExec;
pub use unit::UnitExec;
