//! Frames over a graph: made, extended with clauses, planned and run.

use std::sync::Arc;

use grism_core::{Error, Result, Snapshot, SnapshotSelector, Table};
use grism_cypher::{ExplainOptions, Query, Warning, bind_results};
use grism_logical::{Frame, SharedPlan};

use crate::Graph;
use crate::entity_columns::EntityColumns;
use crate::explain::{FinishedRun, Measure, explain_prepared};
use crate::query::{Prepared, QueryOptions, QueryResult, bind_context, facts, now, run_prepared};

impl Graph {
    /// A frame of the nodes with `label`, or of all nodes, on the newest snapshot.
    ///
    /// # Errors
    /// `NotFound` for an unknown label.
    pub async fn nodes(&self, label: Option<&str>) -> Result<Frame> {
        let snapshot = self.storage.snapshot(SnapshotSelector::Newest).await?;
        Frame::nodes(Arc::clone(snapshot.schema()), label)
    }

    /// A frame with more clauses of openCypher that read, such as `OPTIONAL MATCH (n0)-[:KNOWS*1..3]->(m) WHERE …`: the
    /// frame's columns are variables, and the variables afterwards are its columns.
    ///
    /// # Errors
    /// As [`Self::query`], with the place in `clauses`.
    pub async fn extend(
        &self,
        frame: &Frame,
        clauses: &str,
        options: &QueryOptions,
    ) -> Result<Frame> {
        let snapshot = self.snapshot_for(frame, options).await?;
        let options = &*self.with_registered(options);
        let query = Query::parse_clauses(clauses)?;
        let query = query.with_functions(&options.functions)?;
        if let Some(name) = options.tables.parameter_names().first() {
            return Err(Error::unsupported(format!(
                "the table ${name} as a parameter of a frame, which may run later: register it, and LOAD FROM 'name' AS row"
            )));
        }
        let (plan, warnings) = query.bind_onto(
            frame.plan(),
            bind_context(snapshot.as_ref(), options, &now()),
        )?;
        let warnings = warnings.iter().map(ToString::to_string);
        Ok(frame.with_plan(plan).with_warnings(warnings))
    }

    /// Runs a frame.
    ///
    /// # Errors
    /// As [`Self::query`].
    pub async fn collect(&self, frame: &Frame, options: &QueryOptions) -> Result<QueryResult> {
        let options = &*self.with_registered(options);
        let cancellation = options.begin();
        let prepared = self.prepare_frame(frame, options).await?;
        let mut result = run_prepared(&self.storage, &prepared, options, cancellation).await?;
        result.entities = EntityColumns::of(&prepared.bound)?;
        result.warnings.extend(prepared.warnings);
        Ok(result)
    }

    /// The plan of a frame as text, in the form that `explain` asks for.
    ///
    /// # Errors
    /// As [`Self::explain`].
    pub async fn explain_frame(
        &self,
        frame: &Frame,
        explain: ExplainOptions,
        options: &QueryOptions,
    ) -> Result<String> {
        let options = &*self.with_registered(options);
        let prepared = self.prepare_frame(frame, options).await?;
        explain_prepared(self, &prepared, explain, options, Measure::Run).await
    }

    /// The plan of a frame with what a run of it in stages did, as [`Self::explain_finished`].
    ///
    /// # Errors
    /// As [`Self::explain`].
    pub async fn explain_frame_finished(
        &self,
        frame: &Frame,
        explain: ExplainOptions,
        options: &QueryOptions,
        run: FinishedRun,
    ) -> Result<String> {
        let options = &*self.with_registered(options);
        let prepared = self.prepare_frame(frame, options).await?;
        explain_prepared(self, &prepared, explain, options, Measure::Finished(run)).await
    }

    /// Binds the results of a frame, and optimizes it.
    pub(crate) async fn prepare_frame(
        &self,
        frame: &Frame,
        options: &QueryOptions,
    ) -> Result<Prepared> {
        let snapshot = self.snapshot_for(frame, options).await?;
        let bound = bind_results(
            frame.plan(),
            bind_context(snapshot.as_ref(), options, &now()),
        )?;
        let rewrites = &options.rewrites;
        let optimized = rewrites.optimize(bound.clone(), facts(snapshot.as_ref()))?;
        let warnings = frame.warnings().iter().cloned();
        let warnings = warnings.map(|message| Warning {
            message,
            location: None,
        });
        Ok(Prepared {
            bound: SharedPlan::new(bound),
            optimized: SharedPlan::new(optimized),
            warnings: warnings.collect(),
            snapshot,
            operators: Arc::default(),
        })
    }

    /// The snapshot that a frame runs on.
    ///
    /// # Errors
    /// `NotFound` where the tables that the frame names are others by now, since the graph was built anew, or have other names.
    async fn snapshot_for(
        &self,
        frame: &Frame,
        options: &QueryOptions,
    ) -> Result<Arc<dyn Snapshot>> {
        let snapshot = self.storage.snapshot(options.snapshot).await?;
        let is_other = |table: &&Table| {
            let own = snapshot.schema().table(table.id);
            own.is_ok_and(|own| !own.agrees_with(table))
        };
        match frame.schema().tables().find(is_other) {
            Some(table) => Err(Error::not_found(format!(
                "the frame was made before `{}` was altered, or for a graph that is gone: make it anew",
                table.display_name()
            ))),
            None => Ok(snapshot),
        }
    }
}
