//! `Delta`: the rows of small commits of a role, as they are kept in memory.

use std::collections::HashMap;

use grism_core::{Incidence, SegmentKey};

/// The delta of a role in memory: by segment, each incidence with its row in the dataset.
#[derive(Debug, Default)]
pub(in crate::lance) struct Delta {
    pub(in crate::lance) segments: HashMap<SegmentKey, Vec<(u64, Incidence)>>,
    pub(in crate::lance) rows: usize,
}

impl Delta {
    /// Memory held, in bytes.
    pub(in crate::lance) fn bytes(&self) -> usize {
        self.rows * 48 + self.segments.len() * 64
    }
}
