//! Loading: rows become the nodes or hyperedges of a commit.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use grism_core::{ChangeSet, Error, Result, Snapshot, SnapshotId, Storage};

use super::files::InputFile;
use super::loader::Loader;
use super::options::{BadRow, ImportSource, LoadOptions, LoadProgress, LoadTarget, MissingMember};
use super::plan::{
    AbsentColumns, Plan, State, hyperedges_plan, nodes_plan, split_columns, with_roles,
};
use super::read::Input;
use super::report::LoadReport;
use super::shared_keys::SharedKeys;
use super::telling::Telling;

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
    let snapshot = storage.snapshot(SnapshotId::default()).await?;
    let (changes, mut report) = load_into(&snapshot, target, source, options).await?;
    report.snapshot = storage.commit(changes).await?;
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
    let again = source.again();
    let mut telling = Arc::new(first_telling(snapshot, target, options));
    let loaded = load_told(snapshot, target, source, options, &telling).await;
    match (loaded, telling.corrected(), again) {
        // The rows are read again with the types that all of them have.
        (Err(_), Some(corrected), Some(source)) if !options.progress.is_cancelled() => {
            options.progress.restart();
            telling = Arc::new(corrected);
            load_told(snapshot, target, source, options, &telling).await
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
) -> Result<(ChangeSet, LoadReport)> {
    let mut changes = ChangeSet::new(snapshot.as_ref(), (**snapshot.schema()).clone())
        .with_operation(format!("load {}", target.name()));
    let keys = Arc::new(SharedKeys::default());
    let planned = planned(snapshot, &mut changes, target, source, options, &keys).await?;
    let part = run(planned, changes, telling, &keys, 1).await;
    let (mut changes, report) = part?;
    keys.append_created(&mut changes)?;
    Ok((changes, report))
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

/// A load that is ready to read its rows.
pub(super) struct Planned {
    plan: Plan,
    state: State,
    target: LoadTarget,
    inputs: Vec<Input>,
    options: LoadOptions,
}

/// Looks what a load's rows will be; the tables that it needs are added to the schema of the changes.
pub(super) async fn planned(
    snapshot: &Arc<dyn Snapshot>,
    changes: &mut ChangeSet,
    target: &LoadTarget,
    source: ImportSource,
    options: &LoadOptions,
    keys: &SharedKeys,
) -> Result<Planned> {
    let are_several = matches!(&source, ImportSource::Tables(tables) if tables.len() > 1);
    let are_named = matches!(target, LoadTarget::Hyperedges { roles, .. } if !roles.is_empty());
    let absent = match (are_several, are_named) {
        (false, true) => AbsentColumns::None,
        (false, false) => AbsentColumns::NotRequired,
        (true, true) => AbsentColumns::InOtherTables,
        (true, false) => AbsentColumns::Any,
    };
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
            nodes_plan(snapshot.as_ref(), changes, label, key).await?
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
    let inputs = Input::of(source).await?;
    check_rejects(options.rejects.as_deref(), &inputs)?;
    Ok(Planned {
        plan,
        state,
        target,
        inputs,
        options: options.clone(),
    })
}

/// Reads the rows of a load, on threads of its own, into changes of its own. It is one of `loads` at a time.
pub(super) async fn run(
    planned: Planned,
    changes: ChangeSet,
    telling: &Arc<Telling>,
    keys: &Arc<SharedKeys>,
    loads: usize,
) -> Result<(ChangeSet, LoadReport)> {
    let start = Instant::now();
    let Planned {
        plan,
        state,
        target,
        inputs,
        options,
    } = planned;
    let loader = Loader::new(changes, &target, &options, loads);
    let (telling, keys) = (Arc::clone(telling), Arc::clone(keys));
    let stop = StopOnDrop(Arc::clone(&options.progress));
    let work = tokio::task::spawn_blocking(move || {
        loader.run(plan, state, inputs, &telling, &options, &keys)
    });
    let done = work.await;
    std::mem::forget(stop);
    let (changes, mut report) =
        done.map_err(|error| Error::internal(format!("a load failed: {error}")))??;
    report.elapsed = start.elapsed();
    Ok((changes, report))
}

fn check_rejects(rejects: Option<&Path>, inputs: &[Input]) -> Result<()> {
    let Some(rejects) = rejects else {
        return Ok(());
    };
    let whole = rejects.canonicalize().ok();
    let is_same = |file: &Arc<InputFile>| whole.is_some() && file.path.canonicalize().ok() == whole;
    let is_read = inputs.iter().any(|input| match input {
        Input::Files(files, _) => files.iter().any(is_same),
        Input::Batches(_) => false,
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
