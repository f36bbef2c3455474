//! `FoundGraph`: which graph it is that lies at a place.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use grism_core::Result;
use tokio::sync::OnceCell;

use crate::lance::history::format::{GraphOptions, upgrade_format};
use crate::lance::place::root::Root;

/// A graph as it was found at a place.
#[derive(Clone, Debug)]
pub(in crate::lance) struct FoundGraph {
    /// How it is laid out.
    pub(in crate::lance) options: GraphOptions,
    /// What caches know it by: its place, and a number that no other graph of this process has.
    pub(in crate::lance) name: Arc<str>,
    /// Which of the graphs it is that the log found at this place.
    pub(in crate::lance) number: u64,
    /// Set once the format names the features that this build writes.
    upgraded: Arc<OnceCell<()>>,
}

impl FoundGraph {
    pub(in crate::lance) fn new(root: &Root, options: GraphOptions, number: u64) -> Self {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        let unique = COUNTER.fetch_add(1, Ordering::Relaxed);
        Self {
            options,
            name: format!("{}#{unique}", root.uri()).into(),
            number,
            upgraded: Arc::default(),
        }
    }

    /// Makes sure that the format names the features that this build writes.
    ///
    /// # Errors
    /// As [`upgrade_format`].
    pub(in crate::lance) async fn upgrade(&self, root: &Root) -> Result<()> {
        let upgraded = self.upgraded.get_or_try_init(|| upgrade_format(root));
        upgraded.await.copied()
    }
}
