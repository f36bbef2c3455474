//! What to compute: logical plans and expressions, their types, the optimizer, and the builder that makes plans without text.

mod aggregate;
mod column;
mod display;
mod expr;
mod frame;
mod infer;
mod internal;
mod named;
pub mod optimizer;
pub mod pattern;
mod plan;
mod rows;

pub use aggregate::AggregateCall;
pub use column::{
    Column, LABELS_KEY, PlanSchema, ROLE_PREFIX, property_column, property_key, property_of_key,
    role_key,
};
pub use expr::{
    ArithmeticOperator, BinaryOperator, InfixOperator, LogicOperator, LogicalExpr, Quantifier,
    SharedExpr, UnaryOperator,
};
pub use frame::{Frame, column, literal};
pub use grism_functions::{AggregateFunction, AggregateRef, FunctionRef};
pub use infer::{arithmetic_type, comparison_type, infer_type};
pub use internal::{Internal, is_internal, plain_column, shown_column};
pub use named::{NamedAggregate, NamedExpr};
pub use plan::{
    Aggregate, Apply, ApplyKind, Collected, Components, CountExpand, CountIntersect, CountedHop,
    CountedStep, Created, CreatedEdge, CreatedEntity, CreatedIncidence, CsvRecord, DeleteMode,
    Direction, EdgeExpand, Extension, Fetch, HyperedgeScan, IndexLookup, Join, JoinKind,
    LabelChange, ListHop, ListStep, LoadRows, LogicalExtension, LogicalPlan, MergeWrite, NodeScan,
    PathExpand, PathMode, PathSearch, PinnedArrival, PinnedPattern, PinnedPlace, PropertiesMode,
    PropertyRef, Repeat, RepeatLength, RoleBinding, RoleExpand, RoleSource, RowForm, SelfLoops,
    SetItem, SharedPlan, SortKey, TableCall, WeightedBranch, WeightedCount, WeightedHop,
    WeightedPlace, WeightedRoot, WeightedShape, WeightedStep, WeightedTerm, Write, WriteKind,
};
pub use rows::Rows;
