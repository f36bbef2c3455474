//! What many loads would do, without doing any.

use std::sync::Arc;

use grism_core::{ChangeSet, Result, Snapshot, SnapshotSelector, Storage};

use super::job::{ManyLoads, check_options, told};
use super::order::stages;
use crate::InMemoryStorage;
use crate::import::LoadTarget;
use crate::import::preview::{LoadPreview, preview};

/// Checks many loads and shows what each would do. Members are not looked up.
///
/// # Errors
/// Those that [`super::load_many_into`] would meet before the first row and in the first rows of each table.
pub async fn preview_many(snapshot: &dyn Snapshot, loads: ManyLoads) -> Result<Vec<LoadPreview>> {
    check_options(&loads.jobs)?;
    let mut schema = (**snapshot.schema()).clone();
    for ty in &loads.types {
        schema.declare_if_missing(ty)?;
    }
    stages(&schema, &loads.jobs)?;
    // Loads find the labels and keys that others would bring in a graph that has no rows.
    for job in &loads.jobs {
        match &job.target {
            LoadTarget::Nodes { label, key } => {
                let table = schema.ensure_node_table(std::slice::from_ref(label))?;
                if schema.table(table)?.key.is_none() {
                    schema.set_key(table, key);
                }
            }
            LoadTarget::Hyperedges { name, .. } => {
                let table = schema.hyperedge_table(name).map(|(table, _)| table.id);
                let key = job.options.key.as_ref().or(job.options.group_by.as_ref());
                if let (Some(table), Some(key)) = (table, key)
                    && schema.table(table)?.key.is_none()
                {
                    schema.set_key(table, key);
                }
            }
        }
    }
    let storage = InMemoryStorage::within(Arc::clone(snapshot.memory()));
    let first = storage.snapshot(SnapshotSelector::Newest).await?;
    storage
        .commit(ChangeSet::new(first.as_ref(), schema))
        .await?;
    let empty = storage.snapshot(SnapshotSelector::Newest).await?;
    let (mut previews, mut problems) = (Vec::new(), Vec::new());
    for (place, mut job) in loads.jobs.into_iter().enumerate() {
        let name = job.name();
        job.options.progress = Arc::clone(&loads.progress);
        match preview(&empty, &job.target, job.source, &job.options).await {
            Ok(preview) => previews.push(preview),
            Err(error) => problems.push((place, error.context(&name))),
        }
    }
    match told(problems) {
        Some(error) => Err(error),
        None => Ok(previews),
    }
}
