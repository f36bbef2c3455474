//! Staging: the datasets of a graph as they are with a set of changes, in versions that no snapshot names yet.
//!
//! ```text
//! commit ─▶ table ─┬─▶ append ─▶ update ─▶ delete ─▶ StagedTable ─┐
//!                  │      each writes rows, counts them (statistics)      ├─▶ synced ─▶ the entry of a snapshot
//!                  └─▶ lists of small roles ─▶ the dataset they share ────┘
//! ```
//!
//! Tables are staged at the same time.

mod append;
mod commit;
mod delete;
mod lists;
mod statistics;
mod stored_columns;
mod table;
mod table_changes;
mod update;

pub(super) use commit::stage;
