//! The procedures that CALL may name: those that every graph has, and functions of rows that the user registered.

use std::sync::Arc;

use grism_functions::{TableFunction, UserParameter};
use grism_logical::LogicalExpr;

use crate::syntax::Span;

/// A procedure that CALL may name.
#[derive(Clone, Debug)]
pub struct Procedure {
    /// Its name, with dots.
    pub name: String,
    /// What it takes.
    pub arguments: Vec<UserParameter>,
    /// What it gives; none for a procedure that only does something.
    pub columns: Vec<UserParameter>,
    /// What it gives, in a sentence or two.
    pub description: String,
    /// Where its rows come from.
    pub(super) source: Source,
}

/// Where the rows of a procedure come from.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// They are known: the values of the only column.
    Listed(Vec<String>),
    /// An index.
    Index,
    /// A function of the user's.
    Function(Arc<dyn TableFunction>),
}

impl Procedure {
    /// The smallest and the largest number of arguments.
    pub(super) fn arity(&self) -> (usize, usize) {
        match &self.source {
            Source::Function(function) => function.signature().arity(),
            Source::Listed(_) | Source::Index => (self.arguments.len(), self.arguments.len()),
        }
    }

    pub(super) fn of_function(function: &Arc<dyn TableFunction>) -> Self {
        let signature = function.signature();
        Self {
            name: signature.name.clone(),
            arguments: signature.parameters.clone(),
            columns: signature.columns.clone(),
            description: signature.description.clone(),
            source: Source::Function(Arc::clone(function)),
        }
    }
}

/// A procedure, and what a call gives to it and takes of it.
pub(super) struct Found<'c> {
    pub(super) procedure: &'c Procedure,
    pub(super) given: Vec<LogicalExpr>,
    /// The columns that go on, and the variables they become.
    pub(super) yields: Vec<(UserParameter, String)>,
    pub(super) span: Span,
}
