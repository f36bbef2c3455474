//! Text files in pieces that end where a record ends, so that they can be parsed at the same time.

use std::io::{BufReader, Read};
use std::sync::Arc;

use grism_core::{Error, Result};
use grism_text::{RecordEnds, lines_of};

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
    ends: RecordEnds,
    rest: Vec<u8>,
    line: u64,
    /// Bytes of a piece, about.
    wanted: usize,
    at_start: bool,
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
        ends: RecordEnds,
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
            ends,
            rest: Vec::new(),
            line: 1,
            wanted: piece_bytes(),
            at_start: true,
            at_end: false,
        })
    }

    /// Looks at the beginning of the file, about a piece of it, and has records end as `ends` says of it.
    pub(super) fn begin(&mut self, ends: impl FnOnce(&mut [u8]) -> RecordEnds) -> Result<()> {
        let mut bytes = std::mem::take(&mut self.rest);
        self.fill(&mut bytes, self.wanted)?;
        self.ends = ends(&mut bytes);
        self.rest = bytes;
        Ok(())
    }

    /// Reads on until there are so many bytes, or no more.
    fn fill(&mut self, bytes: &mut Vec<u8>, wanted: usize) -> Result<()> {
        if !self.at_end {
            let more = wanted.saturating_sub(bytes.len()) as u64;
            let read = (&mut self.reader).take(more).read_to_end(bytes);
            let read = read.map_err(|error| self.failed(&error))?;
            self.at_end = (read as u64) < more;
        }
        if std::mem::replace(&mut self.at_start, false) {
            self.check_encoding(bytes)?;
        }
        Ok(())
    }

    /// Has pieces be at least so long, as they must be where a table's many columns take room in each of them.
    pub(super) fn at_least(&mut self, bytes: usize) {
        self.wanted = self.wanted.max(bytes);
    }

    /// The next piece; `None` at the end.
    pub(super) fn next_piece(&mut self) -> Result<Option<TextPiece>> {
        let mut bytes = std::mem::take(&mut self.rest);
        self.ends.restart();
        let mut wanted = self.wanted;
        loop {
            self.fill(&mut bytes, wanted)?;
            self.ends.look(&bytes);
            if self.at_end {
                if bytes.is_empty() {
                    return Ok(None);
                }
                if let Some(problem) = self.ends.open() {
                    return Err(self.broken(&bytes, problem));
                }
                return Ok(Some(self.piece(bytes)));
            }
            if let Some(end) = self.ends.end() {
                self.rest = bytes.split_off(end);
                return Ok(Some(self.piece(bytes)));
            }
            if bytes.len() > LONGEST_RECORD {
                let problem = self.ends.open();
                return Err(self.broken(&bytes, problem.unwrap_or("the line is too long")));
            }
            wanted = bytes.len() + self.wanted;
        }
    }

    fn piece(&mut self, bytes: Vec<u8>) -> TextPiece {
        let line = self.line;
        self.line += lines_of(&bytes);
        TextPiece {
            file: Arc::clone(&self.file),
            bytes,
            line,
        }
    }

    /// The error for a record that does not end, which begins behind the last whole one.
    fn broken(&self, bytes: &[u8], problem: &str) -> Error {
        let whole = self.ends.end().unwrap_or(0);
        let is_between = |byte: &u8| byte.is_ascii_whitespace() || *byte == b',';
        let between = bytes[whole..].iter().position(|byte| !is_between(byte));
        let line = self.line + lines_of(&bytes[..whole + between.unwrap_or(0)]);
        self.file.broken(&format!("line {line}: {problem}"))
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
