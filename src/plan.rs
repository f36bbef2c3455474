//! Parses and plans queries, to run here or in stages.

use std::sync::Arc;

use grism_core::{Error, Result};
use grism_cypher::{Query, Statement, StatementKind, parse_statements};

use crate::Graph;
use crate::query::{PlannedQuery, Prepared, QueryOptions, distributed_planner, prepare};

impl Graph {
    /// Parses one query that reads, without a look at the schema, and keeps it.
    ///
    /// # Errors
    /// `InvalidQuery` with the place of what is wrong.
    pub fn check_query(&self, text: &str) -> Result<()> {
        if self.parsed(text, text, 0)?.writes() {
            let message = "this query writes; run it with execute()";
            return Err(Error::invalid_query(message));
        }
        Ok(())
    }

    /// Binds and optimizes one query without running it. The plan is kept: the same text with the same parameters is not
    /// planned again while the schema stays as it is.
    ///
    /// # Errors
    /// `InvalidQuery` with the place of what is wrong; `Unsupported` for what Grism does not do; `NotFound` for a snapshot
    /// that does not exist.
    pub async fn prepare(&self, text: &str, options: &QueryOptions) -> Result<Prepared> {
        self.plan(text, text, 0, options).await
    }

    /// Plans one query in stages.
    ///
    /// # Errors
    /// As [`Self::query`]; `InvalidQuery` for a statement that is no query.
    pub async fn plan_distributed(
        &self,
        text: &str,
        options: &QueryOptions,
    ) -> Result<PlannedQuery> {
        let statements = parse_statements(text)?;
        let [
            statement @ Statement {
                kind: StatementKind::Query,
                ..
            },
        ] = &statements[..]
        else {
            return Err(Error::invalid_query(
                "only one query at a time runs in stages",
            ));
        };
        let prepared = self
            .plan(&statement.text, text, statement.offset, options)
            .await?;
        let plan =
            distributed_planner(prepared.snapshot.as_ref(), options).plan(&prepared.optimized)?;
        let warnings = prepared.warnings.iter().map(ToString::to_string).collect();
        Ok(PlannedQuery {
            plan,
            snapshot: prepared.snapshot.id(),
            warnings,
        })
    }

    /// The parsed query `text`, which stands at byte `offset` of `whole`.
    pub(crate) fn parsed(&self, text: &str, whole: &str, offset: usize) -> Result<Arc<Query>> {
        self.plans.query(text, whole, offset)
    }

    /// Parses and plans the query `text`, which stands at byte `offset` of `whole`.
    pub(crate) async fn plan(
        &self,
        text: &str,
        whole: &str,
        offset: usize,
        options: &QueryOptions,
    ) -> Result<Prepared> {
        let storage = self.storage.as_ref();
        prepare(storage, &self.plans, text, whole, offset, options).await
    }
}
