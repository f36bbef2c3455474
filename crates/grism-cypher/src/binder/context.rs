//! What a query is bound against, and what binding it gives.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use grism_core::{Error, ErrorKind, GraphSchema, GraphStatistics, Result, Type, Value};
use grism_functions::Functions;
use grism_logical::pattern::PatternOrder;
use grism_logical::{LogicalExpr, LogicalPlan};

use super::names::NamedLabels;
use crate::source::Source;
use crate::warning::Warning;

/// The values of a query's parameters, by name without `$`.
pub type Parameters = BTreeMap<String, Value>;

/// What the binder may know of a parameter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ParameterTypes {
    /// The type of its value, so that plans are typed.
    #[default]
    Known,
    /// Nothing: whether its value fits shows itself when the query runs.
    AtRunTime,
}

impl ParameterTypes {
    /// Binds with the types of `parameters`. Where a type does not fit, binds again without them: what is wrong as the query
    /// is written is wrong then too, and the rest is for the run to tell, where a row reaches it.
    pub(crate) fn settle<T>(
        context: BindContext<'_>,
        bind: impl Fn(BindContext<'_>) -> Result<T>,
    ) -> Result<T> {
        let error = match bind(context) {
            Err(error) if context.may_fit_at_run_time(&error) => error,
            bound => return bound,
        };
        let untyped = BindContext {
            parameter_types: Self::AtRunTime,
            ..context
        };
        match bind(untyped) {
            Err(other) if other.kind() == ErrorKind::Unsupported => Err(error),
            bound => bound,
        }
    }
}

/// What a query is bound against.
#[derive(Clone, Copy)]
pub struct BindContext<'a> {
    /// The snapshot's schema.
    pub schema: &'a Arc<GraphSchema>,
    /// The snapshot's counts.
    pub statistics: &'a Arc<GraphStatistics>,
    /// The query's parameters.
    pub parameters: &'a Parameters,
    /// The parameters that are tables, which only LOAD FROM reads.
    pub tables: &'a BTreeSet<String>,
    /// What may be known of parameters.
    pub parameter_types: ParameterTypes,
    /// The functions that expressions and CALL may name.
    pub functions: &'a Functions,
    /// Whether the rows may hold entities that the query has deleted.
    pub may_hold_deleted: bool,
    /// The instant that the statement's clocks show.
    pub now: &'a Value,
    /// Computes an expression that reads no columns.
    pub constant: &'a dyn Fn(&LogicalExpr) -> Result<Value>,
    /// How the order of a pattern's steps is found.
    pub order: PatternOrder<'a>,
}

impl std::fmt::Debug for BindContext<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BindContext").finish_non_exhaustive()
    }
}

impl BindContext<'_> {
    /// Whether an error of binding may be owed to the types of parameters alone.
    #[must_use]
    pub fn may_fit_at_run_time(&self, error: &Error) -> bool {
        self.parameter_types == ParameterTypes::Known
            && !self.parameters.is_empty()
            && error.location().is_some()
            && error.is_of_types()
    }

    /// The value of a parameter as an expression; `None` where it has none.
    pub(crate) fn parameter(&self, name: &str) -> Option<LogicalExpr> {
        let value = self.parameters.get(name)?.clone();
        let ty = value.type_of();
        let value = LogicalExpr::Literal(value);
        Some(match (self.parameter_types, &ty) {
            (ParameterTypes::Known, _) | (_, Type::Null) => value,
            (ParameterTypes::AtRunTime, ty) => value.convert(ty, &Type::Any),
        })
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
    /// Whether a pattern is bound once for each kind of relationship that its steps may be: what one of these kinds has
    /// not is null there, and no mistake.
    pub(crate) by_kind: bool,
}

impl<'a> QueryContext<'a> {
    /// The context of a pattern that is bound once for each kind of relationship.
    pub(crate) fn by_kind(self) -> Self {
        Self {
            by_kind: true,
            ..self
        }
    }

    /// The snapshot's schema.
    pub(crate) fn schema(self) -> &'a GraphSchema {
        self.bind.schema
    }
}
