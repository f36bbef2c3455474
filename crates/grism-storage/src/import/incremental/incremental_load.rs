//! `IncrementalLoad`: the steps of an incremental load, each of which is one commit.

use std::path::Path;
use std::sync::Arc;

use grism_core::{ChangeSet, Error, GraphSchema, LoadState, Result, Snapshot, SnapshotId, TableId};

use super::files::{Files, Step};
use super::growth::Growth;
use super::option::Incremental;
use crate::import::load::load_step;
use crate::import::loader::LoadStep;
use crate::import::options::{ImportSource, LoadOptions, LoadTarget};
use crate::import::rejects::RejectStart;
use crate::import::report::LoadReport;
use crate::location::Location;

/// An incremental load that goes on.
///
/// ```text
/// while let Some(changes) = load.next(&snapshot).await? {
///     let id = commit(changes);     // where another writer was first: next() again, on the new snapshot
///     load.committed(id)?;
/// }
/// ```
pub struct IncrementalLoad {
    target: LoadTarget,
    options: LoadOptions,
    source: Source,
    rejects: RejectStart,
    report: LoadReport,
    /// What the last step did, until it is committed.
    pending: Option<Pending>,
}

/// What is left to load.
enum Source {
    Files(Files),
    /// Rows above the greatest value of a column; `None` once they are loaded, or cannot be read again.
    Above {
        column: String,
        name: String,
        rows: Option<ImportSource>,
    },
}

struct Pending {
    report: LoadReport,
    done: usize,
}

impl IncrementalLoad {
    /// Finds the files of a load.
    ///
    /// # Errors
    /// `NotFound` for a path or pattern without a file; `Unsupported` for rows in memory without a growing column.
    pub async fn new(
        target: &LoadTarget,
        source: ImportSource,
        incremental: &Incremental,
        options: &LoadOptions,
    ) -> Result<Self> {
        let source = match incremental {
            Incremental::Files => Source::Files(Files::of(source).await?),
            Incremental::Above(column) => Source::Above {
                column: column.clone(),
                name: name_of(&source)?,
                rows: Some(source),
            },
        };
        Ok(Self {
            target: target.clone(),
            rejects: reject_start(options.rejects.as_deref())?,
            options: LoadOptions {
                incremental: None,
                ..options.clone()
            },
            source,
            report: LoadReport {
                target: target.name().to_owned(),
                ..LoadReport::default()
            },
            pending: None,
        })
    }

    /// The changes of the next step on top of `snapshot`; `None` where everything is loaded. Called again before
    /// [`Self::committed`], it makes the same step anew.
    ///
    /// # Errors
    /// As [`crate::load_into`]; `InvalidData` for a file that has other content than when it was taken; `Unavailable` for one
    /// that is written meanwhile; `Conflict` for a stream, which cannot be read again.
    pub async fn next(&mut self, snapshot: &Arc<dyn Snapshot>) -> Result<Option<ChangeSet>> {
        let known = match table_of(snapshot.schema(), &self.target) {
            Some(table) => snapshot.loaded(table).await?,
            None => LoadState::default(),
        };
        match &mut self.source {
            Source::Files(files) => {
                let (step, skipped) = files.next(&known, self.options.on_conflict).await?;
                match step {
                    Some(step) => self.files(snapshot, step).await.map(Some),
                    None => {
                        self.report.skipped_files += skipped;
                        Ok(None)
                    }
                }
            }
            Source::Above { column, name, rows } => {
                if self.pending.is_none() && self.report.snapshot.is_some() {
                    return Ok(None);
                }
                let Some(source) = rows.take() else {
                    return Err(Error::conflict(
                        "another writer was first, and the rows of a stream cannot be read again",
                    ));
                };
                *rows = source.again();
                let mark = known.mark(name, column).cloned();
                let growth = Growth::new(column, mark);
                let (column, name) = (column.clone(), name.clone());
                let step = LoadStep {
                    rejects: self.rejects,
                    growth: Some(growth),
                    ..LoadStep::default()
                };
                let (target, options) = (&self.target, &self.options);
                let loaded = load_step(snapshot, target, source, options, &step).await?;
                let mut changes = loaded.changes;
                if let Some(value) = loaded.growth.and_then(Growth::grown) {
                    let mut taken = LoadState::default();
                    let marks = taken.marks.entry(name).or_default();
                    marks.insert(column, value);
                    let table = target_of(&changes, target)?;
                    changes.loaded.insert(table, taken);
                }
                changes.may_rebase = false;
                self.pending = Some(Pending {
                    report: loaded.report,
                    done: 0,
                });
                Ok(Some(changes))
            }
        }
    }

    async fn files(&mut self, snapshot: &Arc<dyn Snapshot>, step: Step) -> Result<ChangeSet> {
        let own = LoadStep {
            rejects: self.rejects,
            ..LoadStep::default()
        };
        let (target, options) = (&self.target, &self.options);
        let source = step.source.again();
        let source = source.ok_or_else(|| Error::internal("files that are read once"))?;
        let loaded = load_step(snapshot, target, source, options, &own).await?;
        step.check_unchanged()?;
        let mut changes = loaded.changes;
        let mut report = loaded.report;
        report.files = step.files.len() as u64;
        report.skipped_files = step.skipped;
        let table = target_of(&changes, target)?;
        changes.loaded.insert(table, step.taken);
        // Another load may have taken the files meanwhile.
        changes.may_rebase = false;
        self.pending = Some(Pending {
            report,
            done: step.done,
        });
        Ok(changes)
    }

    /// The last step is committed as `snapshot`, or changes nothing of it.
    ///
    /// # Errors
    /// Those of the reject file.
    pub fn committed(&mut self, snapshot: SnapshotId) -> Result<()> {
        let Some(pending) = self.pending.take() else {
            return Err(Error::internal("a step that was not made is committed"));
        };
        if let Source::Files(files) = &mut self.source {
            files.settle(pending.done);
        }
        self.report.add(LoadReport {
            snapshot: Some(snapshot),
            ..pending.report
        });
        self.rejects = reject_start(self.options.rejects.as_deref())?;
        Ok(())
    }

    /// What all steps did; `snapshot` is the newest one, for a load that had nothing to do.
    #[must_use]
    pub fn finish(mut self, snapshot: SnapshotId) -> LoadReport {
        self.report.snapshot.get_or_insert(snapshot);
        self.report
    }
}

/// Rejected rows of several steps and loads stand behind each other.
fn reject_start(rejects: Option<&Path>) -> Result<RejectStart> {
    rejects.map_or(Ok(RejectStart::Anew), RejectStart::behind)
}

/// The table that a load adds to.
fn table_of(schema: &GraphSchema, target: &LoadTarget) -> Option<TableId> {
    let table = match target {
        LoadTarget::Nodes { label, .. } => schema.node_table(std::slice::from_ref(label)),
        LoadTarget::Hyperedges { name, .. } => schema.hyperedge_table(name).map(|own| own.0),
    };
    table.map(|table| table.id)
}

/// The table that changes add to, which may be new.
fn target_of(changes: &ChangeSet, target: &LoadTarget) -> Result<TableId> {
    let table = table_of(&changes.schema, target);
    table.ok_or_else(|| Error::internal("a load without a table"))
}

/// What the graph knows a source by: its absolute paths and URIs; rows in memory have the empty name.
fn name_of(source: &ImportSource) -> Result<String> {
    let mut names = Vec::new();
    let mut sources = vec![source];
    while let Some(source) = sources.pop() {
        match source {
            ImportSource::Files { paths, .. } => {
                for path in paths {
                    names.push(match Location::of(path)? {
                        Location::Local(local) => {
                            let whole = std::path::absolute(local.as_ref())?;
                            whole.to_string_lossy().into_owned()
                        }
                        Location::Remote(uri) => uri.to_owned(),
                    });
                }
            }
            ImportSource::Tables(tables) => sources.extend(tables.iter().rev()),
            ImportSource::Batches(_) | ImportSource::Stream(_) => {}
        }
    }
    Ok(names.join("\n"))
}
