//! From a merged pattern to the term that it is counted by: a tree of places below one of them where it has no cycles.

use std::collections::BTreeSet;

use grism_core::GraphStatistics;

use super::merged::Merged;
use super::pinned::{CountedBy, pinned_pattern};
use super::region::Region;
use super::shape::{Conditions, Shape};
use super::work::work;
use crate::{WeightedShape, WeightedTerm};

/// A term, and about how much work it is.
pub(super) struct CostedTerm {
    pub(super) term: WeightedTerm,
    /// In incidences that are read.
    pub(super) work: f64,
    /// The places of the region that are pinned.
    pub(super) pins: Vec<usize>,
}

/// The term of a merged pattern; `None` where it is not counted so.
pub(super) fn weighted_term(
    region: &Region,
    (merged, factor): &(Merged, i64),
    by: CountedBy,
    conditions: &Conditions,
    statistics: &GraphStatistics,
) -> Option<CostedTerm> {
    let shape = Shape::of(region, merged, conditions)?;
    let by = by.merged(&shape);
    let factor = *factor;
    if !shape.is_tree() || matches!(by, CountedBy::Pair(..)) {
        let pinned = pinned_pattern(&shape, by, statistics)?;
        return Some(CostedTerm {
            term: WeightedTerm {
                factor,
                shape: WeightedShape::Cycles(pinned.pattern),
            },
            work: pinned.work,
            pins: pinned.pins,
        });
    }
    let of_root = |root: usize| shape.place(root, &BTreeSet::new());
    let roots = match by {
        CountedBy::Place(root) => BTreeSet::from([root]),
        _ => shape.places(),
    };
    let costed = roots.into_iter().map(|root| {
        let place = of_root(root);
        (work(&place, statistics), place)
    });
    let (work, place) = costed.min_by(|(a, _), (b, _)| a.total_cmp(b))?;
    Some(CostedTerm {
        term: WeightedTerm {
            factor,
            shape: WeightedShape::Tree(place),
        },
        work,
        pins: Vec::new(),
    })
}
