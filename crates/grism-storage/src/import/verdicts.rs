//! What becomes of each row of a batch: it is loaded unless something is said of it.

use std::collections::BTreeMap;

/// Why a row is not loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is wrong in itself.
    Wrong { column: String, reason: String },
    /// It binds what does not exist.
    Missing { column: String, reason: String },
    /// It was taken before, or an entity has its key.
    Known,
}

/// The rows of a batch that are not loaded, by their places.
#[derive(Debug, Default)]
pub(super) struct Verdicts(BTreeMap<usize, Verdict>);

impl Verdicts {
    /// Says that a row is wrong, unless that was said before.
    pub(super) fn wrong(&mut self, row: usize, column: &str, reason: String) {
        if !self.is_wrong(row) {
            let column = column.to_owned();
            self.0.insert(row, Verdict::Wrong { column, reason });
        }
    }

    /// Says that a row binds what does not exist, unless something was said of it before.
    pub(super) fn missing(&mut self, row: usize, column: &str, reason: String) {
        let column = column.to_owned();
        let missing = Verdict::Missing { column, reason };
        self.0.entry(row).or_insert(missing);
    }

    /// Says that a row was taken before, whatever else was said of it.
    pub(super) fn known(&mut self, row: usize) {
        self.0.insert(row, Verdict::Known);
    }

    pub(super) fn is_wrong(&self, row: usize) -> bool {
        matches!(self.0.get(&row), Some(Verdict::Wrong { .. }))
    }

    pub(super) fn is_known(&self, row: usize) -> bool {
        self.0.get(&row) == Some(&Verdict::Known)
    }

    /// Whether the row is loaded.
    pub(super) fn is_kept(&self, row: usize) -> bool {
        !self.0.contains_key(&row)
    }

    /// Which of so many rows are loaded; `None` where all are.
    pub(super) fn kept(&self, rows: usize) -> Option<Vec<bool>> {
        let kept = || (0..rows).map(|row| self.is_kept(row)).collect();
        (!self.0.is_empty()).then(kept)
    }

    /// The rows that are not loaded, in order.
    pub(super) fn into_rows(self) -> impl Iterator<Item = (usize, Verdict)> {
        self.0.into_iter()
    }
}
