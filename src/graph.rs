//! `Graph`: the way in.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use grism_core::{
    ChangeSet, Error, HyperedgeType, IndexDefinition, Result, Snapshot, SnapshotId, SnapshotInfo,
    Storage,
};
use grism_cypher::{
    ExplainOptions, Query, ShowKind, Statement, StatementKind, bind_results, parse_statements,
};
use grism_engine::{CancellationHandle, PhysicalSchema};
use grism_logical::optimizer::optimize;
use grism_logical::{Frame, PlanSchema};
use grism_storage::{
    Catalog, ImportSource, InMemoryStorage, LoadOptions, LoadReport, LoadTarget, MissingMember,
    RoleSource, VacuumOptions, load_into, set_memory_limit,
};

use crate::attempts::Attempts;
use crate::copy::copy_from;
use crate::copy_to::copy_to;
use crate::explain::explain_statement;
use crate::plan_cache::PlanCache;
use crate::query::{
    PlannedQuery, Prepared, QueryOptions, QueryResult, bind_context, distributed_planner, facts,
    now, prepare, run_plan,
};
use crate::show::show;
use crate::write::write_query;

/// An open graph.
#[derive(Clone, Debug)]
pub struct Graph {
    storage: Arc<dyn Storage>,
    plans: Arc<PlanCache>,
}

impl Graph {
    /// An empty graph in memory.
    #[must_use]
    pub fn in_memory() -> Self {
        Self::over(Arc::new(InMemoryStorage::new()))
    }

    /// Opens the graph at a path or URI, and makes it where `create` is set and there is none.
    ///
    /// # Errors
    /// As [`Catalog::open`].
    pub async fn open(uri: &str, create: bool) -> Result<Self> {
        Self::open_with(uri, &BTreeMap::new(), create).await
    }

    /// Opens the graph at a URI with the options of its object store, such as `aws_endpoint`.
    ///
    /// # Errors
    /// As [`Catalog::open`].
    pub async fn open_with(
        uri: &str,
        options: &BTreeMap<String, String>,
        create: bool,
    ) -> Result<Self> {
        static CATALOG: OnceLock<Catalog> = OnceLock::new();
        let catalog = CATALOG.get_or_init(Catalog::new);
        Ok(Self::over(catalog.open(uri, options, create).await?))
    }

    /// A graph over a storage that is open already.
    #[must_use]
    pub fn over(storage: Arc<dyn Storage>) -> Self {
        Self {
            storage,
            plans: Arc::new(PlanCache::new()),
        }
    }

    /// The storage.
    #[must_use]
    pub fn storage(&self) -> &Arc<dyn Storage> {
        &self.storage
    }

    /// A snapshot; the default id is the newest.
    ///
    /// # Errors
    /// `NotFound` where there is no such snapshot.
    pub async fn snapshot(&self, id: SnapshotId) -> Result<Arc<dyn Snapshot>> {
        self.storage.snapshot(id).await
    }

    /// The committed snapshots, oldest first.
    ///
    /// # Errors
    /// Those of the storage.
    pub async fn history(&self) -> Result<Vec<SnapshotInfo>> {
        self.storage.history().await
    }

    /// Runs the statements of `text` one after the other and returns the result of the last one.
    ///
    /// # Errors
    /// `InvalidQuery` with the place of what is wrong, and everything a run can meet. Statements before the failed one
    /// stay done.
    pub async fn execute(&self, text: &str, options: &QueryOptions) -> Result<QueryResult> {
        let mut last = None;
        for statement in parse_statements(text)? {
            if let Some(before) = last.replace(self.statement(&statement, text, options).await?) {
                before.collect().await?;
            }
        }
        last.ok_or_else(|| Error::invalid_query("the query is empty"))
    }

    /// Runs one query, which only reads.
    ///
    /// # Errors
    /// `InvalidQuery` with the place of what is wrong, and everything a run can meet.
    pub async fn query(&self, text: &str, options: &QueryOptions) -> Result<QueryResult> {
        let statements = parse_statements(text)?;
        match &statements[..] {
            [
                statement @ Statement {
                    kind:
                        StatementKind::Query | StatementKind::Explain { .. } | StatementKind::Show(_),
                    ..
                },
            ] => {
                if statement.kind == StatementKind::Query
                    && self
                        .parsed(&statement.text, text, statement.offset)?
                        .writes()
                {
                    return Err(Error::invalid_query(
                        "query() only reads; use execute() for this statement",
                    ));
                }
                self.statement(statement, text, options).await
            }
            [_] => Err(Error::invalid_query(
                "query() only reads; use execute() for this statement",
            )),
            _ => Err(Error::invalid_query(
                "query() takes one statement; use execute() for several",
            )),
        }
    }

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

    /// Plans a frame in stages.
    ///
    /// # Errors
    /// As [`Self::query`].
    pub async fn plan_frame(&self, frame: &Frame, options: &QueryOptions) -> Result<PlannedQuery> {
        let snapshot = self.storage.snapshot(options.snapshot).await?;
        let results = bind_results(
            frame.plan(),
            bind_context(snapshot.as_ref(), options, &now()),
        )?;
        let optimized = optimize(results, facts(snapshot.as_ref()))?;
        let plan = distributed_planner(snapshot.as_ref(), options).plan(&optimized)?;
        Ok(PlannedQuery {
            plan,
            snapshot: snapshot.id(),
            warnings: Vec::new(),
        })
    }

    /// The plan of a query as text.
    ///
    /// # Errors
    /// As [`Self::query`].
    pub async fn explain(
        &self,
        text: &str,
        explain: ExplainOptions,
        options: &QueryOptions,
    ) -> Result<String> {
        crate::explain::explain_query(self, text, text, 0, explain, options).await
    }

    async fn statement(
        &self,
        statement: &Statement,
        whole: &str,
        options: &QueryOptions,
    ) -> Result<QueryResult> {
        match &statement.kind {
            StatementKind::Query => {
                let query = self.plans.query(&statement.text, whole, statement.offset)?;
                if query.writes() {
                    return write_query(&self.storage, &query, options).await;
                }
                let prepared = self
                    .plan(&statement.text, whole, statement.offset, options)
                    .await?;
                let mut result = run_plan(
                    &self.storage,
                    prepared.snapshot.as_ref(),
                    &prepared.optimized,
                    options,
                )
                .await?;
                result.warnings = prepared.warnings;
                Ok(result)
            }
            StatementKind::Explain {
                options: explain,
                query,
            } => explain_statement(self, statement, whole, *query, *explain, options).await,
            StatementKind::CreateHyperedgeType(hyperedge_type) => {
                self.declare(hyperedge_type.clone()).await?;
                Ok(nothing())
            }
            StatementKind::DropHyperedgeType(name) => {
                self.drop_type(name).await?;
                Ok(nothing())
            }
            StatementKind::CreateIndex {
                index,
                if_not_exists,
            } => {
                self.create_index(index.clone(), *if_not_exists).await?;
                Ok(nothing())
            }
            StatementKind::DropIndex { name, if_exists } => {
                self.drop_index(name, *if_exists).await?;
                Ok(nothing())
            }
            StatementKind::Optimize => {
                self.optimize().await?;
                Ok(nothing())
            }
            StatementKind::Vacuum { retain_hours, keep } => {
                let mut options = VacuumOptions::default();
                if let Some(hours) = retain_hours {
                    options.retain = Duration::from_secs(hours.saturating_mul(3600));
                }
                options.keep = keep.unwrap_or(options.keep);
                self.vacuum(&options).await?;
                Ok(nothing())
            }
            StatementKind::CopyFrom(copy) => {
                let report = copy_from(self, copy).await?;
                let mut result = nothing();
                result.load = Some(report);
                Ok(result)
            }
            StatementKind::CopyTo(copy) => {
                copy_to(self, copy, options).await?;
                Ok(nothing())
            }
            StatementKind::Show(kind) => self.show(*kind, options.snapshot).await,
        }
    }

    /// Declares a hyperedge type.
    ///
    /// # Errors
    /// `InvalidData` where the name is taken or the roles do not make sense.
    pub async fn declare(&self, hyperedge_type: HyperedgeType) -> Result<SnapshotId> {
        let operation = format!("declare {}", hyperedge_type.name);
        self.commit_with(&operation, |changes, _| {
            changes.schema.declare(hyperedge_type.clone()).map(|_| ())
        })
        .await
    }

    /// Makes an index; with `if_not_exists` nothing happens where there is one of its name.
    ///
    /// # Errors
    /// `InvalidData` for a name that is taken; `NotFound` for an unknown label, type or property.
    pub async fn create_index(
        &self,
        index: IndexDefinition,
        if_not_exists: bool,
    ) -> Result<SnapshotId> {
        self.commit_with(&format!("create index {}", index.name), |changes, _| {
            let known = changes.schema.indexes().iter();
            if if_not_exists && known.into_iter().any(|own| own.name == index.name) {
                return Ok(());
            }
            changes.schema.add_index(index.clone())
        })
        .await
    }

    /// Drops an index; with `if_exists` nothing happens where there is none of its name.
    ///
    /// # Errors
    /// `NotFound` where there is none.
    pub async fn drop_index(&self, name: &str, if_exists: bool) -> Result<SnapshotId> {
        self.commit_with(&format!("drop index {name}"), |changes, _| {
            match changes.schema.drop_index(name) {
                Err(_) if if_exists => Ok(()),
                other => other,
            }
        })
        .await
    }

    /// Drops a hyperedge type and its hyperedges.
    ///
    /// # Errors
    /// `NotFound` where there is no such type; `Conflict` where its hyperedges are members of others.
    pub async fn drop_type(&self, name: &str) -> Result<SnapshotId> {
        self.commit_with(&format!("drop {name}"), |changes, snapshot| {
            let own = changes.schema.hyperedge_table(name);
            let own = own.map(|(table, _)| table.id);
            for (id, table) in &snapshot.statistics().tables {
                let binds = table.roles.values().any(|role| {
                    own.is_some_and(|own| role.incidences.get(&own).is_some_and(|count| *count > 0))
                });
                if binds && Some(*id) != own {
                    let other = changes.schema.table(*id)?.display_name();
                    return Err(Error::invalid_data(format!(
                        "hyperedges of `{other}` bind some of `{name}`: delete them first"
                    )));
                }
            }
            for (_, other) in changes
                .schema
                .hyperedge_tables()
                .filter(|(_, other)| other.name != name)
            {
                if let Some(role) = other
                    .roles
                    .iter()
                    .find(|role| role.member.as_deref() == Some(name))
                {
                    let message = format!(
                        "`{name}` is what the role `{}` of `{}` binds: drop that first",
                        role.name, other.name
                    );
                    return Err(Error::invalid_data(message));
                }
            }
            changes.schema.drop_type(name).map(|_| ())
        })
        .await
    }

    /// Commits what `change` does, again on the new snapshot where another writer was first.
    async fn commit_with(
        &self,
        operation: &str,
        change: impl Fn(&mut ChangeSet, &dyn Snapshot) -> Result<()>,
    ) -> Result<SnapshotId> {
        let mut attempts = Attempts::of(&self.storage);
        loop {
            let turn = attempts.next().await?;
            let snapshot = self.storage.snapshot(SnapshotId::default()).await?;
            let mut changes = ChangeSet::new(snapshot.id(), (**snapshot.schema()).clone())
                .with_operation(operation);
            changes.turn = turn;
            change(&mut changes, snapshot.as_ref())?;
            match self.storage.commit(changes).await {
                Err(error) if attempts.again(&error) => {}
                other => return other,
            }
        }
    }

    /// Loads rows as one commit; again on the new snapshot where another writer was first.
    ///
    /// # Errors
    /// As [`grism_storage::load_into`]; `Conflict` for a stream, which cannot be read again.
    pub async fn load(
        &self,
        target: &LoadTarget,
        source: impl Into<ImportSource>,
        options: &LoadOptions,
    ) -> Result<LoadReport> {
        let start = Instant::now();
        set_memory_limit(options.memory_limit);
        let mut attempts = Attempts::of(&self.storage);
        let mut source = source.into();
        loop {
            let again = source.again();
            let turn = attempts.next().await?;
            let snapshot = self.storage.snapshot(SnapshotId::default()).await?;
            let (mut changes, mut report) = load_into(&snapshot, target, source, options).await?;
            changes.turn = turn;
            match (self.storage.commit(changes).await, again) {
                (Err(error), Some(again)) if attempts.again(&error) => source = again,
                (Err(error), _) => return Err(error),
                (Ok(snapshot), _) => {
                    report.snapshot = snapshot;
                    report.elapsed = start.elapsed();
                    return Ok(report);
                }
            }
        }
    }

    /// Adds a node with `label` for each row, known by its `key`.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub async fn load_nodes(
        &self,
        label: &str,
        source: impl Into<ImportSource>,
        key: &str,
    ) -> Result<LoadReport> {
        let target = LoadTarget::Nodes {
            label: label.to_owned(),
            key: key.to_owned(),
        };
        self.load(&target, source, &LoadOptions::default()).await
    }

    /// Adds a hyperedge of the type `name` for each row.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub async fn load_hyperedges(
        &self,
        name: &str,
        source: impl Into<ImportSource>,
        roles: &BTreeMap<String, RoleSource>,
        missing: MissingMember,
    ) -> Result<LoadReport> {
        let target = LoadTarget::Hyperedges {
            name: name.to_owned(),
            roles: roles.clone(),
        };
        let options = LoadOptions {
            missing,
            ..LoadOptions::default()
        };
        self.load(&target, source, &options).await
    }

    /// Lists labels, hyperedge types, properties or snapshots.
    ///
    /// # Errors
    /// Those of the storage.
    pub async fn show(&self, kind: ShowKind, snapshot: SnapshotId) -> Result<QueryResult> {
        show(self.storage.as_ref(), kind, snapshot).await
    }

    /// A frame of the nodes with `label`, or of all nodes, on the newest snapshot.
    ///
    /// # Errors
    /// `NotFound` for an unknown label.
    pub async fn nodes(&self, label: Option<&str>) -> Result<Frame> {
        let snapshot = self.storage.snapshot(SnapshotId::default()).await?;
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
        let snapshot = self.storage.snapshot(options.snapshot).await?;
        let query = Query::parse_clauses(clauses)?;
        let plan = query.bind_onto(
            frame.plan(),
            bind_context(snapshot.as_ref(), options, &now()),
        )?;
        Ok(frame.with_plan(plan))
    }

    /// Runs a frame.
    ///
    /// # Errors
    /// As [`Self::query`].
    pub async fn collect(&self, frame: &Frame, options: &QueryOptions) -> Result<QueryResult> {
        let snapshot = self.storage.snapshot(options.snapshot).await?;
        let results = bind_results(
            frame.plan(),
            bind_context(snapshot.as_ref(), options, &now()),
        )?;
        let plan = optimize(results, facts(snapshot.as_ref()))?;
        run_plan(&self.storage, snapshot.as_ref(), &plan, options).await
    }
}

/// The result of a statement that returns no rows.
fn nothing() -> QueryResult {
    let schema = PhysicalSchema::from(PlanSchema::default());
    QueryResult::new(
        schema,
        Box::pin(futures::stream::empty()),
        CancellationHandle::default(),
    )
}
