//! The columns of CSV files: their names from the header, their types from the rows.

use std::collections::HashMap;
use std::sync::Arc;

use grism_core::{Result, Type};
use grism_text::{
    ColumnType, CsvForm, CsvGiven, Dialect, Record, RecordEnds, Records, TextColumn, TextTypes,
    is_null, is_number,
};

use super::file_options::ImportOptions;
use super::files::InputFile;
use super::null_words::Mixed;
use super::options::LoadProgress;
use super::telling::Telling;
use super::text::{TextPiece, TextReader};

/// Rows from which the types of columns are told at first.
const SAMPLE_ROWS: usize = 1_000;

/// Bytes of text that a piece has for each column, at least.
const COLUMN_TEXT: usize = 256;

/// A CSV file whose header is read.
pub(super) struct CsvReader {
    name: String,
    reader: TextReader,
    pub(super) dialect: Dialect,
    /// Whether its first record names the columns.
    header: bool,
    pub(super) names: Vec<String>,
    /// The first piece with a record.
    next: Option<TextPiece>,
}

impl CsvReader {
    /// Opens a file, tells what is not given of how it is made, and reads its header.
    pub(super) fn open(
        file: &Arc<InputFile>,
        options: &ImportOptions,
        telling: &Telling,
        progress: &Arc<LoadProgress>,
    ) -> Result<Self> {
        let encoding = (options.encoding, telling.not_utf8());
        let file = Arc::clone(file);
        let mut reader = TextReader::open(
            Arc::clone(&file),
            RecordEnds::csv(Dialect::default()),
            encoding,
            progress,
        )?;
        let mut wanted = telling.wanted();
        wanted.extend(options.types.keys().cloned());
        let name = file.name.to_ascii_lowercase();
        let is_tabbed = name.ends_with(".tsv") || name.contains(".tsv.");
        let given = CsvGiven {
            delimiter: options.delimiter.or(is_tabbed.then_some(b'\t')),
            quote: options.quote,
            header: options.header,
            columns: &wanted,
        };
        let mut form = None;
        reader.begin(|bytes, is_whole| {
            let told = form.insert(CsvForm::sniff(bytes, is_whole, &given));
            RecordEnds::csv(told.dialect)
        })?;
        let form = form.unwrap_or(CsvForm {
            dialect: Dialect::default(),
            header: true,
        });
        let mut reader = Self {
            name: file.name.clone(),
            reader,
            dialect: form.dialect,
            header: form.header,
            names: Vec::new(),
            next: None,
        };
        let Some(mut piece) = reader.piece_with_record()? else {
            return Err(file.broken(&"the file is empty: a header line was expected"));
        };
        reader.names = names_of(&mut piece, form, options)?;
        reader.reader.at_least(reader.names.len() * COLUMN_TEXT);
        reader.next = if has_record(&piece) {
            Some(piece)
        } else {
            reader.piece_with_record()?
        };
        Ok(reader)
    }

    /// How the file is read, in words.
    pub(super) fn how(&self) -> String {
        let sign = |byte: u8| match byte {
            b'\t' => "a tab".to_owned(),
            byte => format!("'{}'", char::from(byte)),
        };
        format!(
            "CSV in {}, {} between values and {} around them, {}",
            self.reader.encoding(),
            sign(self.dialect.delimiter),
            sign(self.dialect.quote),
            if self.header {
                "with a header"
            } else {
                "without a header"
            }
        )
    }

    /// The first piece with a record, before it is taken.
    fn first(&self) -> Option<&TextPiece> {
        self.next.as_ref()
    }

    /// The next piece with a record.
    pub(super) fn next_piece(&mut self) -> Result<Option<TextPiece>> {
        match self.next.take() {
            Some(piece) => Ok(Some(piece)),
            None => self.piece_with_record(),
        }
    }

    fn piece_with_record(&mut self) -> Result<Option<TextPiece>> {
        while let Some(piece) = self.reader.next_piece()? {
            if has_record(&piece) {
                return Ok(Some(piece));
            }
        }
        Ok(None)
    }

    /// The columns of the file, told from its first rows.
    pub(super) fn columns(
        &self,
        options: &ImportOptions,
        telling: &Telling,
    ) -> Result<Vec<TextColumn>> {
        let mut types = ColumnTypes::new(&self.names, options, telling, None);
        if let Some(piece) = self.first() {
            types.add(piece, self.dialect, None, SAMPLE_ROWS)?;
        }
        Ok(types.columns())
    }

    /// A warning where the encoding of the file is a guess.
    pub(super) fn warning(&self) -> Option<String> {
        self.reader.warning()
    }

    /// A warning for each column of texts that are numbers for the most part, since filters on numbers find none of them.
    pub(super) fn warnings(&self, columns: &[TextColumn], options: &ImportOptions) -> Vec<String> {
        let nulls = options.null_words();
        let mut mixed = vec![Mixed::default(); columns.len()];
        if let Some(piece) = self.first() {
            let mut records = Records::new(&piece.bytes, piece.line, self.dialect);
            let (mut record, mut rows) = (Record::default(), 0);
            while rows < SAMPLE_ROWS && records.read(&mut record) {
                rows += 1;
                for (place, own) in mixed.iter_mut().enumerate().take(record.len()) {
                    let (value, _) = record.value(&piece.bytes, place);
                    if !is_null(value, &nulls) {
                        own.add(value, record.line);
                    }
                }
            }
        }
        let own = columns.iter().zip(mixed);
        let told = own.filter(|(column, _)| column.is_told && column.ty == Type::String);
        told.filter_map(|(column, mixed)| mixed.warning(&column.name, &self.name))
            .collect()
    }

    /// Whether the file has a record.
    pub(super) fn has_rows(&self) -> bool {
        self.next.is_some()
    }
}

fn has_record(piece: &TextPiece) -> bool {
    piece
        .bytes
        .iter()
        .any(|byte| !matches!(byte, b'\n' | b'\r'))
}

/// The names of the columns. A header is taken out of the piece.
fn names_of(piece: &mut TextPiece, form: CsvForm, options: &ImportOptions) -> Result<Vec<String>> {
    let file = Arc::clone(&piece.file);
    let mut records = Records::new(&piece.bytes, piece.line, form.dialect);
    let mut record = Record::default();
    records.read(&mut record);
    let (end, line) = records.position();
    if record.text_behind_quote().is_some() {
        let problem = Record::BEHIND_QUOTE;
        return Err(file.broken(&format!("line {}: {problem}", record.line)));
    }
    let mut names: Vec<String> = Vec::with_capacity(record.len());
    if !form.header {
        names.extend((1..=record.len()).map(|number| format!("column_{number}")));
    }
    for place in names.len()..record.len() {
        let (name, is_quoted) = record.value(&piece.bytes, place);
        let name =
            std::str::from_utf8(name).map_err(|_| file.broken(&"the header is not UTF-8"))?;
        let name = if is_quoted { name } else { name.trim() };
        names.push(name.to_owned());
    }
    if form.header {
        piece.bytes.drain(..end);
        piece.line = line;
    }
    let mut places = HashMap::with_capacity(names.len());
    for (place, name) in names.iter().enumerate() {
        if places.insert(name.as_str(), place).is_some() {
            return Err(file.broken(&format!("the header names the column `{name}` twice")));
        }
    }
    if let Some(name) = options
        .types
        .keys()
        .find(|name| !places.contains_key(name.as_str()))
    {
        return Err(file.broken(&format!("a type is given for `{name}`, which is no column")));
    }
    Ok(names)
}

/// For each value of a record of a file with `names` the column that it goes to.
///
/// # Errors
/// `InvalidData` where the file has not the columns of the files before.
pub(super) fn fields_of(
    file: &InputFile,
    names: &[String],
    columns: &[TextColumn],
) -> Result<Vec<usize>> {
    let places: HashMap<&str, usize> = columns
        .iter()
        .enumerate()
        .map(|(place, column)| (column.name.as_str(), place))
        .collect();
    let mut fields = Vec::with_capacity(names.len());
    let mut found = vec![false; columns.len()];
    for name in names {
        let place = *places.get(name.as_str()).ok_or_else(|| {
            file.broken(&format!("the column `{name}` is not in the files before"))
        })?;
        found[place] = true;
        fields.push(place);
    }
    if let Some(missing) = found.iter().position(|found| !found) {
        let name = &columns[missing].name;
        return Err(file.broken(&format!("the column `{name}` is missing")));
    }
    Ok(fields)
}

/// The columns of files, told from all their rows. `None` where no file has a row.
pub(super) fn columns_of_all(
    files: &[Arc<InputFile>],
    options: &ImportOptions,
    telling: &Telling,
    progress: &LoadProgress,
) -> Result<Option<Vec<TextColumn>>> {
    // What is read here is read again, and counts then.
    let uncounted = Arc::new(LoadProgress::default());
    let mut all: Option<ColumnTypes<'_>> = None;
    let mut first: Vec<TextColumn>;
    for file in files {
        let mut reader = CsvReader::open(file, options, telling, &uncounted)?;
        let types = match &mut all {
            Some(types) => types,
            None if !reader.has_rows() => continue,
            None => {
                first = reader.columns(options, telling)?;
                let told = telling.rejects_rows().then_some(first.as_slice());
                all.insert(ColumnTypes::new(&reader.names, options, telling, told))
            }
        };
        let fields = fields_of(file, &reader.names, &types.columns())?;
        while let Some(piece) = reader.next_piece()? {
            if progress.is_cancelled() {
                return Ok(None);
            }
            types.add(&piece, reader.dialect, Some(&fields), usize::MAX)?;
        }
    }
    Ok(all.map(|types| types.columns()))
}

/// Tells the types of columns.
struct ColumnTypes<'a> {
    names: Vec<String>,
    types: Vec<TextTypes>,
    /// Types that are kept but for what numbers they hold: rows that do not fit are rejected. Not that of a column which had
    /// no values.
    kept: Option<Vec<Option<ColumnType>>>,
    options: &'a ImportOptions,
    telling: &'a Telling,
    nulls: Vec<Vec<u8>>,
}

impl<'a> ColumnTypes<'a> {
    fn new(
        names: &[String],
        options: &'a ImportOptions,
        telling: &'a Telling,
        kept: Option<&[TextColumn]>,
    ) -> Self {
        Self {
            names: names.to_vec(),
            types: vec![TextTypes::default(); names.len()],
            kept: kept.map(|kept| {
                let kept = kept.iter();
                let kept = kept.map(|column| {
                    column.has_values.then(|| ColumnType {
                        ty: column.ty.clone(),
                        format: column.format.clone(),
                    })
                });
                kept.collect()
            }),
            options,
            telling,
            nulls: options.null_words(),
        }
    }

    /// Takes note of up to `most` records of a piece.
    fn add(
        &mut self,
        piece: &TextPiece,
        dialect: Dialect,
        fields: Option<&[usize]>,
        most: usize,
    ) -> Result<()> {
        let mut records = Records::new(&piece.bytes, piece.line, dialect);
        let mut record = Record::default();
        let mut rows = 0;
        while rows < most && records.read(&mut record) {
            rows += 1;
            if record.len() != self.types.len() {
                continue;
            }
            for place in 0..record.len() {
                let (value, _) = record.value(&piece.bytes, place);
                let column = fields.map_or(place, |fields| fields[place]);
                let kept = self.kept_type(column);
                let counts = kept.is_none_or(|kept| kept.ty.is_numeric() && is_number(value));
                if counts && !is_null(value, &self.nulls) {
                    self.types[column].add(value, &self.options.times);
                }
            }
        }
        Ok(())
    }

    fn kept_type(&self, place: usize) -> Option<&ColumnType> {
        self.kept.as_ref()?[place].as_ref()
    }

    /// The type of the column at `place`, by its values.
    fn told(&self, place: usize) -> ColumnType {
        match self.kept_type(place) {
            Some(kept) if !kept.ty.is_numeric() => kept.clone(),
            _ => self.types[place].column_type(&self.options.times),
        }
    }

    fn columns(&self) -> Vec<TextColumn> {
        let columns = self.names.iter().enumerate();
        columns
            .map(|(place, name)| {
                let is_list = self.telling.is_list(name);
                if let Some(given) = self.options.type_of(name) {
                    return TextColumn {
                        name: name.clone(),
                        ty: given.ty,
                        format: given.format,
                        is_told: false,
                        has_values: true,
                        is_key: false,
                    };
                }
                let ColumnType { ty, format } = if is_list {
                    ColumnType::from(Type::String)
                } else {
                    self.told(place)
                };
                TextColumn {
                    name: name.clone(),
                    ty,
                    format,
                    is_told: !is_list,
                    has_values: self.types[place].has_texts(),
                    is_key: false,
                }
            })
            .collect()
    }
}
