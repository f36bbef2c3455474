//! What is loaded, and how.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use grism_core::{CancellationHandle, Result};
use grism_text::ColumnType;

use super::arrow_column::with_given;
use super::conflict::OnConflict;
use super::file_options::ImportOptions;
use super::incremental::Incremental;
use crate::location::Location;

/// Where the rows of a load come from.
pub enum ImportSource {
    /// Batches in memory; they can be loaded again where another writer was first.
    Batches(Vec<RecordBatch>),
    /// Files: paths and URIs, in which `*`, `?` and `[…]` stand for names.
    Files {
        /// The paths, in order.
        paths: Vec<String>,
        /// How they are read.
        options: ImportOptions,
    },
    /// Batches that come once.
    Stream(TableStream),
    /// Tables with columns of their own, one after the other.
    Tables(Vec<Self>),
}

/// Batches of one schema that come once.
pub struct TableStream {
    /// The columns of all of them.
    pub schema: SchemaRef,
    /// The batches.
    pub batches: Box<dyn Iterator<Item = Result<RecordBatch>> + Send>,
}

impl TableStream {
    /// A batch without rows of its schema.
    pub(super) fn into_empty(self) -> RecordBatch {
        RecordBatch::new_empty(self.schema)
    }
}

impl ImportSource {
    /// One file, or the files that a pattern stands for.
    #[must_use]
    pub fn file(path: impl Into<String>, options: ImportOptions) -> Self {
        Self::Files {
            paths: vec![path.into()],
            options,
        }
    }

    /// The source with types for some of its columns, beside those that its own options give.
    ///
    /// # Errors
    /// `InvalidData` for a column of a table in memory that does not exist.
    pub fn with_types(self, types: BTreeMap<String, ColumnType>) -> Result<Self> {
        if types.is_empty() {
            return Ok(self);
        }
        let typed = |schema: &SchemaRef| with_given(schema, &types).map(Arc::new);
        Ok(match self {
            Self::Batches(batches) => {
                let typed = batches.into_iter().map(|batch| {
                    let schema = typed(batch.schema_ref())?;
                    Ok(batch.with_schema(schema)?)
                });
                Self::Batches(typed.collect::<Result<_>>()?)
            }
            Self::Stream(TableStream { schema, batches }) => {
                let schema = typed(&schema)?;
                let own = Arc::clone(&schema);
                let typed =
                    move |batch: Result<RecordBatch>| Ok(batch?.with_schema(Arc::clone(&own))?);
                let batches = Box::new(batches.map(typed));
                Self::Stream(TableStream { schema, batches })
            }
            Self::Files { paths, mut options } => {
                options.types.extend(types);
                Self::Files { paths, options }
            }
            Self::Tables(tables) => {
                let typed = tables.into_iter().map(|own| own.with_types(types.clone()));
                Self::Tables(typed.collect::<Result<_>>()?)
            }
        })
    }

    /// Looks for the files on this machine; those in object stores are found when they are read.
    ///
    /// # Errors
    /// `NotFound` for a path or pattern without a file; `Unsupported` for a format that is not known.
    pub fn check(&self) -> Result<()> {
        match self {
            Self::Files { paths, options } => {
                for name in paths {
                    if let Location::Local(path) = Location::of(name)? {
                        super::files::local_files(name, &path, options, &mut Vec::new())?;
                    }
                }
                Ok(())
            }
            Self::Tables(tables) => tables.iter().try_for_each(Self::check),
            Self::Batches(_) | Self::Stream(_) => Ok(()),
        }
    }

    /// The source again, for another attempt; `None` for a stream, which is used up.
    #[must_use]
    pub fn again(&self) -> Option<Self> {
        match self {
            Self::Batches(batches) => Some(Self::Batches(batches.clone())),
            Self::Files { paths, options } => Some(Self::Files {
                paths: paths.clone(),
                options: options.clone(),
            }),
            Self::Stream(_) => None,
            Self::Tables(tables) => {
                let again: Option<_> = tables.iter().map(Self::again).collect();
                again.map(Self::Tables)
            }
        }
    }
}

impl From<Vec<RecordBatch>> for ImportSource {
    fn from(batches: Vec<RecordBatch>) -> Self {
        Self::Batches(batches)
    }
}

/// Where the members of a role come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleSource {
    /// The label whose key the column holds; `None` takes the declared member type.
    pub label: Option<String>,
    /// The column of keys; it is consumed.
    pub column: String,
}

/// What happens to a row that binds a member that does not exist.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissingMember {
    /// The load fails, and nothing is committed.
    #[default]
    Error,
    /// The row goes to the reject file.
    Reject,
    /// A node with only its key is made.
    Create,
}

/// What happens to a row that cannot be read, or whose key is null or taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BadRow {
    /// The load fails, and nothing is committed.
    #[default]
    Error,
    /// The row goes to the reject file.
    Reject,
}

/// What rows become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadTarget {
    /// Nodes with a label, known by a key.
    Nodes {
        /// The label.
        label: String,
        /// The column that is the key; it stays a property.
        key: String,
    },
    /// Hyperedges of a type.
    Hyperedges {
        /// The type; a binary edge type is declared where the roles are `source` and `target`.
        name: String,
        /// The columns that the roles are read from; without any, each role is read from the column of its name.
        roles: BTreeMap<String, RoleSource>,
    },
}

impl LoadTarget {
    /// The label or type.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Nodes { label, .. } => label,
            Self::Hyperedges { name, .. } => name,
        }
    }
}

/// How a load goes about it.
#[derive(Clone, Debug, Default)]
pub struct LoadOptions {
    /// What happens to a row that binds a member that does not exist.
    pub missing: MissingMember,
    /// What happens to a row that is wrong in itself.
    pub bad_rows: BadRow,
    /// Of hyperedges: the column that is their key; it stays a property. `None` takes the key that the type has, or the column
    /// that groups the rows where the type has no hyperedges yet.
    pub key: Option<String>,
    /// What becomes of a row whose key is taken.
    pub on_conflict: OnConflict,
    /// What was taken before, and is not taken again; `None` takes everything.
    pub incremental: Option<Incremental>,
    /// Of hyperedges: the column that names the hyperedge of a row, so that all rows with one value are one hyperedge; it
    /// stays a property, unless a role is read from it. `None` makes each row a hyperedge.
    pub group_by: Option<String>,
    /// Of hyperedges: what stands between members in a text that a role of many members is read from. `None` takes such a
    /// text as one key.
    pub split: Option<String>,
    /// Where rejected rows go: a CSV file that holds each as it stood.
    pub rejects: Option<PathBuf>,
    /// Bytes that the load may hold, about, at least 32 MiB; whoever loads gives the graph a budget of it. `None` is
    /// 4 GiB.
    pub memory_limit: Option<usize>,
    /// What is told while it goes on.
    pub progress: Arc<LoadProgress>,
}

/// How far a load is; written by the load, read by whoever shows it.
#[derive(Debug, Default)]
pub struct LoadProgress {
    rows: AtomicU64,
    bytes: AtomicU64,
    total_bytes: AtomicU64,
    cancellation: CancellationHandle,
}

impl LoadProgress {
    /// The progress of a load that stops with `cancellation` too.
    #[must_use]
    pub fn until(cancellation: CancellationHandle) -> Self {
        Self {
            cancellation,
            ..Self::default()
        }
    }

    /// What stops the load.
    #[must_use]
    pub fn cancellation(&self) -> CancellationHandle {
        self.cancellation.clone()
    }

    /// Rows that were read and resolved.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }

    /// Bytes of files that were read.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Bytes of all files; 0 where they are not known.
    #[must_use]
    pub fn total_bytes(&self) -> u64 {
        self.total_bytes.load(Ordering::Relaxed)
    }

    /// Ends the load with `Cancelled`, soon.
    pub fn cancel(&self) {
        self.cancellation.cancel();
    }

    /// Begins anew, where the rows are read again.
    pub fn restart(&self) {
        for counter in [&self.rows, &self.bytes, &self.total_bytes] {
            counter.store(0, Ordering::Relaxed);
        }
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.cancellation.check().is_err()
    }

    pub(super) fn add_rows(&self, rows: u64) {
        self.rows.fetch_add(rows, Ordering::Relaxed);
    }

    pub(super) fn add_bytes(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn add_total(&self, bytes: u64) {
        self.total_bytes.fetch_add(bytes, Ordering::Relaxed);
    }
}
