//! Staging of rows that go: they are read and counted, so many at a time, and their incidences are taken back.

use grism_core::{OffsetSet, Result};

use super::lists::Replaced;
use super::table::{StagedTable, TableContext};
use crate::lance::rows::dataset::{change, read_rows};

/// The table without some rows, and without their incidences.
pub(super) async fn deleted(
    context: &TableContext,
    mut staged: StagedTable,
    deletes: &OffsetSet,
) -> Result<StagedTable> {
    if deletes.is_empty() {
        return Ok(staged);
    }
    if deletes.len() == staged.statistics.rows {
        // The incidence lists of a table all of whose rows go begin anew.
        staged.count_emptied();
        staged.adjacency.clear();
        context.shared.forget(context.table.id).await;
        return without(context, staged, deletes).await;
    }
    let (table, shares) = (&*context.table, context.shares());
    let mut replaced = Replaced::default();
    let mut gone = deletes.iter();
    loop {
        let offsets: Vec<u64> = gone.by_ref().take(shares.change_rows()).collect();
        if offsets.is_empty() {
            break;
        }
        let old = read_rows(&staged.dataset, &offsets).await?;
        staged.count_gone(table, &old);
        if let Some(ty) = table.hyperedge_type() {
            replaced.add(table, ty, &offsets, &old, None)?;
            let most = shares.change_incidences();
            staged.replace(context, &mut replaced, most).await?;
        }
    }
    staged.replace(context, &mut replaced, 0).await?;
    without(context, staged, deletes).await
}

/// Stages that rows go as a version of the dataset.
async fn without(
    context: &TableContext,
    staged: StagedTable,
    deletes: &OffsetSet,
) -> Result<StagedTable> {
    let (root, unsynced) = (&context.root, &context.unsynced);
    let fragment_rows = context.options.fragment_rows;
    let (path, base) = (&staged.path, staged.dataset);
    let dataset = change(root, path, base, &[], deletes, fragment_rows, unsynced).await?;
    Ok(StagedTable { dataset, ..staged })
}
