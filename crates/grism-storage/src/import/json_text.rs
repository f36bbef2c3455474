//! JSON files: how objects stand in them, and the columns that these have.

use std::collections::HashMap;
use std::sync::Arc;

use grism_core::{Result, Type, Value};
use grism_text::{Json, JsonForm, JsonType, RecordEnds, TextColumn, parse_json};

use super::file_options::ImportOptions;
use super::files::InputFile;
use super::options::LoadProgress;
use super::telling::Telling;
use super::text::{TextPiece, TextReader};

/// A JSON file.
pub(super) struct JsonReader {
    file: Arc<InputFile>,
    reader: TextReader,
    pub(super) form: JsonForm,
    /// The last byte that was no space.
    last: Option<u8>,
}

impl JsonReader {
    pub(super) fn open(
        file: &Arc<InputFile>,
        options: &ImportOptions,
        telling: &Telling,
        progress: &Arc<LoadProgress>,
    ) -> Result<Self> {
        let encoding = (options.encoding, telling.not_utf8());
        let ends = RecordEnds::lines();
        let mut reader = TextReader::open(Arc::clone(file), ends, encoding, progress)?;
        let mut form = JsonForm::Lines;
        reader.begin(|bytes, _| {
            form = JsonForm::of(bytes);
            form.record_ends()
        })?;
        Ok(Self {
            file: Arc::clone(file),
            reader,
            form,
            last: None,
        })
    }

    /// How the file is read, in words.
    pub(super) fn how(&self) -> String {
        let form = match self.form {
            JsonForm::Lines => "one object a line",
            JsonForm::Objects => "objects one behind the other",
            JsonForm::Array => "objects in an array",
        };
        format!("JSON in {}, {form}", self.reader.encoding())
    }

    /// A warning where the encoding is a guess.
    pub(super) fn warning(&self) -> Option<String> {
        self.reader.warning()
    }

    /// The next piece with a value.
    pub(super) fn next_piece(&mut self) -> Result<Option<TextPiece>> {
        while let Some(piece) = self.reader.next_piece()? {
            if let Some(last) = piece.bytes.trim_ascii_end().last() {
                self.last = Some(*last);
            }
            let is_between = |byte: &u8| {
                let is_mark = self.form == JsonForm::Array && matches!(byte, b',' | b']');
                is_mark || byte.is_ascii_whitespace()
            };
            if !piece.bytes.iter().all(is_between) {
                return Ok(Some(piece));
            }
        }
        if self.form == JsonForm::Array && self.last != Some(b']') {
            let problem = "the array is opened and not closed: the file is cut off";
            return Err(self.file.broken(&problem));
        }
        Ok(None)
    }
}

/// The types of columns as they are told.
#[derive(Default)]
struct ColumnTypes {
    columns: Vec<ColumnType>,
    places: HashMap<String, usize>,
}

struct ColumnType {
    name: String,
    ty: JsonType,
    /// Whether all values are integers and texts, as keys are.
    may_be_keys: bool,
}

impl ColumnTypes {
    /// Takes note of the objects of a piece.
    fn add(&mut self, piece: &TextPiece, form: JsonForm) {
        for (_, range) in form.values(&piece.bytes, piece.line) {
            // What is no object is told when it is parsed.
            let Ok(Json::Map(entries)) = parse_json(&piece.bytes[range]) else {
                continue;
            };
            for (name, value) in entries {
                let place = match self.places.get(&*name) {
                    Some(place) => *place,
                    None => {
                        self.places.insert(name.to_string(), self.columns.len());
                        self.columns.push(ColumnType {
                            name: name.into_owned(),
                            ty: JsonType::default(),
                            may_be_keys: true,
                        });
                        self.columns.len() - 1
                    }
                };
                let own = &mut self.columns[place];
                if let Ok(value) = value.to_value() {
                    own.may_be_keys &=
                        matches!(value, Value::Null | Value::Int64(_) | Value::String(_));
                    own.ty.add(&value);
                }
            }
        }
    }

    fn columns(&self, options: &ImportOptions, telling: &Telling) -> Vec<TextColumn> {
        let column = |name: &String, told: Type| {
            let given = options.type_of(name);
            let is_told = given.is_none();
            let (ty, format) = given.map_or((told, None), |given| (given.ty, given.format));
            TextColumn {
                name: name.clone(),
                ty,
                format,
                is_told,
                has_values: true,
                is_key: telling.is_key(name),
            }
        };
        let told = self.columns.iter().map(|own| {
            let ty = match own.ty.ty() {
                Type::Any if own.may_be_keys && telling.is_key(&own.name) => Type::String,
                ty => ty,
            };
            column(&own.name, ty)
        });
        let absent = |name: &&String| !self.places.contains_key(*name);
        let given = options.types.keys().filter(absent);
        told.chain(given.map(|name| column(name, Type::String)))
            .collect()
    }
}

/// The columns of a file, told from its first piece.
pub(super) fn columns_of_piece(
    piece: &TextPiece,
    form: JsonForm,
    options: &ImportOptions,
    telling: &Telling,
) -> Vec<TextColumn> {
    let mut types = ColumnTypes::default();
    types.add(piece, form);
    types.columns(options, telling)
}

/// The columns of files, told from all their rows.
pub(super) fn columns_of_all(
    files: &[Arc<InputFile>],
    options: &ImportOptions,
    telling: &Telling,
    progress: &LoadProgress,
) -> Result<Vec<TextColumn>> {
    // What is read here is read again, and counts then.
    let uncounted = Arc::new(LoadProgress::default());
    let mut types = ColumnTypes::default();
    for file in files {
        let mut reader = JsonReader::open(file, options, telling, &uncounted)?;
        while let Some(piece) = reader.next_piece()? {
            if progress.is_cancelled() {
                break;
            }
            types.add(&piece, reader.form);
        }
    }
    Ok(types.columns(options, telling))
}
