//! `_grism/format.json`: what kind of directory this is, and how it is laid out.

use std::fs;
use std::path::{Path, PathBuf};

use grism_core::{DEFAULT_SEGMENT_SHIFT, Error, Result};
use serde::{Deserialize, Serialize};

use super::sync::write_new_file;

/// The version of the directory format that this build writes, and the newest it reads.
pub const FORMAT_VERSION: u32 = 1;

/// How a new graph is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GraphOptions {
    /// Segments hold `2^segment_shift` offsets.
    pub segment_shift: u8,
    /// Rows per fragment, at most: the piece one worker scans.
    pub fragment_rows: usize,
}

impl Default for GraphOptions {
    fn default() -> Self {
        Self {
            segment_shift: DEFAULT_SEGMENT_SHIFT,
            fragment_rows: 1 << 16,
        }
    }
}

/// The content of `format.json`.
#[derive(Debug, Serialize, Deserialize)]
struct Format {
    version: u32,
    /// Features a reader must know.
    features: Vec<String>,
    #[serde(flatten)]
    options: GraphOptions,
}

fn path(root: &Path) -> PathBuf {
    root.join("_grism").join("format.json")
}

/// Reads the format of the graph at `root`; `None` where there is nothing at all.
pub(super) fn read_format(root: &Path) -> Result<Option<GraphOptions>> {
    let text = match fs::read_to_string(path(root)) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let occupied = match fs::read_dir(root) {
                // A directory that a crash left before its format was written has nothing else in it.
                Ok(mut entries) => {
                    entries.any(|entry| entry.is_ok_and(|entry| entry.file_name() != "_grism"))
                }
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
                Err(error) => return Err(Error::from(error).context(root.display())),
            };
            if occupied {
                return Err(Error::invalid_data(format!(
                    "{} is not a Grism graph: it has other files and no _grism/format.json",
                    root.display()
                )));
            }
            return Ok(None);
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => {
            return Err(Error::invalid_data(format!(
                "{} is a file, not a Grism graph",
                root.display()
            )));
        }
        Err(error) => return Err(Error::from(error).context(path(root).display())),
    };
    let version = serde_json::from_str::<serde_json::Value>(&text)
        .ok()
        .and_then(|value| value.get("version")?.as_u64());
    if version.is_some_and(|version| version > u64::from(FORMAT_VERSION)) {
        return Err(Error::unsupported(format!(
            "{} has format version {}, and this build reads up to {FORMAT_VERSION}: use a newer Grism",
            root.display(),
            version.unwrap_or_default()
        )));
    }
    let format: Format = serde_json::from_str(&text)
        .map_err(|error| Error::invalid_data(format!("{}: {error}", path(root).display())))?;
    if let Some(feature) = format.features.first() {
        return Err(Error::unsupported(format!(
            "{} uses the feature `{feature}`, which this build does not know: use a newer Grism",
            root.display()
        )));
    }
    Ok(Some(format.options))
}

/// Writes the format of a new graph; says whether another process was first.
pub(super) fn write_format(root: &Path, options: GraphOptions) -> Result<bool> {
    let format = Format {
        version: FORMAT_VERSION,
        features: Vec::new(),
        options,
    };
    let text =
        serde_json::to_vec_pretty(&format).map_err(|error| Error::internal(error.to_string()))?;
    write_new_file(&path(root), &text)
}
