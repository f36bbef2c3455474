//! Results in the form that was asked for.

mod cell;
mod csv;
mod destination;
mod json;
mod line;
mod markdown;
mod message;
mod table;
mod writer;

pub(crate) use destination::write_text;
pub(crate) use message::tell;
pub(crate) use table::counted_rows;
pub(crate) use writer::ResultWriter;
