//! The tables of a snapshot with their datasets open.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use grism_core::{GraphSchema, Result, TableId};
use lance::dataset::Dataset;

use crate::lance::history::dataset_version::DatasetVersion;
use crate::lance::history::log::SnapshotEntry;
use crate::lance::place::at_once::all_at_once;
use crate::lance::place::root::Root;
use crate::lance::reading::indexes::{TableIndex, table_indexes};
use crate::lance::rows::dataset::open;
use crate::lance::rows::plain_rows::is_plain;

/// Datasets that are open, by their versions.
pub(in crate::lance) type OpenDatasets = HashMap<DatasetVersion, Arc<Dataset>>;

/// The datasets of incidence lists, with the place of their entries, by table and role.
pub(in crate::lance) type OpenLists = HashMap<(TableId, String), (usize, Arc<Dataset>)>;

/// What a snapshot has open, of which others open nothing anew.
pub(in crate::lance) struct KnownDatasets<'a> {
    pub(in crate::lance) entry: &'a SnapshotEntry,
    pub(in crate::lance) schema: &'a GraphSchema,
    pub(in crate::lance) tables: &'a BTreeMap<TableId, Arc<OpenTable>>,
    pub(in crate::lance) lists: &'a OpenLists,
}

/// The dataset of a table, and what its manifest tells.
pub(in crate::lance) struct OpenTable {
    pub(in crate::lance) dataset: Arc<Dataset>,
    /// Whether row ids are the places of the rows, since rows were only ever appended.
    pub(in crate::lance) is_plain: bool,
    pub(in crate::lance) indexes: Vec<TableIndex>,
}

impl OpenTable {
    async fn of(schema: &GraphSchema, table: TableId, dataset: Arc<Dataset>) -> Result<Self> {
        let table = schema.table(table)?;
        Ok(Self {
            is_plain: is_plain(&dataset),
            indexes: table_indexes(schema, table, &dataset).await?,
            dataset,
        })
    }
}

/// Opens the datasets of all tables of a snapshot, many at the same time, but for those that `known` has open or that are among
/// `opened`.
pub(in crate::lance) async fn open_tables(
    root: &Root,
    entry: &SnapshotEntry,
    schema: &Arc<GraphSchema>,
    known: Option<&KnownDatasets<'_>>,
    opened: &OpenDatasets,
) -> Result<BTreeMap<TableId, Arc<OpenTable>>> {
    let mut tables = BTreeMap::new();
    let mut opening = Vec::new();
    for (table, dataset) in &entry.tables {
        let known = known.filter(|known| known.entry.tables.get(table) == Some(dataset));
        let same = known.and_then(|known| Some((known, known.tables.get(table)?)));
        if let Some((known, same)) = same
            && has_indexes_of(schema, known.schema, *table)
        {
            tables.insert(*table, Arc::clone(same));
            continue;
        }
        let same = same.map(|(_, same)| Arc::clone(&same.dataset));
        let (root, schema) = (root.clone(), Arc::clone(schema));
        let (table, dataset) = (*table, dataset.clone());
        let opened = same.or_else(|| opened.get(&dataset).cloned());
        opening.push(async move {
            let opened = match opened {
                Some(opened) => opened,
                None => Arc::new(open(&root, &dataset).await?),
            };
            let table_of = OpenTable::of(&schema, table, opened);
            Ok((table, Arc::new(table_of.await?)))
        });
    }
    tables.extend(all_at_once(opening).await?);
    Ok(tables)
}

/// Whether a schema declares for a table what that of a snapshot of the same rows does.
fn has_indexes_of(schema: &GraphSchema, known: &GraphSchema, table: TableId) -> bool {
    let tables = (schema.table(table), known.table(table));
    let are_same = matches!(&tables, (Ok(own), Ok(known)) if own == known);
    are_same && schema.indexes() == known.indexes()
}

/// Opens the datasets of all incidence lists of a snapshot, as [`open_tables`] does.
pub(in crate::lance) async fn open_lists(
    root: &Root,
    entry: &SnapshotEntry,
    known: Option<&KnownDatasets<'_>>,
) -> Result<OpenDatasets> {
    let mut lists = OpenDatasets::new();
    for (index, dataset) in known.iter().flat_map(|known| known.lists.values()) {
        let own = known.and_then(|known| known.entry.adjacency.get(*index));
        if let Some(own) = own {
            lists.insert(own.dataset.clone(), Arc::clone(dataset));
        }
    }
    let wanted: HashSet<&DatasetVersion> = entry
        .adjacency
        .iter()
        .map(|own| &own.dataset)
        .filter(|own| !lists.contains_key(own))
        .collect();
    let opening = wanted.into_iter().cloned().map(|dataset| {
        let root = root.clone();
        async move {
            let opened = open(&root, &dataset).await?;
            Ok((dataset, Arc::new(opened)))
        }
    });
    lists.extend(all_at_once(opening.collect()).await?);
    Ok(lists)
}
