//! Words that often stand for null, and numbers that stand beside them as texts. A word is null only where a caller says so.

use grism_text::{is_code, is_number};

/// What people and programs write for null.
const WORDS: [&str; 15] = [
    "NA", "N/A", "n/a", "#N/A", "NULL", "null", "Null", "None", "none", "nil", "\\N", "-", "--",
    "?", ".",
];

/// Distinct texts beside numbers that are named.
const NAMED: usize = 4;

/// The first values of a column.
#[derive(Clone, Debug, Default)]
pub(super) struct Mixed {
    values: usize,
    numbers: usize,
    /// The first that is no number, with its line.
    other: Option<(u64, String)>,
    /// The words for null among the others.
    words: Vec<&'static str>,
    /// Whether there are others beside those words.
    has_more: bool,
}

impl Mixed {
    /// Takes note of a value that is not null.
    pub(super) fn add(&mut self, value: &[u8], line: u64) {
        self.values += 1;
        if is_number(value) {
            self.numbers += 1;
            return;
        }
        let text = || String::from_utf8_lossy(value).into_owned();
        self.other.get_or_insert_with(|| (line, text()));
        let word = WORDS
            .iter()
            .find(|word| word.as_bytes() == value.trim_ascii());
        match word {
            Some(word) if self.words.contains(word) => {}
            Some(word) if self.words.len() < NAMED => self.words.push(word),
            _ => self.has_more = true,
        }
    }

    /// The warning for a column that is read as text because of a few of its values.
    pub(super) fn warning(&self, column: &str, file: &str) -> Option<String> {
        let (line, text) = self.other.as_ref()?;
        let Self {
            values, numbers, ..
        } = self;
        let (are_words, is_word) = (!self.has_more, !self.words.is_empty());
        if is_code(text.as_bytes()) || *numbers == 0 {
            return None;
        }
        let what = match (are_words, is_word) {
            (true, true) => {
                let words: Vec<String> =
                    self.words.iter().map(|word| format!("'{word}'")).collect();
                format!("name {} as null", words.join(", "))
            }
            _ if 2 * numbers > *values => {
                "name that text as null, or a type for the column".to_owned()
            }
            _ => return None,
        };
        Some(format!(
            "column `{column}` is read as text: line {line} of {file} holds '{text}', and {numbers} of the first {values} values are \
             numbers; {what}"
        ))
    }
}
