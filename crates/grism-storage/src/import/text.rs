//! Text files in pieces that end where a record ends, so that they can be parsed at the same time.

use std::io::{BufReader, Read};
use std::sync::Arc;

use grism_core::{Error, Result};

use super::files::InputFile;
use super::options::{Compression, LoadProgress};
use crate::memory_limit::piece_bytes;

/// A record longer than this is taken for a missing quote.
const LONGEST_RECORD: usize = 256 << 20;

/// A piece of a text file: whole records.
#[derive(Debug)]
pub(super) struct TextPiece {
    pub(super) file: Arc<InputFile>,
    pub(super) bytes: Vec<u8>,
    /// The line that the piece begins with, from 1.
    pub(super) line: u64,
}

/// Reads a text file piece by piece.
pub(super) struct TextReader {
    file: Arc<InputFile>,
    reader: Box<dyn Read + Send>,
    /// What stands around values that may hold ends of lines, and between values; `None` where every end of line ends a
    /// record.
    rules: Option<(u8, u8)>,
    rest: Vec<u8>,
    line: u64,
    at_end: bool,
}

/// Counts the bytes of a file as they are read.
struct Counted<R> {
    reader: R,
    progress: Arc<LoadProgress>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.progress.add_bytes(read as u64);
        Ok(read)
    }
}

impl TextReader {
    pub(super) fn open(
        file: Arc<InputFile>,
        rules: Option<(u8, u8)>,
        progress: &Arc<LoadProgress>,
    ) -> Result<Self> {
        let raw = Counted {
            reader: file.open()?,
            progress: Arc::clone(progress),
        };
        let reader: Box<dyn Read + Send> = match file.compression {
            Compression::None => Box::new(raw),
            Compression::Gzip => Box::new(flate2::read::MultiGzDecoder::new(
                BufReader::with_capacity(1 << 18, raw),
            )),
            Compression::Zstd => {
                let decoder = zstd::stream::read::Decoder::new(raw);
                Box::new(decoder.map_err(|error| file.broken(&error))?)
            }
        };
        Ok(Self {
            file,
            reader,
            rules,
            rest: Vec::new(),
            line: 1,
            at_end: false,
        })
    }

    /// The next piece; `None` at the end.
    pub(super) fn next_piece(&mut self) -> Result<Option<TextPiece>> {
        let mut bytes = std::mem::take(&mut self.rest);
        let mut wanted = piece_bytes();
        loop {
            if !self.at_end {
                let before = bytes.len();
                let more = wanted.saturating_sub(before) as u64;
                let read = (&mut self.reader).take(more).read_to_end(&mut bytes);
                let read = read.map_err(|error| self.failed(&error))?;
                self.at_end = (read as u64) < more;
            }
            if self.line == 1 {
                self.check_encoding(&mut bytes)?;
            }
            if self.at_end {
                if bytes.is_empty() {
                    return Ok(None);
                }
                if self.records(&bytes).1 {
                    return Err(self.unclosed(&bytes));
                }
                return Ok(Some(self.piece(bytes)));
            }
            if let Some(end) = self.records(&bytes).0 {
                self.rest = bytes.split_off(end);
                return Ok(Some(self.piece(bytes)));
            }
            if bytes.len() > LONGEST_RECORD {
                return Err(self.unclosed(&bytes));
            }
            wanted *= 2;
        }
    }

    fn piece(&mut self, bytes: Vec<u8>) -> TextPiece {
        let line = self.line;
        self.line += bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
        TextPiece {
            file: Arc::clone(&self.file),
            bytes,
            line,
        }
    }

    /// Where the last whole record ends, and whether a quote is open at the end. A quote opens at the beginning of a value
    /// only; within a quoted value two of them are one, and one closes it.
    fn records(&self, bytes: &[u8]) -> (Option<usize>, bool) {
        let last_line = || {
            bytes
                .iter()
                .rposition(|byte| *byte == b'\n')
                .map(|at| at + 1)
        };
        let Some((quote, delimiter)) = self.rules.filter(|(quote, _)| bytes.contains(quote)) else {
            return (last_line(), false);
        };
        // Whether a value begins here, and whether the byte before closed a quoted one, or was the first of two quotes.
        let (mut end, mut is_open, mut begins, mut closed) = (None, false, true, false);
        for (at, byte) in bytes.iter().enumerate() {
            if *byte == quote {
                let opens = !is_open && (begins || closed);
                closed = is_open;
                is_open = opens;
                begins = false;
            } else if !is_open {
                begins = *byte == delimiter || *byte == b'\n' || *byte == b'\r';
                closed = false;
                if *byte == b'\n' {
                    end = Some(at + 1);
                }
            }
        }
        (end, is_open)
    }

    /// The error for a record that does not end.
    fn unclosed(&self, bytes: &[u8]) -> Error {
        let whole = self.records(bytes).0.unwrap_or(0);
        let lines = bytes[..whole].iter().filter(|byte| **byte == b'\n');
        let line = self.line + lines.count() as u64;
        self.file
            .broken(&format!("line {line}: a quote is opened and not closed"))
    }

    fn check_encoding(&self, bytes: &mut Vec<u8>) -> Result<()> {
        if bytes.starts_with(&[0xEF, 0xBB, 0xBF]) {
            bytes.drain(..3);
        }
        if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
            return Err(self
                .file
                .broken(&"this is UTF-16; text files are read as UTF-8, convert it"));
        }
        Ok(())
    }

    fn failed(&self, error: &std::io::Error) -> Error {
        use std::io::ErrorKind;
        match (self.file.compression, error.kind()) {
            (Compression::None, _) => {
                Error::from(std::io::Error::from(error.kind())).context(&self.file.name)
            }
            (_, ErrorKind::UnexpectedEof) => self.file.broken(&"the packed file is cut off"),
            _ => self.file.broken(error),
        }
    }
}
