//! Queries: branches that UNION joins, each a list of clauses.

use super::{Clause, Span};

/// A query: one branch, or several that UNION joins.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Query {
    pub(crate) head: SingleQuery,
    pub(crate) unions: Vec<Union>,
    pub(crate) span: Span,
}

/// A further branch of a query.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Union {
    /// Whether rows that stand twice stay.
    pub(crate) all: bool,
    /// The words of the operator.
    pub(crate) span: Span,
    pub(crate) query: SingleQuery,
}

/// The clauses of one branch, in order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SingleQuery {
    pub(crate) clauses: Vec<Clause>,
    pub(crate) span: Span,
}

impl Query {
    /// All branches.
    pub(crate) fn branches(&self) -> impl Iterator<Item = &SingleQuery> {
        std::iter::once(&self.head).chain(self.unions.iter().map(|union| &union.query))
    }
}
