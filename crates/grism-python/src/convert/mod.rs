//! Values and tables, from Python.

mod argument;
mod arrow;
mod arrow_stream;
mod foreign_stream;
mod numpy;
mod parameter;
mod row_table;
mod source;
mod temporal;
mod unsupported;

pub(crate) use argument::{COUNT, Text, Whole, option};
pub(crate) use arrow::values as values_of_column;
pub(crate) use arrow_stream::{column_of, stream_of};
pub(crate) use parameter::{entity_value_of, named_values, parameters, value_of};
pub(crate) use row_table::PythonTable;
pub(crate) use source::source_of;
