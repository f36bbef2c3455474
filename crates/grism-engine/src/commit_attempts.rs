//! `CommitAttempts`: a statement that commits runs again where another writer was first.

use std::sync::Arc;
use std::time::Duration;

use grism_core::{Error, ErrorKind, Result, Storage, Turn};

/// Times a statement is computed again when another writer was first.
const RETRIES: u32 = 8;

/// The attempts at one commit: the first reads at once, the others wait for their turn before they read.
#[derive(Debug)]
pub struct CommitAttempts {
    storage: Arc<dyn Storage>,
    made: u32,
}

impl CommitAttempts {
    /// No attempt yet at a commit to `storage`.
    #[must_use]
    pub fn of(storage: &Arc<dyn Storage>) -> Self {
        Self {
            storage: Arc::clone(storage),
            made: 0,
        }
    }

    /// Begins an attempt; the turn goes into its commit.
    ///
    /// # Errors
    /// `Unavailable` where the graph cannot be written.
    pub async fn next(&mut self) -> Result<Option<Turn>> {
        self.made += 1;
        if self.made == 1 {
            return Ok(None);
        }
        // Turns are kept within one machine; what writers on other machines commit is waited for.
        if self.made > 2 {
            tokio::time::sleep(Duration::from_millis(5 << self.made)).await;
        }
        self.storage.turn().await.map(Some)
    }

    /// Whether the commit that failed with `error` is worth another attempt.
    #[must_use]
    pub fn may_retry(&self, error: &Error) -> bool {
        error.kind() == ErrorKind::Conflict && self.made <= RETRIES
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestGraph;

    #[tokio::test]
    async fn the_first_attempt_reads_at_once_and_the_next_waits_for_its_turn() {
        let storage: Arc<dyn Storage> = Arc::new(TestGraph::new());
        let mut attempts = CommitAttempts::of(&storage);
        assert!(attempts.next().await.unwrap().is_none());
        assert!(attempts.next().await.unwrap().is_some());
    }

    #[test]
    fn only_conflicts_are_tried_again_and_not_for_ever() {
        let storage: Arc<dyn Storage> = Arc::new(TestGraph::new());
        let mut attempts = CommitAttempts::of(&storage);
        let conflict = Error::conflict("another writer was first");
        for made in 1..=RETRIES {
            attempts.made = made;
            assert!(attempts.may_retry(&conflict), "after {made}");
        }
        attempts.made = RETRIES + 1;
        assert!(!attempts.may_retry(&conflict));
        attempts.made = 1;
        let missing = Error::not_found("a snapshot");
        for error in [
            missing,
            Error::invalid_data("a null"),
            Error::internal("a bug"),
        ] {
            assert!(!attempts.may_retry(&error), "{error}");
        }
    }
}
