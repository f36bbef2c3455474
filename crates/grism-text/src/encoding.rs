//! The encoding of a text: told by its first bytes, and brought to UTF-8 while it is read.

use std::fmt;
use std::io::{self, Read};

use encoding_rs::{DecoderResult, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use grism_core::{Error, Result};

use crate::csv::lines_of;

/// How the characters of a text are bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoding(&'static encoding_rs::Encoding);

/// What the first bytes of a text tell of its encoding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SniffedEncoding {
    /// The encoding.
    pub encoding: Encoding,
    /// Bytes of the mark that the text begins with.
    pub mark: usize,
    /// Where nothing but the lack of sense in UTF-8 tells the encoding: the first line that is no UTF-8, from 1, as it reads.
    pub guessed_from: Option<(u64, String)>,
}

/// Share of characters of one byte from which on a text with zeros between them is UTF-16, in percent.
const PLAIN_PERCENT: usize = 70;

/// Bytes of a line that are shown.
const SHOWN: usize = 60;

impl Encoding {
    /// UTF-8, which is what text is when it says nothing else.
    pub const UTF_8: Self = Self(UTF_8);

    /// The encoding called `name`, by any of its names on the web: `utf-8`, `utf-16le`, `latin1`, `windows-1252`, `gbk`.
    ///
    /// # Errors
    /// `Unsupported` for another name.
    pub fn from_name(name: &str) -> Result<Self> {
        let label = name.trim().to_ascii_lowercase().replace('_', "-");
        let label = match label.as_str() {
            "utf8" | "utf-8-sig" => "utf-8",
            "latin-1" => "latin1",
            "cp1252" => "windows-1252",
            other => other,
        };
        let known = encoding_rs::Encoding::for_label_no_replacement(label.as_bytes());
        known.map(Self).ok_or_else(|| {
            Error::unsupported(format!(
                "the encoding `{name}`; utf-8, utf-16le, utf-16be, windows-1252 (latin1) and the others that browsers know are"
            ))
        })
    }

    /// What the beginning of a text tells; `is_whole` where nothing follows.
    ///
    /// A mark tells UTF-8 and UTF-16; zeros between plain characters tell UTF-16 without a mark. What is no UTF-8, has no
    /// character of several bytes in UTF-8, and is text in Windows-1252, is taken for that: a guess.
    ///
    /// # Errors
    /// `Unsupported` for UTF-32.
    pub fn sniff(bytes: &[u8], is_whole: bool) -> Result<SniffedEncoding> {
        let told = |encoding, mark| {
            Ok(SniffedEncoding {
                encoding: Self(encoding),
                mark,
                guessed_from: None,
            })
        };
        match bytes {
            [0xEF, 0xBB, 0xBF, ..] => return told(UTF_8, 3),
            [0xFF, 0xFE, 0, 0, ..] | [0, 0, 0xFE, 0xFF, ..] => {
                return Err(Error::unsupported("this is UTF-32: save the text as UTF-8"));
            }
            [0xFF, 0xFE, ..] => return told(UTF_16LE, 2),
            [0xFE, 0xFF, ..] => return told(UTF_16BE, 2),
            _ => {}
        }
        if let Some(wide) = unmarked_utf16(bytes) {
            return told(wide, 0);
        }
        let valid = match std::str::from_utf8(bytes) {
            Ok(_) => return told(UTF_8, 0),
            // A character that is cut at the end.
            Err(error) if error.error_len().is_none() && !is_whole => return told(UTF_8, 0),
            Err(error) => error.valid_up_to(),
        };
        if !is_windows_1252(bytes) {
            return told(UTF_8, 0);
        }
        let start = bytes[..valid]
            .iter()
            .rposition(|byte| matches!(byte, b'\n' | b'\r'));
        let start = start.map_or(0, |at| at + 1);
        let line = bytes[start..].split(|byte| matches!(byte, b'\n' | b'\r'));
        let line = line.into_iter().next().unwrap_or_default();
        // What shows the guess is the character, with what stands before it.
        let from = (valid - start).saturating_sub(SHOWN / 2);
        let shown = &line[from..line.len().min(from + SHOWN)];
        let (text, _) = WINDOWS_1252.decode_without_bom_handling(shown);
        Ok(SniffedEncoding {
            encoding: Self(WINDOWS_1252),
            mark: 0,
            guessed_from: Some((lines_of(&bytes[..start]) + 1, text.into_owned())),
        })
    }

    /// The encoding of a text of which a caller says that it has this one: a mark tells the order of the bytes of UTF-16.
    #[must_use]
    pub fn given(self, bytes: &[u8]) -> SniffedEncoding {
        let is_utf16 = |encoding| encoding == UTF_16LE || encoding == UTF_16BE;
        let marked = encoding_rs::Encoding::for_bom(bytes)
            .filter(|(own, _)| *own == self.0 || (is_utf16(*own) && is_utf16(self.0)));
        let (encoding, mark) = marked.unwrap_or((self.0, 0));
        SniffedEncoding {
            encoding: Self(encoding),
            mark,
            guessed_from: None,
        }
    }

    /// A text in this encoding that is read in UTF-8.
    pub fn reader<R: Read>(self, text: R) -> DecodedText<R> {
        DecodedText {
            text,
            decoder: self.0.new_decoder_without_bom_handling(),
            encoding: self,
            raw: Vec::new(),
            decoded: Vec::new(),
            taken: 0,
            offset: 0,
            is_over: false,
        }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

/// UTF-16 of text that is plain for the most part, which has a zero in every other byte.
fn unmarked_utf16(bytes: &[u8]) -> Option<&'static encoding_rs::Encoding> {
    let bytes = &bytes[..bytes.len().min(1 << 12) & !1];
    if bytes.len() < 4 {
        return None;
    }
    let zeros = |place: usize| {
        let own = bytes.iter().skip(place).step_by(2);
        own.filter(|byte| **byte == 0).count() * 100 / (bytes.len() / 2)
    };
    match (zeros(0), zeros(1)) {
        (0, odd) if odd >= PLAIN_PERCENT => Some(UTF_16LE),
        (even, 0) if even >= PLAIN_PERCENT => Some(UTF_16BE),
        _ => None,
    }
}

/// Whether bytes that are no UTF-8 are text in Windows-1252, and no text in UTF-8 in which some bytes are wrong.
fn is_windows_1252(bytes: &[u8]) -> bool {
    let is_control = |byte: &u8| *byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0C);
    let is_undefined = |byte: &u8| matches!(byte, 0x7F | 0x81 | 0x8D | 0x8F | 0x90 | 0x9D);
    if bytes
        .iter()
        .any(|byte| is_control(byte) || is_undefined(byte))
    {
        return false;
    }
    let valid = bytes.utf8_chunks().map(|chunk| chunk.valid());
    valid.into_iter().all(str::is_ascii)
}

/// A text in UTF-8 that is read from one in another encoding.
pub struct DecodedText<R> {
    text: R,
    decoder: encoding_rs::Decoder,
    encoding: Encoding,
    /// Bytes that were read and not yet decoded.
    raw: Vec<u8>,
    decoded: Vec<u8>,
    /// Bytes of `decoded` that were taken.
    taken: usize,
    /// Bytes of the text that were decoded.
    offset: u64,
    is_over: bool,
}

impl<R: Read> DecodedText<R> {
    fn refill(&mut self) -> io::Result<()> {
        let held = self.raw.len();
        self.raw.resize(held + (1 << 16), 0);
        let read = self.text.read(&mut self.raw[held..]);
        self.raw.truncate(held + *read.as_ref().unwrap_or(&0));
        let is_last = read? == 0;
        let room = self
            .decoder
            .max_utf8_buffer_length_without_replacement(self.raw.len());
        self.decoded
            .resize(room.unwrap_or(self.raw.len() * 4 + 16), 0);
        let decoder = &mut self.decoder;
        let (result, read, written) =
            decoder.decode_to_utf8_without_replacement(&self.raw, &mut self.decoded, is_last);
        self.offset += read as u64;
        self.raw.drain(..read);
        self.decoded.truncate(written);
        self.taken = 0;
        match result {
            DecoderResult::Malformed(..) => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("byte {}: this is not {}", self.offset, self.encoding),
            )),
            DecoderResult::InputEmpty => {
                self.is_over = is_last;
                Ok(())
            }
            DecoderResult::OutputFull => Ok(()),
        }
    }
}

impl<R: Read> Read for DecodedText<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.taken == self.decoded.len() && !self.is_over {
            self.refill()?;
        }
        let rest = &self.decoded[self.taken..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.taken += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wide(text: &str, order: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(order).collect()
    }

    #[test]
    fn encodings_are_told_by_what_a_text_begins_with() {
        let marked = [&[0xFF, 0xFE][..], &wide("a;ö", u16::to_le_bytes)].concat();
        for (bytes, expected, mark, is_guessed) in [
            (&b"a,b\n"[..], "UTF-8", 0, false),
            (b"", "UTF-8", 0, false),
            (b"\xEF\xBB\xBFa", "UTF-8", 3, false),
            ("größe".as_bytes(), "UTF-8", 0, false),
            (&marked, "UTF-16LE", 2, false),
            (
                &wide("name;größe\n", u16::to_le_bytes),
                "UTF-16LE",
                0,
                false,
            ),
            (
                &wide("name;größe\n", u16::to_be_bytes),
                "UTF-16BE",
                0,
                false,
            ),
            (b"id;n\n1;gr\xF6\xDFe\n", "windows-1252", 0, true),
            // Wrong bytes in UTF-8, and in what is no text.
            (b"1;gr\xC3\xB6\xDFe\n", "UTF-8", 0, false),
            (b"\x01\x02\xFF\xFE", "UTF-8", 0, false),
            (b"a\x81\xFF", "UTF-8", 0, false),
        ] {
            let found = Encoding::sniff(bytes, true).unwrap();
            assert_eq!(found.encoding.to_string(), expected, "{bytes:?}");
            assert_eq!(
                (found.mark, found.guessed_from.is_some()),
                (mark, is_guessed)
            );
        }
        let guessed = Encoding::sniff(b"id;n\n1;gr\xF6\xDFe\n2;b", true).unwrap();
        assert_eq!(guessed.guessed_from, Some((2, "1;größe".to_owned())));
        assert!(Encoding::sniff(b"\xFF\xFE\0\0a\0\0\0", true).is_err());
        // A character that the beginning cuts.
        let cut = Encoding::sniff(b"gr\xC3", false).unwrap();
        assert_eq!(cut.encoding, Encoding::UTF_8);
    }

    #[test]
    fn texts_are_read_in_utf_8_in_whatever_pieces() {
        let text = "größe;日本;𝄞\n".repeat(9_000);
        let bytes = wide(&text, u16::to_be_bytes);
        let utf16 = Encoding::from_name("UTF_16BE").unwrap();
        let mut read = String::new();
        let mut decoded = utf16.reader(&bytes[..]);
        decoded.read_to_string(&mut read).unwrap();
        assert_eq!(read, text);
        let mut cut = utf16.reader(&bytes[..7]);
        assert!(cut.read_to_string(&mut read).is_err());
        let given = Encoding::from_name("utf-16").unwrap().given(&[0xFE, 0xFF]);
        assert_eq!((given.encoding, given.mark), (utf16, 2));
        assert!(Encoding::from_name("utf-99").is_err());
    }
}
