//! From text to plans: Grism's own statements, and openCypher bound against the schema of a snapshot.

mod binder;
mod parse;
mod source;
mod statement;
mod warning;

pub use binder::{BoundQuery, Parameters, bind_query};
pub use statement::{
    CopyFrom, CopySource, ExplainFormat, ExplainOptions, MissingMember, RoleColumn, ShowKind,
    Statement, StatementKind, parse_statements,
};
pub use warning::Warning;
