//! Staging of new rows: they are written into the table's dataset, or a new one, and their incidences into its lists.

use std::sync::{Arc, Mutex, PoisonError};

use arrow::record_batch::RecordBatch;
use grism_core::{AppendedRows, Error, Result, batches_of};
use lance::dataset::Dataset;
use tokio::task::JoinSet;

use super::lists::{add_delta, take_lists};
use super::statistics::{Collector, count_appended};
use super::stored_columns::StoredColumns;
use super::table::{StagedTable, TableBefore, TableContext};
use crate::incidences::{collect_incidences, members_of};
use crate::lance::history::layout::table_path;
use crate::lance::rows::dataset::{append, open};
use crate::lance::rows::new_dataset::{FirstRows, create};
use crate::lance::rows::write_rows::Batches;

/// Rows from which on their incidences are sorted into runs instead of joining the delta.
const SORTED_ROWS: u64 = 4096;

/// New rows in parts that can be written at the same time.
struct Parts {
    stored: Arc<StoredColumns>,
    batches: Vec<Batches>,
    /// What each part's rows say of the properties, once they are written.
    collectors: Vec<Collector>,
}

/// The table with new rows; their incidences are sorted and written at the same time, or after them where memory is scarce.
pub(super) async fn appended(
    context: &TableContext,
    before: TableBefore,
    pieces: &[AppendedRows],
) -> Result<StagedTable> {
    let TableBefore {
        dataset: known,
        mut statistics,
        mut adjacency,
    } = before;
    let base = match &known {
        Some(known) => Some(open(&context.root, known).await?),
        None => None,
    };
    let rows: u64 = pieces.iter().map(AppendedRows::rows).sum();
    let next_row = |dataset: &Dataset| dataset.manifest().next_row_id;
    let first_offset = base.as_ref().map_or(0, next_row);
    let table = &context.table;
    let mut sorting = Vec::new();
    let mut small = None;
    if let Some(ty) = table.hyperedge_type() {
        if rows >= SORTED_ROWS {
            for role in &ty.roles {
                let before = take_lists(context, &mut adjacency, &role.name).await;
                let lists = context.role_lists(&role.name);
                sorting.push(lists.appended(before, pieces.to_vec(), first_offset));
            }
        } else {
            let batches: Vec<RecordBatch> = batches_of(pieces.to_vec()).collect::<Result<_>>()?;
            let offset_of = |row: usize| first_offset + row as u64;
            small = Some(collect_incidences(table.id, ty, &batches, &offset_of)?);
        }
    }
    let mut tasks = JoinSet::new();
    let mut waiting = Vec::new();
    for work in sorting {
        if context.shares().is_scarce() {
            waiting.push(work);
        } else {
            tasks.spawn(work);
        }
    }
    let parts = parts(context, base.as_ref(), pieces, rows);
    let known = known.map(|known| known.path).zip(base);
    let (path, dataset) = written(context, known, &parts.stored, parts.batches).await?;
    count_appended(&mut statistics, rows, next_row(&dataset), &parts.collectors);
    let mut waiting = waiting.into_iter();
    loop {
        if tasks.is_empty()
            && let Some(work) = waiting.next()
        {
            tasks.spawn(work);
        }
        let Some(done) = tasks.join_next().await else {
            break;
        };
        let added = done.map_err(|error| Error::internal(error.to_string()))??;
        let counts = statistics.roles.entry(added.role).or_default();
        counts.join(&added.members, added.degrees, added.are_apart);
        adjacency.extend(added.own);
    }
    for (role, incidences) in small.unwrap_or_default() {
        let counts = statistics.roles.entry(role.clone());
        counts.or_default().add(&members_of(&incidences));
        add_delta(context, &mut adjacency, &role, incidences).await?;
    }
    Ok(StagedTable {
        path,
        dataset,
        statistics,
        adjacency,
    })
}

/// Writes new rows into the dataset that is known with its path, or into a new one.
async fn written(
    context: &TableContext,
    known: Option<(String, Dataset)>,
    stored: &StoredColumns,
    parts: Vec<Batches>,
) -> Result<(String, Dataset)> {
    let schema = Arc::clone(&stored.schema);
    let fragment_rows = context.options.fragment_rows;
    let (root, unsynced) = (&context.root, &context.unsynced);
    let Some((path, base)) = known else {
        let first = FirstRows {
            schema,
            unwritten: stored.unwritten.clone(),
            parts,
            fragment_rows,
        };
        return create(root, &table_path(&context.table), first, unsynced).await;
    };
    let grown = append(root, &path, base, schema, parts, fragment_rows, unsynced).await?;
    Ok((path, grown))
}

/// New rows as their dataset stores them.
fn parts(
    context: &TableContext,
    base: Option<&Dataset>,
    pieces: &[AppendedRows],
    rows: u64,
) -> Parts {
    let stored = Arc::new(StoredColumns::of(&context.table, base));
    let fragments = rows.div_ceil(context.options.fragment_rows as u64).max(1);
    let wanted = context.shares().write_parts().min(fragments);
    let mut parts: Vec<(u64, Vec<AppendedRows>)> = vec![(0, Vec::new())];
    for piece in pieces {
        let full = parts
            .last()
            .is_some_and(|(size, _)| *size >= rows.div_ceil(wanted));
        if full {
            parts.push((0, Vec::new()));
        }
        if let Some((size, part)) = parts.last_mut() {
            *size += piece.rows();
            part.push(piece.clone());
        }
    }
    let (mut batches, mut collectors) = (Vec::new(), Vec::new());
    for (_, part) in parts {
        let (stored, table) = (Arc::clone(&stored), Arc::clone(&context.table));
        let collector: Collector = Arc::new(Mutex::default());
        collectors.push(Arc::clone(&collector));
        let converted = batches_of(part).map(move |batch| {
            let batch = batch?;
            let mut found = collector.lock().unwrap_or_else(PoisonError::into_inner);
            found.add_rows(&table, &batch)?;
            stored.convert(&batch)
        });
        batches.push(Box::new(converted) as Batches);
    }
    Parts {
        stored,
        batches,
        collectors,
    }
}
