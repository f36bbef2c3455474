//! Values and tables, from Python.

mod arrow;
mod numpy;
mod parameter;
mod row_table;
mod source;
mod temporal;

pub(crate) use parameter::{parameters, value_of};
pub(crate) use row_table::PythonTable;
pub(crate) use source::source_of;
