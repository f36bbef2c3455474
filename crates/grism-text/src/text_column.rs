//! What text files have in common: columns, the rows of a piece, and rows that are none.

use std::ops::Range;

use arrow::array::ArrayRef;
use grism_core::Type;

use crate::time_format::TimeFormat;

/// A column of a text file.
#[derive(Clone, Debug)]
pub struct TextColumn {
    /// Its name.
    pub name: String,
    /// The type; [`Type::Any`] for integers and floats side by side, or anything that JSON holds.
    pub ty: Type,
    /// How its dates and times are written; `None` is ISO 8601.
    pub format: Option<TimeFormat>,
    /// Whether the type was told by the rows, not given.
    pub is_told: bool,
    /// Whether a row that told the type had a value; a type that none told is that of texts.
    pub has_values: bool,
    /// Whether it holds keys, which meet by their texts.
    pub is_key: bool,
}

/// Which rows show that types were told wrongly, instead of being wrong themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Corrections {
    /// None: all rows told the types.
    None,
    /// Those of CSV that have numbers of another kind, and any of JSON.
    Numbers,
    /// All that do not fit a told type.
    All,
}

/// The rows of a piece of text.
#[derive(Debug, Default)]
pub struct TextRows {
    /// The type of each column; that of any values where one does not fit the Arrow type of the column's own.
    pub types: Vec<Type>,
    /// The columns.
    pub columns: Vec<ArrayRef>,
    /// The line that each row begins in.
    pub lines: Vec<u64>,
    /// Where each row stands in the text.
    pub ranges: Vec<Range<usize>>,
    /// Rows that do not fit.
    pub wrong: Vec<WrongRow>,
}

/// A row that does not fit.
#[derive(Clone, Debug)]
pub struct WrongRow {
    /// The line that it begins in.
    pub line: u64,
    /// Where it stands in the text.
    pub range: Range<usize>,
    /// What is wrong.
    pub problem: Problem,
}

/// Why text is no row of the table.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The column that is wrong; empty for the whole row.
    pub column: String,
    /// What is wrong.
    pub reason: String,
    /// Whether the columns were told wrongly, and the row is as it should be.
    pub is_contradiction: bool,
}

/// The row that shows that columns were told wrongly.
#[derive(Debug)]
pub struct Contradiction(pub WrongRow);

impl TextRows {
    /// Adds the place of a row whose values were read, or what is wrong with it.
    ///
    /// # Errors
    /// The row that contradicts what was told of the columns.
    pub(crate) fn add_place(
        &mut self,
        line: u64,
        range: Range<usize>,
        read: Result<(), Problem>,
    ) -> Result<(), Contradiction> {
        let Err(problem) = read else {
            self.lines.push(line);
            self.ranges.push(range);
            return Ok(());
        };
        let row = WrongRow {
            line,
            range,
            problem,
        };
        if row.problem.is_contradiction {
            return Err(Contradiction(row));
        }
        self.wrong.push(row);
        Ok(())
    }
}

impl Problem {
    pub(crate) fn of_row(reason: impl Into<String>) -> Self {
        Self {
            column: String::new(),
            reason: reason.into(),
            is_contradiction: false,
        }
    }
}
