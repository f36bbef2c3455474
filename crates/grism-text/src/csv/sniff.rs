//! What stands between and around the values of CSV text, told by its beginning. A text that commas make a table of is one.

use std::collections::HashSet;

use grism_core::Type;

use super::{Dialect, Record, Records};
use crate::values::{float_word, is_number, value_of};

/// What may stand between values, in the order in which it is tried.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
const QUOTES: [u8; 2] = [b'"', b'\''];

/// Records that tell.
const MOST_RECORDS: usize = 1_000;

/// What a caller says of a CSV text; the rest is told by the text.
#[derive(Clone, Copy, Debug, Default)]
pub struct CsvGiven<'a> {
    /// What stands between values.
    pub delimiter: Option<u8>,
    /// What stands around values.
    pub quote: Option<u8>,
    /// Whether the first record names the columns.
    pub header: Option<bool>,
    /// Columns that the text must have.
    pub columns: &'a [String],
}

/// How a CSV text is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CsvForm {
    /// What stands between and around values.
    pub dialect: Dialect,
    /// Whether the first record names the columns.
    pub header: bool,
}

impl CsvForm {
    /// How a text with this beginning is read; `is_whole` where nothing follows.
    ///
    /// Another delimiter than the comma is told where the commas make no table of the text, or the columns that it must have
    /// are only found with the other one; another quote than `"` where it stands around all values of a column, or where the
    /// records are only then of one length. The first record is a row where all its values are numbers or dates, or the columns
    /// that the text must have are `column_1` and so on.
    ///
    /// ```
    /// use grism_text::{CsvForm, CsvGiven};
    ///
    /// let form = CsvForm::sniff(b"name;age\nAnn;42\nBob;31\n", true, &CsvGiven::default());
    /// assert_eq!((form.dialect.delimiter, form.header), (b';', true));
    /// ```
    #[must_use]
    pub fn sniff(bytes: &[u8], is_whole: bool, given: &CsvGiven<'_>) -> Self {
        let delimiters = match &given.delimiter {
            Some(delimiter) => std::slice::from_ref(delimiter),
            None => &DELIMITERS[..],
        };
        let quotes = match &given.quote {
            Some(quote) => std::slice::from_ref(quote),
            None => &QUOTES[..],
        };
        let candidate = |delimiter: u8, quote: u8| {
            let dialect = Dialect { delimiter, quote };
            Candidate::of(bytes, is_whole, dialect, given.columns)
        };
        let mut best = candidate(delimiters[0], quotes[0]);
        // Nothing is better than a table with all columns.
        let is_table = best.width > 1 && best.is_even() && best.found == given.columns.len();
        let others = if is_table { &[] } else { &delimiters[1..] };
        for delimiter in others {
            let other = candidate(*delimiter, quotes[0]);
            if other.is_rather_than(&best) {
                best = other;
            }
        }
        for quote in &quotes[1..] {
            // What quotes hide shows with the quotes that it stands in.
            for delimiter in delimiters {
                let other = candidate(*delimiter, *quote);
                if other.is_quoted_rather_than(&best) {
                    best = other;
                }
            }
        }
        Self {
            dialect: best.dialect,
            header: given.header.unwrap_or(!best.begins_with_row),
        }
    }
}

/// What a text is with one delimiter and one quote.
#[derive(Debug)]
struct Candidate {
    dialect: Dialect,
    /// Values of the first record.
    width: usize,
    /// Records, and those as long as the first one.
    records: usize,
    even: usize,
    /// Columns that the text must have, and does.
    found: usize,
    /// Whether the first record is a row: all its values are numbers or dates, or the columns that the text must have are
    /// called by numbers; and it names none of those.
    begins_with_row: bool,
    /// Whether the quote stands around all names, or around all values of a column in several rows.
    has_quoted_column: bool,
}

impl Candidate {
    fn of(bytes: &[u8], is_whole: bool, dialect: Dialect, columns: &[String]) -> Self {
        let mut candidate = Self {
            dialect,
            width: 0,
            records: 0,
            even: 0,
            found: 0,
            begins_with_row: false,
            has_quoted_column: false,
        };
        let mut records = Records::new(bytes, 1, dialect);
        let mut record = Record::default();
        // The values of each column that are quoted, and those that are something else than nothing.
        let mut quoted: Vec<(usize, usize)> = Vec::new();
        while candidate.records < MOST_RECORDS && records.read(&mut record) {
            let is_cut = !is_whole && records.position().0 == bytes.len();
            if is_cut && candidate.records > 0 {
                break;
            }
            let values = || (0..record.len()).map(|place| record.value(bytes, place));
            if candidate.records == 0 {
                candidate.width = record.len();
                quoted = vec![(0, 0); record.len()];
                let names: HashSet<&[u8]> = values().map(|(name, _)| name.trim_ascii()).collect();
                let found = columns
                    .iter()
                    .filter(|name| names.contains(name.as_bytes()));
                candidate.found = found.count();
                candidate.begins_with_row = candidate.found == 0
                    && (are_numbered(columns, record.len())
                        || values().all(|(value, is_quoted)| !is_quoted && is_of_row(value)));
                candidate.has_quoted_column = values().all(|(_, is_quoted)| is_quoted);
            } else {
                for (place, counts) in quoted.iter_mut().enumerate().take(record.len()) {
                    let raw = record.raw(bytes, place);
                    let is_quoted =
                        raw.len() > 1 && raw[0] == dialect.quote && raw.ends_with(&raw[..1]);
                    counts.0 += usize::from(is_quoted);
                    counts.1 += usize::from(!raw.is_empty());
                }
            }
            candidate.records += 1;
            candidate.even += usize::from(record.len() == candidate.width);
        }
        candidate.has_quoted_column |= quoted
            .iter()
            .any(|(quoted, values)| *quoted > 1 && quoted == values);
        candidate
    }

    fn is_even(&self) -> bool {
        self.even == self.records
    }

    /// Whether this delimiter makes a table of the text, and the other one does not.
    fn is_rather_than(&self, other: &Self) -> bool {
        if self.width < 2 || self.found < other.found {
            return false;
        }
        // Records of a file may be wrong, but not most of them.
        let is_table = 2 * self.even > self.records;
        if self.found > other.found || other.width < 2 {
            let is_better = other.width < 2 || self.even >= other.even;
            return is_table && (is_better || self.is_even());
        }
        if !self.is_even() {
            return false;
        }
        if other.is_even() {
            return other.dialect.delimiter != DELIMITERS[0] && self.width > other.width;
        }
        self.records > 1
    }

    /// Whether this quote is the one of the text, and that of the other is not.
    fn is_quoted_rather_than(&self, other: &Self) -> bool {
        let is_other_quoted = other.has_quoted_column && other.width > 0;
        if is_other_quoted || self.found < other.found || !self.is_even() || self.records == 0 {
            return false;
        }
        let makes_table = self.width >= 2 && self.records > 1 && !other.is_even();
        (self.has_quoted_column || makes_table) && self.width >= other.width
    }
}

/// Whether the columns that a text must have are called as those of a text without a header are.
fn are_numbered(columns: &[String], width: usize) -> bool {
    let is_numbered = |name: &String| {
        let number = name.strip_prefix("column_").map(str::parse);
        matches!(number, Some(Ok(number)) if (1..=width).contains(&number))
    };
    !columns.is_empty() && columns.iter().all(is_numbered)
}

/// Whether a value is one of a row, and no name of a column.
fn is_of_row(value: &[u8]) -> bool {
    let text = value.trim_ascii();
    let is_time = || {
        std::str::from_utf8(text).is_ok_and(|text| {
            text.len() >= 10
                && (value_of(text, &Type::Date).is_some()
                    || value_of(text, &Type::DateTime).is_some())
        })
    };
    (is_number(text) && float_word(text).is_none()) || is_time()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sniffed(text: &str, columns: &[&str]) -> String {
        let columns: Vec<String> = columns.iter().map(ToString::to_string).collect();
        let given = CsvGiven {
            columns: &columns,
            ..CsvGiven::default()
        };
        let CsvForm { dialect, header } = CsvForm::sniff(text.as_bytes(), true, &given);
        let kind = if header { "header" } else { "row" };
        let sign = |byte: u8| char::from(byte).escape_default().to_string();
        let (delimiter, quote) = (sign(dialect.delimiter), char::from(dialect.quote));
        format!("{delimiter} {quote} {kind}")
    }

    #[test]
    fn what_commas_make_a_table_of_is_one() {
        for text in [
            "",
            "id\n",
            "id,name\n",
            "id,name\n1,Ann\n",
            // One column, whose texts hold other signs.
            "text\na;b\nc|d\n",
            "text\n'a';'b'\n",
            "id,note\n1,a;b;c\n2,d;e;f\n",
            "id,note\n1,\"a,b;c\"\n2,'tis\n",
            // Rows that are wrong.
            "id,note\n1,a;b\n2\n3,c;d,e\n",
            "\"a;b\",c\n1,2\n",
            "id,year;month\n1,2024;1\n",
            "id,words\n1,it's\n2,o'clock, now\n",
            "2019,name\n1,x\n",
            "NaN,inf\n1,2\n",
        ] {
            assert_eq!(sniffed(text, &[]), ", \" header", "{text}");
        }
    }

    #[test]
    fn other_forms_are_told() {
        for (text, columns, expected) in [
            ("id;name\n1;Ann\n", &[][..], "; \" header"),
            ("id;price\n1;2,5\n2;3,5\n", &[], "; \" header"),
            ("id;price\n1;2,5\n2\n3;1\n", &[], "; \" header"),
            ("id\tname\n1\ta,b\n", &[], "\\t \" header"),
            ("id|name;first\n1|a;b\n", &[], "; \" header"),
            ("id|name|n\n1|a;b|2\n", &[], "| \" header"),
            ("id;\"a;b\"\n1;\"x\ny\"\n", &[], "; \" header"),
            ("id;name, first;n\n1;a, b;c\n", &["id"], "; \" header"),
            ("id;name, first;n\n1;a;c\n", &[], "; \" header"),
            ("id,name\n1,'Ann, B.'\n2,'Bob'\n", &[], ", ' header"),
            ("id;name\n1;'Ann'\n2;'Bob'\n", &[], "; ' header"),
            ("'id','name'\n1,x\n", &[], ", ' header"),
            ("id;name\n1;'a;b'\n2;c\n", &[], "; ' header"),
            ("1,2\n3,4\n", &[], ", \" row"),
            ("1,2\n3,4\n", &["2"], ", \" header"),
            ("a,b\nc,d\n", &["column_2"], ", \" row"),
            ("a,b\nc,d\n", &["column_3"], ", \" header"),
            ("2024-01-02;3\n2024-01-03;4\n", &[], "; \" row"),
        ] {
            assert_eq!(sniffed(text, columns), expected, "{text}");
        }
    }

    #[test]
    fn what_is_given_is_not_told() {
        let given = CsvGiven {
            delimiter: Some(b','),
            header: Some(true),
            ..CsvGiven::default()
        };
        let form = CsvForm::sniff(b"1;2\n3;4\n", true, &given);
        assert_eq!((form.dialect, form.header), (Dialect::default(), true));
        // A record that is cut tells nothing.
        let cut = CsvForm::sniff(b"a;b\n1;2\n3", false, &CsvGiven::default());
        assert_eq!(cut.dialect.delimiter, b';');
    }
}
