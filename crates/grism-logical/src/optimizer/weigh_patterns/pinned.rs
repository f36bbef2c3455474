//! From a merged pattern with cycles to pinned places, and trees between them.
//!
//! Places that are on no cycle, and on no way between two cycles, are branches of those that are: the core of the pattern. Of
//! the core so few places are pinned that no cycle is left without them, which ones and in which order by the work that is
//! expected.

use std::collections::BTreeSet;

use grism_core::{GraphStatistics, with_stack};

use super::super::planted::is_planted;
use super::shape::Shape;
use super::work::{incidences, work};
use crate::{PinnedArrival, PinnedPattern, PinnedPlace};

/// The most places that are pinned: each is gone through for every entity of those before it.
const MOST_PINS: usize = 3;

/// The most places of a core whose choices of pins are gone through.
const MOST_CORE: usize = 14;

/// The work of an entity that is pinned, beside that of its lists.
const PIN_WORK: f64 = 8.0;

/// What is chosen for a merged pattern.
pub(super) struct Pinned {
    pub(super) pattern: PinnedPattern,
    /// About how many incidences are read.
    pub(super) work: f64,
    /// The places that are pinned.
    pub(super) pins: Vec<usize>,
}

/// What counts are by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CountedBy {
    Nothing,
    Place(usize),
    /// The first one is pinned.
    Pair(usize, usize),
}

impl CountedBy {
    /// The same of a merged pattern.
    pub(super) fn merged(self, shape: &Shape<'_>) -> Self {
        match self {
            Self::Nothing => Self::Nothing,
            Self::Place(own) => Self::Place(shape.place_of(own)),
            Self::Pair(pin, own) => Self::Pair(shape.place_of(pin), shape.place_of(own)),
        }
    }

    /// The place whose entities are counted.
    fn root(self) -> Option<usize> {
        match self {
            Self::Nothing => None,
            Self::Place(own) | Self::Pair(_, own) => Some(own),
        }
    }
}

/// The best choice of pins; `None` where it takes too many.
pub(super) fn pinned_pattern(
    shape: &Shape<'_>,
    by: CountedBy,
    statistics: &GraphStatistics,
) -> Option<Pinned> {
    let cyclic = core(shape, &[]);
    let (core, first) = match by {
        CountedBy::Nothing => (cyclic, None),
        // A place on a cycle is the first pin.
        CountedBy::Place(own) => (core(shape, &[own]), cyclic.contains(&own).then_some(own)),
        CountedBy::Pair(pin, own) => (core(shape, &[pin, own]), Some(pin)),
    };
    if core.len() > MOST_CORE {
        return None;
    }
    // Another place that counts are by is the root of a tree.
    let never = match (by, first) {
        (CountedBy::Place(own), None) => Some(own),
        _ => None,
    };
    let members: Vec<usize> = core.iter().copied().collect();
    for size in 1..=MOST_PINS.min(members.len()) {
        let sets = subsets(&members, size).into_iter();
        let sets = sets.filter(|pins| never.is_none_or(|own| !pins.contains(&own)));
        let choices = sets.flat_map(|pins| orders(&pins));
        let choices = choices.filter(|pins| first.is_none() || pins.first().copied() == first);
        let choices = choices.filter_map(|pins| {
            let choice = Choice {
                shape,
                core: &core,
                pins,
                statistics,
            };
            choice.costed(by.root())
        });
        let best = choices.min_by(|a, b| a.work.total_cmp(&b.work));
        if best.is_some() {
            return best;
        }
    }
    None
}

/// The places on cycles, those that are `kept`, and those on ways between them.
fn core(shape: &Shape<'_>, kept: &[usize]) -> BTreeSet<usize> {
    let mut core = shape.places();
    loop {
        let is_end = |own: &usize| {
            let others = shape.neighbours(*own).filter(|other| core.contains(other));
            !kept.contains(own) && others.count() < 2
        };
        let Some(end) = core.iter().copied().find(|own| is_end(own)) else {
            return core;
        };
        core.remove(&end);
    }
}

/// Pins in their order.
struct Choice<'a> {
    shape: &'a Shape<'a>,
    core: &'a BTreeSet<usize>,
    pins: Vec<usize>,
    statistics: &'a GraphStatistics,
}

/// What is expected of a place behind the pins.
struct Expected {
    /// Entities that have a number of ways, for each entity of the pins it depends on.
    entities: f64,
    /// The last pin that it depends on.
    level: usize,
    /// Entries of lists that are read for it and the places that lead to it.
    work: f64,
    /// The place, and those that lead to it, the farthest first.
    places: Vec<usize>,
}

impl Choice<'_> {
    /// The pattern and its work; `None` where a cycle is left without the pins.
    fn costed(self, root: Option<usize>) -> Option<Pinned> {
        let bindings = self.bindings();
        let mut rest: BTreeSet<usize> = self
            .core
            .difference(&self.pins.iter().copied().collect())
            .copied()
            .collect();
        let mut total = bindings.last().copied().unwrap_or(0.0) * PIN_WORK;
        let mut trees = Vec::new();
        while let Some(first) = rest.first().copied() {
            let tree = self.tree_of(first)?;
            rest.retain(|own| !tree.contains(own));
            let roots = match root.filter(|root| tree.contains(root)) {
                Some(root) => BTreeSet::from([root]),
                None => tree,
            };
            let costed = roots
                .into_iter()
                .filter_map(|own| self.expected(own, None, &bindings));
            let best = costed.min_by(|a, b| a.work.total_cmp(&b.work))?;
            total += best.work;
            trees.push(best.places);
        }
        let order: Vec<usize> = self
            .pins
            .iter()
            .copied()
            .chain(trees.into_iter().flatten())
            .collect();
        let places: Vec<PinnedPlace> = (0..order.len()).map(|at| self.place(&order, at)).collect();
        // Each list is read once beforehand, to make rows of neighbours.
        for place in &places {
            let steps = place.arrivals.iter().flat_map(|own| &own.steps);
            total += steps
                .map(|step| incidences(step, self.statistics))
                .sum::<f64>();
            total += work(&place.place, self.statistics);
        }
        let at = |root: usize| order.iter().position(|own| *own == root);
        Some(Pinned {
            pattern: PinnedPattern {
                places,
                pins: self.pins.len(),
                root: root.and_then(at).unwrap_or(0),
            },
            work: total,
            pins: self.pins,
        })
    }

    /// How many choices of entities there are for the pins up to each.
    fn bindings(&self) -> Vec<f64> {
        let mut all = 1.0;
        let bindings = self.pins.iter().enumerate().map(|(level, pin)| {
            let before = self.pins[..level]
                .iter()
                .filter(|own| self.shape.are_tied(**own, *pin));
            let reached = before.map(|own| self.neighbours(*own, *pin));
            let fewest = reached.min_by(f64::total_cmp);
            all *= fewest
                .unwrap_or_else(|| self.shape.expected(*pin, self.statistics))
                .max(0.01);
            all
        });
        bindings.collect()
    }

    /// The mean number of neighbours that pass.
    fn neighbours(&self, from: usize, to: usize) -> f64 {
        let steps = self.shape.steps(from, to);
        let entries = steps.iter().map(|step| incidences(step, self.statistics));
        let entries = entries.min_by(f64::total_cmp).unwrap_or(0.0);
        let tables = self.shape.place(from, self.core).tables;
        let rows = tables
            .iter()
            .map(|table| self.statistics.rows(*table) as f64);
        entries / rows.sum::<f64>().max(1.0) * self.shape.share(to)
    }

    /// The places tied to `first` without the pins; `None` where they have a cycle.
    fn tree_of(&self, first: usize) -> Option<BTreeSet<usize>> {
        let mut tree = BTreeSet::from([first]);
        let mut waiting = vec![(first, None)];
        while let Some((own, above)) = waiting.pop() {
            for other in self.behind(own, above) {
                if !tree.insert(other) {
                    return None;
                }
                waiting.push((other, Some(own)));
            }
        }
        Some(tree)
    }

    /// The places of the core behind `own` that are no pins, seen from `above`.
    fn behind(&self, own: usize, above: Option<usize>) -> impl Iterator<Item = usize> + '_ {
        let others = self.shape.neighbours(own);
        others.filter(move |other| {
            self.core.contains(other) && !self.pins.contains(other) && Some(*other) != above
        })
    }

    /// What is expected of `own` and the places behind it; `None` where no pin leads to one of them.
    fn expected(&self, own: usize, above: Option<usize>, bindings: &[f64]) -> Option<Expected> {
        let (mut level, mut work, mut places) = (0, 0.0, Vec::new());
        let mut fewest: Option<f64> = None;
        let mut arrive = |at: usize, reached: f64, work: &mut f64| {
            *work += bindings.get(at).copied().unwrap_or(1.0) * reached;
            level = level.max(at);
            fewest = Some(fewest.map_or(reached, |own| own.min(reached)));
        };
        for (at, pin) in self.pins.iter().enumerate() {
            if self.shape.are_tied(*pin, own) {
                arrive(at, self.neighbours(*pin, own), &mut work);
            }
        }
        for other in self.behind(own, above) {
            let below = with_stack(|| self.expected(other, Some(own), bindings))?;
            work += below.work;
            places.extend(below.places);
            arrive(
                below.level,
                below.entities * self.neighbours(other, own),
                &mut work,
            );
        }
        places.push(own);
        Some(Expected {
            entities: fewest?.min(self.shape.expected(own, self.statistics)),
            level,
            work,
            places,
        })
    }

    /// The place at `at` of all in order, with what arrives at it from those before.
    fn place(&self, order: &[usize], at: usize) -> PinnedPlace {
        let own = order[at];
        let before = order[..at].iter().enumerate();
        let arrivals = before.filter(|(_, other)| self.shape.are_tied(**other, own));
        let closing = match is_planted("weigh_patterns.cycles") {
            true => 1,
            false => usize::MAX,
        };
        PinnedPlace {
            place: self.shape.place(own, self.core),
            arrivals: arrivals
                .take(closing)
                .map(|(from, other)| PinnedArrival {
                    from,
                    steps: self.shape.steps(*other, own),
                })
                .collect(),
        }
    }
}

/// All subsets of so many members.
fn subsets(members: &[usize], size: usize) -> Vec<Vec<usize>> {
    let Some(rest) = size.checked_sub(1) else {
        return vec![Vec::new()];
    };
    let mut found = Vec::new();
    for (at, first) in members.iter().enumerate() {
        for mut others in subsets(&members[at + 1..], rest) {
            others.insert(0, *first);
            found.push(others);
        }
    }
    found
}

/// All orders of a few members.
fn orders(members: &[usize]) -> Vec<Vec<usize>> {
    if members.len() < 2 {
        return vec![members.to_vec()];
    }
    let mut found = Vec::new();
    for (at, first) in members.iter().enumerate() {
        let mut others = members.to_vec();
        others.remove(at);
        for mut order in orders(&others) {
            order.insert(0, *first);
            found.push(order);
        }
    }
    found
}
