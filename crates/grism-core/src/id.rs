//! Ids of tables, entities and snapshots.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Segments hold `2^DEFAULT_SEGMENT_SHIFT` offsets unless a graph was created otherwise.
pub const DEFAULT_SEGMENT_SHIFT: u8 = 17;

/// The largest offset an [`EntityId`] can hold.
pub const MAX_OFFSET: u64 = (1 << OFFSET_BITS) - 1;

const OFFSET_BITS: u32 = 48;
const MAX_TABLE: u16 = (1 << 15) - 1;

/// The number of a table of nodes or hyperedges within one graph; at most 15 bits, never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TableId(u16);

impl TableId {
    /// Makes a table id.
    ///
    /// # Errors
    /// `ResourceExhausted` past the 32,768 tables a graph can hold.
    pub fn try_new(number: u16) -> Result<Self> {
        if number > MAX_TABLE {
            return Err(Error::new(
                crate::ErrorKind::ResourceExhausted,
                format!(
                    "a graph holds at most {} label sets and hyperedge types",
                    u32::from(MAX_TABLE) + 1
                ),
            ));
        }
        Ok(Self(number))
    }

    /// The number itself.
    #[must_use]
    #[inline]
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl fmt::Display for TableId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The id of a node or hyperedge: 15 bits of table, 48 bits of offset. Never negative as an `i64`, never reused.
///
/// ```
/// use grism_core::{EntityId, TableId};
///
/// let id = EntityId::new(TableId::try_new(3)?, 70);
/// assert_eq!((id.table().get(), id.offset()), (3, 70));
/// assert_eq!(EntityId::from_raw(id.raw()), id);
/// # Ok::<(), grism_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EntityId(u64);

impl EntityId {
    /// The id of the entity at `offset` of `table`; `offset` is at most [`MAX_OFFSET`].
    #[must_use]
    #[inline]
    pub const fn new(table: TableId, offset: u64) -> Self {
        Self(((table.0 as u64) << OFFSET_BITS) | (offset & MAX_OFFSET))
    }

    /// Reads an id from a column of ids.
    #[must_use]
    #[inline]
    pub const fn from_raw(raw: u64) -> Self {
        Self(raw)
    }

    /// The id as it stands in columns.
    #[must_use]
    #[inline]
    pub const fn raw(self) -> u64 {
        self.0
    }

    /// The table of the entity.
    #[must_use]
    #[inline]
    pub const fn table(self) -> TableId {
        TableId((self.0 >> OFFSET_BITS) as u16)
    }

    /// The offset within the table: Lance's stable row id.
    #[must_use]
    #[inline]
    pub const fn offset(self) -> u64 {
        self.0 & MAX_OFFSET
    }
}

/// The number of a committed snapshot; they count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SnapshotId(pub u64);

impl fmt::Display for SnapshotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Which snapshot of a graph is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SnapshotSelector {
    /// The newest one when it is asked for.
    #[default]
    Newest,
    /// The one of this number.
    At(SnapshotId),
}

impl SnapshotSelector {
    /// The snapshot `number`; the newest for 0, which is no snapshot's number.
    #[must_use]
    pub const fn numbered(number: u64) -> Self {
        match number {
            0 => Self::Newest,
            number => Self::At(SnapshotId(number)),
        }
    }

    /// Whether this is the newest snapshot, whatever its number.
    #[must_use]
    pub const fn is_latest(self) -> bool {
        matches!(self, Self::Newest)
    }
}

impl fmt::Display for SnapshotSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Newest => f.write_str("newest snapshot"),
            Self::At(id) => write!(f, "snapshot {id}"),
        }
    }
}

impl From<SnapshotId> for SnapshotSelector {
    fn from(id: SnapshotId) -> Self {
        Self::At(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_keeps_table_and_offset_and_is_never_negative() {
        for (table, offset) in [(0, 0), (MAX_TABLE, MAX_OFFSET), (7, 123_456_789)] {
            let id = EntityId::new(TableId::try_new(table).unwrap(), offset);
            assert_eq!((id.table().get(), id.offset()), (table, offset));
            assert!(id.raw() as i64 >= 0);
        }
        assert!(TableId::try_new(MAX_TABLE + 1).is_err());
    }
}
