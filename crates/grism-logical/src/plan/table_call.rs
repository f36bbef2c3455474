//! `TableCall`: a call of a function of rows that the user registered.

use std::fmt;
use std::sync::Arc;

use grism_functions::{TableFunction, UserParameter};
use serde::{Deserialize, Serialize};

use super::SharedPlan;
use crate::{Column, LogicalExpr};

/// Calls a function of rows for each row of the input: input columns, then those of the function that are wanted. The rows of
/// one call follow each other.
#[derive(Clone, Serialize, Deserialize)]
pub struct TableCall {
    /// The rows to call for.
    pub input: SharedPlan,
    /// What is called.
    pub function: Arc<dyn TableFunction>,
    /// Its arguments.
    pub arguments: Vec<LogicalExpr>,
    /// Columns of the function that are wanted, and what they are called in the output.
    pub columns: Vec<(String, String)>,
}

impl TableCall {
    /// The columns added to those of the input.
    #[must_use]
    pub fn output(&self) -> Vec<Column> {
        self.wanted()
            .map(|(_, own, name)| Column::new(name, own.column_type()))
            .collect()
    }

    /// The places of the wanted columns among those of the function.
    #[must_use]
    pub fn places(&self) -> Vec<usize> {
        self.wanted().map(|(place, ..)| place).collect()
    }

    fn wanted(&self) -> impl Iterator<Item = (usize, &UserParameter, &String)> {
        let known = &self.function.signature().columns;
        self.columns.iter().filter_map(move |(own, name)| {
            let place = known.iter().position(|column| &column.name == own)?;
            Some((place, &known[place], name))
        })
    }

    /// The call in one line.
    #[must_use]
    pub fn describe(&self) -> String {
        let arguments: Vec<String> = self.arguments.iter().map(ToString::to_string).collect();
        let columns = self.columns.iter().map(|(own, name)| match own == name {
            true => own.clone(),
            false => format!("{own} AS {name}"),
        });
        let columns: Vec<String> = columns.collect();
        let yielded = match columns.is_empty() {
            true => String::new(),
            false => format!(" YIELD {}", columns.join(", ")),
        };
        let name = &self.function.signature().name;
        format!("TableCall({name}({}){yielded})", arguments.join(", "))
    }
}

impl fmt::Debug for TableCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} over {:?}", self.describe(), self.input)
    }
}

impl PartialEq for TableCall {
    /// A plan is made with one set of functions, so that the name of a function tells which it is.
    fn eq(&self, other: &Self) -> bool {
        self.function.signature().name == other.function.signature().name
            && self.arguments == other.arguments
            && self.columns == other.columns
            && self.input == other.input
    }
}
