//! JSON: the columns of a file, and pieces of it as batches.
//!
//! A file is one object a line, or one array of objects, or objects one behind the other with any number of lines each.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use arrow::datatypes::{Field, Schema};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use grism_core::{Error, Result, Type, Value};

use super::arrow_column::field_of;
use super::files::InputFile;
use super::json_types::JsonType;
use super::json_values::{Json, fitted, parse_json};
use super::options::{ImportOptions, LoadProgress};
use super::parsed::{Parsed, Places, TextForm};
use super::record_ends::RecordEnds;
use super::rejects::{Rejected, RejectedRow};
use super::telling::{ReadColumn, Telling};
use super::text::{TextPiece, TextReader};
use crate::csv::lines_of;

/// How the objects of a file stand in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum JsonForm {
    /// One in each line.
    Lines,
    /// One behind the other, each with any number of lines.
    Objects,
    /// In one array.
    Array,
}

/// A JSON file.
pub(super) struct JsonReader {
    file: Arc<InputFile>,
    reader: TextReader,
    pub(super) form: JsonForm,
    /// The last byte that was no space.
    last: Option<u8>,
}

impl JsonReader {
    pub(super) fn open(file: &Arc<InputFile>, progress: &Arc<LoadProgress>) -> Result<Self> {
        let mut reader = TextReader::open(Arc::clone(file), RecordEnds::lines(), progress)?;
        let mut form = JsonForm::Lines;
        reader.begin(|bytes| {
            form = form_of(bytes);
            match form {
                JsonForm::Lines => RecordEnds::lines(),
                _ => RecordEnds::values(),
            }
        })?;
        Ok(Self {
            file: Arc::clone(file),
            reader,
            form,
            last: None,
        })
    }

    pub(super) fn next_piece(&mut self) -> Result<Option<TextPiece>> {
        let piece = self.reader.next_piece()?;
        match &piece {
            Some(piece) => self.last = piece.bytes.trim_ascii_end().last().copied().or(self.last),
            None if self.form == JsonForm::Array && self.last != Some(b']') => {
                let problem = "the array is opened and not closed: the file is cut off";
                return Err(self.file.broken(&problem));
            }
            None => {}
        }
        Ok(piece)
    }
}

/// How the objects of a file with this beginning stand in it. The bracket that opens an array is taken out.
fn form_of(bytes: &mut [u8]) -> JsonForm {
    let Some(first) = bytes.iter().position(|byte| !byte.is_ascii_whitespace()) else {
        return JsonForm::Lines;
    };
    if bytes[first] == b'[' {
        bytes[first] = b' ';
        return JsonForm::Array;
    }
    let rest = &bytes[first..];
    let end = rest.iter().position(|byte| *byte == b'\n');
    let end = end.unwrap_or(rest.len());
    let value = value_end(rest, 0);
    if value < end && !rest[value..end].trim_ascii().is_empty() && rest[0] == b'{' {
        return JsonForm::Objects;
    }
    // A first line that is broken stands before another object; that of a longer object does not.
    let next = rest[end..].trim_ascii_start().first();
    if parse_json(&rest[..end]).is_ok() || matches!(next, None | Some(b'{')) {
        JsonForm::Lines
    } else {
        JsonForm::Objects
    }
}

/// Where each value of a piece stands, and the line that it begins in.
fn values_of(piece: &TextPiece, form: JsonForm) -> Vec<(u64, Range<usize>)> {
    let bytes = &piece.bytes[..];
    let mut values = Vec::new();
    let (mut at, mut line) = (0, piece.line);
    while at < bytes.len() {
        let end = match form {
            JsonForm::Lines => {
                let found = memchr::memchr(b'\n', &bytes[at..]);
                found.map_or(bytes.len(), |found| at + found)
            }
            _ if bytes[at].is_ascii_whitespace() => at + 1,
            _ if form == JsonForm::Array && matches!(bytes[at], b',' | b']') => at + 1,
            _ => value_end(bytes, at),
        };
        let is_between = form == JsonForm::Array && matches!(&bytes[at..end], b"," | b"]");
        let text = bytes[at..end].trim_ascii_end();
        if !text.trim_ascii().is_empty() && !is_between {
            values.push((line, at..at + text.len()));
        }
        let next = if form == JsonForm::Lines {
            bytes.len().min(end + 1)
        } else {
            end
        };
        line += lines_of(&bytes[at..next]);
        at = next;
    }
    values
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

/// The types of columns as they are told.
struct ColumnTypes {
    names: Vec<String>,
    types: Vec<(JsonType, IsKey)>,
    places: HashMap<String, usize>,
}

/// Whether all values of a column are keys: integers and texts.
type IsKey = bool;

impl ColumnTypes {
    fn new() -> Self {
        Self {
            names: Vec::new(),
            types: Vec::new(),
            places: HashMap::new(),
        }
    }

    /// Takes note of the objects of a piece.
    fn add(&mut self, piece: &TextPiece, form: JsonForm) {
        for (_, range) in values_of(piece, form) {
            // What is no object is told when it is parsed.
            let Ok(Json::Map(entries)) = parse_json(&piece.bytes[range]) else {
                continue;
            };
            for (name, value) in entries {
                let place = match self.places.get(&*name) {
                    Some(place) => *place,
                    None => {
                        self.places.insert(name.to_string(), self.names.len());
                        self.names.push(name.into_owned());
                        self.types.push((JsonType::Null, true));
                        self.names.len() - 1
                    }
                };
                let (ty, is_key) = &mut self.types[place];
                if let Ok(value) = value.to_value() {
                    *is_key &= matches!(value, Value::Null | Value::Int64(_) | Value::String(_));
                    ty.add(&value);
                }
            }
        }
    }

    fn columns(&self, options: &ImportOptions, telling: &Telling) -> Vec<ReadColumn> {
        let told = self.names.iter().zip(&self.types);
        let mut columns: Vec<ReadColumn> = told
            .map(|(name, (ty, is_key))| {
                let given = options.types.get(name);
                let told = || match ty.ty() {
                    Type::Any if *is_key && telling.is_key(name) => Type::String,
                    ty => ty,
                };
                ReadColumn {
                    name: name.clone(),
                    ty: given.cloned().unwrap_or_else(told),
                    is_told: given.is_none(),
                }
            })
            .collect();
        let absent = |name: &&String| !self.places.contains_key(*name);
        columns.extend(options.types.keys().filter(absent).map(|name| ReadColumn {
            name: name.clone(),
            ty: options.types[name].clone(),
            is_told: false,
        }));
        columns
    }
}

/// The columns of a file, told from its first piece.
pub(super) fn columns_of_piece(
    piece: &TextPiece,
    form: JsonForm,
    options: &ImportOptions,
    telling: &Telling,
) -> Vec<ReadColumn> {
    let mut types = ColumnTypes::new();
    types.add(piece, form);
    types.columns(options, telling)
}

/// The columns of files, told from all their rows.
pub(super) fn columns_of_all(
    files: &[Arc<InputFile>],
    options: &ImportOptions,
    telling: &Telling,
    progress: &LoadProgress,
) -> Result<Vec<ReadColumn>> {
    // What is read here is read again, and counts then.
    let uncounted = Arc::new(LoadProgress::default());
    let mut types = ColumnTypes::new();
    for file in files {
        let mut reader = JsonReader::open(file, &uncounted)?;
        while let Some(piece) = reader.next_piece()? {
            if progress.is_cancelled() {
                break;
            }
            types.add(&piece, reader.form);
        }
    }
    Ok(types.columns(options, telling))
}

/// How the pieces of a JSON file are parsed.
#[derive(Debug)]
pub(super) struct JsonText {
    pub(super) columns: Arc<Vec<ReadColumn>>,
    places: HashMap<String, usize>,
    form: JsonForm,
    telling: Arc<Telling>,
}

/// Why an object is no row of the table.
struct Problem {
    /// The column that is wrong; empty for the whole object.
    column: String,
    reason: String,
    /// Whether the type of the column was told wrongly, and the object is as it should be.
    is_contradiction: bool,
}

impl Problem {
    fn of(reason: impl Into<String>) -> Self {
        Self {
            column: String::new(),
            reason: reason.into(),
            is_contradiction: false,
        }
    }
}

impl JsonText {
    pub(super) fn new(
        columns: &Arc<Vec<ReadColumn>>,
        form: JsonForm,
        telling: &Arc<Telling>,
    ) -> Self {
        let places = columns.iter().enumerate();
        Self {
            columns: Arc::clone(columns),
            places: places
                .map(|(place, column)| (column.name.clone(), place))
                .collect(),
            form,
            telling: Arc::clone(telling),
        }
    }

    /// Parses a piece. An object that does not fit is among the rejected ones.
    ///
    /// # Errors
    /// `InvalidData` where an object contradicts what was told of the columns.
    pub(super) fn parse(&self, piece: &Arc<TextPiece>) -> Result<Parsed> {
        let mut places = Places::of_text(piece, TextForm::Json);
        let mut rejected = Vec::new();
        let mut columns: Vec<Vec<Value>> = vec![Vec::new(); self.columns.len()];
        for (line, range) in values_of(piece, self.form) {
            let text = piece.bytes[range.clone()].trim_ascii();
            match self.row(text) {
                Ok(row) => {
                    for (column, value) in columns.iter_mut().zip(row) {
                        column.push(value);
                    }
                    places.push(line, range);
                }
                Err(problem) => {
                    let row = Rejected {
                        file: piece.file.name.clone(),
                        line,
                        column: problem.column,
                        reason: problem.reason,
                        row: RejectedRow::Json(text.to_vec()),
                    };
                    if problem.is_contradiction {
                        let place = row.describe("");
                        self.telling.contradict(&place);
                        return Err(Error::invalid_data(place));
                    }
                    rejected.push(row);
                }
            }
        }
        let (mut fields, mut arrays): (Vec<Field>, Vec<_>) = (Vec::new(), Vec::new());
        for (column, values) in self.columns.iter().zip(columns) {
            let is_far = |value: &Value| !value.is_null() && value.type_of() != column.ty;
            // A day or a time of the type that was asked for may be out of the range of its columns.
            let is_time = matches!(column.ty, Type::Date | Type::LocalDateTime | Type::DateTime);
            let ty = match &column.ty {
                _ if is_time && values.iter().any(is_far) => &Type::Any,
                ty => ty,
            };
            fields.push(field_of(&column.name, ty));
            arrays.push(Value::column(&values, &ty.to_arrow())?);
        }
        let batch = RecordBatch::try_new_with_options(
            Arc::new(Schema::new(fields)),
            arrays,
            &RecordBatchOptions::new().with_row_count(Some(places.len())),
        )?;
        Ok(Parsed {
            batch,
            places,
            rejected,
        })
    }

    /// The error for a file whose first piece has no object.
    pub(super) fn without_objects(&self, piece: &Arc<TextPiece>) -> Error {
        let first = self
            .parse(piece)
            .map(|parsed| parsed.rejected.into_iter().next());
        match first {
            Ok(Some(row)) => Error::invalid_data(row.describe("")),
            Ok(None) => piece.file.broken(&"there is no object with a name"),
            Err(error) => error,
        }
    }

    /// The values of an object, one for each column.
    fn row(&self, text: &[u8]) -> Result<Vec<Value>, Problem> {
        let Json::Map(entries) = parse_json(text).map_err(Problem::of)? else {
            return Err(Problem::of(
                "this is no object: one object a line, or an array of objects, is read",
            ));
        };
        let mut row = vec![Value::Null; self.columns.len()];
        for (name, json) in entries {
            let Some(place) = self.places.get(&*name) else {
                return Err(Problem {
                    column: name.to_string(),
                    reason: format!("the name `{name}` is not in the rows before"),
                    is_contradiction: !self.telling.is_from_all(),
                });
            };
            let column = &self.columns[*place];
            row[*place] = self.value(column, &json)?;
        }
        Ok(row)
    }

    fn value(&self, column: &ReadColumn, json: &Json<'_>) -> Result<Value, Problem> {
        let (name, ty) = (&column.name, &column.ty);
        let wrong = |reason: String, is_contradiction: bool| Problem {
            column: name.clone(),
            reason: format!("column `{name}`: {reason}"),
            is_contradiction,
        };
        if !column.is_told {
            let found = json.to_typed(ty);
            return found.ok_or_else(|| {
                let shown = match json {
                    Json::Number(text) => (*text).to_owned(),
                    Json::Text(text) => format!("'{text}'"),
                    Json::Bool(value) => value.to_string(),
                    Json::List(_) => "a list".to_owned(),
                    _ => "an object".to_owned(),
                };
                wrong(format!("{shown} is no {ty}"), false)
            });
        }
        let value = json.to_value().map_err(|reason| wrong(reason, false))?;
        let value = match value {
            // Keys meet by their texts.
            Value::Int64(number) if *ty == Type::String && self.telling.is_key(name) => {
                Value::String(number.to_string())
            }
            value => value,
        };
        let shown = if matches!(json, Json::List(_) | Json::Map(_)) {
            String::new()
        } else {
            value.to_string()
        };
        fitted(value, ty).ok_or_else(|| {
            let reason = format!("{shown} is no {ty}, as the values before are");
            wrong(reason.trim_start().to_owned(), !self.telling.is_from_all())
        })
    }
}
