//! Text files in pieces that end where a record ends, so that they can be parsed at the same time.

use std::io::{Cursor, Read};
use std::sync::Arc;

use grism_core::{Error, Result};
use grism_text::{Encoding, RecordEnds, SniffedEncoding, lines_of};

use super::file_options::Compression;
use super::files::InputFile;
use super::options::LoadProgress;
use super::unpacked::unpacked;

/// A record longer than this is taken for a missing quote.
const LONGEST_RECORD: usize = 256 << 20;

/// Bytes that tell an encoding, at most.
const SNIFFED: usize = 256 << 10;

/// What becomes of a text that is no UTF-8, and does not begin with a mark that says what else it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotUtf8 {
    /// Where it is text in Windows-1252 it is read as that, which is told.
    Guessed,
    /// Each row that is no UTF-8 is wrong.
    WrongRows,
    /// The file is refused.
    Refused,
}

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
    at_end: bool,
    encoding: SniffedEncoding,
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
    /// Opens a file, which is read in UTF-8 whatever its encoding, where that is given or told.
    ///
    /// # Errors
    /// `InvalidData` for a file that cannot be unpacked, and for one that is no UTF-8 and is refused so.
    pub(super) fn open(
        file: Arc<InputFile>,
        ends: RecordEnds,
        (given, not_utf8): (Option<Encoding>, NotUtf8),
        progress: &Arc<LoadProgress>,
    ) -> Result<Self> {
        let raw = Counted {
            reader: file.open()?,
            progress: Arc::clone(progress),
        };
        let unpacked = unpacked(raw, file.compression);
        let mut bytes = unpacked.map_err(|error| file.broken(&error))?;
        let (mut beginning, wanted) = (Vec::new(), SNIFFED.min(file.piece_bytes));
        let read = (&mut bytes).take(wanted as u64).read_to_end(&mut beginning);
        let is_whole = read.map_err(|error| failed(&file, &error))? < wanted;
        let mut encoding = match given {
            Some(given) => given.given(&beginning),
            None => {
                Encoding::sniff(&beginning, is_whole).map_err(|error| error.context(&file.name))?
            }
        };
        if let Some((line, text)) = &encoding.guessed_from {
            match not_utf8 {
                NotUtf8::Guessed => {}
                NotUtf8::WrongRows => encoding.encoding = Encoding::UTF_8,
                NotUtf8::Refused => {
                    return Err(file.broken(&format!(
                        "line {line}: this is no UTF-8; name the encoding: '{text}' is what it reads as in {}",
                        encoding.encoding
                    )));
                }
            }
        }
        let text = Cursor::new(beginning.split_off(encoding.mark)).chain(bytes);
        let reader: Box<dyn Read + Send> = if encoding.encoding == Encoding::UTF_8 {
            Box::new(text)
        } else {
            Box::new(encoding.encoding.reader(text))
        };
        Ok(Self {
            wanted: file.piece_bytes,
            file,
            reader,
            ends,
            rest: Vec::new(),
            line: 1,
            at_end: false,
            encoding,
        })
    }

    /// The encoding of the file.
    pub(super) fn encoding(&self) -> Encoding {
        self.encoding.encoding
    }

    /// A warning where the encoding is a guess.
    pub(super) fn warning(&self) -> Option<String> {
        let encoding = self.encoding.encoding;
        let (line, text) = self.encoding.guessed_from.as_ref()?;
        (encoding != Encoding::UTF_8).then(|| {
            format!(
                "{} is no UTF-8 and is read as {encoding}: line {line} holds '{text}'; name its encoding where that is wrong",
                self.file.name
            )
        })
    }

    /// Looks at the beginning of the file, about a piece of it, and whether that is all; records end as `ends` says of it.
    pub(super) fn begin(&mut self, ends: impl FnOnce(&mut [u8], bool) -> RecordEnds) -> Result<()> {
        let mut bytes = std::mem::take(&mut self.rest);
        self.fill(&mut bytes, self.wanted)?;
        self.ends = ends(&mut bytes, self.at_end);
        self.rest = bytes;
        Ok(())
    }

    /// Reads on until there are so many bytes, or no more.
    fn fill(&mut self, bytes: &mut Vec<u8>, wanted: usize) -> Result<()> {
        if !self.at_end {
            let more = wanted.saturating_sub(bytes.len()) as u64;
            let read = (&mut self.reader).take(more).read_to_end(bytes);
            let read = read.map_err(|error| failed(&self.file, &error))?;
            self.at_end = (read as u64) < more;
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
}

fn failed(file: &InputFile, error: &std::io::Error) -> Error {
    use std::io::ErrorKind;
    match (file.compression, error.kind()) {
        (_, ErrorKind::InvalidData) => file.broken(error),
        (Compression::None, _) => {
            Error::from(std::io::Error::from(error.kind())).context(&file.name)
        }
        (_, ErrorKind::UnexpectedEof) => file.broken(&"the packed file is cut off"),
        _ => file.broken(error),
    }
}
