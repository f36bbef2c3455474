//! `ClauseBinder`: what a query that writes asks of the language it is written in.

use std::fmt::Debug;
use std::ops::Range;
use std::sync::Arc;

use grism_core::{Error, GraphSchema, GraphStatistics, Result};
use grism_logical::{LogicalPlan, PlanSchema};

/// Binds the clauses of a query one after the other: what one of them writes may create labels, types and properties that the
/// next one names.
///
/// A query has branches, which a UNION joins, and each branch has clauses, by their numbers; clauses that only read and follow each
/// other may be one.
pub trait ClauseBinder: Send + Sync {
    /// A query, or the clauses that another clause runs.
    type Query: Clone + Debug + Send + Sync;

    /// What the clauses so far have bound; the default has bound nothing.
    type Bound: Clone + Debug + Default + Send + Sync;

    /// Called before each attempt at the query: what was collected in the attempt before, such as warnings, is dropped.
    fn restart(&mut self);

    /// Called before each set of changes: those of the whole query, or of a batch that is committed by itself.
    fn begin(&mut self);

    /// Whether the query is worth another attempt after `error`, because its clauses can be bound in another way; from then on they
    /// are.
    fn binds_again(&mut self, error: &Error, graph: &GraphState) -> bool;

    /// Whether there is one way to bind the clauses, so that [`Self::binds_again`] is never true.
    fn is_settled(&self) -> bool;

    /// Checks the whole query, before its first clause is bound.
    ///
    /// # Errors
    /// `InvalidQuery` with the place of what is wrong.
    fn check(&self, query: &Self::Query, graph: &GraphState) -> Result<()>;

    /// How many branches there are, at least one.
    fn branches(&self, query: &Self::Query) -> usize;

    /// Whether equal rows of different branches are one.
    fn is_distinct_union(&self, query: &Self::Query) -> bool;

    /// How many clauses a branch has.
    fn clauses(&self, query: &Self::Query, branch: usize) -> usize;

    /// Whether a branch returns rows.
    fn returns(&self, query: &Self::Query, branch: usize) -> bool;

    /// The clause of the only branch whose changes are committed batch by batch; `None` where the query is one commit.
    ///
    /// # Errors
    /// `InvalidQuery` where the rest of the query does not allow it.
    fn transactions(&self, query: &Self::Query) -> Result<Option<usize>>;

    /// Binds a clause on top of what is bound so far.
    ///
    /// # Errors
    /// `InvalidQuery` with the place of what is wrong; `Unsupported`, by name, for what cannot be done.
    fn bind(
        &mut self,
        place: ClausePlace<'_, Self::Query>,
        bound: &Self::Bound,
        graph: &GraphState,
    ) -> Result<BoundClause<Self::Query, Self::Bound>>;

    /// What is returned of the united rows of all branches.
    ///
    /// # Errors
    /// Those of type inference.
    fn results(&mut self, rows: &LogicalPlan, graph: &GraphState) -> Result<LogicalPlan>;

    /// The columns of the rows so far.
    fn columns<'b>(&self, bound: &'b Self::Bound) -> &'b PlanSchema;

    /// The variables, by name, with the columns that hold them.
    fn variables(&self, bound: &Self::Bound) -> Vec<(String, String)>;

    /// The same variables, with the types of the columns that the rows have now.
    fn with_columns(&self, bound: Self::Bound, columns: &PlanSchema) -> Self::Bound;

    /// Checks that a nested query may bind what it returned, beside what is bound outside of it.
    ///
    /// # Errors
    /// `InvalidQuery` where a variable is bound there already.
    fn check_returned(&self, outer: &Self::Bound, returned: &Self::Bound) -> Result<()>;

    /// The variables outside of a nested query with those that it returned, over rows of these columns.
    fn with_returned(
        &self,
        outer: Self::Bound,
        returned: Self::Bound,
        columns: &PlanSchema,
    ) -> Self::Bound;
}

/// Which clause it is.
#[derive(Debug)]
pub struct ClausePlace<'q, Q> {
    /// The query.
    pub query: &'q Q,
    /// The branch.
    pub branch: usize,
    /// The clause's number in the branch.
    pub clause: usize,
}

/// The graph as it is with the changes so far, for who binds a clause.
#[derive(Clone, Debug)]
pub struct GraphState {
    /// The schema.
    pub schema: Arc<GraphSchema>,
    /// The counts.
    pub statistics: Arc<GraphStatistics>,
    /// Whether the rows may hold entities that the query has deleted.
    pub may_hold_deleted: bool,
}

/// What a clause is bound to.
#[derive(Clone, Debug)]
pub enum BoundClause<Q, B> {
    /// A plan whose leaf is the argument: one that reads, or a [`LogicalPlan::Write`].
    Plan {
        /// The plan.
        plan: Box<LogicalPlan>,
        /// What is bound afterwards.
        bound: B,
    },
    /// A clause that runs clauses of its own.
    Nested(Box<NestedClause<Q, B>>),
}

/// What a clause runs for each row.
#[derive(Clone, Debug)]
pub struct NestedClause<Q, B> {
    /// Its clauses as a query of its own.
    pub query: Q,
    /// The variables that each of its branches sees; the rows it runs on have their columns alone.
    pub bound: Vec<B>,
    /// Whether the first clause makes a row of each element of a list, for which the others run, and the outer rows stay as they are.
    pub is_foreach: bool,
    /// How many rows its clauses run for at a time.
    pub rows: NestedRows,
    /// Whether it returns rows.
    pub returns: bool,
    /// Whether a row for which it returns none stays.
    pub optional: bool,
    /// How many rows one commit takes; `None` where all are one.
    pub transaction_rows: Option<usize>,
}

/// How many outer rows the clauses of a nested query run for at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NestedRows {
    /// One after the other, since a row may see what was written for one before it.
    One,
    /// All together, which gives the same.
    All,
}

/// Some clauses of a branch.
#[derive(Debug)]
pub(super) struct ClauseRange<'q, Q> {
    pub(super) query: &'q Q,
    pub(super) branch: usize,
    pub(super) clauses: Range<usize>,
}

impl<'q, Q> ClauseRange<'q, Q> {
    /// All clauses of a branch.
    pub(super) fn all<B: ClauseBinder<Query = Q>>(binder: &B, query: &'q Q, branch: usize) -> Self {
        Self {
            query,
            branch,
            clauses: 0..binder.clauses(query, branch),
        }
    }
}
