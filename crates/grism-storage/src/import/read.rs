//! Reading the rows of a load: one thread reads, several parse, and the rows come out in their order.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use arrow::datatypes::SchemaRef;
use arrow::ipc::reader::{FileReader, StreamReader};
use arrow::record_batch::RecordBatch;
use futures::TryStreamExt;
use grism_core::{Error, ErrorKind, Result};
use lance::dataset::builder::DatasetBuilder;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use tokio::runtime::Handle;

use super::csv_text::CsvColumns;
use super::files::InputFile;
use super::json_text;
use super::options::{FileFormat, ImportOptions, ImportSource, LoadProgress};
use super::parsed::{Parsed, Places};
use super::text::{TextPiece, TextReader};

/// Rows of a batch that is read.
const BATCH_ROWS: usize = 1 << 16;

/// Where rows are read from once files are found.
pub(super) enum Input {
    Batches(Box<dyn Iterator<Item = Result<RecordBatch>> + Send>),
    Files(Vec<Arc<InputFile>>, ImportOptions),
}

impl Input {
    /// Finds the files of a source.
    pub(super) async fn of(source: ImportSource) -> Result<Self> {
        Ok(match source {
            ImportSource::Batches(batches) => Self::Batches(Box::new(batches.into_iter().map(Ok))),
            ImportSource::Stream(batches) => Self::Batches(batches),
            ImportSource::Files { paths, options } => {
                let files = super::files::input_files(&paths, &options).await?;
                Self::Files(files.into_iter().map(Arc::new).collect(), options)
            }
        })
    }
}

/// Work for a parser.
enum Piece {
    Csv(TextPiece, Arc<CsvColumns>),
    Json(TextPiece, SchemaRef),
    RowGroup {
        file: Arc<InputFile>,
        metadata: ArrowReaderMetadata,
        group: usize,
        first: u64,
    },
    Batch(RecordBatch, Places),
    /// A file without rows, so that its columns are seen.
    Empty(SchemaRef),
}

/// Reads `input`, has `convert` make something of every batch on several threads, and gives the results to `take` in the
/// order of the rows.
///
/// # Errors
/// The first one of reading, converting or taking; `Cancelled` where the progress says so.
pub(super) fn read<T: Send>(
    input: Input,
    progress: &Arc<LoadProgress>,
    runtime: &Handle,
    convert: impl Fn(Parsed) -> Result<T> + Sync,
    mut take: impl FnMut(T) -> Result<()>,
) -> Result<()> {
    let parsers = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let (to_parsers, pieces) = sync_channel::<(u64, Piece)>(2);
    // The receiver goes when a parser finds nobody to take its results, so that the reader does not wait for ever.
    let pieces = Mutex::new(Some(pieces));
    let (to_taker, results) = sync_channel::<(u64, Result<Vec<T>>)>(2 * parsers);
    thread::scope(|scope| {
        let reader = scope.spawn(move || {
            let mut reader = Reader {
                out: to_parsers,
                next: 0,
                headers: None,
                progress,
                runtime,
            };
            reader.all(input)
        });
        for _ in 0..parsers {
            let (out, pieces, convert) = (to_taker.clone(), &pieces, &convert);
            scope.spawn(move || {
                while let Some((number, piece)) = received(pieces) {
                    let result =
                        parse(piece).and_then(|parsed| parsed.into_iter().map(convert).collect());
                    if out.send((number, result)).is_err() {
                        lock(pieces).take();
                        break;
                    }
                }
            });
        }
        drop(to_taker);
        let taken = in_order(results, progress, &mut take);
        let read = reader
            .join()
            .unwrap_or_else(|_| Err(Error::internal("the reader of a load panicked")));
        taken.and(read)
    })
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn received<T>(pieces: &Mutex<Option<Receiver<T>>>) -> Option<T> {
    lock(pieces).as_ref()?.recv().ok()
}

/// Takes results in the order of their numbers. The receiver goes with the first error.
fn in_order<T>(
    results: Receiver<(u64, Result<Vec<T>>)>,
    progress: &LoadProgress,
    take: &mut impl FnMut(T) -> Result<()>,
) -> Result<()> {
    let mut waiting: BTreeMap<u64, Result<Vec<T>>> = BTreeMap::new();
    let mut next = 0;
    for (number, result) in results {
        if progress.is_cancelled() {
            return Err(Error::new(
                ErrorKind::Cancelled,
                "the load was cancelled; nothing was committed",
            ));
        }
        waiting.insert(number, result);
        while let Some(result) = waiting.remove(&next) {
            for one in result? {
                take(one)?;
            }
            next += 1;
        }
    }
    Ok(())
}

/// Puts the pieces of an input on their way.
struct Reader<'a> {
    out: SyncSender<(u64, Piece)>,
    next: u64,
    /// The columns of files that had no rows, before one that had.
    headers: Option<SchemaRef>,
    progress: &'a Arc<LoadProgress>,
    runtime: &'a Handle,
}

impl Reader<'_> {
    /// Sends a piece; false where nobody takes it any more.
    fn send(&mut self, piece: Piece) -> bool {
        let sent = self.out.send((self.next, piece)).is_ok();
        self.next += 1;
        sent
    }

    fn all(&mut self, input: Input) -> Result<()> {
        match input {
            Input::Batches(batches) => {
                let mut first = 1;
                for batch in batches {
                    let batch = batch?;
                    // Large tables come as one batch; pieces of it keep every parser busy.
                    let mut start = 0;
                    loop {
                        let rows = BATCH_ROWS.min(batch.num_rows() - start);
                        let places = Places::rows("", first, rows);
                        if !self.send(Piece::Batch(batch.slice(start, rows), places)) {
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
            Input::Files(files, options) => {
                for file in &files {
                    self.progress.add_total(file.bytes);
                }
                let mut known = None;
                for file in files {
                    if !self.file(file, &options, &mut known)? {
                        break;
                    }
                }
                match self.headers.take() {
                    Some(schema) if self.next == 0 => {
                        self.send(Piece::Empty(schema));
                    }
                    _ => {}
                }
                Ok(())
            }
        }
    }

    fn file(
        &mut self,
        file: Arc<InputFile>,
        options: &ImportOptions,
        known: &mut Option<SchemaRef>,
    ) -> Result<bool> {
        match file.format {
            FileFormat::Csv => self.csv(file, options, known),
            FileFormat::Json => self.json(file, options, known),
            FileFormat::Parquet => self.parquet(file),
            FileFormat::Arrow => self.arrow(&file),
            FileFormat::Lance => self.lance(&file),
        }
    }

    fn csv(
        &mut self,
        file: Arc<InputFile>,
        options: &ImportOptions,
        known: &mut Option<SchemaRef>,
    ) -> Result<bool> {
        let tabbed = ImportOptions {
            delimiter: b'\t',
            ..options.clone()
        };
        let is_tabbed = file.name.ends_with(".tsv") || file.name.contains(".tsv.");
        let options = if is_tabbed { &tabbed } else { options };
        let rules = (options.quote, options.delimiter);
        let mut reader = TextReader::open(Arc::clone(&file), Some(rules), self.progress)?;
        let Some(mut piece) = reader.next_piece()? else {
            return Err(file.broken(&"the file is empty: a header line was expected"));
        };
        let columns = Arc::new(CsvColumns::of(&mut piece, options, known.as_ref())?);
        if piece.bytes.trim_ascii().is_empty() && known.is_none() {
            // A header alone tells no types: the next file does.
            self.headers = Some(Arc::clone(columns.schema()));
            return Ok(true);
        }
        *known = Some(Arc::clone(columns.schema()));
        let mut piece = Some(piece);
        while let Some(own) = piece {
            if !self.send(Piece::Csv(own, Arc::clone(&columns))) {
                return Ok(false);
            }
            piece = reader.next_piece()?;
        }
        Ok(true)
    }

    fn json(
        &mut self,
        file: Arc<InputFile>,
        options: &ImportOptions,
        known: &mut Option<SchemaRef>,
    ) -> Result<bool> {
        // An end of line within a text is written `\\n`, so that every real one ends an object.
        let mut reader = TextReader::open(file, None, self.progress)?;
        while let Some(piece) = reader.next_piece()? {
            let schema = match known {
                Some(schema) => Arc::clone(schema),
                None => {
                    let told = json_text::told_columns(&piece, options)?;
                    Arc::clone(known.insert(told))
                }
            };
            if !self.send(Piece::Json(piece, schema)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn parquet(&mut self, file: Arc<InputFile>) -> Result<bool> {
        let metadata = ArrowReaderMetadata::load(&file.open()?, ArrowReaderOptions::new())
            .map_err(|error| file.broken(&error))?;
        let groups = metadata.metadata().row_groups();
        if groups.is_empty() {
            return Ok(self.send(Piece::Empty(Arc::clone(metadata.schema()))));
        }
        let mut first = 1;
        for (group, rows) in groups.iter().enumerate() {
            let piece = Piece::RowGroup {
                file: Arc::clone(&file),
                metadata: metadata.clone(),
                group,
                first,
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

    fn arrow(&mut self, file: &Arc<InputFile>) -> Result<bool> {
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
        let mut first = 1;
        for batch in reader {
            let batch: RecordBatch = batch.map_err(|error| file.broken(&error))?;
            let rows = batch.num_rows();
            let places = Places::rows(&file.name, first, rows);
            first += rows as u64;
            if !self.send(Piece::Batch(batch, places)) {
                return Ok(false);
            }
        }
        self.progress.add_bytes(file.bytes);
        Ok(first > 1 || self.send(Piece::Empty(schema)))
    }

    fn lance(&mut self, file: &Arc<InputFile>) -> Result<bool> {
        let broken = |error: lance_core::Error| file.broken(&error);
        let (runtime, path) = (self.runtime, file.path.to_string_lossy());
        let dataset = runtime
            .block_on(DatasetBuilder::from_uri(path).load())
            .map_err(broken)?;
        let mut scan = dataset.scan();
        scan.batch_size(BATCH_ROWS).scan_in_order(true);
        let mut batches = runtime.block_on(scan.try_into_stream()).map_err(broken)?;
        let mut first = 1;
        while let Some(batch) = runtime.block_on(batches.try_next()).map_err(broken)? {
            let rows = batch.num_rows();
            let places = Places::rows(&file.name, first, rows);
            first += rows as u64;
            if !self.send(Piece::Batch(batch, places)) {
                return Ok(false);
            }
        }
        let schema = Arc::new(arrow::datatypes::Schema::from(dataset.schema()));
        Ok(first > 1 || self.send(Piece::Empty(schema)))
    }
}

fn parse(piece: Piece) -> Result<Vec<Parsed>> {
    let plain = |batch, places| Parsed {
        batch,
        places,
        rejected: Vec::new(),
    };
    match piece {
        Piece::Csv(piece, columns) => Ok(vec![columns.parse(&piece)?]),
        Piece::Json(piece, schema) => Ok(vec![json_text::parse(&schema, &piece)?]),
        Piece::Batch(batch, places) => Ok(vec![plain(batch, places)]),
        Piece::Empty(schema) => Ok(vec![plain(
            RecordBatch::new_empty(schema),
            Places::rows("", 1, 0),
        )]),
        Piece::RowGroup {
            file,
            metadata,
            group,
            first,
        } => {
            let opened: File = file.open()?;
            let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(opened, metadata)
                .with_row_groups(vec![group])
                .with_batch_size(BATCH_ROWS)
                .build()
                .map_err(|error| file.broken(&error))?;
            let mut first = first;
            let mut parsed = Vec::new();
            for batch in reader {
                let batch = batch.map_err(|error| file.broken(&error))?;
                let rows = batch.num_rows();
                parsed.push(plain(batch, Places::rows(&file.name, first, rows)));
                first += rows as u64;
            }
            Ok(parsed)
        }
    }
}
