//! The operators in families, one file each, and in `write` the writer of queries, which runs the plans that each clause reads.

pub(crate) mod aggregate;
pub(crate) mod call;
pub(crate) mod expand;
pub(crate) mod join;
pub(crate) mod names;
pub(crate) mod order;
pub(crate) mod row;
pub(crate) mod scan;
pub mod write;

pub use aggregate::{AggregateColumn, AggregatePhase, GroupKey, HashAggregateExec};
pub use call::TableCallExec;
pub use expand::{
    AdjacencyExpandExec, ComponentsExec, CountExpandExec, CountIntersectExec, PathExpandExec,
    RepeatExec, RoleExpandExec, WeightedCountExec,
};
pub use join::{ApplyExec, CrossJoinExec, HashJoinExec};
pub use order::{ParallelExec, SortExec};
pub(crate) use row::reads_one_shared;
pub use row::{
    FetchExec, FilterExec, FlattenExec, HydrateExec, LimitExec, ProjectExec, ShareExec, UnionExec,
    UnwindExec, hydrate,
};
pub use scan::{
    ArgumentExec, EmptyExec, HyperedgeScanExec, IndexLookupExec, LoadRowsExec, NodeScanExec,
    RowsExec, StageInputExec, UnitExec,
};
