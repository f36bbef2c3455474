//! The columns that CSV records become.

use grism_core::{Result, Type};

use super::{Dialect, Record, Records};
use crate::column_builder::ColumnBuilder;
use crate::text_column::{Contradiction, Corrections, Problem, TextColumn, TextRows};
use crate::time_format::TimeFormats;
use crate::types::TextTypes;
use crate::values::{integer, is_code, is_exact, is_number, loses_digits};

/// How the records of a CSV file become columns.
#[derive(Clone, Debug)]
pub struct CsvColumns {
    /// The columns.
    pub columns: Vec<TextColumn>,
    /// For each value of a record the column that it goes to; each column once.
    pub fields: Vec<usize>,
    /// What stands between and around values.
    pub dialect: Dialect,
    /// The texts that stand for null beside nothing at all.
    pub nulls: Vec<Vec<u8>>,
    /// Which records show that types were told wrongly.
    pub corrections: Corrections,
    /// How dates and times are written.
    pub times: TimeFormats,
}

/// Whether a value stands for null in a column that holds no texts; in one of texts, only where it is not quoted.
#[must_use]
pub fn is_null(value: &[u8], nulls: &[Vec<u8>]) -> bool {
    value.is_empty() || nulls.iter().any(|null| null == value)
}

impl CsvColumns {
    /// The rows of a text whose first line has the number `line`. A record that does not fit is among the wrong ones.
    ///
    /// # Errors
    /// The record that contradicts the types that were told; `ResourceExhausted` past what one column holds.
    pub fn rows(&self, bytes: &[u8], line: u64) -> Result<Result<TextRows, Contradiction>> {
        let mut builders: Vec<ColumnBuilder> = self
            .columns
            .iter()
            .map(|column| ColumnBuilder::new(&column.ty, column.format.as_ref()))
            .collect();
        let mut rows = TextRows::default();
        let mut records = Records::new(bytes, line, self.dialect);
        let mut record = Record::default();
        while records.read(&mut record) {
            let read = self.push(bytes, &record, &mut builders);
            if let Err(row) = rows.add_place(record.line, record.range.clone(), read) {
                return Ok(Err(row));
            }
        }
        for builder in builders {
            let (ty, column) = builder.finish()?;
            rows.types.push(ty);
            rows.columns.push(column);
        }
        Ok(Ok(rows))
    }

    /// Adds a record to the columns, or says why it cannot be; then nothing was added.
    fn push(
        &self,
        bytes: &[u8],
        record: &Record,
        builders: &mut [ColumnBuilder],
    ) -> Result<(), Problem> {
        if record.len() != self.fields.len() {
            return Err(Problem::of_row(format!(
                "{} values, and the file has {} columns",
                record.len(),
                self.fields.len()
            )));
        }
        if let Some(place) = record.text_behind_quote() {
            let own = &self.columns[self.fields[place]];
            return Err(Problem {
                column: own.name.clone(),
                reason: format!("column `{}`: {}", own.name, Record::BEHIND_QUOTE),
                is_contradiction: false,
            });
        }
        for (place, column) in self.fields.iter().enumerate() {
            let (value, is_quoted) = record.value(bytes, place);
            let own = &self.columns[*column];
            let is_text = own.ty == Type::String;
            let is_null = (!is_quoted || !is_text) && is_null(value, &self.nulls);
            let mut pushed = Ok(());
            if !is_null && own.is_told {
                pushed = match (own.has_values, &own.format) {
                    (false, _) => self.check_first(value, own),
                    (true, None) => check_number(value, &own.ty),
                    (true, Some(_)) => Ok(()),
                };
            }
            if pushed.is_ok() {
                pushed = builders[*column].push((!is_null).then_some(value));
            }
            if let Err(wanted) = pushed {
                for column in &self.fields[..place] {
                    builders[*column].pop();
                }
                return Err(self.problem(own, value, &wanted));
            }
        }
        Ok(())
    }

    /// Whether a value of a column, of which no row before told the type, is of the type that columns without values have.
    fn check_first(&self, value: &[u8], column: &TextColumn) -> Result<(), String> {
        let mut types = TextTypes::default();
        types.add(value, &self.times);
        let told = types.column_type(&self.times).ty;
        if self.corrections == Corrections::None || told == column.ty {
            return Ok(());
        }
        Err(format!("{told}, in a column that was empty before"))
    }

    fn problem(&self, column: &TextColumn, value: &[u8], wanted: &str) -> Problem {
        let contradicts = match self.corrections {
            Corrections::None => false,
            Corrections::Numbers if !column.has_values => true,
            // What is a number shows that numbers of another kind were told.
            Corrections::Numbers => {
                column.ty.is_numeric() && is_number(value) && !loses_digits(value)
            }
            Corrections::All => true,
        };
        let text = String::from_utf8_lossy(value);
        Problem {
            column: column.name.clone(),
            reason: format!("column `{}`: '{text}' is {wanted}", column.name),
            is_contradiction: contradicts && column.is_told && std::str::from_utf8(value).is_ok(),
        }
    }
}

/// Whether a value of a column of numbers, whose type was told, is kept by that type as it stands.
fn check_number(value: &[u8], ty: &Type) -> Result<(), String> {
    let kept: fn(i64) -> bool = match ty {
        Type::Int64 | Type::Any => |_| true,
        Type::Float64 => is_exact,
        _ => return Ok(()),
    };
    let text = value.trim_ascii();
    if is_code(text) {
        return Err("a code that begins with 0; give the column the type string".to_owned());
    }
    if text.first() == Some(&b'+') {
        return Err("a code that begins with +; give the column the type string".to_owned());
    }
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    if *ty != Type::Int64
        && digits.iter().all(u8::is_ascii_digit)
        && !integer(text).is_some_and(kept)
    {
        return Err(format!("an integer that no {ty} is"));
    }
    if *ty != Type::Int64 && loses_digits(text) {
        return Err(
            "a number with more digits than a Float64 keeps; give the column the type string, or float to round it"
                .to_owned(),
        );
    }
    Ok(())
}
