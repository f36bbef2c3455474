//! The columns that JSON objects become.

use std::collections::HashMap;
use std::ops::Range;

use grism_core::{Result, Type, Value};
use memchr::memchr;

use super::values::{Json, fitted, parse_json};
use crate::csv::lines_of;
use crate::record_ends::RecordEnds;
use crate::text_column::{Contradiction, Corrections, Problem, TextColumn, TextRows};

/// How the objects of a file stand in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonForm {
    /// One in each line.
    Lines,
    /// One behind the other, each with any number of lines.
    Objects,
    /// In one array.
    Array,
}

/// How the objects of a JSON file become columns.
#[derive(Clone, Debug)]
pub struct JsonColumns {
    /// The columns.
    pub columns: Vec<TextColumn>,
    places: HashMap<String, usize>,
    form: JsonForm,
    corrections: Corrections,
}

impl JsonForm {
    /// How the objects of a file with this beginning stand in it. The bracket that opens an array is taken out.
    pub fn of(bytes: &mut [u8]) -> Self {
        let Some(first) = bytes.iter().position(|byte| !byte.is_ascii_whitespace()) else {
            return Self::Lines;
        };
        if bytes[first] == b'[' {
            bytes[first] = b' ';
            return Self::Array;
        }
        let rest = &bytes[first..];
        let end = memchr(b'\n', rest).unwrap_or(rest.len());
        let value = value_end(rest, 0);
        if rest[0] == b'{' && value < end && !rest[value..end].trim_ascii().is_empty() {
            return Self::Objects;
        }
        // A first line that is broken stands before another object; that of a longer object does not.
        let next = rest[end..].trim_ascii_start().first();
        if matches!(next, None | Some(b'{')) || parse_json(&rest[..end]).is_ok() {
            Self::Lines
        } else {
            Self::Objects
        }
    }

    /// How the records of a file in this form end.
    #[must_use]
    pub fn record_ends(self) -> RecordEnds {
        match self {
            Self::Lines => RecordEnds::lines(),
            Self::Objects | Self::Array => RecordEnds::values(),
        }
    }

    /// Where each value of a text stands, and the line that it begins in; that of the text is `line`.
    #[must_use]
    pub fn values(self, bytes: &[u8], line: u64) -> Vec<(u64, Range<usize>)> {
        let mut values = Vec::new();
        let (mut at, mut line) = (0, line);
        while at < bytes.len() {
            let end = match self {
                Self::Lines => memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |found| at + found),
                _ if bytes[at].is_ascii_whitespace() => at + 1,
                Self::Array if matches!(bytes[at], b',' | b']') => at + 1,
                _ => value_end(bytes, at),
            };
            let text = &bytes[at..end];
            let is_between = self == Self::Array && matches!(text, b"," | b"]");
            if !is_between && !text.trim_ascii().is_empty() {
                values.push((line, at..at + text.trim_ascii_end().len()));
            }
            let next = match self {
                Self::Lines => bytes.len().min(end + 1),
                _ => end,
            };
            line += lines_of(&bytes[at..next]);
            at = next;
        }
        values
    }
}

/// Where the value that begins at `start` ends.
fn value_end(bytes: &[u8], start: usize) -> usize {
    if matches!(bytes[start], b'{' | b'[') {
        let end = RecordEnds::values().first(&bytes[start..]);
        return end.map_or(bytes.len(), |end| start + end);
    }
    let ends_word =
        |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b',' | b'{' | b'[' | b']');
    let found = bytes[start..].iter().skip(1).position(ends_word);
    found.map_or(bytes.len(), |found| start + 1 + found)
}

impl JsonColumns {
    /// Columns of a file whose objects stand in it in some form.
    #[must_use]
    pub fn new(columns: Vec<TextColumn>, form: JsonForm, corrections: Corrections) -> Self {
        let places = columns.iter().enumerate();
        Self {
            places: places
                .map(|(place, column)| (column.name.clone(), place))
                .collect(),
            columns,
            form,
            corrections,
        }
    }

    /// The rows of a text whose first line has the number `line`. An object that does not fit is among the wrong ones.
    ///
    /// # Errors
    /// The object that contradicts what was told of the columns; `ResourceExhausted` past what one column holds.
    pub fn rows(&self, bytes: &[u8], line: u64) -> Result<Result<TextRows, Contradiction>> {
        let mut rows = TextRows::default();
        let mut all: Vec<Vec<Value>> = vec![Vec::new(); self.columns.len()];
        for (line, range) in self.form.values(bytes, line) {
            let read = self.row(&bytes[range.clone()]).map(|row| {
                for (column, value) in all.iter_mut().zip(row) {
                    column.push(value);
                }
            });
            if let Err(row) = rows.add_place(line, range, read) {
                return Ok(Err(row));
            }
        }
        for (column, values) in self.columns.iter().zip(all) {
            // A day or a time of the type that was asked for may be out of the range of its columns.
            let is_time = matches!(column.ty, Type::Date | Type::LocalDateTime | Type::DateTime);
            let is_far = |value: &Value| !value.is_null() && value.type_of() != column.ty;
            let ty = match &column.ty {
                _ if is_time && values.iter().any(is_far) => &Type::Any,
                ty => ty,
            };
            rows.columns.push(Value::column(&values, &ty.to_arrow())?);
            rows.types.push(ty.clone());
        }
        Ok(Ok(rows))
    }

    /// The values of an object, one for each column.
    fn row(&self, text: &[u8]) -> Result<Vec<Value>, Problem> {
        let Json::Map(entries) = parse_json(text).map_err(Problem::of_row)? else {
            return Err(Problem::of_row(
                "this is no object: one object a line, or an array of objects, is read",
            ));
        };
        let mut row = vec![Value::Null; self.columns.len()];
        for (name, json) in entries {
            let Some(place) = self.places.get(&*name) else {
                return Err(Problem {
                    column: name.to_string(),
                    reason: format!("the name `{name}` is not in the rows before"),
                    is_contradiction: self.corrections != Corrections::None,
                });
            };
            row[*place] = self.value(&self.columns[*place], &json)?;
        }
        Ok(row)
    }

    fn value(&self, column: &TextColumn, json: &Json<'_>) -> Result<Value, Problem> {
        let (name, ty) = (&column.name, &column.ty);
        let wrong = |reason: &str, is_contradiction: bool| Problem {
            column: name.clone(),
            reason: format!("column `{name}`: {reason}"),
            is_contradiction,
        };
        if let (Some(format), Json::Text(text)) = (&column.format, json) {
            let reason = || format!("{} is no {ty} in the form {format}", json.shown());
            let found = format.value_of(text, ty);
            return found.ok_or_else(|| wrong(&reason(), false));
        }
        if !column.is_told {
            let found = json.to_typed(ty);
            return found.ok_or_else(|| wrong(&format!("{} is no {ty}", json.shown()), false));
        }
        let value = json.to_value().map_err(|reason| wrong(&reason, false))?;
        let value = match value {
            Value::Int64(number) if column.is_key && *ty == Type::String => {
                Value::String(number.to_string())
            }
            value => value,
        };
        fitted(value, ty).ok_or_else(|| {
            let reason = format!("{} is no {ty}, as the values before are", json.shown());
            wrong(&reason, self.corrections != Corrections::None)
        })
    }
}
