//! The one that reads an input and puts its pieces on their way.

use std::io::{BufRead as _, BufReader};
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use arrow::datatypes::{Schema, SchemaRef};
use arrow::ipc::reader::{FileReader, StreamReader};
use arrow::record_batch::RecordBatch;
use futures::TryStreamExt;
use grism_core::{Error, Result};
use grism_text::{CsvColumns, JsonColumns, TextColumn};
use lance::dataset::builder::DatasetBuilder;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use tokio::runtime::Handle;

use super::arrow_column::TableColumns;
use super::budget::{Budget, Held};
use super::csv_columns::{self, CsvReader, fields_of};
use super::file_options::{FileFormat, ImportOptions};
use super::files::InputFile;
use super::input::Input;
use super::int96::WideTimes;
use super::json_text::{self, JsonReader};
use super::notes::Notes;
use super::options::LoadProgress;
use super::parsed::Places;
use super::pieces::{BATCH_ROWS, Piece};
use super::telling::Telling;
use super::text_parser::TextParser;

/// Puts the pieces of an input on their way.
pub(super) struct Reader<'a> {
    out: SyncSender<(u64, Piece, Held)>,
    next: u64,
    budget: Budget,
    telling: &'a Arc<Telling>,
    progress: &'a Arc<LoadProgress>,
    runtime: &'a Handle,
    /// The columns of CSV and of JSON files, once there were rows.
    csv: Option<Vec<TextColumn>>,
    json: Option<Vec<TextColumn>>,
    /// The columns of tables, by the schema that they were last of.
    table: Option<(SchemaRef, Arc<TableColumns>)>,
    /// A file without rows, and its columns.
    without_rows: Option<Piece>,
    notes: Notes,
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        out: SyncSender<(u64, Piece, Held)>,
        budget: Budget,
        telling: &'a Arc<Telling>,
        progress: &'a Arc<LoadProgress>,
        runtime: &'a Handle,
    ) -> Self {
        Self {
            out,
            next: 0,
            budget,
            telling,
            progress,
            runtime,
            csv: None,
            json: None,
            table: None,
            without_rows: None,
            notes: Notes::default(),
        }
    }

    /// Reads all of an input; what there is to say of it comes back.
    ///
    /// # Errors
    /// The first one of reading.
    pub(super) fn read(mut self, input: Input) -> Result<Notes> {
        match input {
            Input::Batches(batches) => self.batches(batches.into_iter().map(Ok))?,
            Input::Stream(stream) => self.batches(stream.batches)?,
            Input::Files(files, options) => {
                for file in &files {
                    self.progress.add_total(file.bytes);
                }
                if self.telling.is_from_all() {
                    self.tell_from_all(&files, &options)?;
                }
                for file in files {
                    if !self.file(file, &options)? {
                        break;
                    }
                }
            }
        }
        if self.next == 0
            && let Some(piece) = self.without_rows.take()
        {
            self.send(piece);
        }
        Ok(self.notes)
    }

    /// Sends a piece; false where nobody takes it any more.
    fn send(&mut self, piece: Piece) -> bool {
        let held = self.budget.hold(piece.bytes());
        let sent = self.out.send((self.next, piece, held)).is_ok();
        self.next += 1;
        sent
    }

    fn warn(&mut self, warning: String) {
        self.notes.warn(warning);
    }

    /// Tells the columns of text files from all their rows, since the first ones told wrong types.
    fn tell_from_all(&mut self, files: &[Arc<InputFile>], options: &ImportOptions) -> Result<()> {
        let of = |format: FileFormat| -> Vec<Arc<InputFile>> {
            let own = files.iter().filter(|file| file.format == format);
            own.cloned().collect()
        };
        let (csv, json) = (of(FileFormat::Csv), of(FileFormat::Json));
        let (telling, progress) = (self.telling, self.progress);
        if !csv.is_empty() {
            let told = csv_columns::columns_of_all(&csv, options, telling, progress)?;
            self.csv = told;
        }
        if !json.is_empty() {
            let told = json_text::columns_of_all(&json, options, telling, progress)?;
            self.json = Some(told);
        }
        if let Some(problem) = self.telling.contradiction() {
            self.warn(format!(
                "the first rows told another type than all rows have: {problem}"
            ));
        }
        Ok(())
    }

    fn batches(&mut self, batches: impl Iterator<Item = Result<RecordBatch>>) -> Result<()> {
        let mut first = 1;
        for batch in batches {
            let batch = batch?;
            let columns = self.columns(batch.schema_ref(), "", &ImportOptions::default())?;
            // Large tables come as one batch; pieces of it keep every parser busy.
            let mut start = 0;
            loop {
                let rows = BATCH_ROWS.min(batch.num_rows() - start);
                let places = Places::rows("", first);
                let slice = batch.slice(start, rows);
                if !self.send(Piece::Batch(slice, places, Arc::clone(&columns))) {
                    return Ok(());
                }
                first += rows as u64;
                start += rows;
                if start >= batch.num_rows() {
                    break;
                }
            }
        }
        Ok(())
    }

    fn file(&mut self, file: Arc<InputFile>, options: &ImportOptions) -> Result<bool> {
        match file.format {
            FileFormat::Csv => self.csv(&file, options),
            FileFormat::Json => self.json(&file, options),
            FileFormat::Parquet => self.parquet(&file, options),
            FileFormat::Arrow => self.arrow(&file, options),
            FileFormat::Lance => self.lance(&file, options),
        }
    }

    fn csv(&mut self, file: &Arc<InputFile>, options: &ImportOptions) -> Result<bool> {
        let mut reader = CsvReader::open(file, options, self.telling, self.progress)?;
        self.notes.read_as(reader.how(), &file.name);
        if let Some(warning) = reader.warning() {
            self.warn(warning);
        }
        let columns = match &self.csv {
            Some(columns) => columns.clone(),
            None => {
                let columns = reader.columns(options, self.telling)?;
                for warning in reader.warnings(&columns, options) {
                    self.warn(warning);
                }
                columns
            }
        };
        let parser = Arc::new(TextParser::Csv(CsvColumns {
            fields: fields_of(file, &reader.names, &columns)?,
            columns: columns.clone(),
            dialect: reader.dialect,
            nulls: options.null_words(),
            corrections: self.telling.corrections(),
            times: options.times.clone(),
        }));
        if !reader.has_rows() {
            // A header alone tells no types: the next file does.
            let empty = RecordBatch::new_empty(parser.schema());
            let places = Places::rows(&file.name, 1);
            let piece = Piece::Batch(empty, places, Arc::default());
            self.without_rows.get_or_insert(piece);
            return Ok(true);
        }
        self.csv = Some(columns);
        while let Some(piece) = reader.next_piece()? {
            if !self.send(Piece::Text(Arc::new(piece), Arc::clone(&parser))) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn json(&mut self, file: &Arc<InputFile>, options: &ImportOptions) -> Result<bool> {
        let mut reader = JsonReader::open(file, options, self.telling, self.progress)?;
        self.notes.read_as(reader.how(), &file.name);
        if let Some(warning) = reader.warning() {
            self.warn(warning);
        }
        let mut parser: Option<Arc<TextParser>> = None;
        while let Some(piece) = reader.next_piece()? {
            let piece = Arc::new(piece);
            let parser = match &parser {
                Some(parser) => parser,
                None => {
                    let (form, telling) = (reader.form, self.telling);
                    let columns = self.json.get_or_insert_with(|| {
                        json_text::columns_of_piece(&piece, form, options, telling)
                    });
                    let corrections = telling.corrections();
                    let text = JsonColumns::new(columns.clone(), form, corrections);
                    parser.insert(Arc::new(TextParser::Json(text)))
                }
            };
            if parser.columns().is_empty() {
                // Where no object can be read, what is wrong with the first one is of more use than a missing key.
                let first = parser
                    .parse(&piece, self.telling)?
                    .rejected
                    .into_iter()
                    .next();
                let problem = "there is no object with a name";
                return Err(first.map_or_else(
                    || file.broken(&problem),
                    |row| Error::invalid_data(row.describe("")),
                ));
            }
            if !self.send(Piece::Text(piece, Arc::clone(parser))) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The columns of a table.
    fn columns(
        &mut self,
        schema: &SchemaRef,
        file: &str,
        options: &ImportOptions,
    ) -> Result<Arc<TableColumns>> {
        if let Some((own, columns)) = &self.table
            && own == schema
        {
            return Ok(Arc::clone(columns));
        }
        let named = |error: Error| match file {
            "" => error,
            file => error.context(file),
        };
        let columns = TableColumns::of(schema, &options.types).map_err(named)?;
        for warning in &columns.warnings {
            self.warn(warning.clone());
        }
        if let Some((first, _)) = &self.table {
            let odd = |from: &SchemaRef, other: &SchemaRef| {
                let mut fields = from.fields().iter();
                let odd = fields.find(|field| other.column_with_name(field.name()).is_none());
                odd.map(|field| field.name().clone())
            };
            let (missing, added) = (odd(first, schema), odd(schema, first));
            if let Some(name) = missing {
                self.warn(format!(
                    "{file} has no column `{name}`, as tables before have"
                ));
            }
            if let Some(name) = added {
                self.warn(format!(
                    "{file} has a column `{name}` that tables before do not have"
                ));
            }
        }
        let columns = Arc::new(columns);
        self.table = Some((Arc::clone(schema), Arc::clone(&columns)));
        Ok(columns)
    }

    /// Sends a table without rows, so that its columns are seen.
    fn send_without_rows(&mut self, schema: SchemaRef, columns: Arc<TableColumns>) -> bool {
        let places = Places::rows("", 1);
        let piece = Piece::Batch(RecordBatch::new_empty(schema), places, columns);
        self.send(piece)
    }

    fn parquet(&mut self, file: &Arc<InputFile>, options: &ImportOptions) -> Result<bool> {
        let metadata = ArrowReaderMetadata::load(&file.open()?, ArrowReaderOptions::new())
            .map_err(|error| file.broken(&error))?;
        let columns = self.columns(metadata.schema(), &file.name, options)?;
        let groups = metadata.metadata().row_groups();
        if groups.is_empty() {
            return Ok(self.send_without_rows(Arc::clone(metadata.schema()), columns));
        }
        let wide = WideTimes::of(&metadata).map_err(|error| file.broken(&error))?;
        let mut first = 1;
        for (group, rows) in groups.iter().enumerate() {
            let piece = Piece::RowGroup {
                file: Arc::clone(file),
                metadata: metadata.clone(),
                wide: wide.clone(),
                group,
                first,
                columns: Arc::clone(&columns),
            };
            first += u64::try_from(rows.num_rows()).unwrap_or_default();
            self.progress
                .add_bytes(u64::try_from(rows.compressed_size()).unwrap_or_default());
            if !self.send(piece) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn arrow(&mut self, file: &Arc<InputFile>, options: &ImportOptions) -> Result<bool> {
        let reader: Box<dyn Iterator<Item = _>>;
        let schema;
        let mut opened = BufReader::new(file.open()?);
        let begins = opened
            .fill_buf()
            .map_err(|error| Error::from(error).context(&file.name))?;
        if begins.starts_with(b"ARROW1") {
            let opened = FileReader::try_new(opened, None).map_err(|error| file.broken(&error))?;
            schema = opened.schema();
            reader = Box::new(opened);
        } else if begins.starts_with(&[0xFF; 4]) {
            let opened =
                StreamReader::try_new(opened, None).map_err(|error| file.broken(&error))?;
            schema = opened.schema();
            reader = Box::new(opened);
        } else {
            return Err(file.broken(&"this is neither an Arrow file nor an Arrow stream"));
        }
        let columns = self.columns(&schema, &file.name, options)?;
        let mut first = 1;
        for batch in reader {
            let batch: RecordBatch = batch.map_err(|error| file.broken(&error))?;
            let rows = batch.num_rows();
            let places = Places::rows(&file.name, first);
            first += rows as u64;
            if !self.send(Piece::Batch(batch, places, Arc::clone(&columns))) {
                return Ok(false);
            }
        }
        self.progress.add_bytes(file.bytes);
        Ok(first > 1 || self.send_without_rows(schema, columns))
    }

    fn lance(&mut self, file: &Arc<InputFile>, options: &ImportOptions) -> Result<bool> {
        let broken = |error: lance_core::Error| file.broken(&error);
        let (runtime, path) = (self.runtime, file.path.to_string_lossy());
        let dataset = runtime
            .block_on(DatasetBuilder::from_uri(path).load())
            .map_err(broken)?;
        let schema = Arc::new(Schema::from(dataset.schema()));
        let columns = self.columns(&schema, &file.name, options)?;
        let mut scan = dataset.scan();
        scan.batch_size(BATCH_ROWS).scan_in_order(true);
        let mut batches = runtime.block_on(scan.try_into_stream()).map_err(broken)?;
        let mut first = 1;
        while let Some(batch) = runtime.block_on(batches.try_next()).map_err(broken)? {
            let rows = batch.num_rows();
            let places = Places::rows(&file.name, first);
            first += rows as u64;
            if !self.send(Piece::Batch(batch, places, Arc::clone(&columns))) {
                return Ok(false);
            }
        }
        Ok(first > 1 || self.send_without_rows(schema, columns))
    }
}
