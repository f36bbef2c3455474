//! Binds a parsed query against the schema of a snapshot, in phases: each is a function from stated inputs to its outputs.
//!
//! 1. [`names`]: what a variable and a label expression mean. A [`Scope`] is plain data.
//! 2. [`expression`]: a syntax tree over a scope and the columns of the rows becomes a `LogicalExpr`, and the columns that
//!    have to be made below it (`Needs`). It holds no plan.
//! 3. [`pattern`]: a MATCH pattern becomes a `PatternGraph` with its conditions, the variables it binds and the columns it
//!    needs. It holds no plan.
//! 4. [`clause`]: `Rows`, a plan with its scope, go into a clause and come out of it. Plan nodes are made here only.
//! 5. [`write`]: what CREATE, MERGE, SET and DELETE change, on top of a plan that makes the columns they read.
//!
//! A subquery of an expression, and one repetition of a path, are plans: phases 2 and 3 get them from functions of phase 4,
//! which take a scope and columns. What every phase may read is the [`QueryContext`]; what binding gives beside a value,
//! warnings and fresh names, is in [`Notes`].

mod clause;
mod context;
mod expression;
mod names;
mod notes;
mod pattern;
#[cfg(test)]
mod speed;
#[cfg(test)]
pub(crate) mod testing;
mod write;

pub(crate) use clause::{
    ProjectionKind, Rows, bind_clause, bind_query, imported_names, imported_scope,
    materialize_results, project, row_count,
};
pub(crate) use context::QueryContext;
pub(crate) use names::{NamedLabels, column_for, hint, type_names, unknown_variable};
pub(crate) use notes::Notes;
pub(crate) use write::bind_write;

pub use clause::{Procedure, procedures};
pub use context::{BindContext, BoundQuery, ParameterTypes, Parameters};
pub use names::{Scope, Variable};
pub use write::BoundWrite;
