//! CSV text: its records with what tells values apart (quotes, places, lines), and how values are written.

mod dialect;
mod records;
mod writer;

pub(crate) use dialect::Dialect;
pub(crate) use records::{Record, Records, lines_of};
pub use writer::CsvWriter;
pub(crate) use writer::push_value;
