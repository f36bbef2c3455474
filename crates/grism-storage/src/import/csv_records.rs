//! The records of a CSV file as texts, for queries that read it row by row.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, ListBuilder, StringBuilder, UInt64Array};
use arrow::record_batch::RecordBatch;
use futures::StreamExt;
use grism_core::{BatchStream, CsvFile, Error, Result};
use grism_text::{Dialect, Record, RecordEnds, Records};
use tokio::sync::mpsc;

use super::file_options::{FileFormat, ImportOptions, told_by_name};
use super::files::{InputFile, input_files};
use super::options::LoadProgress;
use super::text::{NotUtf8, TextPiece, TextReader};
use crate::shares::Shares;

/// Pieces of the file that are read ahead of the query.
const PIECES_AHEAD: usize = 2;

/// Opens a file as [`grism_core::RowOrigin::Records`] says. `store` holds the options of object stores.
///
/// # Errors
/// `NotFound` where there is no such file; `InvalidQuery` where it is another kind of file, or several; those of the
/// object store.
pub(super) async fn csv_records(
    file: &CsvFile,
    store: &BTreeMap<String, String>,
    shares: Shares,
) -> Result<BatchStream> {
    let path = &file.path;
    if let Ok((format, _)) = told_by_name(path)
        && format != FileFormat::Csv
    {
        return Err(Error::invalid_query(format!(
            "{path} is no CSV file; COPY … FROM '{path}' loads it"
        )));
    }
    let options = ImportOptions {
        format: Some(FileFormat::Csv),
        delimiter: Some(file.delimiter),
        store: store.clone(),
        ..ImportOptions::default()
    };
    let mut files = input_files(std::slice::from_ref(path), &options, shares).await?;
    let (Some(found), None) = (files.pop(), files.pop()) else {
        return Err(Error::invalid_query(format!(
            "{path} stands for several files and LOAD CSV reads one; COPY … FROM '{path}' loads all of them"
        )));
    };
    let (out, mut pieces) = mpsc::channel(PIECES_AHEAD);
    tokio::task::spawn_blocking(move || {
        // Nobody is left to tell where the query has ended before the file.
        let sent = send_records(Arc::new(found), &options, &out);
        sent.or_else(|error| out.blocking_send(Err(error)).map_err(drop))
            .ok();
    });
    Ok(futures::stream::poll_fn(move |context| pieces.poll_recv(context)).boxed())
}

/// Sends the records of a file until it ends or nobody takes them.
fn send_records(
    file: Arc<InputFile>,
    options: &ImportOptions,
    out: &mpsc::Sender<Result<RecordBatch>>,
) -> Result<()> {
    let usual = Dialect::default();
    let dialect = Dialect {
        delimiter: options.delimiter.unwrap_or(usual.delimiter),
        ..usual
    };
    let (ends, encoding) = (RecordEnds::csv(dialect), (None, NotUtf8::WrongRows));
    let mut reader = TextReader::open(file, ends, encoding, &Arc::new(LoadProgress::default()))?;
    while let Some(piece) = reader.next_piece()? {
        let records = records_of(&piece, dialect)?;
        if records.num_rows() > 0 && out.blocking_send(Ok(records)).is_err() {
            break;
        }
    }
    Ok(())
}

/// The records of a piece: null for a value that is nothing at all, an empty text for a quoted one.
fn records_of(piece: &TextPiece, dialect: Dialect) -> Result<RecordBatch> {
    let mut records = Records::new(&piece.bytes, piece.line, dialect);
    let mut fields = ListBuilder::new(StringBuilder::new());
    let mut lines = Vec::new();
    let mut record = Record::default();
    while records.read(&mut record) {
        let line = record.line;
        if let Some(place) = record.text_behind_quote() {
            let (field, problem) = (place + 1, Record::BEHIND_QUOTE);
            return Err(piece
                .file
                .broken(&format!("line {line}: field {field}: {problem}")));
        }
        for place in 0..record.len() {
            let (value, is_quoted) = record.value(&piece.bytes, place);
            let text = std::str::from_utf8(value).map_err(|_| {
                let message = format!("line {line}: a field is not UTF-8; LOAD FROM … (ENCODING …) reads other encodings");
                piece.file.broken(&message)
            })?;
            let is_some = is_quoted || !text.is_empty();
            fields.values().append_option(is_some.then_some(text));
        }
        fields.append(true);
        lines.push(line);
    }
    let columns: [(&str, ArrayRef); 2] = [
        ("fields", Arc::new(fields.finish())),
        ("line", Arc::new(UInt64Array::from(lines))),
    ];
    Ok(RecordBatch::try_from_iter(columns)?)
}
