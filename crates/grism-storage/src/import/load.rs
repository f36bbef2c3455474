//! Loading: rows become the nodes or hyperedges of a commit.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use grism_core::{ChangeSet, Error, Result, Snapshot, SnapshotSelector, Storage};

use super::conflict::OnConflict;
use super::files::InputFile;
use super::input::Input;
use super::loader::{LoadStep, Loaded, Loader};
use super::options::{BadRow, ImportSource, LoadOptions, LoadProgress, LoadTarget, MissingMember};
use super::plan::{AbsentColumns, Plan, State, hyperedges_plan, nodes_plan};
use super::report::LoadReport;
use super::role_columns::{split_columns, with_roles};
use super::shared_keys::SharedKeys;
use super::telling::Telling;
use crate::shares::Shares;

/// Loads a source into a graph as one commit.
///
/// # Errors
/// As [`load_into`]; `Conflict` where another writer was first.
pub async fn load(
    storage: &dyn Storage,
    target: &LoadTarget,
    source: ImportSource,
    options: &LoadOptions,
) -> Result<LoadReport> {
    let start = Instant::now();
    let snapshot = storage.snapshot(SnapshotSelector::Newest).await?;
    let (changes, mut report) = load_into(&snapshot, target, source, options).await?;
    report.snapshot = Some(storage.commit(changes).await?);
    report.elapsed = start.elapsed();
    Ok(report)
}

/// The changes that a load makes on top of `snapshot`.
///
/// # Errors
/// `NotFound` for an unknown type, label or file; `InvalidData`, naming the place, for a row that is wrong; `Cancelled`.
pub async fn load_into(
    snapshot: &Arc<dyn Snapshot>,
    target: &LoadTarget,
    source: ImportSource,
    options: &LoadOptions,
) -> Result<(ChangeSet, LoadReport)> {
    if options.incremental.is_some() {
        return Err(Error::unsupported(
            "an incremental load has several steps: `IncrementalLoad` makes them",
        ));
    }
    let loaded = load_step(snapshot, target, source, options, &LoadStep::default()).await?;
    Ok((loaded.changes, loaded.report))
}

/// What one step of a load makes.
///
/// # Errors
/// As [`load_into`].
pub(super) async fn load_step(
    snapshot: &Arc<dyn Snapshot>,
    target: &LoadTarget,
    source: ImportSource,
    options: &LoadOptions,
    step: &LoadStep,
) -> Result<Loaded> {
    let again = source.again();
    let mut telling = Arc::new(first_telling(snapshot, target, options));
    let loaded = load_told(snapshot, target, source, options, &telling, step).await;
    match (loaded, telling.corrected(), again) {
        // The rows are read again with the types that all of them have.
        (Err(_), Some(corrected), Some(source)) if !options.progress.is_cancelled() => {
            options.progress.restart();
            telling = Arc::new(corrected);
            load_told(snapshot, target, source, options, &telling, step).await
        }
        (loaded, ..) => loaded,
    }
}

/// As [`load_into`], with types of text files' columns told as `telling` says.
async fn load_told(
    snapshot: &Arc<dyn Snapshot>,
    target: &LoadTarget,
    source: ImportSource,
    options: &LoadOptions,
    telling: &Arc<Telling>,
    step: &LoadStep,
) -> Result<Loaded> {
    let mut changes = changes_on(snapshot, target);
    let keys = Arc::new(SharedKeys::default());
    let begun = begin(snapshot, &mut changes, target, source, options, &keys).await?;
    let mut loaded = run(snapshot, begun, changes, telling, &keys, step.clone()).await?;
    keys.append_created(&mut loaded.changes)?;
    Ok(loaded)
}

/// The changes of a load, which are empty.
pub(super) fn changes_on(snapshot: &Arc<dyn Snapshot>, target: &LoadTarget) -> ChangeSet {
    let changes = ChangeSet::new(snapshot.as_ref(), (**snapshot.schema()).clone());
    changes.with_operation(format!("load {}", target.name()))
}

/// Which columns of roles a table of the source may be without.
fn absent_columns(
    target: &LoadTarget,
    source: &ImportSource,
    options: &LoadOptions,
) -> AbsentColumns {
    let are_several = matches!(source, ImportSource::Tables(tables) if tables.len() > 1);
    let are_named = matches!(target, LoadTarget::Hyperedges { roles, .. } if !roles.is_empty());
    match (are_several, are_named) {
        (false, true) => AbsentColumns::None,
        // Those that rows change bind their members already.
        (_, false) if options.on_conflict == OnConflict::Update => AbsentColumns::Any,
        (false, false) => AbsentColumns::NotRequired,
        (true, true) => AbsentColumns::InOtherTables,
        (true, false) => AbsentColumns::Any,
    }
}

/// How the types of text files' columns are told at first.
pub(super) fn first_telling(
    snapshot: &Arc<dyn Snapshot>,
    target: &LoadTarget,
    options: &LoadOptions,
) -> Telling {
    let target = with_roles(snapshot.schema(), target);
    let lists = split_columns(snapshot.schema(), &target, options);
    Telling::from_first_rows(&target, lists, options)
}

/// A load that has begun: what its rows become is known, and none is read.
pub(super) struct Begun {
    pub(super) plan: Plan,
    pub(super) inputs: Vec<Input>,
    state: State,
    target: LoadTarget,
    options: LoadOptions,
}

/// Begins a load, and finds its tables; those that it needs are added to the schema of the changes.
///
/// # Errors
/// As [`load_into`], but for those of rows.
pub(super) async fn begin(
    snapshot: &Arc<dyn Snapshot>,
    changes: &mut ChangeSet,
    target: &LoadTarget,
    source: ImportSource,
    options: &LoadOptions,
    keys: &SharedKeys,
) -> Result<Begun> {
    let absent = absent_columns(target, &source, options);
    let target = with_roles(snapshot.schema(), target).into_owned();
    if options.rejects.is_none()
        && (options.bad_rows == BadRow::Reject || options.missing == MissingMember::Reject)
    {
        return Err(Error::invalid_query(
            "rows are to be rejected, and no reject file is named",
        ));
    }
    let (plan, state) = match &target {
        LoadTarget::Nodes { label, key } => {
            if options.missing != MissingMember::Error {
                return Err(Error::invalid_query(
                    "a load of nodes binds no members that could be missing",
                ));
            }
            if options.group_by.is_some() || options.split.is_some() {
                return Err(Error::invalid_query(
                    "rows are grouped, and texts split, for hyperedges only",
                ));
            }
            if options.key.is_some() {
                return Err(Error::invalid_query(
                    "the key of nodes is named by the target of the load",
                ));
            }
            nodes_plan(snapshot.as_ref(), changes, label, key, options, keys).await?
        }
        LoadTarget::Hyperedges { name, roles } => {
            hyperedges_plan(
                snapshot.as_ref(),
                changes,
                name,
                roles,
                options,
                absent,
                keys,
            )
            .await?
        }
    };
    let inputs = Input::of(source, Shares::of(snapshot.memory().as_ref())).await?;
    check_rejects(options.rejects.as_deref(), &inputs)?;
    Ok(Begun {
        plan,
        inputs,
        state,
        target,
        options: options.clone(),
    })
}

/// Reads the rows of a load, on threads of its own, into `changes`.
///
/// # Errors
/// As [`load_into`].
pub(super) async fn run(
    snapshot: &Arc<dyn Snapshot>,
    begun: Begun,
    changes: ChangeSet,
    telling: &Arc<Telling>,
    keys: &Arc<SharedKeys>,
    step: LoadStep,
) -> Result<Loaded> {
    let start = Instant::now();
    let Begun {
        plan,
        inputs,
        state,
        target,
        options,
    } = begun;
    let loader = Loader::new(snapshot, changes, &target, &plan, &options, step);
    let progress = Arc::clone(&options.progress);
    let (telling, keys) = (Arc::clone(telling), Arc::clone(keys));
    let stop = StopOnDrop(Arc::clone(&progress));
    let work = tokio::task::spawn_blocking(move || {
        loader.run(&plan, state, inputs, &telling, &progress, &keys)
    });
    let done = work.await;
    std::mem::forget(stop);
    let mut loaded = done.map_err(|error| Error::internal(format!("a load failed: {error}")))??;
    loaded.report.elapsed = start.elapsed();
    Ok(loaded)
}

fn check_rejects(rejects: Option<&Path>, inputs: &[Input]) -> Result<()> {
    let Some(rejects) = rejects else {
        return Ok(());
    };
    let whole = rejects.canonicalize().ok();
    let is_same = |file: &Arc<InputFile>| whole.is_some() && file.path.canonicalize().ok() == whole;
    let is_read = inputs.iter().any(|input| match input {
        Input::Files(files, _) => files.iter().any(is_same),
        Input::Batches(_) | Input::Stream(_) => false,
    });
    if is_read {
        return Err(Error::invalid_query(format!(
            "the reject file {} is one of the files that are loaded",
            rejects.display()
        )));
    }
    Ok(())
}

/// Ends the threads of a load whose future was dropped.
struct StopOnDrop(Arc<LoadProgress>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}
