//! The files of an incremental load: which of them are new, some at a time.

use std::collections::{BTreeMap, HashSet};

use grism_core::{Error, LoadState, LoadedFile, Result};

use super::listed_file::ListedFile;
use crate::import::conflict::OnConflict;
use crate::import::file_options::ImportOptions;
use crate::import::options::ImportSource;

/// Files of one step, at least, where there are so many.
const STEP_FILES: usize = 16;
/// Steps that a load of many files has, about.
const STEPS: usize = 64;
/// Bytes of files past which a step takes no more of them.
const STEP_BYTES: u64 = 256 << 20;

/// The files of a load.
pub(super) struct Files {
    files: Vec<(ListedFile, usize)>,
    /// How the files of each table are read.
    tables: Vec<ImportOptions>,
    /// Whether all new files are one step: rows of one hyperedge may lie in several of them.
    are_together: bool,
    /// Files, from the first on, that were looked at and are settled.
    done: usize,
}

/// New files that are taken together.
pub(super) struct Step {
    pub(super) source: ImportSource,
    /// What the graph keeps of them.
    pub(super) taken: LoadState,
    pub(super) files: Vec<ListedFile>,
    /// How many files of the load are settled with them.
    pub(super) done: usize,
    /// How many of these had been taken before.
    pub(super) skipped: u64,
}

/// What is known of a file.
enum Found {
    New(LoadedFile),
    /// Taken before.
    Taken,
    /// Taken before, and written again with the same content.
    Touched(LoadedFile),
}

impl Files {
    /// The files of a source.
    ///
    /// # Errors
    /// `Unsupported` for rows in memory, `NotFound` for a path or pattern without a file.
    pub(super) async fn of(source: ImportSource) -> Result<Self> {
        let are_together = matches!(source, ImportSource::Tables(_));
        let (mut files, mut tables) = (Vec::new(), Vec::new());
        let mut known = HashSet::new();
        let mut sources = vec![source];
        while let Some(source) = sources.pop() {
            match source {
                ImportSource::Files { paths, options } => {
                    for file in ListedFile::all(&paths, &options).await? {
                        if known.insert(file.name.clone()) {
                            files.push((file, tables.len()));
                        }
                    }
                    tables.push(options);
                }
                ImportSource::Tables(own) => sources.extend(own.into_iter().rev()),
                ImportSource::Batches(_) | ImportSource::Stream(_) => {
                    return Err(Error::unsupported(
                        "an incremental load of rows in memory knows what is new by a growing column: name it, as \
                         incremental=\"created_at\"",
                    ));
                }
            }
        }
        Ok(Self {
            files,
            tables,
            are_together,
            done: 0,
        })
    }

    /// The next new files; `None` where there are none. The rest of the files is settled then.
    ///
    /// # Errors
    /// `InvalidData` for a file that was taken before, and has other content now, unless `on_conflict` settles that.
    pub(super) async fn next(
        &self,
        known: &LoadState,
        on_conflict: OnConflict,
    ) -> Result<(Option<Step>, u64)> {
        let most = if self.are_together {
            usize::MAX
        } else {
            STEP_FILES.max(self.files.len() / STEPS)
        };
        let mut chosen: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        let (mut taken, mut files) = (LoadState::default(), Vec::new());
        let (mut bytes, mut skipped, mut done) = (0, 0, self.done);
        for (file, table) in &self.files[self.done..] {
            let is_full = bytes >= STEP_BYTES && !self.are_together;
            if files.len() >= most || is_full {
                break;
            }
            done += 1;
            let file = file.again()?;
            match found(&file, known.files.get(&file.name), on_conflict).await? {
                Found::Taken => skipped += 1,
                Found::Touched(kept) => {
                    skipped += 1;
                    taken.files.insert(file.name, kept);
                }
                Found::New(kept) => {
                    bytes += file.bytes;
                    taken.files.insert(file.name.clone(), kept);
                    chosen.entry(*table).or_default().push(file.name.clone());
                    files.push(file);
                }
            }
        }
        if files.is_empty() {
            return Ok((None, skipped));
        }
        let sources = chosen
            .into_iter()
            .map(|(table, paths)| ImportSource::Files {
                paths,
                options: self.tables[table].clone(),
            });
        let mut sources: Vec<ImportSource> = sources.collect();
        let source = match sources.pop() {
            Some(only) if sources.is_empty() && !self.are_together => only,
            last => ImportSource::Tables(sources.into_iter().chain(last).collect()),
        };
        let step = Step {
            source,
            taken,
            files,
            done,
            skipped,
        };
        Ok((Some(step), 0))
    }

    /// Settles the files up to those of a step that was committed.
    pub(super) fn settle(&mut self, done: usize) {
        self.done = done;
    }
}

impl Step {
    /// Fails where a file was written while it was read.
    ///
    /// # Errors
    /// `Unavailable`, naming the file.
    pub(super) fn check_unchanged(&self) -> Result<()> {
        for file in &self.files {
            let now = file.again()?;
            if now.bytes != file.bytes || now.version != file.version {
                return Err(Error::unavailable(format!(
                    "{} was written while it was loaded; nothing of it was committed: load again when it is complete",
                    file.name
                )));
            }
        }
        Ok(())
    }
}

async fn found(
    file: &ListedFile,
    known: Option<&LoadedFile>,
    on_conflict: OnConflict,
) -> Result<Found> {
    let Some(known) = known else {
        return Ok(Found::New(file.taken().await?));
    };
    if file.is_as(known) {
        return Ok(Found::Taken);
    }
    let now = file.taken().await?;
    if !now.hash.is_empty() && now.hash == known.hash {
        return Ok(Found::Touched(now));
    }
    if on_conflict != OnConflict::Error {
        return Ok(Found::New(now));
    }
    Err(Error::invalid_data(format!(
        "{} was loaded before, with {} bytes, and has other content now, of {} bytes: load it by a key with \
         on_conflict=\"skip\" or \"update\", or put the new rows into a file of their own",
        file.name, known.bytes, now.bytes
    )))
}
