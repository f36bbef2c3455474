//! Running many loads: each stage is planned in order, read at the same time, and staged for the next one.

use std::sync::Arc;

use grism_core::{ChangeSet, Error, Result, Snapshot, Storage};
use tokio::task::JoinSet;

use super::job::{LoadJob, ManyLoads, check_options, told};
use super::order::{count_indexes, stages};
use crate::import::load::{Begun, begin, first_telling, run};
use crate::import::loader::{LoadStep, Loaded};
use crate::import::read::cancelled;
use crate::import::shared_keys::SharedKeys;
use crate::import::telling::Telling;
use crate::import::{LoadReport, MissingMember};
use crate::shares::Shares;

/// Loads that are staged and not committed yet.
pub struct StagedLoads {
    /// The steps of the commit.
    pub steps: Vec<ChangeSet>,
    /// The graph with all of them.
    pub staged: Arc<dyn Snapshot>,
    /// What each load did, in the order in which they were given.
    pub reports: Vec<LoadReport>,
}

/// The changes that many loads make on top of `snapshot`. Nothing is visible before they are committed.
///
/// # Errors
/// As [`crate::load_into`], for every source that is wrong, by name; `InvalidQuery` where hyperedge types bind each other in a
/// circle.
pub async fn load_many_into(
    storage: &dyn Storage,
    snapshot: &Arc<dyn Snapshot>,
    loads: ManyLoads,
) -> Result<StagedLoads> {
    let mut staged = StagedLoads {
        steps: Vec::new(),
        staged: Arc::clone(snapshot),
        reports: Vec::new(),
    };
    check_options(&loads.jobs)?;
    let operation = format!("load {} sources", loads.jobs.len());
    let mut schema = (**snapshot.schema()).clone();
    for ty in &loads.types {
        schema.declare_if_missing(ty)?;
    }
    let order = stages(&schema, &loads.jobs)?;
    let is_new = schema != **snapshot.schema();
    let declared = ChangeSet::new(snapshot.as_ref(), schema).with_operation(&operation);
    if is_new {
        staged.push(storage, declared).await?;
    }
    let mut jobs: Vec<Option<LoadJob>> = Vec::new();
    for mut job in loads.jobs {
        job.options.progress = Arc::clone(&loads.progress);
        jobs.push(Some(job));
    }
    let mut reports: Vec<Option<LoadReport>> = vec![None; jobs.len()];
    for places in order {
        let own = places.iter().filter_map(|place| jobs[*place].take());
        let (mut changes, found) = stage(&staged.staged, own.collect(), &operation).await?;
        changes.cancellation = loads.progress.cancellation();
        for (place, report) in places.into_iter().zip(found) {
            reports[place] = Some(report);
        }
        staged.push(storage, changes).await?;
    }
    staged.reports = reports.into_iter().flatten().collect();
    Ok(staged)
}

impl StagedLoads {
    async fn push(&mut self, storage: &dyn Storage, changes: ChangeSet) -> Result<()> {
        self.staged = storage.stage(&self.staged, &changes).await?;
        self.steps.push(changes);
        Ok(())
    }
}

/// Runs the loads of one stage, again where the first rows of some told wrong types; their changes, and what each did.
async fn stage(
    snapshot: &Arc<dyn Snapshot>,
    jobs: Vec<LoadJob>,
    operation: &str,
) -> Result<(ChangeSet, Vec<LoadReport>)> {
    let mut tellings: Vec<Arc<Telling>> = jobs
        .iter()
        .map(|job| Arc::new(first_telling(snapshot, &job.target, &job.options)))
        .collect();
    let again: Option<Vec<LoadJob>> = jobs.iter().map(LoadJob::again).collect();
    let attempt = Attempt::new(snapshot, &jobs, operation);
    let failed = match attempt.run(jobs, &tellings).await {
        Ok(done) => return Ok(done),
        Err(error) => error,
    };
    let mut is_corrected = false;
    for telling in &mut tellings {
        if let Some(corrected) = telling.corrected() {
            *telling = Arc::new(corrected);
            is_corrected = true;
        }
    }
    match again {
        Some(jobs) if is_corrected => {
            let attempt = Attempt::new(snapshot, &jobs, operation);
            attempt.run(jobs, &tellings).await
        }
        _ => Err(failed),
    }
}

/// One attempt at the loads of a stage.
struct Attempt<'a> {
    snapshot: &'a Arc<dyn Snapshot>,
    changes: ChangeSet,
    keys: Arc<SharedKeys>,
    /// How many loads there are.
    loads: usize,
}

/// A load that is planned.
struct Ready {
    place: usize,
    name: String,
    begun: Begun,
    telling: Arc<Telling>,
}

impl<'a> Attempt<'a> {
    fn new(snapshot: &'a Arc<dyn Snapshot>, jobs: &[LoadJob], operation: &str) -> Self {
        let schema = (**snapshot.schema()).clone();
        let keys = SharedKeys::of_many(count_indexes(&schema, jobs));
        Self {
            snapshot,
            changes: ChangeSet::new(snapshot.as_ref(), schema).with_operation(operation),
            keys: Arc::new(keys),
            loads: jobs.len(),
        }
    }

    async fn run(
        mut self,
        jobs: Vec<LoadJob>,
        tellings: &[Arc<Telling>],
    ) -> Result<(ChangeSet, Vec<LoadReport>)> {
        let mut problems = Vec::new();
        let (mut ready, mut creating) = (Vec::new(), Vec::new());
        for (place, (job, telling)) in jobs.into_iter().zip(tellings).enumerate() {
            let name = job.name();
            if job.options.missing == MissingMember::Create {
                creating.push((place, name, job, Arc::clone(telling)));
                continue;
            }
            match self.begin(job).await {
                Ok(begun) => ready.push(Ready {
                    place,
                    name,
                    begun,
                    telling: Arc::clone(telling),
                }),
                Err(error) => problems.push((place, error.context(&name))),
            }
        }
        let mut parts = Vec::new();
        if problems.is_empty() {
            self.at_once(ready, &mut parts, &mut problems).await?;
        }
        // Loads that create nodes follow each other, so that each node is created once.
        for (place, name, job, telling) in creating {
            let part = match self.begin(job).await {
                Ok(begun) => {
                    let (changes, step) = (self.changes.clone(), self.step());
                    run(self.snapshot, begun, changes, &telling, &self.keys, step).await
                }
                Err(error) => Err(error),
            };
            match part {
                Ok(Loaded {
                    changes, report, ..
                }) => {
                    self.changes = changes;
                    parts.push((place, report));
                }
                Err(error) => problems.push((place, error.context(&name))),
            }
        }
        if let Some(error) = told(problems) {
            return Err(error);
        }
        self.keys.append_created(&mut self.changes)?;
        // The steps of a commit are made on each other, and moved by none.
        self.changes.may_rebase = false;
        parts.sort_unstable_by_key(|(place, _)| *place);
        let reports = parts.into_iter().map(|(_, report)| report).collect();
        Ok((self.changes, reports))
    }

    async fn begin(&mut self, job: LoadJob) -> Result<Begun> {
        let LoadJob {
            target,
            source,
            options,
        } = job;
        let (changes, keys) = (&mut self.changes, &self.keys);
        begin(self.snapshot, changes, &target, source, &options, keys).await
    }

    fn step(&self) -> LoadStep {
        LoadStep {
            loads: self.loads,
            ..LoadStep::default()
        }
    }

    /// Runs loads that are ready at the same time, as many as there are cores.
    async fn at_once(
        &mut self,
        ready: Vec<Ready>,
        parts: &mut Vec<(usize, LoadReport)>,
        problems: &mut Vec<(usize, Error)>,
    ) -> Result<()> {
        let width = Shares::of(self.snapshot.memory().as_ref()).write_parts() as usize;
        let base = self.changes.clone();
        let mut waiting = ready.into_iter();
        let mut tasks = JoinSet::new();
        loop {
            while tasks.len() < width
                && let Some(ready) = waiting.next()
            {
                let (changes, keys, step) = (base.clone(), Arc::clone(&self.keys), self.step());
                let snapshot = Arc::clone(self.snapshot);
                tasks.spawn(async move {
                    let telling = ready.telling;
                    let part = run(&snapshot, ready.begun, changes, &telling, &keys, step).await;
                    (ready.place, ready.name, part)
                });
            }
            let Some(done) = tasks.join_next().await else {
                return Ok(());
            };
            let (place, name, part) = done.map_err(|error| Error::internal(error.to_string()))?;
            match part {
                Ok(Loaded {
                    changes, report, ..
                }) => {
                    self.take_from(&base, changes)?;
                    parts.push((place, report));
                }
                Err(error) if error.kind() == cancelled().kind() => return Err(error),
                Err(error) => problems.push((place, error.context(&name))),
            }
        }
    }

    /// Takes over what a load made on top of `base`, at the same time as others.
    fn take_from(&mut self, base: &ChangeSet, part: ChangeSet) -> Result<()> {
        let schema = &mut self.changes.schema;
        schema.take_over(&base.schema, &part.schema)?;
        for (table, pieces) in part.appends {
            let own = self.changes.appends.entry(table).or_default();
            own.extend(pieces);
        }
        // Each load of a stage has a table of its own.
        self.changes.updates.extend(part.updates);
        self.changes.verified.extend(part.verified);
        Ok(())
    }
}
