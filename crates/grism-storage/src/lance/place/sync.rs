//! Durable files: what a commit names is on the disk before the commit is, and the commit before it is reported.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use fail::fail_point;
use grism_core::{Error, Result};

/// How the names of unfinished files begin.
pub(in crate::lance) const TEMPORARY: &str = ".tmp-";

/// Files that are synced at the same time. A disk writes many of them in the time of one, since a sync is mostly waiting.
const AT_ONCE: usize = 32;

/// Files and directories that a commit wrote and that are not synced yet.
#[derive(Clone, Debug, Default)]
pub(in crate::lance) struct Unsynced {
    paths: Arc<Mutex<BTreeSet<PathBuf>>>,
}

impl Unsynced {
    /// Notes a file or a directory, which may be noted already.
    pub(in crate::lance) fn add(&self, path: PathBuf) {
        let mut paths = self.paths.lock().unwrap_or_else(PoisonError::into_inner);
        paths.insert(path);
    }

    /// Syncs all that was noted, many at the same time.
    ///
    /// # Errors
    /// The first one of the file system.
    pub(in crate::lance) fn sync(&self) -> Result<()> {
        let paths = std::mem::take(&mut *self.paths.lock().unwrap_or_else(PoisonError::into_inner));
        let paths: Vec<PathBuf> = paths.into_iter().collect();
        let next = AtomicUsize::new(0);
        let work = || -> Result<()> {
            while let Some(path) = paths.get(next.fetch_add(1, Ordering::Relaxed)) {
                sync_file(path)?;
            }
            Ok(())
        };
        std::thread::scope(|scope| {
            let count = AT_ONCE.min(paths.len());
            let threads: Vec<_> = (1..count).map(|_| scope.spawn(work)).collect();
            let mut done = work();
            for thread in threads {
                let other = thread.join();
                let other = other.unwrap_or_else(|_| Err(Error::internal("a sync panicked")));
                done = done.and(other);
            }
            done
        })
    }
}

/// Writes `path` with put-if-absent: all of it or nothing, synced, file and directory. False where it exists already.
pub(in crate::lance) fn write_new_file(path: &Path, bytes: &[u8]) -> Result<bool> {
    let (directory, temporary) = temporary_beside(path)?;
    let write = || -> std::io::Result<bool> {
        write_temporary(directory, &temporary, bytes)?;
        fail_point!("entry-temporary");
        sync_directory(directory)?;
        // A hard link fails where the name is taken, which a rename does not.
        let linked = match fs::hard_link(&temporary, path) {
            Ok(()) => true,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => false,
            Err(error) => return Err(error),
        };
        fail_point!("entry-linked");
        fs::remove_file(&temporary)?;
        sync_directory(directory)?;
        Ok(linked)
    };
    write().map_err(|error| {
        let _ = fs::remove_file(&temporary);
        Error::from(error).context(path.display())
    })
}

/// Replaces `path` by other content, all of it or nothing, synced.
pub(in crate::lance) fn replace_file(path: &Path, bytes: &[u8]) -> Result<()> {
    let (directory, temporary) = temporary_beside(path)?;
    let write = || -> std::io::Result<()> {
        write_temporary(directory, &temporary, bytes)?;
        fs::rename(&temporary, path)?;
        sync_directory(directory)
    };
    write().map_err(|error| {
        let _ = fs::remove_file(&temporary);
        Error::from(error).context(path.display())
    })
}

/// The directory of `path`, and a name in it that nobody else takes.
fn temporary_beside(path: &Path) -> Result<(&Path, PathBuf)> {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let directory = path
        .parent()
        .ok_or_else(|| Error::internal(format!("{} has no directory", path.display())))?;
    let unique = COUNTER.fetch_add(1, Ordering::Relaxed);
    let name = format!("{TEMPORARY}{}-{unique}", std::process::id());
    Ok((directory, directory.join(name)))
}

fn write_temporary(directory: &Path, temporary: &Path, bytes: &[u8]) -> std::io::Result<()> {
    fs::create_dir_all(directory)?;
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .open(temporary)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Syncs a file, or the names in a directory, that another library wrote.
pub(in crate::lance) fn sync_file(path: &Path) -> Result<()> {
    File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(|error| Error::from(error).context(path.display()))
}

/// Syncs the names in a directory.
pub(in crate::lance) fn sync_directory(path: &Path) -> std::io::Result<()> {
    File::open(path)?.sync_all()
}
