//! `Components`: which entities reach each other.

use serde::{Deserialize, Serialize};

use super::{ListHop, SharedPlan, WeightedHop};

/// Numbers the connected component of an entity: input columns, then the number, which is the same for entities that reach
/// each other over any number of hops, none included, and for no others; null for a null entity.
///
/// ```text
/// a ── b ── c    d        1 1 1 4
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Components {
    /// Rows whose entity's component is wanted.
    pub input: SharedPlan,
    /// The column of the entity.
    pub entity: String,
    /// The ways that a hop may take, of which [`Self::are_symmetric`] is true.
    pub ways: Vec<ListHop>,
    /// A hop as the query names it, for plans.
    pub label: String,
    /// The column of numbers.
    pub component: String,
}

impl Components {
    /// Whether hops that take one of `ways` lead from each entity to all of its component: each leads back, and entities
    /// between the ends of a hop connect no others than its ends.
    #[must_use]
    pub fn are_symmetric(ways: &[ListHop]) -> bool {
        match ways {
            [way] if way.steps.len() == 2 => {
                let goes_through =
                    matches!(way.steps[0].hop, WeightedHop::ToHyperedges(_)) && way.is_symmetric();
                // Otherwise a hyperedge could be an end too, and connect by other roles.
                goes_through && way.steps[0].tables == way.steps[1].tables
            }
            _ => ways
                .iter()
                .all(|way| way.steps.len() == 1 && ways.contains(&way.reversed())),
        }
    }

    /// The node in one line, as plans show it.
    #[must_use]
    pub fn describe(&self) -> String {
        format!("Components({}; by {})", self.entity, self.label)
    }
}
