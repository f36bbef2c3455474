//! `LoadRows`: rows of files and of tables outside the graph.

use grism_core::{FileOption, Type};
use serde::{Deserialize, Serialize};

use super::SharedPlan;
use crate::{Column, LogicalExpr};

/// What a record of a CSV file becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CsvRecord {
    /// The list of its fields.
    List,
    /// A map from the names in the first record of the file to the fields.
    Map,
}

/// What rows from outside are read as.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RowForm {
    /// Records of a CSV file. A field is a text, or null where it is empty.
    Csv {
        /// What stands between the fields of a record.
        delimiter: u8,
        /// What a record becomes.
        record: CsvRecord,
    },
    /// Rows of a file of any format, or of a registered table, as maps from the names of columns; with the file's options.
    Named(Vec<FileOption>),
    /// Rows of the table that is the value of this parameter, as maps.
    Parameter(String),
}

/// Reads a file or a table for each row of the input: input columns, then the record or row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoadRows {
    /// The rows to read for.
    pub input: SharedPlan,
    /// The path or URI of the file, or the name of the table.
    pub source: LogicalExpr,
    /// What is read.
    pub form: RowForm,
    /// The column of records or rows.
    pub variable: String,
}

impl LoadRows {
    /// The column added to those of the input.
    #[must_use]
    pub fn column(&self) -> Column {
        let ty = match &self.form {
            RowForm::Csv { record, .. } if *record == CsvRecord::List => Type::String.list(),
            // The names are known when the rows are read.
            _ => Type::Any,
        };
        Column::new(&self.variable, ty)
    }

    /// The operation in one line.
    #[must_use]
    pub fn describe(&self) -> String {
        let (source, variable) = (&self.source, &self.variable);
        match &self.form {
            RowForm::Csv { record, .. } => {
                let headers = match record {
                    CsvRecord::List => "",
                    CsvRecord::Map => " with headers",
                };
                format!("LoadCsv({source}{headers} AS {variable})")
            }
            RowForm::Named(_) => format!("LoadRows({source} AS {variable})"),
            RowForm::Parameter(name) => format!("LoadRows(${name} AS {variable})"),
        }
    }
}
