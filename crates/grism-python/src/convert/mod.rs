//! Values and tables, from Python.

mod argument;
mod arrow;
mod numpy;
mod parameter;
mod source;
mod temporal;

pub(crate) use argument::{COUNT, Text, Whole, option};
pub(crate) use parameter::{named_values, value_of};
pub(crate) use source::source_of;
