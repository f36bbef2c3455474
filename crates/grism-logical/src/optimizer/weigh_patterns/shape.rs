//! `Shape`: a merged pattern as places, and the steps between each two of them.

use std::collections::{BTreeMap, BTreeSet};

use grism_core::{GraphStatistics, Tables, with_stack};

use super::merged::{Merged, MergedStep};
use super::region::{Region, StepKind};
use crate::{Direction, SelfLoops, WeightedBranch, WeightedHop, WeightedPlace, WeightedStep};

/// The inputs that places and steps have conditions in.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    /// By place: the number of the input, and the share of the place's entities that it is expected to have.
    pub(super) places: BTreeMap<usize, (usize, f64)>,
    /// By step: the number of the input.
    pub(super) steps: BTreeMap<usize, usize>,
}

/// A merged pattern.
pub(super) struct Shape<'a> {
    region: &'a Region,
    merged: &'a Merged,
    conditions: &'a Conditions,
    /// The steps between two places, by their numbers, the smaller one first.
    between: BTreeMap<(usize, usize), Vec<&'a MergedStep>>,
}

impl<'a> Shape<'a> {
    /// The shape of a merged pattern; `None` where steps between two places cannot be walked from one side.
    pub(super) fn of(
        region: &'a Region,
        merged: &'a Merged,
        conditions: &'a Conditions,
    ) -> Option<Self> {
        let mut between: BTreeMap<(usize, usize), Vec<&MergedStep>> = BTreeMap::new();
        for step in merged.steps.iter().filter(|own| own.from != own.to) {
            let ends = (step.from.min(step.to), step.from.max(step.to));
            between.entry(ends).or_default().push(step);
        }
        let is_member = |step: &&MergedStep| matches!(step.kind, StepKind::Role(_));
        // Lists of members are not kept by hyperedge, so that such steps lead one way between two places.
        let one_way = between.values().all(|steps| {
            let mut roles = steps.iter().copied().filter(|own| is_member(own));
            let first = roles.next();
            first.is_none_or(|first| roles.all(|own| own.from == first.from))
        });
        one_way.then_some(Self {
            region,
            merged,
            conditions,
            between,
        })
    }

    /// Its places.
    pub(super) fn places(&self) -> BTreeSet<usize> {
        self.merged.place_of.iter().copied().collect()
    }

    /// The place of the merged pattern that a place of the region is part of.
    pub(super) fn place_of(&self, place: usize) -> usize {
        self.merged.place_of[place]
    }

    /// Whether it has no cycles: a connected pattern with one pair fewer than places is a tree.
    pub(super) fn is_tree(&self) -> bool {
        self.between.len() + 1 == self.places().len()
    }

    /// The places that steps tie to `own`.
    pub(super) fn neighbours(&self, own: usize) -> impl Iterator<Item = usize> + '_ {
        self.between
            .keys()
            .filter_map(move |(a, b)| match (*a == own, *b == own) {
                (true, _) => Some(*b),
                (_, true) => Some(*a),
                _ => None,
            })
    }

    /// Whether steps tie the two places.
    pub(super) fn are_tied(&self, a: usize, b: usize) -> bool {
        self.between.contains_key(&(a.min(b), a.max(b)))
    }

    /// The steps between two places, as they are seen from `near`.
    pub(super) fn steps(&self, near: usize, far: usize) -> Vec<WeightedStep> {
        let steps = self.between.get(&(near.min(far), near.max(far)));
        let steps = steps.into_iter().flatten();
        steps.map(|step| self.step(step, near)).collect()
    }

    /// The place and what lies below it, seen from what is `above`.
    pub(super) fn place(&self, own: usize, above: &BTreeSet<usize>) -> WeightedPlace {
        let loops = self.merged.steps.iter();
        let loops = loops.filter(|step| step.from == own && step.to == own);
        let others = self.neighbours(own).filter(|other| !above.contains(other));
        let branches = others.map(|other| WeightedBranch {
            steps: self.steps(own, other),
            place: with_stack(|| self.place(other, &BTreeSet::from([own]))),
        });
        WeightedPlace {
            tables: self.tables(own),
            inputs: self
                .members(own)
                .filter_map(|member| Some(self.conditions.places.get(&member)?.0))
                .collect(),
            loops: loops.map(|step| self.step(step, own)).collect(),
            branches: branches.collect(),
        }
    }

    /// The entities of a place that are expected to pass its conditions.
    pub(super) fn expected(&self, own: usize, statistics: &GraphStatistics) -> f64 {
        let tables = self.tables(own);
        let rows = tables.iter().map(|table| statistics.rows(*table) as f64);
        rows.sum::<f64>() * self.share(own)
    }

    /// The share of the entities of a place that is expected to pass its conditions.
    pub(super) fn share(&self, own: usize) -> f64 {
        let conditions = self.members(own);
        let shares = conditions.filter_map(|member| Some(self.conditions.places.get(&member)?.1));
        shares.product()
    }

    /// The places of the region that are merged into one.
    fn members(&self, own: usize) -> impl Iterator<Item = usize> + '_ {
        let members = self.merged.place_of.iter().enumerate();
        members.filter_map(move |(member, first)| (*first == own).then_some(member))
    }

    fn tables(&self, own: usize) -> Tables {
        let mut tables = self.region.places[own].tables.clone();
        for member in self.members(own) {
            tables.retain(|table| self.region.places[member].tables.contains(table));
        }
        Tables::from(tables)
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
