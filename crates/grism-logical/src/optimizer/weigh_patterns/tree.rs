//! From a merged pattern to a tree of places below one of them.

use std::collections::{BTreeMap, BTreeSet};

use grism_core::{GraphStatistics, Tables, with_stack};

use super::super::planted::is_planted;
use super::merged::{Merged, MergedStep};
use super::region::{Region, StepKind};
use crate::{
    Direction, SelfLoops, WeightedBranch, WeightedHop, WeightedPlace, WeightedStep, WeightedTerm,
};

/// The numbers of the inputs that places and steps have conditions in.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    pub(super) places: BTreeMap<usize, usize>,
    pub(super) steps: BTreeMap<usize, usize>,
}

/// The term of a merged pattern, with `root` or else the best place at its root; `None` where the pattern has a cycle.
pub(super) fn weighted_term(
    region: &Region,
    (merged, factor): &(Merged, i64),
    root: Option<usize>,
    conditions: &Conditions,
    statistics: &GraphStatistics,
) -> Option<WeightedTerm> {
    let shape = Shape::of(region, merged, conditions)?;
    let of_root = |root: usize| WeightedTerm {
        factor: *factor,
        root: shape.place(root, None),
    };
    if let Some(root) = root {
        return Some(of_root(merged.place_of[root]));
    }
    let places: BTreeSet<usize> = merged.place_of.iter().copied().collect();
    let terms = places.into_iter().map(of_root);
    let costed = terms.map(|term| (work(&term.root, statistics), term));
    let best = costed.min_by(|(a, _), (b, _)| a.total_cmp(b));
    best.map(|(_, term)| term)
}

/// About how many incidences are read to weigh a place and what lies below it.
pub(super) fn work(place: &WeightedPlace, statistics: &GraphStatistics) -> f64 {
    let incidences = |step: &WeightedStep| -> f64 {
        let of_roles = |roles: &[String]| {
            let tables = step.tables.iter();
            let counts = tables.flat_map(|table| {
                let roles = roles.iter();
                roles.map(move |role| statistics.incidences(*table, role) as f64)
            });
            counts.sum()
        };
        let rows = step
            .tables
            .iter()
            .map(|table| statistics.rows(*table) as f64);
        match &step.hop {
            WeightedHop::Edges(Direction::Both) => rows.sum::<f64>() * 2.0,
            WeightedHop::Edges(_) => rows.sum(),
            // Sums are sent along the lists of the members, which takes longer than fetching them.
            WeightedHop::ToMembers(roles) => of_roles(roles) * 2.0,
            WeightedHop::ToHyperedges(roles) => of_roles(roles),
        }
    };
    let of_steps = |steps: &[WeightedStep]| steps.iter().map(incidences).sum::<f64>();
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

/// A merged pattern without cycles.
struct Shape<'a> {
    region: &'a Region,
    merged: &'a Merged,
    conditions: &'a Conditions,
    /// The steps between two places, by their numbers.
    between: BTreeMap<(usize, usize), Vec<&'a MergedStep>>,
}

impl<'a> Shape<'a> {
    fn of(region: &'a Region, merged: &'a Merged, conditions: &'a Conditions) -> Option<Self> {
        let mut between: BTreeMap<(usize, usize), Vec<&MergedStep>> = BTreeMap::new();
        for step in merged.steps.iter().filter(|own| own.from != own.to) {
            let ends = (step.from.min(step.to), step.from.max(step.to));
            between.entry(ends).or_default().push(step);
        }
        // A connected pattern with one pair fewer than places is a tree.
        let places: BTreeSet<usize> = merged.place_of.iter().copied().collect();
        let is_member = |step: &&MergedStep| matches!(step.kind, StepKind::Role(_));
        // Lists of members are not kept by hyperedge, so that such steps lead one way between two places.
        let one_way = between.values().all(|steps| {
            let mut roles = steps.iter().copied().filter(|own| is_member(own));
            let first = roles.next();
            first.is_none_or(|first| roles.all(|own| own.from == first.from))
        });
        (between.len() + 1 == places.len() && one_way).then_some(Self {
            region,
            merged,
            conditions,
            between,
        })
    }

    /// The place and what lies below it, seen from `parent`.
    fn place(&self, own: usize, parent: Option<usize>) -> WeightedPlace {
        let members = self.merged.place_of.iter().enumerate();
        let members = members.filter(|(_, first)| **first == own);
        let members: Vec<usize> = members.map(|(member, _)| member).collect();
        let mut tables = self.region.places[own].tables.clone();
        for member in &members {
            tables.retain(|table| self.region.places[*member].tables.contains(table));
        }
        let conditions = match is_planted("weigh_patterns.conditions") {
            true => 1,
            false => members.len(),
        };
        let inputs = members[..conditions]
            .iter()
            .filter_map(|member| self.conditions.places.get(member).copied())
            .collect();
        let loops = self.merged.steps.iter();
        let loops = loops.filter(|step| step.from == own && step.to == own);
        let branches = self.between.iter().filter_map(|((a, b), steps)| {
            let other = match (*a == own, *b == own) {
                (true, _) => *b,
                (_, true) => *a,
                _ => return None,
            };
            (Some(other) != parent).then(|| WeightedBranch {
                steps: steps.iter().map(|step| self.step(step, own)).collect(),
                place: with_stack(|| self.place(other, Some(own))),
            })
        });
        WeightedPlace {
            tables: Tables::from(tables),
            inputs,
            loops: loops.map(|step| self.step(step, own)).collect(),
            branches: branches.collect(),
        }
    }

    /// The step as it is seen from `near`.
    fn step(&self, step: &MergedStep, near: usize) -> WeightedStep {
        let hop = match &step.kind {
            StepKind::Undirected => WeightedHop::Edges(Direction::Both),
            StepKind::Directed if step.from == near => WeightedHop::Edges(Direction::Out),
            StepKind::Directed => WeightedHop::Edges(Direction::In),
            StepKind::Role(roles) if step.from == near => WeightedHop::ToMembers(roles.clone()),
            StepKind::Role(roles) => WeightedHop::ToHyperedges(roles.clone()),
        };
        let inputs = step.steps.iter();
        let mut inputs: Vec<usize> = inputs
            .filter_map(|own| self.conditions.steps.get(own).copied())
            .collect();
        inputs.dedup();
        WeightedStep {
            tables: Tables::from(step.tables.clone()),
            hop,
            inputs,
            loops: match step.from == step.to {
                true => SelfLoops::Counted,
                false => step.loops,
            },
        }
    }
}
