//! Parses and plans queries, to run here or in stages.

use std::sync::Arc;

use grism_core::{Error, Result};
use grism_cypher::{Query, Statement, StatementKind};

use crate::Graph;
use crate::entity_columns::EntityColumns;
use crate::query::{
    PlannedQuery, Prepared, QueryOptions, check_for_ray, distributed_planner, prepare,
};

impl Graph {
    /// Parses one query that reads, without a look at the schema, and keeps it.
    ///
    /// # Errors
    /// `InvalidQuery` with the place of what is wrong.
    pub fn check_query(&self, text: &str) -> Result<()> {
        if self.parsed(text)?.writes() {
            let message = "this query writes; run it with execute()";
            return Err(Error::invalid_query(message));
        }
        Ok(())
    }

    /// Whether one query writes, without a look at the schema.
    ///
    /// # Errors
    /// `InvalidQuery` with the place of what is wrong, and for a statement that is no query.
    pub fn writes(&self, text: &str) -> Result<bool> {
        Ok(self.parsed(text)?.writes())
    }

    /// Binds and optimizes one query without running it. The plan is kept: the same text with the same parameters is not
    /// planned again while the schema stays as it is.
    ///
    /// # Errors
    /// `InvalidQuery` with the place of what is wrong; `Unsupported` for what Grism does not do; `NotFound` for a snapshot
    /// that does not exist.
    pub async fn prepare(&self, text: &str, options: &QueryOptions) -> Result<Prepared> {
        let options = &*self.with_registered(options);
        let query = self.parsed(text)?;
        self.plan(&query, options).await
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
        let options = &*self.with_registered(options);
        let query = self.parsed(text)?;
        let prepared = self.plan(&query, options).await?;
        check_for_ray(&prepared.optimized, options)?;
        let plan =
            distributed_planner(prepared.snapshot.as_ref(), options).plan(&prepared.optimized)?;
        let warnings = prepared.warnings.iter().map(ToString::to_string).collect();
        Ok(PlannedQuery {
            plan,
            snapshot: prepared.snapshot.id(),
            commit: prepared.snapshot.commit().to_owned(),
            warnings,
            entities: EntityColumns::of(&prepared.bound)?,
        })
    }

    /// The one query that `text` is.
    pub(crate) fn parsed(&self, text: &str) -> Result<Arc<Query>> {
        match &self.plans.statements(text)?[..] {
            [
                Statement {
                    kind: StatementKind::Query(query),
                    ..
                },
            ] => Ok(Arc::clone(query)),
            [_] => Err(Error::invalid_query(
                "a query is needed here, and this statement is not a query",
            )),
            _ => Err(Error::invalid_query(
                "one query at a time is planned, and these are several statements",
            )),
        }
    }

    /// Plans a query.
    pub(crate) async fn plan(&self, query: &Query, options: &QueryOptions) -> Result<Prepared> {
        prepare(self.storage.as_ref(), &self.plans, query, options).await
    }
}
