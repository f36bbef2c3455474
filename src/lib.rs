//! Grism: a hypergraph query runtime. Nodes and n-ary hyperedges with named roles, openCypher, Arrow and Lance, on one
//! machine or, unchanged, in stages on Ray.
//!
//! [`Graph`] is the way in: open one, run statements, load tables, build [`Frame`]s. Who wants the parts finds them
//! under the names of the crates they come from.

mod alter;
mod connected;
mod copy;
mod copy_to;
mod declare;
mod engine;
mod entity_columns;
mod explain;
mod export;
mod frames;
mod graph;
mod image;
mod load_all;
mod loads;
mod local_operators;
mod logging;
mod maintain;
mod manifest;
mod plan;
mod plan_cache;
mod query;
mod registered;
mod show;
mod show_constraints;
mod show_functions;
mod show_statistics;
mod stages;
mod statement;
mod tables;
mod transaction;
mod views;
mod write;

pub use engine::{Engine, RayConnection};
pub use entity_columns::ENTITY_METADATA;
pub use explain::FinishedRun;
pub use export::{PlainForm, is_dynamic, plain, plain_batches, plain_stream, plain_values};
pub use graph::Graph;
pub use image::{ImageSource, MAX_IMAGE_BYTES};
pub use load_all::hyperedge_type;
pub use logging::{Logging, log_to_standard_error};
pub use manifest::{Manifest, read_manifest};
pub use query::{Prepared, QueryOptions, QueryResult};
#[cfg(feature = "ray")]
pub use stages::PlannedQuery;
pub use stages::StageSetting;
pub use tables::{RowTable, Tables};
pub use transaction::GraphTransaction;

pub use grism_core::{
    Alteration, Cardinality, ChangeSet, CheckReport, Constraint, ConstraintRule, EntityKind, Error,
    ErrorKind, FailedOperator, ForeignCause, GraphSchema, GrismError, HyperedgeContents,
    HyperedgeType, HyperedgeValue, IncidenceValue, IndexDefinition, IndexKind, IndexSearch,
    LOG_VARIABLES, LoadState, LoadedFile, Location, Maintenance, NodeContents, NodeValue,
    OptimizeReport, PathValue, Result, Role, RowChanges, SchemaChange, SchemaOwner, SearchHit,
    SearchTarget, Snapshot, SnapshotId, SnapshotInfo, SnapshotSelector, Storage, StorageDescriptor,
    Table, TableKind, TimeTravel, Type, Unneeded, VacuumOptions, VacuumReport, Value, VectorMetric,
    WriteCounts, WriteTarget, nearest, temporal, without_secrets,
};
pub use grism_cypher::{
    ExplainFormat, ExplainOptions, Parameters, Procedure, Statement, StatementKind, Warning,
    parse_statements,
};
pub use grism_engine as physical;
pub use grism_engine::{
    AcceptedPhase, CancellationHandle, Distribution, Emission, Exchange, ExchangeMode,
    ExecutionContextTrait, ExecutionMode, ExecutionResult, Executor, ExprEvaluator, ExtensionNode,
    InputRequirement, MemoryBudget, MemoryManager, MemoryReservation, MetricsSink, OperatorCaps,
    PartitioningSpec, Phases, PhysicalOperator, PhysicalPlan, PhysicalPlanner, PhysicalSchema,
    PlanProperties, PlannerConfig, PoolMemoryManager, Progress, ReadOrder, RecordBatchStream,
    RequiredDistribution, Resources, RunHandle, RuntimeConfig, TaskMetrics, extension_over,
};
pub use grism_functions::{
    Budget, Collected, Functions, Nulls, Presence, Stability, TableBatches, TableFunction,
    TableSignature, UserAccumulator, UserAggregate, UserDefined, UserFunction, UserParameter,
    UserSignature, fitting,
};
pub use grism_local::{LocalExecutionContext, LocalExecutor, LocalPhysicalPlanner};
pub use grism_logical::optimizer::Rewrites;
pub use grism_logical::{
    AggregateCall, AggregateFunction, AggregateRef, Column, Frame, FunctionRef, LogicalExpr,
    LogicalPlan, NamedAggregate, NamedExpr, PlanSchema, SharedPlan, SortKey, column, literal,
};
#[cfg(feature = "ray")]
pub use grism_ray as distributed;
#[cfg(feature = "ray")]
pub use grism_ray::{
    DistributedPlan, DistributedPlanner, DistributedPlannerConfig, ExchangeExec, ExecutionStage,
    PhysicalSubPlan, RayExecutor, RayExecutorConfig, StageExecutor, StagedExecutor,
};
pub use grism_storage::{
    BadRow, Catalog, ColumnType, Compression, Encoding, ExportOptions, FileExport, FileFormat,
    GraphOptions, ImportOptions, ImportSource, InMemoryStorage, Incremental, IncrementalLoad,
    LanceStorage, LoadJob, LoadOptions, LoadPreview, LoadProgress, LoadReport, LoadTarget,
    ManyLoads, ManyReport, MissingMember, OnConflict, PackedFile, RoleSource, SnapshotDiff,
    TableDiff, TableStream, TimeFormat, TimeFormats, Transaction, load, load_into, load_many_into,
    one_byte, preview_many,
};
