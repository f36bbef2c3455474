//! From a merged pattern without cycles to a tree of places below one of them, and what it costs to weigh it.

use std::collections::BTreeSet;

use grism_core::{GraphStatistics, with_stack};

use super::merged::Merged;
use super::pinned::pinned_pattern;
use super::region::Region;
use super::shape::{Conditions, Shape};
use crate::{Direction, WeightedHop, WeightedPlace, WeightedShape, WeightedStep, WeightedTerm};

/// A term, and about how much work it is.
pub(super) struct CostedTerm {
    pub(super) term: WeightedTerm,
    /// In incidences that are read.
    pub(super) work: f64,
    /// The places of the region that are pinned.
    pub(super) pins: Vec<usize>,
}

/// The term of a merged pattern, with `root` or else the best place at its root; `None` where it is not counted so.
pub(super) fn weighted_term(
    region: &Region,
    (merged, factor): &(Merged, i64),
    root: Option<usize>,
    conditions: &Conditions,
    statistics: &GraphStatistics,
) -> Option<CostedTerm> {
    let shape = Shape::of(region, merged, conditions)?;
    let root = root.map(|root| shape.place_of(root));
    let factor = *factor;
    if !shape.is_tree() {
        let pinned = pinned_pattern(&shape, root, statistics)?;
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
    let roots = match root {
        Some(root) => BTreeSet::from([root]),
        None => shape.places(),
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

/// About how many incidences are read to weigh a place and what lies below it.
pub(super) fn work(place: &WeightedPlace, statistics: &GraphStatistics) -> f64 {
    let of_step = |step: &WeightedStep| match &step.hop {
        // Sums are sent along the lists of the members, which takes longer than fetching them.
        WeightedHop::ToMembers(_) => incidences(step, statistics) * 2.0,
        _ => incidences(step, statistics),
    };
    let of_steps = |steps: &[WeightedStep]| steps.iter().map(of_step).sum::<f64>();
    let entities = place.tables.iter().map(|own| statistics.rows(*own) as f64);
    let branches = place.branches.iter().map(|branch| {
        let below = with_stack(|| work(&branch.place, statistics));
        // The number of neighbours of any weight is the length of a list.
        let is_length = branch.place.branches.is_empty()
            && branch.place.loops.is_empty()
            && branch.place.inputs.is_empty()
            && branch.steps.len() == 1
            && branch.steps[0].inputs.is_empty()
            && branch.steps[0].hop != WeightedHop::Edges(Direction::Both);
        let share = if is_length { 0.1 } else { 1.0 };
        below + share * of_steps(&branch.steps)
    });
    entities.sum::<f64>() * 0.1 + of_steps(&place.loops) + branches.sum::<f64>()
}

/// The entries of the lists of a step.
pub(super) fn incidences(step: &WeightedStep, statistics: &GraphStatistics) -> f64 {
    let rows = step
        .tables
        .iter()
        .map(|table| statistics.rows(*table) as f64);
    match &step.hop {
        WeightedHop::Edges(Direction::Both) => rows.sum::<f64>() * 2.0,
        WeightedHop::Edges(_) => rows.sum(),
        WeightedHop::ToMembers(roles) | WeightedHop::ToHyperedges(roles) => {
            let tables = step.tables.iter();
            let counts = tables.flat_map(|table| {
                let roles = roles.iter();
                roles.map(move |role| statistics.incidences(*table, role) as f64)
            });
            counts.sum()
        }
    }
}
