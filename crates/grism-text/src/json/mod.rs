//! JSON text: values whose numbers are exact, the types that they have in common, and the columns that objects become.

mod columns;
mod types;
mod values;
mod written;

pub use columns::{JsonColumns, JsonForm};
pub use types::JsonType;
pub use values::{Json, parse_json};
pub use written::{push_json, push_json_text};
