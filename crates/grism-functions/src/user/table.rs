//! `TableFunction`: a function of rows that a user registers, for CALL.

use std::fmt;

use arrow::record_batch::RecordBatch;
use grism_core::{Result, Value};
use serde::{Deserialize, Serialize};

use super::UserParameter;
use super::signature::{arity, listed};

/// The rows of a call, batch by batch. What it takes to make a batch runs where the batch is asked for.
pub type TableBatches = Box<dyn Iterator<Item = Result<RecordBatch>> + Send>;

/// A function that gives rows, which `CALL my.f(…) YIELD …` names.
///
/// With `#[typetag::serde]` on its implementation it travels within plans, to any process that links the implementation.
#[typetag::serde(tag = "table_function")]
pub trait TableFunction: fmt::Debug + Send + Sync {
    /// The name, the arguments, and the columns.
    fn signature(&self) -> &TableSignature;

    /// The rows for these arguments: batches with the signature's columns, in their order and of the Arrow types of their
    /// types. A batch is best made in a fraction of a second: between two of them a query may end. A function without columns
    /// is called for what it does, and its rows count for nothing.
    ///
    /// # Errors
    /// What the function cannot compute; `InvalidData` where a value is to blame.
    fn rows(&self, arguments: Vec<Value>) -> Result<TableBatches>;
}

/// What a query may know of a user's function of rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TableSignature {
    /// The name; a `.` separates a namespace.
    pub name: String,
    /// The arguments; those that a call may leave out come last.
    pub parameters: Vec<UserParameter>,
    /// The columns that YIELD may name.
    pub columns: Vec<UserParameter>,
    /// What the function gives.
    pub description: String,
}

impl TableSignature {
    /// A function without a description.
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        parameters: Vec<UserParameter>,
        columns: Vec<UserParameter>,
    ) -> Self {
        Self {
            name: name.into(),
            parameters,
            columns,
            description: String::new(),
        }
    }

    /// With a description, a sentence or two.
    #[must_use]
    pub fn with_description(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// The smallest and the largest number of arguments.
    #[must_use]
    pub fn arity(&self) -> (usize, usize) {
        arity(&self.parameters)
    }
}

impl fmt::Display for TableSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, parameters) = (&self.name, listed(&self.parameters));
        write!(f, "{name}({parameters}) :: ({})", listed(&self.columns))
    }
}
