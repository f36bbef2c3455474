//! From text to plans: Grism's own statements, and openCypher bound against the schema of a snapshot.

mod aggregates;
mod binder;
mod check;
mod explain_options;
mod nested;
mod parser;
mod projected;
mod query;
mod scopes;
mod source;
mod statement;
mod syntax;
mod warning;

pub use binder::{
    BindContext, BoundQuery, BoundWrite, ParameterTypes, Parameters, Procedure, Scope, Variable,
    procedures,
};
pub use explain_options::{ExplainFormat, ExplainOptions};
pub use nested::NestedQuery;
pub use query::{BindState, BoundRead, Query, QueryPart, bind_results};
pub use statement::{
    CopyFrom, CopyIncremental, CopySource, CopyTo, Exported, MissingMember, OnConflict, RoleColumn,
    ShowKind, Statement, StatementKind, parse_statements,
};
pub use warning::Warning;
