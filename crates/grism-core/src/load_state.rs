//! `LoadState`: what incremental loads have taken into one table, which a snapshot keeps beside the rows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Value;

/// The files, and the values of growing columns, that incremental loads have taken into one table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LoadState {
    /// The files, by their absolute paths or URIs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, LoadedFile>,
    /// The greatest value that was taken, by the source and the name of the growing column; all rows in memory are the
    /// source with the empty name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub marks: BTreeMap<String, BTreeMap<String, Value>>,
}

/// A file as it was when it was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadedFile {
    /// Bytes.
    pub bytes: u64,
    /// What changes whenever the file is written: the time of its modification in nanoseconds since 1970-01-01T00:00Z, or
    /// the ETag of an object.
    pub version: String,
    /// The BLAKE3 hash of its content, in hexadecimal digits.
    pub hash: String,
}

impl LoadState {
    /// How many files and marks there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        let marks = self.marks.values().map(BTreeMap::len).sum::<usize>();
        (self.files.len() + marks) as u64
    }

    /// Whether nothing was taken.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The greatest value of `column` that was taken from `source`.
    #[must_use]
    pub fn mark(&self, source: &str, column: &str) -> Option<&Value> {
        self.marks.get(source)?.get(column)
    }

    /// Adds what was taken later.
    pub fn absorb(&mut self, later: Self) {
        self.files.extend(later.files);
        for (source, marks) in later.marks {
            self.marks.entry(source).or_default().extend(marks);
        }
    }
}
