//! What a constraint covers of a snapshot, and how many keys of it memory holds.

use grism_core::{Constraint, Snapshot, Table};

use super::key_table::KEY_BYTES;
use crate::shares::Shares;

/// In how many parts the keys of so many rows are compared, so that those of one fit into `most` bytes.
pub(super) fn parts(rows: u64, most: u64) -> u64 {
    rows.saturating_mul(KEY_BYTES).div_ceil(most).max(1)
}

/// The tables of a snapshot with rows that a constraint is of, or may be.
pub(super) fn covered<'s>(
    snapshot: &'s dyn Snapshot,
    constraint: &'s Constraint,
) -> impl Iterator<Item = &'s Table> {
    let tables = snapshot.schema().tables();
    tables.filter(|table| constraint.covers(table) && snapshot.statistics().rows(table.id) > 0)
}

/// Bytes that the keys of a commit on `snapshot` may take.
pub(super) fn constraint_bytes(snapshot: &dyn Snapshot) -> u64 {
    Shares::of(snapshot.memory().as_ref()).constraint_bytes()
}

pub(super) fn has_rows(snapshot: &dyn Snapshot, constraint: &Constraint) -> bool {
    covered(snapshot, constraint).next().is_some()
}
