//! What a query is bound against, and what binding it gives.

use std::collections::BTreeMap;
use std::sync::Arc;

use grism_core::{GraphSchema, GraphStatistics, Result, Value};
use grism_logical::{LogicalExpr, LogicalPlan};

use super::clause::Procedures;
use super::names::NamedLabels;
use crate::source::Source;
use crate::warning::Warning;

/// The values of a query's parameters, by name without `$`.
pub type Parameters = BTreeMap<String, Value>;

/// What a query is bound against.
#[derive(Clone, Copy)]
pub struct BindContext<'a> {
    /// The snapshot's schema.
    pub schema: &'a Arc<GraphSchema>,
    /// The snapshot's counts.
    pub statistics: &'a Arc<GraphStatistics>,
    /// The query's parameters.
    pub parameters: &'a Parameters,
    /// The procedures that CALL may name.
    pub procedures: &'a Procedures,
    /// The instant that the statement's clocks show.
    pub now: &'a Value,
    /// Computes an expression that reads no columns.
    pub constant: &'a dyn Fn(&LogicalExpr) -> Result<Value>,
}

impl std::fmt::Debug for BindContext<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BindContext").finish_non_exhaustive()
    }
}

/// A query bound to a snapshot.
#[derive(Clone, Debug)]
pub struct BoundQuery {
    /// What to compute; its columns are the query's result columns.
    pub plan: LogicalPlan,
    /// What is odd about the query.
    pub warnings: Vec<Warning>,
    /// Whether the plan holds the instant it was made, or a random choice, so that it serves one run only.
    pub volatile: bool,
}

/// What every phase may read of a query: its text, the labels it gives to its variables, and the snapshot.
#[derive(Clone, Copy)]
pub(crate) struct QueryContext<'a> {
    pub(crate) source: Source<'a>,
    pub(crate) labels: &'a NamedLabels,
    pub(crate) bind: BindContext<'a>,
}

impl<'a> QueryContext<'a> {
    /// The snapshot's schema.
    pub(crate) fn schema(self) -> &'a GraphSchema {
        self.bind.schema
    }
}
