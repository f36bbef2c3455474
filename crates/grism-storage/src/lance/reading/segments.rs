//! The incidence lists of a snapshot by segments, from the cache or the disk.

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use grism_core::{Error, IncidenceSegment, ListDirectory, Result, SegmentKey, TableId};
use lance::dataset::Dataset;

use super::cache::{CacheKey, Cached};
use super::snapshot::LanceSnapshot;
use crate::lance::history::dataset_version::DatasetVersion;
use crate::lance::history::log::AdjacencyEntry;
use crate::lance::lists::delta::Delta;
use crate::lance::lists::read_lists::RoleReader;

/// The chunk under which the delta of a role is kept.
const DELTA: u64 = u64::MAX;
/// Added to the number of a segment, under which the lengths of its lists are kept.
const LENGTHS: u64 = 1 << 62;
/// Lists whose lengths are read at the same time.
const LISTS_AT_ONCE: usize = 16;

impl LanceSnapshot {
    /// The incidences of a role whose members lie in the segment `key`.
    pub(super) async fn segment(
        &self,
        table: TableId,
        role: &str,
        key: SegmentKey,
    ) -> Result<Arc<IncidenceSegment>> {
        let Some((entry, dataset)) = self.adjacency_of(table, role) else {
            return Ok(Arc::default());
        };
        let binary = self.is_binary(table)?;
        let load = async {
            let delta = self.delta(entry, dataset, binary).await?;
            let reader = self.reader(entry, dataset, binary);
            let segment = reader.segment(&delta, key).await?;
            Ok::<_, Error>(Cached::Segment(Arc::new(segment)))
        };
        segment_of(
            self.cache()
                .get_or_load(&self.segment_key(entry, key), load)
                .await?,
        )
    }

    /// The lengths of the lists of a segment; the segment itself where they are not read apart.
    pub(super) async fn lengths(
        &self,
        table: TableId,
        role: &str,
        key: SegmentKey,
    ) -> Result<Arc<IncidenceSegment>> {
        let Some((entry, dataset)) = self.adjacency_of(table, role) else {
            return Ok(Arc::default());
        };
        let whole = self.segment_key(entry, key);
        if let Some(known) = self.cache().get(&whole) {
            return segment_of(known);
        }
        let lengths = CacheKey {
            chunk: key.segment | LENGTHS,
            ..whole
        };
        if let Some(known) = self.cache().get(&lengths) {
            return segment_of(known);
        }
        let binary = self.is_binary(table)?;
        let delta = self.delta(entry, dataset, binary).await?;
        let reader = self.reader(entry, dataset, binary);
        match reader.lengths(&delta, key).await? {
            Some(segment) => {
                let segment = Arc::new(segment);
                self.cache()
                    .insert(lengths, &Cached::Segment(Arc::clone(&segment)));
                Ok(segment)
            }
            None => self.segment(table, role, key).await,
        }
    }

    /// The lists that the members of the segment `key` occur in, kept for the snapshot.
    pub(super) async fn directory(&self, key: SegmentKey) -> Result<Arc<ListDirectory>> {
        let place = CacheKey {
            graph: Arc::clone(&self.graph.name),
            dataset: DatasetVersion::default(),
            column: self.identity.to_string(),
            members: Some(key.table),
            chunk: key.segment,
        };
        let load = async {
            let lists: Vec<(TableId, String)> = self.adjacency.keys().cloned().collect();
            let lists = lists.into_iter().map(|(table, role)| async move {
                let lengths = self.lengths(table, &role, key).await?;
                Ok::<_, Error>((table, role, lengths))
            });
            let lists = futures::stream::iter(lists).buffered(LISTS_AT_ONCE);
            let directory = ListDirectory::of(lists.try_collect().await?);
            Ok(Cached::Directory(Arc::new(directory)))
        };
        match self.cache().get_or_load(&place, load).await? {
            Cached::Directory(directory) => Ok(directory),
            _ => Err(Error::internal("a directory was cached as something else")),
        }
    }

    fn adjacency_of(&self, table: TableId, role: &str) -> Option<(&AdjacencyEntry, &Arc<Dataset>)> {
        let (index, dataset) = self.adjacency.get(&(table, role.to_owned()))?;
        Some((self.entry.adjacency.get(*index)?, dataset))
    }

    fn is_binary(&self, table: TableId) -> Result<bool> {
        let ty = self.schema.table(table)?.hyperedge_type();
        Ok(ty.is_some_and(|ty| ty.is_binary()))
    }

    fn segment_key(&self, entry: &AdjacencyEntry, key: SegmentKey) -> CacheKey {
        CacheKey {
            graph: Arc::clone(&self.graph.name),
            dataset: entry.rows_version(),
            column: lists_name(entry),
            members: Some(key.table),
            chunk: key.segment,
        }
    }

    fn reader<'a>(
        &self,
        entry: &'a AdjacencyEntry,
        dataset: &'a Dataset,
        binary: bool,
    ) -> RoleReader<'a> {
        RoleReader {
            dataset,
            entry,
            shift: self.graph.options.segment_shift,
            binary,
            shares: self.shares(),
        }
    }

    /// The delta of a role, from the cache or the disk.
    async fn delta(
        &self,
        entry: &AdjacencyEntry,
        dataset: &Dataset,
        binary: bool,
    ) -> Result<Arc<Delta>> {
        let key = CacheKey {
            graph: Arc::clone(&self.graph.name),
            dataset: entry.rows_version(),
            column: lists_name(entry),
            members: None,
            chunk: DELTA,
        };
        let load = async {
            let delta = self.reader(entry, dataset, binary).delta().await?;
            Ok::<_, Error>(Cached::Delta(Arc::new(delta)))
        };
        match self.cache().get_or_load(&key, load).await? {
            Cached::Delta(delta) => Ok(delta),
            _ => Err(Error::internal("a delta was cached as something else")),
        }
    }
}

/// What the lists of a role are called in the cache, whatever the role is called: by the first of its rows, since roles of
/// several tables share a dataset.
fn lists_name(entry: &AdjacencyEntry) -> String {
    let runs = entry.runs.iter().map(|run| run.start);
    let delta = entry.delta.iter().map(|piece| piece.start);
    let first = runs.chain(delta).min().unwrap_or_default();
    format!("{} {first}", entry.table)
}

fn segment_of(cached: Cached) -> Result<Arc<IncidenceSegment>> {
    match cached {
        Cached::Segment(segment) => Ok(segment),
        _ => Err(Error::internal("a segment was cached as something else")),
    }
}
