//! Results in the form that was asked for.

mod cell;
mod csv;
mod destination;
mod json;
mod line;
mod markdown;
mod table;
mod writer;

pub(crate) use destination::write_text;
pub(crate) use table::counted_rows;
pub(crate) use writer::ResultWriter;
