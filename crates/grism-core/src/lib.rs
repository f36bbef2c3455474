//! The words every Grism crate shares: ids, values and types, the graph schema, the storage contract, the error.

mod adjacency;
mod cancellation;
mod changes;
mod error;
mod hash;
mod id;
mod index;
mod key_map;
mod load_state;
mod log_variables;
mod maintenance;
mod memory;
mod meter;
mod predicate;
mod row_buffer;
mod row_origin;
mod schema;
mod search;
mod secret;
mod stack;
mod statistics;
mod storage;
mod suggest;
pub mod temporal;
mod types;
mod value;
mod write_counts;
mod write_target;

pub use adjacency::{
    IdList, Incidence, IncidenceSegment, IncidenceSegmentBuilder, ListDirectory, SegmentKey,
    SortedColumns, SortedIncidences,
};
pub use cancellation::{CancelOnDrop, CancellationHandle};
pub use changes::{
    AppendedRows, ChangeSet, CommitSummary, OffsetSet, RowChanges, RowSource, Turn, batches_of,
};
pub use error::{Error, ErrorKind, FailedOperator, ForeignCause, GrismError, Location, Result};
pub use hash::{
    FastMap, FastSet, NumberHasher, NumberMap, NumberSpread, WideHasher, stable_digest,
    stable_hash, stable_number,
};
pub use id::{DEFAULT_SEGMENT_SHIFT, EntityId, MAX_OFFSET, SnapshotId, SnapshotSelector, TableId};
pub use index::{IndexDefinition, IndexKind, VectorMetric};
pub use key_map::KeyMap;
pub use load_state::{LoadState, LoadedFile};
pub use log_variables::{LOG_VARIABLES, log_variable};
pub use maintenance::{
    CheckReport, Maintenance, OptimizeReport, TimeTravel, VacuumOptions, VacuumReport,
};
pub use memory::{
    MemoryBudget, MemoryManager, MemoryReservation, PoolMemoryManager, Reclaim, batch_bytes,
    compact_slices, release_freed, slice_bytes, system_memory,
};
pub use meter::{ActiveMeter, CacheAnswer, FunctionMetrics, Meter, Usage};
pub use predicate::{Comparison, ComparisonOperator, ScanPredicate};
pub use row_buffer::RowBuffer;
pub use row_origin::{CsvFile, FileOption, RowFile, RowOrigin};
pub use schema::{
    Alteration, Cardinality, Constraint, ConstraintRule, EntityKind, GraphSchema, HyperedgeType,
    LABELS_COLUMN, Property, Role, SOURCE_ROLE, SchemaChange, SchemaOwner, TARGET_ROLE, Table,
    TableKind, Unneeded,
};
pub use search::{IndexSearch, SearchHit, SearchTarget};
pub use secret::{is_secret_name, without_secrets};
pub use stack::{on_stack, with_stack};
pub use statistics::{
    DegreeCounter, DegreeDistribution, DistinctSketch, GraphStatistics, PropertyStatistics,
    RoleStatistics, TableStatistics, share_of_all,
};
pub use storage::{
    BatchStream, ID_COLUMN, ScanPiece, ScanRange, ScanRequest, Snapshot, SnapshotInfo, Storage,
    StorageDescriptor,
};
pub use suggest::nearest;
pub use types::{Tables, Type};
pub use value::{
    HyperedgeContents, HyperedgeValue, IncidenceValue, NodeContents, NodeValue, PathValue, Value,
    cast_column, compare_integer_float, decode_any, encode_any, equal_values, key_column, key_of,
    key_of_any, order_values, total_order, widen_column,
};
pub use write_counts::WriteCounts;
pub use write_target::WriteTarget;
