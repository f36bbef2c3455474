//! `LoadCsv`: the records of a CSV file as rows.

use std::sync::Arc;

use grism_core::Type;
use serde::{Deserialize, Serialize};

use super::LogicalPlan;
use crate::{Column, LogicalExpr};

/// What a record of a CSV file becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CsvRecord {
    /// The list of its fields.
    List,
    /// A map from the names in the first record of the file to the fields.
    Map,
}

/// Reads a CSV file for each row of the input: input columns, then the record. A field is a text, or null where it is
/// empty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoadCsv {
    /// The rows to read a file for.
    pub input: Arc<LogicalPlan>,
    /// The path or URI of the file.
    pub source: LogicalExpr,
    /// What stands between the fields of a record.
    pub delimiter: u8,
    /// What a record becomes.
    pub record: CsvRecord,
    /// The column of records.
    pub variable: String,
}

impl LoadCsv {
    /// The column added to those of the input.
    #[must_use]
    pub fn column(&self) -> Column {
        let ty = match self.record {
            CsvRecord::List => Type::String.list(),
            // The names are known when the file is read.
            CsvRecord::Map => Type::Any,
        };
        Column::new(&self.variable, ty)
    }

    /// The operation in one line.
    #[must_use]
    pub fn describe(&self) -> String {
        let headers = match self.record {
            CsvRecord::List => "",
            CsvRecord::Map => " with headers",
        };
        format!("LoadCsv({}{headers} AS {})", self.source, self.variable)
    }
}
