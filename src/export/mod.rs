//! Results for readers that know Arrow and not Grism: dynamically typed columns become plain ones.

mod column;
mod plain_batches;
mod plain_value;
mod plain_values;
mod shape;

pub use plain_batches::{PlainForm, is_dynamic, plain_batches, plain_stream};
pub use plain_value::plain;
pub use plain_values::plain_values;
