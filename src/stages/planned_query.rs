//! `PlannedQuery`: a query planned in stages for a driver of the caller's, such as that of Python.

use arrow::datatypes::SchemaRef;
use grism_core::{Result, SnapshotId};
use grism_logical::Frame;
use grism_ray::DistributedPlan;

use super::StagedQuery;
use super::staged_query::check_for_ray;
use crate::Graph;
use crate::entity_columns::EntityColumns;
use crate::query::{Prepared, QueryOptions};

/// A query planned in stages.
#[derive(Clone, Debug)]
pub struct PlannedQuery {
    /// The stages.
    pub plan: DistributedPlan,
    /// The snapshot they read.
    pub snapshot: SnapshotId,
    /// The commit that made it.
    pub commit: String,
    /// What is odd about the query.
    pub warnings: Vec<String>,
    entities: EntityColumns,
}

impl PlannedQuery {
    /// Plans a query that is bound and optimized.
    fn of(prepared: &Prepared, warnings: Vec<String>, options: &QueryOptions) -> Result<Self> {
        check_for_ray(&prepared.optimized, options)?;
        let snapshot = prepared.snapshot.as_ref();
        let staged = StagedQuery::plan(&prepared.optimized, snapshot, options)?;
        Ok(Self {
            plan: staged.plan,
            snapshot: snapshot.id(),
            commit: snapshot.commit().to_owned(),
            warnings,
            entities: EntityColumns::of(&prepared.bound)?,
        })
    }

    /// The columns as Arrow has them; those of entities are marked by [`ENTITY_METADATA`](crate::ENTITY_METADATA).
    #[must_use]
    pub fn arrow_schema(&self) -> SchemaRef {
        self.entities.marked(self.plan.schema.arrow())
    }
}

impl Graph {
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
        let warnings = prepared.warnings.iter().map(ToString::to_string).collect();
        PlannedQuery::of(&prepared, warnings, options)
    }

    /// Plans a frame in stages.
    ///
    /// # Errors
    /// As [`Self::query`].
    pub async fn plan_frame(&self, frame: &Frame, options: &QueryOptions) -> Result<PlannedQuery> {
        let options = &*self.with_registered(options);
        let prepared = self.prepare_frame(frame, options).await?;
        PlannedQuery::of(&prepared, frame.warnings().to_vec(), options)
    }
}
