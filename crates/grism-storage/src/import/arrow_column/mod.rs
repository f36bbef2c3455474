//! Columns of Arrow tables as columns of Grism's types: every value as it is, or an error that names the column.

mod extension;
mod given;
mod nested;
mod normalized;
mod table_columns;
mod times;

pub(super) use normalized::{exact_cast, field_of, normalized, normalized_field};
pub(super) use table_columns::{TableColumns, plain_batch};
