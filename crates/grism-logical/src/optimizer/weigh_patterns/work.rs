//! How much work it is to weigh a place, in incidences that are read.

use grism_core::{GraphStatistics, with_stack};

use crate::{Direction, WeightedHop, WeightedPlace, WeightedStep};

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
