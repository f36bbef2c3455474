//! What is loaded together.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use grism_core::{Error, HyperedgeType, Result, SnapshotId};
use serde::{Deserialize, Serialize};

use crate::import::{ImportSource, LoadOptions, LoadProgress, LoadReport, LoadTarget};

/// Errors of sources that are told at once.
const TOLD_ERRORS: usize = 10;

/// One of many loads.
pub struct LoadJob {
    /// What its rows become.
    pub target: LoadTarget,
    /// Where they come from.
    pub source: ImportSource,
    /// How it goes about it. The memory limit and the progress are those of all loads.
    pub options: LoadOptions,
}

/// Loads that become one commit, and the types of their hyperedges.
#[derive(Default)]
pub struct ManyLoads {
    /// Types that are declared unless they are declared already.
    pub types: Vec<HyperedgeType>,
    /// The loads, in any order: nodes are loaded first, and hyperedges before those that bind them.
    pub jobs: Vec<LoadJob>,
    /// Bytes that all of them may hold, about; whoever loads gives the graph a budget of it.
    pub memory_limit: Option<usize>,
    /// What is told while they go on.
    pub progress: Arc<LoadProgress>,
}

impl ManyLoads {
    /// The loads again, for another attempt; `None` where one reads a stream, which is used up.
    #[must_use]
    pub fn again(&self) -> Option<Self> {
        Some(Self {
            types: self.types.clone(),
            jobs: self
                .jobs
                .iter()
                .map(LoadJob::again)
                .collect::<Option<_>>()?,
            memory_limit: self.memory_limit,
            progress: Arc::clone(&self.progress),
        })
    }
}

impl LoadJob {
    /// The load again; `None` where it reads a stream.
    pub(super) fn again(&self) -> Option<Self> {
        Some(Self {
            target: self.target.clone(),
            source: self.source.again()?,
            options: self.options.clone(),
        })
    }

    /// What errors call it: its label or type, and its files.
    pub(super) fn name(&self) -> String {
        let target = self.target.name();
        match files_of(&self.source) {
            Some(files) => format!("{target} ({files})"),
            None => target.to_owned(),
        }
    }
}

fn files_of(source: &ImportSource) -> Option<String> {
    match source {
        ImportSource::Files { paths, .. } => match &paths[..] {
            [] => None,
            [only] => Some(only.clone()),
            [first, others @ ..] => Some(format!("{first} and {} more", others.len())),
        },
        ImportSource::Tables(tables) => tables.iter().find_map(files_of),
        ImportSource::Batches(_) | ImportSource::Stream(_) => None,
    }
}

/// The counts of many loads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ManyReport {
    /// That of each load, in the order in which they were given.
    pub loads: Vec<LoadReport>,
    /// The snapshot that they committed.
    pub snapshot: SnapshotId,
    /// How long it took.
    pub elapsed: Duration,
}

impl fmt::Display for ManyReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for load in &self.loads {
            writeln!(f, "{load}")?;
        }
        let (rows, loaded) = self.loads.iter().fold((0, 0), |(rows, loaded), own| {
            (rows + own.rows, loaded + own.loaded)
        });
        let seconds = self.elapsed.as_secs_f64();
        write!(
            f,
            "{loaded} of {rows} rows loaded from {} sources ({seconds:.2} s, {:.0} rows/s, snapshot {})",
            self.loads.len(),
            rows as f64 / seconds.max(1e-9),
            self.snapshot
        )
    }
}

/// Refuses what loads cannot do together.
pub(super) fn check_options(jobs: &[LoadJob]) -> Result<()> {
    let mut rejects = HashSet::new();
    for job in jobs {
        if job.options.incremental.is_some() {
            return Err(Error::unsupported(
                "`incremental` in many loads of one commit: load it by a call of its own",
            )
            .context(job.name()));
        }
        if let Some(path) = &job.options.rejects
            && !rejects.insert(path)
        {
            return Err(Error::invalid_query(format!(
                "two loads have the reject file {}: name one for each",
                path.display()
            )));
        }
    }
    Ok(())
}

/// All errors of the sources as one, of the kind of the first.
pub(super) fn told(mut problems: Vec<(usize, Error)>) -> Option<Error> {
    problems.sort_by_key(|(place, _)| *place);
    let count = problems.len();
    let mut problems = problems.into_iter().map(|(_, error)| error);
    let first = problems.next()?;
    if count == 1 {
        return Some(first);
    }
    let mut lines = vec![
        format!("{count} sources cannot be loaded"),
        first.message().to_owned(),
    ];
    let others = problems.take(TOLD_ERRORS - 1);
    lines.extend(others.map(|error| error.message().to_owned()));
    if count > TOLD_ERRORS {
        lines.push(format!("and {} more", count - TOLD_ERRORS));
    }
    Some(Error::new(first.kind(), lines.join("\n")))
}
