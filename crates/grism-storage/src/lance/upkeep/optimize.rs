//! OPTIMIZE: small fragments become large ones, deleted rows go, and the deltas of incidence lists are folded into runs.

use std::borrow::Cow;
use std::sync::Arc;

use futures::TryStreamExt;
use grism_core::{
    CommitSummary, HyperedgeType, IndexKind, OptimizeReport, Result, Role, RoleStatistics,
    RowBuffer, Snapshot, SnapshotSelector, SortedIncidences, Storage, Table,
};
use lance::dataset::optimize::{CompactionOptions, plan_compaction};
use lance::dataset::transaction::{Operation, RewriteGroup, Transaction};

use super::recount::{count_degrees, has_degrees, recount_properties};
use crate::all_rows::all_rows;
use crate::lance::history::dataset_version::DatasetVersion;
use crate::lance::history::log::{AdjacencyEntry, SnapshotEntry};
use crate::lance::lists::role_lists::RoleLists;
use crate::lance::lists::shared_lists::{SharedLists, is_shared};
use crate::lance::place::error::from_lance;
use crate::lance::place::root::Root;
use crate::lance::place::sync::Unsynced;
use crate::lance::reading::indexes::build_indexes;
use crate::lance::reading::snapshot::LanceSnapshot;
use crate::lance::rows::dataset::{commit_detached, open, sync_new};
use crate::lance::storage::LanceStorage;

impl LanceStorage {
    /// OPTIMIZE, as [`Maintenance`](grism_core::Maintenance) says.
    pub(in crate::lance) async fn run_optimize(&self) -> Result<OptimizeReport> {
        let turn = self.turn().await?;
        let newest = self.find(SnapshotSelector::Newest).await?;
        newest.graph.upgrade(&self.root).await?;
        let before = newest.entry();
        let fragment_rows = newest.graph.options.fragment_rows;
        let mut entry = before.clone();
        let mut report = OptimizeReport::nothing(before.id);
        let mut folding = Folding::of(&self.root, before);
        for table in before.schema.tables() {
            let mut indexes = before.schema.indexes_of(table);
            if indexes.any(|index| index.kind != IndexKind::Range) {
                // Their rows are not brought together with those that an index does not cover.
                report.reindexed += build_indexes(&self.root, table, &mut entry, true).await?;
            }
            self.compact(table, fragment_rows, &mut entry, &mut report)
                .await?;
            let statistics = entry.statistics.tables.entry(table.id).or_default();
            report.recounted += recount_properties(&newest, table, statistics).await?;
            if let Some(ty) = table.hyperedge_type() {
                self.fold(&newest, table, ty, &mut folding, &mut entry, &mut report)
                    .await?;
            }
            if before.schema.indexes_of(table).next().is_some() {
                report.reindexed += build_indexes(&self.root, table, &mut entry, true).await?;
            }
        }
        entry.adjacency.extend(folding.shared.finish().await?);
        entry.sort_lists();
        folding.unsynced.sync()?;
        if report == OptimizeReport::nothing(before.id) {
            return Ok(report);
        }
        let summary = CommitSummary {
            operation: "optimize".to_owned(),
            ..CommitSummary::default()
        };
        let entry = self.publish(before, entry, summary).await?;
        drop(turn);
        self.publish_main_lines(Some(before), &entry).await;
        report.snapshot = entry.id;
        Ok(report)
    }

    async fn compact(
        &self,
        table: &Table,
        fragment_rows: usize,
        entry: &mut SnapshotEntry,
        report: &mut OptimizeReport,
    ) -> Result<()> {
        let Some(known) = entry.tables.get_mut(&table.id) else {
            return Ok(());
        };
        let dataset = open(&self.root, known).await?;
        let options = CompactionOptions {
            target_rows_per_fragment: fragment_rows,
            ..CompactionOptions::default()
        };
        let plan = plan_compaction(&dataset, &options)
            .await
            .map_err(from_lance)?;
        let mut next = dataset.manifest().max_fragment_id().map_or(0, |id| id + 1);
        let mut groups = Vec::new();
        for task in plan.compaction_tasks() {
            let mut done = task.execute(&dataset).await.map_err(from_lance)?;
            for fragment in &mut done.new_fragments {
                fragment.id = next;
                next += 1;
            }
            report.fragments_before += done.original_fragments.len() as u64;
            report.fragments_after += done.new_fragments.len() as u64;
            groups.push(RewriteGroup {
                old_fragments: done.original_fragments,
                new_fragments: done.new_fragments,
            });
        }
        if groups.is_empty() {
            return Ok(());
        }
        let old = dataset.fragments().iter().map(|own| own.id).collect();
        let operation = Operation::Rewrite {
            groups,
            rewritten_indices: Vec::new(),
            frag_reuse_index: None,
        };
        let transaction = Transaction::new(dataset.version_id(), operation, None);
        let staged = commit_detached(Arc::new(dataset), transaction).await?;
        sync_new(&self.root, &known.path, &staged, &old)?;
        *known = DatasetVersion::of(known.path.clone(), &staged);
        Ok(())
    }

    /// Writes the incidence lists of a table's roles anew where a delta or several loads have grown them, and counts the
    /// degrees of their members.
    async fn fold(
        &self,
        snapshot: &Arc<LanceSnapshot>,
        table: &Table,
        ty: &HyperedgeType,
        folding: &mut Folding,
        entry: &mut SnapshotEntry,
        report: &mut OptimizeReport,
    ) -> Result<()> {
        let table = Arc::new(table.clone());
        let own = |lists: &mut AdjacencyEntry| lists.table == table.id;
        let lists: Vec<AdjacencyEntry> = entry.adjacency.extract_if(.., own).collect();
        for own in lists {
            let has_grown = is_grown(&own);
            let is_written = has_grown || folding.writes_shared && is_shared(&own);
            if !is_written && has_degrees(&entry.statistics, &own) {
                entry.adjacency.push(own);
                continue;
            }
            let role = own.role.clone();
            let is_read = |known: &&Role| known.name == role || ty.is_binary();
            let columns = ty.roles.iter().filter(is_read).map(Role::column);
            let columns: Vec<String> = columns.map(Cow::into_owned).collect();
            let resources = self.root.resources();
            let shares = resources.shares();
            let mut rows = RowBuffer::new(shares.waiting_bytes(), resources.memory());
            let mut batches = all_rows(snapshot.as_ref(), table.id, &columns);
            while let Some(batch) = batches.try_next().await? {
                rows.push(batch)?;
            }
            let shift = snapshot.segment_shift();
            let (rows, budget) = (rows.finish()?, shares.sort_bytes());
            let sorted = SortedIncidences::count(table.id, ty, &role, rows, 0, shift, budget)?;
            let incidences = sorted.by_table();
            let degrees = if is_written {
                let lists = RoleLists {
                    root: self.root.clone(),
                    unsynced: folding.unsynced.clone(),
                    shared: folding.shared.clone(),
                    shift,
                    table: Arc::clone(&table),
                    role: role.clone(),
                };
                let (own, degrees) = lists.replaced(sorted).await?;
                entry.adjacency.extend(own);
                report.folded += u64::from(has_grown);
                degrees
            } else {
                entry.adjacency.push(own);
                report.recounted += 1;
                count_degrees(sorted)?
            };
            let counts = entry.statistics.tables.entry(table.id).or_default();
            let counts = counts.roles.entry(role).or_default();
            *counts = RoleStatistics {
                incidences,
                degrees: Some(degrees),
            };
        }
        Ok(())
    }
}

/// Incidence lists that are written anew.
struct Folding {
    /// Those of small roles.
    shared: SharedLists,
    /// Whether the lists of all small roles are, since some have grown.
    writes_shared: bool,
    unsynced: Unsynced,
}

impl Folding {
    fn of(root: &Root, entry: &SnapshotEntry) -> Self {
        let unsynced = Unsynced::default();
        let mut lists = entry.adjacency.iter();
        Self {
            shared: SharedLists::empty(root, &unsynced),
            writes_shared: lists.any(|own| is_shared(own) && is_grown(own)),
            unsynced,
        }
    }
}

/// Whether incidence lists are more than one run a segment.
fn is_grown(entry: &AdjacencyEntry) -> bool {
    let mut segments: Vec<_> = entry
        .runs
        .iter()
        .map(|run| (run.members, run.segment))
        .collect();
    segments.sort_unstable();
    let runs = segments.len();
    segments.dedup();
    !entry.delta.is_empty() || segments.len() < runs
}
