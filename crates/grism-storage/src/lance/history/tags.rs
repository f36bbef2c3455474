//! Tags: names of snapshots that VACUUM keeps, `_grism/tags/<name>.json`.

use std::collections::BTreeMap;

use grism_core::{Error, Result, SnapshotId};
use serde::{Deserialize, Serialize};

use crate::lance::history::layout::file_name;
use crate::lance::place::root::Root;

/// Where they are.
const TAGS: &str = "_grism/tags";

/// The content of a tag's file.
#[derive(Debug, Serialize, Deserialize)]
struct Tag {
    name: String,
    snapshot: SnapshotId,
}

fn path(name: &str) -> String {
    format!("{TAGS}/{}.json", file_name(name))
}

/// Every tag.
pub(in crate::lance) async fn tags(root: &Root) -> Result<BTreeMap<String, SnapshotId>> {
    let mut tags = BTreeMap::new();
    for file in root.files(TAGS).await? {
        if !file.path.ends_with(".json") {
            continue;
        }
        // A tag that went while they were listed is none.
        if let Some(text) = root.read(&file.path).await? {
            let tag: Tag = serde_json::from_slice(&text)
                .map_err(|error| Error::invalid_data(format!("{}: {error}", file.path)))?;
            tags.insert(tag.name, tag.snapshot);
        }
    }
    Ok(tags)
}

/// Names `snapshot`.
pub(in crate::lance) async fn create_tag(
    root: &Root,
    name: &str,
    snapshot: SnapshotId,
) -> Result<()> {
    if name.is_empty() {
        return Err(Error::invalid_data("a tag needs a name"));
    }
    let tag = Tag {
        name: name.to_owned(),
        snapshot,
    };
    let text = serde_json::to_vec(&tag).map_err(|error| Error::internal(error.to_string()))?;
    if root.put_new(&path(name), &text).await? {
        return Ok(());
    }
    Err(Error::invalid_data(format!(
        "there is a tag `{name}` already; delete it first"
    )))
}

/// Takes a name away.
pub(in crate::lance) async fn delete_tag(root: &Root, name: &str) -> Result<()> {
    if !root.exists(&path(name)).await? {
        return Err(Error::not_found(format!("there is no tag `{name}`")));
    }
    root.remove(&path(name)).await
}
