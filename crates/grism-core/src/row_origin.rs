//! Rows from outside a graph that a query reads: files, and tables in memory.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where rows from outside the graph come from, and what they are read as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowOrigin {
    /// The records of a CSV file as texts: batches of a column `fields`, lists of texts where an empty field is null, and a
    /// column `line`, the line of the file that each record begins in, from 1.
    Records(CsvFile),
    /// The table that is registered under the name of a file, or else the file: batches of a column `row`, a map for each row.
    Named(RowFile),
    /// The table that is the value of a parameter, by its name: batches as of a file.
    Parameter(String),
}

/// A CSV file, whose records are read as texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CsvFile {
    /// A path or a URI.
    pub path: String,
    /// What stands between the fields of a record.
    pub delimiter: u8,
}

/// A file of any format, or the name of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowFile {
    /// What a query calls it.
    pub name: String,
    /// The path or URI that the name stands for, where no table has it.
    pub path: String,
    /// How the file is read.
    pub options: Vec<FileOption>,
}

/// An option of a file as a statement writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileOption {
    /// The option, in capital letters.
    pub name: String,
    /// The column that it is about, where it is one of columns.
    pub column: Option<String>,
    /// The value.
    pub value: String,
}

impl fmt::Display for RowOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Records(file) => write!(f, "the CSV file {}", file.path),
            Self::Named(file) => write!(f, "the file or table `{}`", file.name),
            Self::Parameter(name) => write!(f, "the table ${name}"),
        }
    }
}
