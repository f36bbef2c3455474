//! Inclusion and exclusion: the ways in which nothing coincides that must differ are all ways, less those in which two parts
//! coincide, and so on over every partition of the parts into those that coincide. Where parts coincide, the pattern is a smaller
//! one.
//!
//! ```text
//! (a)-[e]->(b)-[f]->(c), e <> f    =    (a)-[e]->(b)-[f]->(c)   -   (a)-[e]->(a)
//! ```

use std::collections::BTreeMap;

use grism_core::TableId;

use super::super::planted::is_planted;
use super::partitions::{MOST_PARTITIONS, Partition, partitions};
use super::region::{Difference, Region, StepKind};
use crate::SelfLoops;

/// The most patterns that one is counted by.
const MOST_TERMS: usize = 128;

/// The most ways to merge one set of steps.
const MOST_WAYS: usize = 256;

/// A pattern with some of its parts merged.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Merged {
    /// For each place of the region, the first one of those that it is merged with.
    pub(super) place_of: Vec<usize>,
    pub(super) steps: Vec<MergedStep>,
}

/// Steps of the region that bind one relationship.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct MergedStep {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) kind: StepKind,
    pub(super) tables: Vec<TableId>,
    pub(super) loops: SelfLoops,
    /// Those steps of the region that have conditions.
    pub(super) steps: Vec<usize>,
}

/// The merged patterns of a region and the factor of each; `None` where there are too many, or weights cannot count one of them.
pub(super) fn merged_patterns(region: &Region) -> Option<Vec<(Merged, i64)>> {
    let differences = region.differences.iter();
    let (mut places, mut steps) = (Vec::new(), Vec::new());
    for difference in differences {
        match *difference {
            Difference::Places(a, b) => places.push((a, b)),
            Difference::Steps(a, b) => steps.push((a, b)),
        }
    }
    let of_places = partitions(region.places.len(), &places)?;
    let of_steps = partitions(region.steps.len(), &steps)?;
    if of_places.len() * of_steps.len() > MOST_PARTITIONS {
        return None;
    }
    let mut factors: BTreeMap<Merged, i64> = BTreeMap::new();
    for (places, sign) in &of_places {
        for (steps, other) in &of_steps {
            let parts = region.places.len() + region.steps.len();
            if parts - places.len() - steps.len() > 1 && is_planted("weigh_patterns.terms") {
                continue;
            }
            for merged in merge(region, places, steps)? {
                *factors.entry(merged).or_insert(0) += sign * other;
            }
            if factors.len() > MOST_TERMS {
                return None;
            }
        }
    }
    factors.retain(|_, factor| *factor != 0);
    Some(factors.into_iter().collect())
}

/// The patterns that together are the region with the parts of each group merged. Each way to bind the region so is counted by one of
/// them.
fn merge(region: &Region, places: &Partition, steps: &Partition) -> Option<Vec<Merged>> {
    let mut equal = Groups::of(region.places.len());
    for group in places {
        for own in group {
            equal.unite(group[0], *own);
        }
    }
    for (a, b) in &region.same {
        equal.unite(*a, *b);
    }
    let mut ways = vec![Way {
        places: equal,
        steps: Vec::new(),
    }];
    for group in steps {
        let alternatives = alternatives(region, group)?;
        ways = ways
            .iter()
            .flat_map(|way| alternatives.iter().map(|own| way.with(own)))
            .collect();
        if ways.len() > MOST_WAYS {
            return None;
        }
    }
    let mut found = Vec::new();
    for way in ways {
        match way.merged(region) {
            Found::Pattern(merged) => found.push(merged),
            Found::Nothing => {}
            Found::Uncountable => return None,
        }
    }
    Some(found)
}

/// One way in which steps bind one relationship: which places coincide for it.
struct Alternative {
    equal: Vec<(usize, usize)>,
    step: MergedStep,
}

/// The ways in which the steps of `group` bind one relationship, each of which excludes the others.
fn alternatives(region: &Region, group: &[usize]) -> Option<Vec<Alternative>> {
    let first = region.steps.get(*group.first()?)?;
    let mut tables = first.tables.clone();
    let mut kind = first.kind.clone();
    for own in group {
        let own = &region.steps[*own];
        tables.retain(|table| own.tables.contains(table));
        kind = merged_kind(kind, &own.kind)?;
    }
    let is_undirected = |own: &usize| region.steps[*own].kind == StepKind::Undirected;
    // A directed step says which end of the edge is which.
    let base = *group
        .iter()
        .find(|own| !is_undirected(own))
        .or(group.first())?;
    let others: Vec<usize> = group.iter().copied().filter(|own| *own != base).collect();
    let (from, to) = (region.steps[base].from, region.steps[base].to);
    let step = |loops: SelfLoops, kind: &StepKind| MergedStep {
        from,
        to,
        kind: kind.clone(),
        tables: tables.clone(),
        loops,
        steps: group
            .iter()
            .copied()
            .filter(|own| !region.steps[*own].conjuncts.is_empty())
            .collect(),
    };
    let turnable: Vec<usize> = others.iter().copied().filter(is_undirected).collect();
    let fixed = others.iter().filter(|own| !is_undirected(own));
    let fixed: Vec<(usize, usize)> = fixed
        .flat_map(|own| {
            let own = &region.steps[*own];
            [(from, own.from), (to, own.to)]
        })
        .collect();
    if turnable.is_empty() {
        return Some(vec![Alternative {
            equal: fixed,
            step: step(SelfLoops::Counted, &kind),
        }]);
    }
    if turnable.len() > 6 {
        return None;
    }
    // A self-loop is bound in one way whichever way it is walked.
    let ends = group.iter().flat_map(|own| {
        [
            (from, region.steps[*own].from),
            (from, region.steps[*own].to),
        ]
    });
    let mut found = vec![Alternative {
        equal: ends.collect(),
        step: step(SelfLoops::Counted, &StepKind::Directed),
    }];
    if is_planted("weigh_patterns.loops") {
        found.clear();
    }
    for turned in 0..1_u32 << turnable.len() {
        let mut equal = fixed.clone();
        for (number, own) in turnable.iter().enumerate() {
            let own = &region.steps[*own];
            match turned >> number & 1 {
                0 => equal.extend([(from, own.from), (to, own.to)]),
                _ => equal.extend([(from, own.to), (to, own.from)]),
            }
        }
        found.push(Alternative {
            equal,
            step: step(SelfLoops::LeftOut, &kind),
        });
    }
    Some(found)
}

/// What a relationship of both kinds is; `None` for an edge and an incidence, which no condition compares.
fn merged_kind(a: StepKind, b: &StepKind) -> Option<StepKind> {
    match (a, b) {
        (StepKind::Role(mut roles), StepKind::Role(others)) => {
            roles.retain(|role| others.contains(role));
            Some(StepKind::Role(roles))
        }
        (StepKind::Role(_), _) | (_, StepKind::Role(_)) => None,
        (StepKind::Undirected, StepKind::Undirected) => Some(StepKind::Undirected),
        _ => Some(StepKind::Directed),
    }
}

/// A choice of one alternative for some of the groups.
#[derive(Clone)]
struct Way {
    places: Groups,
    steps: Vec<MergedStep>,
}

enum Found {
    Pattern(Merged),
    /// No way to bind it.
    Nothing,
    Uncountable,
}

impl Way {
    fn with(&self, alternative: &Alternative) -> Self {
        let mut way = self.clone();
        for (a, b) in &alternative.equal {
            way.places.unite(*a, *b);
        }
        way.steps.push(alternative.step.clone());
        way
    }

    fn merged(mut self, region: &Region) -> Found {
        for group in self.places.groups() {
            let mut tables = region.places[group[0]].tables.clone();
            for own in &group {
                tables.retain(|table| region.places[*own].tables.contains(table));
            }
            if tables.is_empty() {
                return Found::Nothing;
            }
        }
        for step in &mut self.steps {
            step.from = self.places.first(step.from);
            step.to = self.places.first(step.to);
            let is_loop = step.from == step.to;
            match &step.kind {
                _ if step.tables.is_empty() => return Found::Nothing,
                StepKind::Role(roles) if roles.is_empty() => return Found::Nothing,
                StepKind::Role(_) if is_loop => return Found::Uncountable,
                _ if is_loop && step.loops == SelfLoops::LeftOut => return Found::Nothing,
                // Which way it is walked makes no difference.
                StepKind::Undirected if is_loop => step.kind = StepKind::Directed,
                _ => {}
            }
        }
        self.steps.sort();
        let place_of = (0..region.places.len()).map(|own| self.places.first(own));
        Found::Pattern(Merged {
            place_of: place_of.collect(),
            steps: self.steps,
        })
    }
}

/// Numbers in groups: a union-find whose groups are named by their smallest number.
#[derive(Clone)]
struct Groups {
    parents: Vec<usize>,
}

impl Groups {
    fn of(count: usize) -> Self {
        Self {
            parents: (0..count).collect(),
        }
    }

    fn first(&self, mut own: usize) -> usize {
        while self.parents[own] != own {
            own = self.parents[own];
        }
        own
    }

    fn unite(&mut self, a: usize, b: usize) {
        let (a, b) = (self.first(a), self.first(b));
        let (low, high) = (a.min(b), a.max(b));
        self.parents[high] = low;
    }

    fn groups(&self) -> Vec<Vec<usize>> {
        let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for own in 0..self.parents.len() {
            groups.entry(self.first(own)).or_default().push(own);
        }
        groups.into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use grism_core::{TableId, Type};

    use super::super::region::{Difference, Place, Region, Step, StepKind};
    use super::{MergedStep, merged_patterns};
    use crate::SelfLoops;

    /// A chain of edges of one type, all of which must differ.
    fn chain(kind: &StepKind, steps: usize) -> Region {
        let table = TableId::try_new(1).unwrap();
        let mut region = Region::default();
        for number in 0..=steps {
            region.places.push(Place {
                variable: format!("v{number}"),
                ty: Type::Node([table].into()),
                label: String::new(),
                tables: vec![table],
                predicate: Vec::new(),
                conjuncts: Vec::new(),
            });
        }
        for number in 0..steps {
            region.steps.push(Step {
                kind: kind.clone(),
                from: number,
                to: number + 1,
                tables: vec![table],
                label: String::new(),
                edge: Some(format!("r{number}")),
                conjuncts: Vec::new(),
            });
            let earlier = (0..number).map(|other| Difference::Steps(other, number));
            region.differences.extend(earlier);
        }
        region
    }

    /// The factor of a pattern, and the ends of its steps with `true` where self-loops do not count.
    type Shape = (i64, Vec<(usize, usize, bool)>);

    fn shapes(region: &Region) -> Vec<Shape> {
        let ends = |own: &MergedStep| (own.from, own.to, own.loops == SelfLoops::LeftOut);
        let merged = merged_patterns(region).unwrap();
        let mut shapes: Vec<_> = merged
            .iter()
            .map(|(own, factor)| (*factor, own.steps.iter().map(ends).collect()))
            .collect();
        shapes.sort();
        shapes
    }

    #[test]
    fn two_edges_of_a_chain_coincide_in_a_self_loop() {
        let expected = vec![
            (-1, vec![(0, 0, false)]),
            (1, vec![(0, 1, false), (1, 2, false)]),
        ];
        assert_eq!(shapes(&chain(&StepKind::Directed, 2)), expected);
    }

    #[test]
    fn three_edges_coincide_in_all_partitions() {
        let expected = vec![
            (-1, vec![(0, 0, false), (0, 3, false)]),
            (-1, vec![(0, 1, false), (1, 0, false)]),
            (-1, vec![(0, 1, false), (1, 1, false)]),
            (1, vec![(0, 1, false), (1, 2, false), (2, 3, false)]),
            (2, vec![(0, 0, false)]),
        ];
        assert_eq!(shapes(&chain(&StepKind::Directed, 3)), expected);
    }

    #[test]
    fn an_undirected_edge_is_walked_back_or_is_a_loop() {
        let expected = vec![
            (-1, vec![(0, 0, false)]),
            (-1, vec![(0, 1, true)]),
            (1, vec![(0, 1, false), (1, 2, false)]),
        ];
        assert_eq!(shapes(&chain(&StepKind::Undirected, 2)), expected);
    }

    #[test]
    fn too_many_patterns_are_left_alone() {
        assert!(merged_patterns(&chain(&StepKind::Directed, 9)).is_none());
    }
}
