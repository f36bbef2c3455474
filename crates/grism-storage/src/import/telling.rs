//! How the types of a text file's columns are told: from its first rows, and from all of them where a later one contradicts.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use grism_text::Corrections;

use super::options::{BadRow, LoadOptions, LoadTarget};
use super::text::NotUtf8;

/// From which rows types are told, and whether they turned out to be wrong.
#[derive(Debug)]
pub(super) struct Telling {
    rows: ToldFrom,
    bad_rows: BadRow,
    /// Columns of keys: where integers stand beside texts, all are texts.
    keys: HashSet<String>,
    /// Columns of texts that are split into keys.
    lists: HashSet<String>,
    not_utf8: NotUtf8,
    /// The first value that is not of the type that was told, with its place.
    contradiction: Mutex<Option<String>>,
}

/// The rows that tell types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ToldFrom {
    FirstRows,
    AllRows,
}

impl Telling {
    /// Types of a load's columns are told from the first rows.
    pub(super) fn from_first_rows(
        target: &LoadTarget,
        lists: HashSet<String>,
        options: &LoadOptions,
    ) -> Self {
        let mut keys = match target {
            LoadTarget::Nodes { key, .. } => HashSet::from([key.clone()]),
            LoadTarget::Hyperedges { roles, .. } => {
                roles.values().map(|role| role.column.clone()).collect()
            }
        };
        keys.extend(options.group_by.clone());
        Self {
            rows: ToldFrom::FirstRows,
            bad_rows: options.bad_rows,
            keys,
            lists,
            not_utf8: match options.bad_rows {
                BadRow::Error => NotUtf8::Guessed,
                BadRow::Reject => NotUtf8::WrongRows,
            },
            contradiction: Mutex::default(),
        }
    }

    /// Types of the columns of a query's rows are told from all of them: it cannot begin again. Nor can it tell of a guess.
    pub(super) fn of_query() -> Self {
        Self {
            rows: ToldFrom::AllRows,
            bad_rows: BadRow::Error,
            keys: HashSet::new(),
            lists: HashSet::new(),
            not_utf8: NotUtf8::Refused,
            contradiction: Mutex::default(),
        }
    }

    /// From all rows, where the first ones told wrong types; `None` where they did not.
    pub(super) fn corrected(&self) -> Option<Self> {
        let contradiction = self.contradiction()?;
        Some(Self {
            rows: ToldFrom::AllRows,
            bad_rows: self.bad_rows,
            keys: self.keys.clone(),
            lists: self.lists.clone(),
            not_utf8: self.not_utf8,
            contradiction: Mutex::new(Some(contradiction)),
        })
    }

    /// Whether all rows tell the types.
    pub(super) fn is_from_all(&self) -> bool {
        self.rows == ToldFrom::AllRows
    }

    /// Whether a row that does not fit a told type is a wrong row, and not the sign of a wrong type.
    pub(super) fn rejects_rows(&self) -> bool {
        self.bad_rows == BadRow::Reject
    }

    /// Which rows show that types were told wrongly.
    pub(super) fn corrections(&self) -> Corrections {
        match (self.rows, self.bad_rows) {
            (ToldFrom::AllRows, _) => Corrections::None,
            (_, BadRow::Reject) => Corrections::Numbers,
            (_, BadRow::Error) => Corrections::All,
        }
    }

    /// What becomes of a text that is no UTF-8.
    pub(super) fn not_utf8(&self) -> NotUtf8 {
        self.not_utf8
    }

    /// The columns that the rows must have.
    pub(super) fn wanted(&self) -> Vec<String> {
        self.keys.iter().cloned().collect()
    }

    /// Whether a column holds keys.
    pub(super) fn is_key(&self, column: &str) -> bool {
        self.keys.contains(column)
    }

    /// Whether a column holds texts that are split into keys.
    pub(super) fn is_list(&self, column: &str) -> bool {
        self.lists.contains(column)
    }

    /// Notes that a value is not of the type that was told.
    pub(super) fn contradict(&self, problem: &str) {
        let lock = self.contradiction.lock();
        lock.unwrap_or_else(PoisonError::into_inner)
            .get_or_insert_with(|| problem.to_owned());
    }

    /// What was contradicted.
    pub(super) fn contradiction(&self) -> Option<String> {
        let lock = self.contradiction.lock();
        lock.unwrap_or_else(PoisonError::into_inner).clone()
    }
}
