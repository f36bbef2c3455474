//! `Shares`: how much of a memory limit each part of the work in storage may hold.

use grism_core::MemoryManager;

/// More than this storage does not use, however much there is.
const MOST: u64 = 4 << 30;
/// The least that anything works with.
const LEAST: u64 = 32 << 20;

/// The shares of one limit: what is read, sorted, written and kept at a time within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shares(u64);

impl Shares {
    /// The shares of what `memory` allows in all.
    pub(crate) fn of(memory: &dyn MemoryManager) -> Self {
        Self((memory.limit() as u64).clamp(LEAST, MOST))
    }

    /// Bytes of a text file that are parsed at a time; each parser holds a few such pieces in several forms.
    pub(crate) fn piece_bytes(self) -> usize {
        (self.0 / 256).clamp(256 << 10, 4 << 20) as usize
    }

    /// Whether memory is so scarce that things are done one after the other instead of at the same time.
    pub(crate) fn is_scarce(self) -> bool {
        self.0 < 1 << 30
    }

    /// How many parts of a table are written at the same time.
    pub(crate) fn write_parts(self) -> u64 {
        if self.is_scarce() {
            return 1;
        }
        std::thread::available_parallelism().map_or(1, std::num::NonZero::get) as u64
    }

    /// Bytes of a column that are gathered before they are written as a page; encoding takes twice as many more.
    pub(crate) fn page_bytes(self) -> u64 {
        (self.0 / 256).clamp(256 << 10, 8 << 20)
    }

    /// Bytes that a reader of rows in order may be ahead.
    pub(crate) fn read_ahead(self) -> u64 {
        (self.0 / 32).clamp(4 << 20, 64 << 20)
    }

    /// Bytes of rows that wait for their commit in memory.
    pub(crate) fn waiting_bytes(self) -> usize {
        let share = if self.is_scarce() {
            self.0 / 16
        } else {
            self.0 / 2
        };
        usize::try_from(share).unwrap_or(usize::MAX)
    }

    /// Bytes of cells that a transaction has set in one table and holds as values, and as many again as bytes.
    pub(crate) fn cells_bytes(self) -> usize {
        usize::try_from(self.0 / 32).unwrap_or(usize::MAX)
    }

    /// Rows of a commit that are changed together.
    pub(crate) fn change_rows(self) -> usize {
        if self.is_scarce() { 1 << 15 } else { 1 << 17 }
    }

    /// Incidences that a commit gathers before it writes them, role by role.
    pub(crate) fn change_incidences(self) -> usize {
        if self.is_scarce() { 1 << 18 } else { 1 << 22 }
    }

    /// Bytes, of those that may wait, for nodes that a load creates because it binds them.
    pub(crate) fn created_bytes(self) -> usize {
        self.waiting_bytes() / 4
    }

    /// Bytes, of those that may wait, for rows that are grouped into hyperedges.
    pub(crate) fn grouped_bytes(self) -> usize {
        (self.waiting_bytes() / 2).min(256 << 20)
    }

    /// Bytes that the keys of a load's nodes may take.
    pub(crate) fn key_bytes(self) -> usize {
        usize::try_from(self.0 / 4).unwrap_or(usize::MAX)
    }

    /// Bytes that the keys of a graph's constraints may take between commits, and those of one commit beside them.
    pub(crate) fn constraint_bytes(self) -> u64 {
        self.0 / 8
    }

    /// Bytes that one role's incidences take while they are sorted; two or more roles are sorted at the same time.
    pub(crate) fn sort_bytes(self) -> u64 {
        (self.0 / 16).min(256 << 20)
    }
}

#[cfg(test)]
mod tests {
    use grism_core::PoolMemoryManager;

    use super::*;

    #[test]
    fn shares_follow_the_limit_within_bounds() {
        let shares = |limit: usize| Shares::of(&PoolMemoryManager::new(limit));
        assert_eq!(shares(0), shares(32 << 20));
        assert_eq!(shares(usize::MAX), shares(4 << 30));
        assert!(shares(64 << 20).is_scarce() && !shares(4 << 30).is_scarce());
        assert_eq!(shares(64 << 20).waiting_bytes(), 4 << 20);
        assert_eq!(shares(64 << 20).write_parts(), 1);
    }
}
