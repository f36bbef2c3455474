//! Where rows are read from once files are found.

use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use grism_core::Result;

use super::file_options::ImportOptions;
use super::files::{InputFile, input_files};
use super::options::{ImportSource, TableStream};
use crate::shares::Shares;

/// Where rows are read from once files are found.
pub(super) enum Input {
    Batches(Vec<RecordBatch>),
    Stream(TableStream),
    Files(Vec<Arc<InputFile>>, ImportOptions),
}

impl Input {
    /// The tables of a source, in order; their files are found.
    pub(super) async fn of(source: ImportSource, shares: Shares) -> Result<Vec<Self>> {
        let (mut inputs, mut sources) = (Vec::new(), vec![source]);
        while let Some(source) = sources.pop() {
            match source {
                ImportSource::Batches(batches) => {
                    inputs.push(Self::Batches(batches));
                }
                ImportSource::Stream(stream) => inputs.push(Self::Stream(stream)),
                ImportSource::Files { paths, options } => {
                    let files = input_files(&paths, &options, shares).await?;
                    let files = files.into_iter().map(Arc::new).collect();
                    inputs.push(Self::Files(files, options));
                }
                ImportSource::Tables(tables) => sources.extend(tables.into_iter().rev()),
            }
        }
        Ok(inputs)
    }

    /// Its tables, one by one.
    pub(super) fn into_tables(self) -> Vec<Self> {
        match self {
            Self::Batches(batches) if batches.is_empty() => Vec::new(),
            Self::Files(files, options) => {
                let files = files.into_iter();
                files
                    .map(|file| Self::Files(vec![file], options.clone()))
                    .collect()
            }
            other => vec![other],
        }
    }

    /// How many tables it has.
    pub(super) fn tables(&self) -> usize {
        match self {
            Self::Files(files, _) => files.len(),
            Self::Batches(_) | Self::Stream(_) => 1,
        }
    }

    /// The same files again; of tables in memory nothing.
    pub(super) fn again(&self) -> Self {
        match self {
            Self::Files(files, options) => Self::Files(files.clone(), options.clone()),
            Self::Batches(_) | Self::Stream(_) => Self::Batches(Vec::new()),
        }
    }
}
