//! Staging of a whole commit: its tables at the same time, then what they share.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use fail::fail_point;
use grism_core::{ChangeSet, Error, GraphSchema, Result, TableId};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::table::{StagedTable, TableBefore, TableContext};
use super::table_changes::TableChanges;
use crate::collector::settle;
use crate::lance::history::format::GraphOptions;
use crate::lance::history::loaded::stage_loaded;
use crate::lance::history::log::{AdjacencyEntry, SnapshotEntry};
use crate::lance::lists::shared_lists::SharedLists;
use crate::lance::place::root::Root;
use crate::lance::place::sync::Unsynced;
use crate::lance::reading::indexes::build_indexes;
use crate::lance::reading::open_table::OpenDatasets;
use crate::shares::Shares;

/// New rows from which on a table is staged beside small ones only: it is divided among the cores itself.
const LARGE_ROWS: u64 = 1 << 19;

/// What was staged.
pub(in crate::lance) struct Staged {
    /// The entry of the snapshot that would come of it, with the number of the one before.
    pub(in crate::lance) entry: SnapshotEntry,
    /// Datasets of it that are open.
    pub(in crate::lance) opened: OpenDatasets,
}

/// Stages `changes` on top of `before`.
pub(in crate::lance) async fn stage(
    root: &Root,
    options: GraphOptions,
    before: &SnapshotEntry,
    changes: &ChangeSet,
) -> Result<Staged> {
    let mut entry = before.clone();
    entry.schema = changes.schema.clone();
    let stays = |table: TableId| changes.schema.table(table).is_ok();
    entry.tables.retain(|table, _| stays(*table));
    rename_roles(&mut entry.adjacency, &before.schema, &changes.schema);
    entry.statistics.tables.retain(|table, _| stays(*table));
    entry.loaded.retain(|table, _| stays(*table));
    for (table, taken) in &changes.loaded {
        stage_loaded(root, &mut entry, *table, taken).await?;
    }
    for table in changes.schema.tables() {
        let statistics = entry.statistics.tables.entry(table.id).or_default();
        settle(statistics, table, before.schema.table(table.id).ok());
    }
    let touched: BTreeSet<TableId> = changes
        .appends
        .keys()
        .chain(changes.updates.keys())
        .chain(changes.deletes.keys())
        .copied()
        .collect();
    let unsynced = Unsynced::default();
    let shared = SharedLists::take_from(root, &mut entry, &unsynced);
    let mut waiting = VecDeque::new();
    for id in &touched {
        let context = TableContext {
            root: root.clone(),
            options,
            table: Arc::new(changes.schema.table(*id)?.clone()),
            shared: shared.clone(),
            unsynced: unsynced.clone(),
        };
        let before = TableBefore {
            dataset: entry.tables.get(id).cloned(),
            statistics: entry.statistics.tables.remove(id).unwrap_or_default(),
            adjacency: entry
                .adjacency
                .extract_if(.., |own| own.table == *id)
                .collect(),
        };
        waiting.push_back((context, before));
    }
    let mut opened = OpenDatasets::new();
    let shares = root.resources().shares();
    for (table, staged) in staged(waiting, changes, shares).await? {
        let version = staged.version();
        opened.insert(version.clone(), Arc::new(staged.dataset));
        entry.tables.insert(table, version);
        let statistics = &mut entry.statistics.tables;
        statistics.insert(table, staged.statistics);
        entry.adjacency.extend(staged.adjacency);
    }
    entry.adjacency.extend(shared.finish().await?);
    fail_point!("adjacency-staged");
    entry.sort_lists();
    synced(unsynced).await?;
    if !changes.appends.is_empty() {
        fail_point!("rows-synced");
    }
    if !(changes.updates.is_empty() && changes.deletes.is_empty()) {
        fail_point!("changes-synced");
    }
    if !(entry.schema.indexes().is_empty() && before.schema.indexes().is_empty()) {
        let are_new = entry.schema.indexes() != before.schema.indexes();
        for table in changes.schema.tables() {
            if are_new || touched.contains(&table.id) {
                build_indexes(root, table, &mut entry, false).await?;
            }
        }
    }
    Ok(Staged { entry, opened })
}

/// Keeps incidence lists under the names that their roles have in `after`; those of roles and tables that were dropped go.
fn rename_roles(lists: &mut Vec<AdjacencyEntry>, before: &GraphSchema, after: &GraphSchema) {
    lists.retain_mut(|own| {
        let tables = before
            .table(own.table)
            .ok()
            .zip(after.table(own.table).ok());
        let types = tables.and_then(|(old, new)| old.hyperedge_type().zip(new.hyperedge_type()));
        let later = types.and_then(|(old, new)| new.later_name(old, &own.role));
        if let Some(role) = later.filter(|role| *role != own.role) {
            own.role = role.to_owned();
        }
        later.is_some()
    });
}

/// Stages tables, many at the same time.
async fn staged(
    mut waiting: VecDeque<(TableContext, TableBefore)>,
    changes: &ChangeSet,
    shares: Shares,
) -> Result<Vec<(TableId, StagedTable)>> {
    // Small tables mostly wait for the disk.
    let width = match shares.write_parts() {
        1 => 1,
        cores => cores as usize * 2,
    };
    let large = Arc::new(Semaphore::new(1));
    let mut tasks = JoinSet::new();
    let mut all = Vec::with_capacity(waiting.len());
    loop {
        while tasks.len() < width
            && let Some((context, before)) = waiting.pop_front()
        {
            let table = context.table.id;
            let own = TableChanges {
                appends: changes.appended_pieces(table),
                updates: changes.updated_pieces(table),
                deletes: changes.deletes.get(&table).cloned(),
            };
            let large = (changes.appended_rows(table) >= LARGE_ROWS).then(|| Arc::clone(&large));
            tasks.spawn(async move {
                let _alone = match large {
                    Some(large) => large.acquire_owned().await.ok(),
                    None => None,
                };
                let staged = own.staged(&context, before).await?;
                Ok::<_, Error>((table, staged))
            });
        }
        // Tasks that are left are aborted; what they wrote is swept by a VACUUM.
        let done = tokio::select! {
            done = tasks.join_next() => done,
            error = changes.cancellation.cancelled() => return Err(error),
        };
        let Some(done) = done else {
            return Ok(all);
        };
        all.push(done.map_err(|error| Error::internal(error.to_string()))??);
    }
}

/// Syncs what was written.
async fn synced(unsynced: Unsynced) -> Result<()> {
    let done = tokio::task::spawn_blocking(move || unsynced.sync()).await;
    done.map_err(|error| Error::internal(error.to_string()))?
}
