//! `_grism/format.json`: what kind of directory this is, and how it is laid out.

use grism_core::{DEFAULT_SEGMENT_SHIFT, Error, Result};
use serde::{Deserialize, Serialize};

use crate::lance::place::root::Root;

/// The version of the directory format that this build writes, and the newest it reads.
pub const FORMAT_VERSION: u32 = 1;

/// What a graph that this build writes asks of its readers beyond the version.
const FEATURES: [&str; 5] = [
    "adjacency-delta",
    "shared-adjacency",
    "constraints",
    "load-state",
    "altered-roles",
];

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

/// Where it is.
const FORMAT: &str = "_grism/format.json";

/// Reads the format of the graph at `root`; `None` where there is nothing at all.
pub(in crate::lance) async fn read_format(root: &Root) -> Result<Option<GraphOptions>> {
    let uri = root.uri();
    let Some(text) = root.read(FORMAT).await? else {
        // What a crash left before the format was written has nothing else beside it.
        let mut files = root.files("").await?.into_iter();
        if files.any(|file| !file.path.starts_with("_grism/")) {
            return Err(Error::invalid_data(format!(
                "{uri} is not a Grism graph: it has other files and no {FORMAT}"
            )));
        }
        return Ok(None);
    };
    let version = serde_json::from_slice::<serde_json::Value>(&text)
        .ok()
        .and_then(|value| value.get("version")?.as_u64());
    if let Some(version) = version.filter(|version| *version > u64::from(FORMAT_VERSION)) {
        return Err(Error::unsupported(format!(
            "{uri} has format version {version}, and this build reads up to {FORMAT_VERSION}: use a newer Grism"
        )));
    }
    let format: Format = serde_json::from_slice(&text)
        .map_err(|error| Error::invalid_data(format!("{uri}/{FORMAT}: {error}")))?;
    let unknown = format
        .features
        .iter()
        .find(|feature| !FEATURES.contains(&feature.as_str()));
    if let Some(feature) = unknown {
        return Err(Error::unsupported(format!(
            "{uri} uses the feature `{feature}`, which this build does not know: use a newer Grism"
        )));
    }
    if format.options.segment_shift > 31 || format.options.fragment_rows == 0 {
        return Err(Error::invalid_data(format!(
            "{uri}/{FORMAT}: a segment shift up to 31 and fragments of at least one row were expected"
        )));
    }
    Ok(Some(format.options))
}

/// Adds the features that this build writes to the format of a graph that an older one has made, so that older ones do not
/// write to it any more.
///
/// # Errors
/// `NotFound` where the graph is gone; `Unavailable` where it cannot be written.
pub(in crate::lance) async fn upgrade_format(root: &Root) -> Result<()> {
    let text = root.read(FORMAT).await?;
    let text =
        text.ok_or_else(|| Error::not_found(format!("the graph at {} is gone", root.uri())))?;
    let mut format: Format = serde_json::from_slice(&text)
        .map_err(|error| Error::invalid_data(format!("{}/{FORMAT}: {error}", root.uri())))?;
    let known = |feature: &&str| format.features.iter().any(|own| own == feature);
    let missing: Vec<String> = FEATURES
        .iter()
        .filter(|feature| !known(feature))
        .map(|&feature| feature.to_owned())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    format.features.extend(missing);
    let text =
        serde_json::to_vec_pretty(&format).map_err(|error| Error::internal(error.to_string()))?;
    root.replace(FORMAT, &text).await
}

/// Writes the format of a new graph; says whether another process was first.
pub(in crate::lance) async fn write_format(root: &Root, options: GraphOptions) -> Result<bool> {
    let format = Format {
        version: FORMAT_VERSION,
        features: FEATURES.iter().map(|&feature| feature.to_owned()).collect(),
        options,
    };
    let text =
        serde_json::to_vec_pretty(&format).map_err(|error| Error::internal(error.to_string()))?;
    root.put_new(FORMAT, &text).await
}
