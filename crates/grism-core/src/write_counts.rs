//! How much a query or a transaction wrote.

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WriteCounts {
    /// Nodes that were created.
    pub nodes_created: u64,
    /// Nodes that were deleted.
    pub nodes_deleted: u64,
    /// Hyperedges that were created, binary edges included.
    pub hyperedges_created: u64,
    /// Hyperedges that were deleted, binary edges included.
    pub hyperedges_deleted: u64,
    /// Properties that were set or removed.
    pub properties_set: u64,
    /// Labels that nodes got after they were created.
    pub labels_added: u64,
    /// Labels that nodes lost.
    pub labels_removed: u64,
    /// Members that roles got, those of created hyperedges included.
    pub members_added: u64,
    /// Members that roles of hyperedges that stay lost.
    pub members_removed: u64,
}

impl WriteCounts {
    /// The counts by name.
    #[must_use]
    pub fn named(&self) -> [(&'static str, u64); 9] {
        [
            ("nodes_created", self.nodes_created),
            ("nodes_deleted", self.nodes_deleted),
            ("hyperedges_created", self.hyperedges_created),
            ("hyperedges_deleted", self.hyperedges_deleted),
            ("properties_set", self.properties_set),
            ("labels_added", self.labels_added),
            ("labels_removed", self.labels_removed),
            ("members_added", self.members_added),
            ("members_removed", self.members_removed),
        ]
    }

    /// These counts and others together.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        Self {
            nodes_created: self.nodes_created + other.nodes_created,
            nodes_deleted: self.nodes_deleted + other.nodes_deleted,
            hyperedges_created: self.hyperedges_created + other.hyperedges_created,
            hyperedges_deleted: self.hyperedges_deleted + other.hyperedges_deleted,
            properties_set: self.properties_set + other.properties_set,
            labels_added: self.labels_added + other.labels_added,
            labels_removed: self.labels_removed + other.labels_removed,
            members_added: self.members_added + other.members_added,
            members_removed: self.members_removed + other.members_removed,
        }
    }

    /// What was written after `before`, which is part of these counts.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        Self {
            nodes_created: self.nodes_created.saturating_sub(before.nodes_created),
            nodes_deleted: self.nodes_deleted.saturating_sub(before.nodes_deleted),
            hyperedges_created: self
                .hyperedges_created
                .saturating_sub(before.hyperedges_created),
            hyperedges_deleted: self
                .hyperedges_deleted
                .saturating_sub(before.hyperedges_deleted),
            properties_set: self.properties_set.saturating_sub(before.properties_set),
            labels_added: self.labels_added.saturating_sub(before.labels_added),
            labels_removed: self.labels_removed.saturating_sub(before.labels_removed),
            members_added: self.members_added.saturating_sub(before.members_added),
            members_removed: self.members_removed.saturating_sub(before.members_removed),
        }
    }

    /// Whether nothing was written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
