//! The procedures that CALL may name: tables of rows with columns to match and columns to give.

use std::collections::BTreeMap;

use grism_core::{Type, Value};
use grism_logical::LogicalExpr;

use crate::syntax::{Expr, Span};

/// A column of a procedure.
#[derive(Clone, Debug, PartialEq)]
pub struct ProcedureColumn {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: Type,
}

/// A procedure that CALL may name.
#[derive(Clone, Debug, PartialEq)]
pub struct Procedure {
    /// Its name, with dots.
    pub name: String,
    /// What it takes.
    pub arguments: Vec<ProcedureColumn>,
    /// What it gives; none for a procedure that only does something.
    pub columns: Vec<ProcedureColumn>,
    /// Its rows: arguments, then columns. A call gives those whose arguments are the call's.
    pub rows: Vec<Vec<Value>>,
}

/// The procedures that CALL may name, beside those that every graph has.
pub type Procedures = BTreeMap<String, Procedure>;

/// A procedure, and what a call gives to it and takes of it.
pub(super) struct Found<'c> {
    pub(super) procedure: &'c Procedure,
    pub(super) given: Vec<LogicalExpr>,
    /// The columns that go on, and the variables they become.
    pub(super) yields: Vec<(ProcedureColumn, String)>,
    pub(super) predicate: Option<&'c Expr>,
    pub(super) span: Span,
}
