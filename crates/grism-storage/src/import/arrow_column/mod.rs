//! Columns of Arrow tables as columns of Grism's types: every value as it is, or an error that names the column.

mod casts;
mod extension;
mod given;
mod nested;
mod normalized;
mod table_columns;
mod times;
mod wrong_values;

pub(super) use casts::{decoded, exact_cast};
pub(super) use nested::plain_lists;
pub(super) use normalized::{field_of, normalized, normalized_field};
pub(super) use table_columns::{TableColumns, plain_batch, with_given};
pub(super) use wrong_values::{WrongValue, wrong_values};
