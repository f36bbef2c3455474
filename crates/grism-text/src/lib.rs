//! CSV and JSON text as columns of Grism's types, and batches as CSV text: the loops over every row of a text file that is
//! loaded or written. Nothing is rounded, cut or taken for null without a word.

mod column_builder;
mod csv;
mod encoding;
mod iso_time;
mod json;
mod record_ends;
mod text_column;
mod time_format;
mod types;
mod values;

pub use csv::{
    CsvColumns, CsvForm, CsvGiven, CsvWriter, Dialect, Record, Records, is_null, lines_of,
    push_value,
};
pub use encoding::{DecodedText, Encoding, SniffedEncoding};
pub use json::{Json, JsonColumns, JsonForm, JsonType, parse_json, push_json, push_json_text};
pub use record_ends::RecordEnds;
pub use text_column::{Contradiction, Corrections, Problem, TextColumn, TextRows, WrongRow};
pub use time_format::{ColumnType, TimeFormat, TimeFormats};
pub use types::TextTypes;
pub use values::{is_code, is_number, value_of};
