//! Turns: writers of one machine commit one after the other, so that nobody computes in vain.
//!
//! This is a courtesy and no part of what makes commits safe: the put-if-absent of the log decides. A process that dies
//! gives its turn back.

use std::fs::{File, OpenOptions};
use std::sync::Arc;

use grism_core::{Error, Result, Turn};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::lance::place::root::Root;

/// The file that is locked.
const LOCK: &str = "_grism/lock";

/// Hands out the turns of one graph.
#[derive(Debug, Default)]
pub(in crate::lance) struct Turns {
    own: Arc<Mutex<()>>,
}

/// What a writer holds during its turn; the lock ends with the file.
#[derive(Debug)]
struct Held {
    _process: OwnedMutexGuard<()>,
    _machine: Option<File>,
}

impl Turns {
    /// Waits for the turn.
    pub(in crate::lance) async fn take(&self, root: &Root) -> Result<Turn> {
        let process = Arc::clone(&self.own).lock_owned().await;
        let machine = match root.directory() {
            None => None,
            Some(directory) => {
                let (path, uri) = (directory.join(LOCK), root.uri().to_owned());
                let lock = move || {
                    let file = OpenOptions::new()
                        .create(true)
                        .truncate(false)
                        .write(true)
                        .open(&path);
                    let file = match file {
                        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                            return Err(Error::not_found(format!("the graph at {uri} is gone")));
                        }
                        file => file.map_err(|error| Error::from(error).context(path.display()))?,
                    };
                    match file.lock() {
                        // A file system without locks: the log alone decides.
                        Err(error) if error.kind() == std::io::ErrorKind::Unsupported => Ok(None),
                        Err(error) => Err(Error::from(error).context(path.display())),
                        Ok(()) => Ok(Some(file)),
                    }
                };
                let locked = tokio::task::spawn_blocking(lock).await;
                locked.map_err(|error| Error::internal(error.to_string()))??
            }
        };
        Ok(Turn {
            guard: Arc::new(Held {
                _process: process,
                _machine: machine,
            }),
        })
    }
}
