//! `_grism/loaded/…json`: what incremental loads have taken into a table, in parts that entries of the log name.
//!
//! A commit writes a part of its own. Where the parts before it are not larger than twice of it, they are joined with it, so
//! that an entry names few of them, and a commit writes little more than what it has taken.

use grism_core::{Error, LoadState, Result, TableId};

use crate::lance::history::log::{LoadedPart, SnapshotEntry};
use crate::lance::place::root::Root;

/// Where the parts are.
pub(in crate::lance) const LOADED: &str = "_grism/loaded";

/// Writes what a commit has taken into `table`, and names it in `entry`.
///
/// # Errors
/// `Unavailable` where the graph cannot be written.
pub(in crate::lance) async fn stage_loaded(
    root: &Root,
    entry: &mut SnapshotEntry,
    table: TableId,
    taken: &LoadState,
) -> Result<()> {
    if taken.is_empty() {
        return Ok(());
    }
    let parts = entry.loaded.entry(table).or_default();
    let mut taken = taken.clone();
    while let Some(last) = parts.last()
        && last.entries <= 2 * taken.len()
    {
        let mut joined = read_part(root, last).await?;
        joined.absorb(taken);
        taken = joined;
        parts.pop();
    }
    let path = format!("{LOADED}/{}.json", uuid::Uuid::new_v4());
    let text = serde_json::to_vec(&taken).map_err(|error| Error::internal(error.to_string()))?;
    if !root.put_new(&path, &text).await? {
        return Err(Error::conflict(format!("{path} is there already")));
    }
    parts.push(LoadedPart {
        path,
        entries: taken.len(),
    });
    Ok(())
}

/// All that the parts name.
///
/// # Errors
/// `InvalidData` for a file that is gone or is no part.
pub(in crate::lance) async fn read_loaded(root: &Root, parts: &[LoadedPart]) -> Result<LoadState> {
    let mut all = LoadState::default();
    for part in parts {
        all.absorb(read_part(root, part).await?);
    }
    Ok(all)
}

async fn read_part(root: &Root, part: &LoadedPart) -> Result<LoadState> {
    let path = &part.path;
    let text = root.read(path).await?;
    let text = text.ok_or_else(|| Error::invalid_data(format!("there is no {path}")))?;
    serde_json::from_slice(&text).map_err(|error| Error::invalid_data(format!("{path}: {error}")))
}
