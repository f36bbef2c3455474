//! CSV text: its records with what tells values apart (quotes, places, lines), the columns that they become, and how batches
//! are written.

mod columns;
mod dialect;
mod records;
mod sniff;
mod writer;

pub use columns::{CsvColumns, is_null};
pub use dialect::Dialect;
pub use records::{Record, Records, lines_of};
pub use sniff::{CsvForm, CsvGiven};
pub use writer::{CsvWriter, push_value};
