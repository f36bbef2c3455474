//! `NewKeys`: the keys that a commit, or the steps of a transaction, bring.

use std::collections::HashMap;
use std::sync::Arc;

use grism_core::{Constraint, EntityKind};

use super::key_table::KeyTable;

/// What keys are compared for: constraints that differ in their rules alone share it.
pub(super) type Owner = (EntityKind, String, Vec<String>);

pub(super) fn owner(constraint: &Constraint) -> Owner {
    (
        constraint.entity,
        constraint.label.clone(),
        constraint.properties.clone(),
    )
}

/// The keys that the steps of a commit bring, by constraint.
#[derive(Clone, Debug, Default)]
pub(crate) struct NewKeys {
    /// Whether the steps are those of a transaction, which nobody else sees.
    pub(super) is_staged: bool,
    /// `None` where they are not known.
    pub(super) keys: HashMap<Owner, Option<Arc<KeyTable>>>,
}

impl NewKeys {
    /// The keys of a transaction after further steps of it.
    pub(super) fn staged(earlier: Option<&Self>) -> Self {
        match earlier {
            Some(earlier) => Self {
                is_staged: true,
                ..earlier.clone()
            },
            None => Self::default(),
        }
    }

    /// Whether steps so far brought keys of the constraint, or may have.
    pub(super) fn concerns(&self, constraint: &Constraint) -> bool {
        self.keys.contains_key(&owner(constraint))
    }

    /// The keys of the constraint.
    pub(super) fn keys(&self, constraint: &Constraint) -> Option<&KeyTable> {
        self.keys.get(&owner(constraint))?.as_deref()
    }

    pub(super) fn are_unknown(&self, constraint: &Constraint) -> bool {
        matches!(self.keys.get(&owner(constraint)), Some(None))
    }

    /// Notes that there are keys of the constraint that are not known.
    pub(super) fn forget(&mut self, constraint: &Constraint) {
        self.keys.insert(owner(constraint), None);
    }

    /// Adds keys, up to `most` bytes of them; `None` where they are too many.
    pub(super) fn add(&mut self, constraint: &Constraint, new: Option<KeyTable>, most: u64) {
        let known = self
            .keys
            .entry(owner(constraint))
            .or_insert_with(|| Some(Arc::default()));
        *known = match (known.take(), new) {
            (Some(known), Some(new)) if known.is_empty() => Some(Arc::new(new)),
            (Some(mut known), Some(new)) => {
                Arc::make_mut(&mut known).extend(&new);
                (known.bytes() <= most).then_some(known)
            }
            _ => None,
        };
    }
}
