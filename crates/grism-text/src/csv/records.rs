//! The records of CSV text, one after the other, without a copy of what needs no change.
//!
//! A quote opens at the beginning of a value only; within a quoted value two of them are one, and one closes it. Blanks that
//! follow belong to no value; other text there makes the record a wrong one. A record ends at an end of line (`\n`, `\r\n` or `\r`) outside quotes; empty lines are
//! no records.

use std::ops::Range;

use memchr::{memchr, memchr2, memchr3};

use super::Dialect;

/// Bytes of a plain value that are looked at one by one: most values end before a vectorized search pays.
const SHORT: usize = 24;

/// Goes through the records of a text.
pub struct Records<'a> {
    bytes: &'a [u8],
    dialect: Dialect,
    at: usize,
    line: u64,
}

/// One record: where it and its values stand. It is reused from record to record.
#[derive(Debug, Default)]
pub struct Record {
    fields: Vec<Place>,
    /// Values that do not stand in the text as they are: quotes within them stand there twice.
    unescaped: Vec<u8>,
    /// The record in the text, without its end of line.
    pub range: Range<usize>,
    /// The line that it begins in.
    pub line: u64,
}

#[derive(Debug)]
struct Place {
    /// The value in the text, with its quotes.
    raw: Range<usize>,
    /// The value, in the text or in `unescaped`.
    value: Range<usize>,
    is_quoted: bool,
    is_unescaped: bool,
    /// Whether there is text behind the quote that closes the value.
    has_more: bool,
}

/// The number of lines that end in the bytes.
#[must_use]
pub fn lines_of(bytes: &[u8]) -> u64 {
    let (mut at, mut lines) = (0, 0);
    while let Some(found) = memchr2(b'\n', b'\r', &bytes[at..]) {
        at += found + 1;
        lines += 1;
        if bytes[at - 1] == b'\r' && bytes.get(at) == Some(&b'\n') {
            at += 1;
        }
    }
    lines
}

impl<'a> Records<'a> {
    /// The records of `bytes`, whose first line has the number `line`.
    #[must_use]
    pub fn new(bytes: &'a [u8], line: u64, dialect: Dialect) -> Self {
        Self {
            bytes,
            dialect,
            at: 0,
            line,
        }
    }

    /// Where the next record is looked for, and the number of that line.
    #[must_use]
    pub fn position(&self) -> (usize, u64) {
        (self.at, self.line)
    }

    /// Reads the next record; false at the end. A quote that is still open there ends with the text.
    pub fn read(&mut self, record: &mut Record) -> bool {
        while self.at < self.bytes.len() && self.ends_line() {}
        record.fields.clear();
        record.unescaped.clear();
        record.line = self.line;
        record.range = self.at..self.at;
        if self.at == self.bytes.len() {
            return false;
        }
        loop {
            self.value(record);
            if self.bytes.get(self.at) != Some(&self.dialect.delimiter) {
                break;
            }
            self.at += 1;
        }
        record.range.end = self.at;
        self.ends_line();
        true
    }

    /// Steps over an end of line, where there is one.
    fn ends_line(&mut self) -> bool {
        let length = match &self.bytes[self.at..] {
            [b'\r', b'\n', ..] => 2,
            [b'\r' | b'\n', ..] => 1,
            _ => return false,
        };
        self.at += length;
        self.line += 1;
        true
    }

    /// Where the plain text that begins at `from` ends.
    fn plain_end(&self, from: usize) -> usize {
        let (bytes, delimiter) = (self.bytes, self.dialect.delimiter);
        let short = bytes.len().min(from + SHORT);
        let ends = |byte: &u8| *byte == delimiter || *byte == b'\n' || *byte == b'\r';
        if let Some(found) = bytes[from..short].iter().position(ends) {
            return from + found;
        }
        memchr3(delimiter, b'\n', b'\r', &bytes[short..]).map_or(bytes.len(), |at| short + at)
    }

    fn value(&mut self, record: &mut Record) {
        let (start, quote) = (self.at, self.dialect.quote);
        if self.bytes.get(start) != Some(&quote) {
            self.at = self.plain_end(start);
            record.fields.push(Place {
                raw: start..self.at,
                value: start..self.at,
                is_quoted: false,
                is_unescaped: false,
                has_more: false,
            });
            return;
        }
        let copied = record.unescaped.len();
        let (mut from, mut at) = (start + 1, start + 1);
        let close = loop {
            let Some(found) = memchr(quote, &self.bytes[at..]) else {
                break self.bytes.len();
            };
            at += found;
            if self.bytes.get(at + 1) != Some(&quote) {
                break at;
            }
            record.unescaped.extend_from_slice(&self.bytes[from..=at]);
            at += 2;
            from = at;
        };
        let rest = self.bytes.len().min(close + 1);
        let end = self.plain_end(rest);
        self.line += lines_of(&self.bytes[start..close]);
        self.at = end;
        let is_unescaped = record.unescaped.len() > copied;
        let value = if is_unescaped {
            record.unescaped.extend_from_slice(&self.bytes[from..close]);
            copied..record.unescaped.len()
        } else {
            from..close
        };
        record.fields.push(Place {
            raw: start..end,
            value,
            is_quoted: true,
            is_unescaped,
            has_more: !self.bytes[rest..end].trim_ascii().is_empty(),
        });
    }
}

impl Record {
    /// What is wrong with a value that [`Self::text_behind_quote`] finds.
    pub const BEHIND_QUOTE: &'static str = "there is text behind the quote that closes the value; a quote within a value stands there twice";

    /// How many values it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether it has no values, as one has that was not read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The value at `place` of a record of the text `bytes`, and whether it is quoted.
    #[must_use]
    pub fn value<'a>(&'a self, bytes: &'a [u8], place: usize) -> (&'a [u8], bool) {
        let field = &self.fields[place];
        let whole = if field.is_unescaped {
            &self.unescaped
        } else {
            bytes
        };
        (&whole[field.value.clone()], field.is_quoted)
    }

    /// The first place with text behind the quote that closes its value.
    #[must_use]
    pub fn text_behind_quote(&self) -> Option<usize> {
        self.fields.iter().position(|field| field.has_more)
    }

    /// The value at `place` as it stands in the text, with its quotes.
    #[must_use]
    pub fn raw<'a>(&self, bytes: &'a [u8], place: usize) -> &'a [u8] {
        &bytes[self.fields[place].raw.clone()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The line, the text and the values of every record; a quoted value stands in `<>`.
    fn read(text: &str) -> Vec<(u64, String, Vec<String>)> {
        let bytes = text.as_bytes();
        let mut records = Records::new(bytes, 1, Dialect::default());
        let (mut record, mut found) = (Record::default(), Vec::new());
        while records.read(&mut record) {
            let values = (0..record.len()).map(|place| {
                let (value, quoted) = record.value(bytes, place);
                let value = String::from_utf8(value.to_vec()).unwrap();
                if quoted { format!("<{value}>") } else { value }
            });
            let values = values.collect();
            found.push((record.line, text[record.range.clone()].to_owned(), values));
        }
        found
    }

    fn values(text: &str) -> Vec<Vec<String>> {
        read(text)
            .into_iter()
            .map(|(_, _, values)| values)
            .collect()
    }

    #[test]
    fn a_quoted_empty_value_differs_from_none() {
        assert_eq!(values("a,,\"\"\n,\n"), [vec!["a", "", "<>"], vec!["", ""]]);
    }

    #[test]
    fn quotes_within_values_are_kept() {
        let text = "\"a \"\"b\"\"\",5\" pipe,\"\"\"\"\n";
        assert_eq!(values(text), [["<a \"b\">", "5\" pipe", "<\">"]]);
    }

    #[test]
    fn text_behind_a_closed_quote_is_told_and_blanks_are_not() {
        for (text, found) in [
            ("1,\"c\"d\"e,2", Some(1)),
            ("\"a\"b", Some(0)),
            ("\"a\" ,\"b\"\t,c", None),
            ("a\"b\"c,\"\"\"d\"", None),
        ] {
            let mut record = Record::default();
            assert!(Records::new(text.as_bytes(), 1, Dialect::default()).read(&mut record));
            assert_eq!(record.text_behind_quote(), found, "{text}");
        }
        assert_eq!(values("\"a\" ,1"), [["<a>", "1"]]);
    }

    #[test]
    fn lines_count_with_every_end_of_line_and_within_quotes() {
        let text = "a\r\n\r\n\"x\r\ny\nz\",1\r\nb,2\r\rc\n\nd";
        let lines: Vec<u64> = read(text).iter().map(|(line, ..)| *line).collect();
        assert_eq!(lines, [1, 3, 6, 8, 10]);
        assert_eq!(read(text)[1].1, "\"x\r\ny\nz\",1");
        assert_eq!(lines_of(text.as_bytes()), 9);
    }

    #[test]
    fn long_values_and_the_end_of_the_text_end_a_record() {
        let long = "x".repeat(100);
        let text = format!("{long},{long}\n\"open\n{long}");
        assert_eq!(
            values(&text),
            [
                vec![long.clone(), long.clone()],
                vec![format!("<open\n{long}>")]
            ]
        );
    }
}
