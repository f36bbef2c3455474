//! The incidence lists that a step reads, and how they are walked.

use std::ops::Range;
use std::sync::Arc;

use grism_core::{
    EntityId, IdList, IncidenceSegment, Result, SOURCE_ROLE, SegmentKey, Snapshot, TARGET_ROLE,
    TableId,
};
use grism_logical::{Direction, SelfLoops, WeightedHop, WeightedStep};

use super::weights::{TableWeights, Weights, at};

/// One role of one table, whose lists a step reads.
#[derive(Clone, Debug)]
pub(super) struct RoleList {
    table: TableId,
    role: String,
    neighbours: Neighbours,
    loops: SelfLoops,
    /// The edges that count, each as often as the product of its weights.
    edges: Vec<Arc<Weights>>,
}

/// What an entry of a list leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Neighbours {
    /// The member at the other end of a binary edge.
    Opposites,
    Hyperedges,
}

/// From which side of a step lists are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// From the entity that the step starts at.
    Near,
    /// From the entities that it leads to.
    Far,
}

/// The lists of `step`, read from `side`; `None` where they are not kept there.
pub(super) fn role_lists(
    step: &WeightedStep,
    side: Side,
    snapshot: &dyn Snapshot,
    conditions: &[Arc<Weights>],
) -> Option<Vec<RoleList>> {
    let (roles, neighbours): (Vec<(&str, SelfLoops)>, _) = match (&step.hop, side) {
        (WeightedHop::Edges(direction), side) => {
            let is_out = match direction {
                Direction::Out => Some(side == Side::Near),
                Direction::In => Some(side == Side::Far),
                Direction::Both => None,
            };
            let roles = match is_out {
                Some(true) => vec![(SOURCE_ROLE, step.loops)],
                Some(false) => vec![(TARGET_ROLE, step.loops)],
                // A self-loop stands in both lists.
                None => vec![(SOURCE_ROLE, step.loops), (TARGET_ROLE, SelfLoops::LeftOut)],
            };
            (roles, Neighbours::Opposites)
        }
        (WeightedHop::ToHyperedges(roles), Side::Near)
        | (WeightedHop::ToMembers(roles), Side::Far) => {
            let roles = roles.iter();
            let roles = roles.map(|role| (role.as_str(), SelfLoops::Counted));
            (roles.collect(), Neighbours::Hyperedges)
        }
        _ => return None,
    };
    let edges: Vec<Arc<Weights>> = step
        .inputs
        .iter()
        .filter_map(|input| conditions.get(*input).cloned())
        .collect();
    let has_role = |table: TableId, role: &str| {
        let table = snapshot.schema().table(table).ok();
        table
            .and_then(|table| table.hyperedge_type()?.role(role))
            .is_some()
    };
    let lists = step.tables.iter().flat_map(|table| {
        let roles = roles.iter().filter(|(role, _)| has_role(*table, role));
        roles.map(|(role, loops)| RoleList {
            table: *table,
            role: (*role).to_owned(),
            neighbours,
            loops: *loops,
            edges: edges.clone(),
        })
    });
    Some(lists.collect())
}

/// The lists of the members of one segment.
#[derive(Clone, Debug)]
pub(super) struct LoadedList {
    list: RoleList,
    segment: Arc<IncidenceSegment>,
}

impl LoadedList {
    /// Those of `lists` that have an entry for a member of the segment `key`.
    ///
    /// # Errors
    /// Those of the storage.
    pub(super) async fn load(
        lists: &[RoleList],
        key: SegmentKey,
        snapshot: &dyn Snapshot,
    ) -> Result<Vec<Self>> {
        let mut loaded = Vec::new();
        for list in lists {
            let segment = snapshot.incidences(list.table, &list.role, key).await?;
            if !segment.hyperedges.is_empty() {
                let list = list.clone();
                loaded.push(Self { list, segment });
            }
        }
        Ok(loaded)
    }

    fn ids(&self) -> &IdList {
        match self.list.neighbours {
            Neighbours::Opposites => &self.segment.opposites,
            Neighbours::Hyperedges => &self.segment.hyperedges,
        }
    }

    /// Members that may have entries, counted from the first of the segment.
    pub(super) fn members(&self) -> usize {
        self.segment.members()
    }

    /// Those of `members`, counted from the first of the segment, that have entries, and where these stand.
    pub(super) fn lists(
        &self,
        members: Range<usize>,
    ) -> impl Iterator<Item = (usize, Range<usize>)> {
        self.segment.lists(members)
    }

    /// Calls `visit` with each neighbour of a member and how often the entry counts.
    pub(super) fn each(&self, local: usize, member: u64, visit: impl FnMut(u64, u64)) {
        self.each_at(self.segment.range(local), member, visit);
    }

    /// The same for a member whose entries stand at `places`.
    pub(super) fn each_at(
        &self,
        places: Range<usize>,
        member: u64,
        mut visit: impl FnMut(u64, u64),
    ) {
        let ids = self.ids();
        for place in places {
            let id = ids.at(place);
            if self.list.loops == SelfLoops::LeftOut && id == member {
                continue;
            }
            let times = self.times(place);
            if times > 0 {
                visit(id, times);
            }
        }
    }

    /// How often the entry at `place` counts.
    fn times(&self, place: usize) -> u64 {
        let edges = self.list.edges.iter();
        edges.fold(1, |times: u64, weights| {
            times.saturating_mul(weights.of(self.segment.hyperedges.at(place)))
        })
    }

    /// How the entries of these lists are added up over `weights`.
    pub(super) fn summed<'a>(&'a self, weights: &'a Weights) -> Summed<'a> {
        if let Some(edges) = self.chosen_edges(weights) {
            return edges;
        }
        let (true, Some((upper, lower))) = (self.list.edges.is_empty(), self.ids().narrow()) else {
            return Summed::Any(weights);
        };
        let first = EntityId::from_raw(upper);
        match weights.table(first.table()) {
            None => Summed::Nothing,
            Some(TableWeights::One) => match self.list.loops {
                SelfLoops::Counted => Summed::Lengths,
                SelfLoops::LeftOut => Summed::LengthsWithoutLoops(upper, lower),
            },
            Some(TableWeights::Each(weights)) if first.offset() == 0 => match self.list.loops {
                SelfLoops::Counted => Summed::Narrow(lower, weights),
                SelfLoops::LeftOut => Summed::NarrowWithoutLoops(upper, lower, weights),
            },
            Some(TableWeights::Each(_)) => Summed::Any(weights),
        }
    }

    /// The sum over edges that pass one condition and lead to nodes of one table.
    fn chosen_edges<'a>(&'a self, weights: &'a Weights) -> Option<Summed<'a>> {
        let ([passing], SelfLoops::Counted) = (&self.list.edges[..], self.list.loops) else {
            return None;
        };
        let (upper, nodes) = self.ids().narrow()?;
        let (edges_upper, edges) = self.segment.hyperedges.narrow()?;
        let first = EntityId::from_raw(upper);
        let first_edge = EntityId::from_raw(edges_upper);
        let Some(TableWeights::Each(passing)) = passing.table(first_edge.table()) else {
            return None;
        };
        let weights = match weights.table(first.table())? {
            TableWeights::One => None,
            TableWeights::Each(weights) => Some(weights.as_slice()),
        };
        (first.offset() == 0 && first_edge.offset() == 0).then_some(Summed::Chosen {
            nodes,
            weights,
            edges,
            passing,
        })
    }

    /// The sum of the weights of the neighbours of a member whose entries stand in `range`.
    pub(super) fn sum(&self, summed: &Summed<'_>, range: Range<usize>, member: u64) -> u64 {
        let weight = |weights: &[u64], own: &u32| at(weights, u64::from(*own));
        match summed {
            Summed::Nothing => 0,
            Summed::Lengths => range.len() as u64,
            Summed::LengthsWithoutLoops(upper, lower) => {
                let own = member ^ upper;
                let others = lower[range].iter().filter(|id| u64::from(**id) != own);
                others.count() as u64
            }
            Summed::Narrow(lower, weights) => lower[range]
                .iter()
                .fold(0, |sum: u64, own| sum.saturating_add(weight(weights, own))),
            Summed::NarrowWithoutLoops(upper, lower, weights) => {
                let own = member ^ upper;
                let others = lower[range].iter().filter(|id| u64::from(**id) != own);
                others.fold(0, |sum: u64, own| sum.saturating_add(weight(weights, own)))
            }
            Summed::Chosen {
                nodes,
                weights,
                edges,
                passing,
            } => {
                let entries = nodes[range.clone()].iter().zip(&edges[range]);
                entries.fold(0, |sum: u64, (node, edge)| {
                    let own = weights.map_or(1, |weights| weight(weights, node));
                    // There are more edges than nodes, so that looking at them takes longer.
                    match own {
                        0 => sum,
                        own => sum.saturating_add(own.saturating_mul(weight(passing, edge))),
                    }
                })
            }
            Summed::Any(weights) => {
                let mut sum = 0_u64;
                self.each_at(range, member, |id, times| {
                    sum = sum.saturating_add(times.saturating_mul(weights.of(id)));
                });
                sum
            }
        }
    }

    /// How many edges lead from a member, whose entries stand in `range`, to itself. Only lists from sources to targets are
    /// asked.
    pub(super) fn self_loops(&self, range: Range<usize>, member: u64) -> u64 {
        if self.list.edges.is_empty()
            && let Some((upper, lower)) = self.ids().narrow()
        {
            let own = member ^ upper;
            let loops = lower[range].iter().filter(|id| u64::from(**id) == own);
            return loops.count() as u64;
        }
        let mut sum = 0_u64;
        self.each_at(range, member, |id, times| {
            if id == member {
                sum = sum.saturating_add(times);
            }
        });
        sum
    }

    /// The list as offsets of one table, where every entry counts once but for those that lead back.
    pub(super) fn offsets(&self) -> Option<Offsets<'_>> {
        let (upper, lower) = self.ids().narrow()?;
        let first = EntityId::from_raw(upper);
        let is_plain = self.list.edges.is_empty() && first.offset() == 0;
        is_plain.then_some(Offsets {
            table: first.table(),
            segment: &self.segment,
            lower,
            left_out: (self.list.loops == SelfLoops::LeftOut).then_some(upper),
        })
    }

    /// The one table of all neighbours and their offsets, where every entry counts once.
    pub(super) fn plain(&self) -> Option<(TableId, &[u32])> {
        let is_plain = self.list.edges.is_empty() && self.list.loops == SelfLoops::Counted;
        let (upper, lower) = self.ids().narrow().filter(|_| is_plain)?;
        let first = EntityId::from_raw(upper);
        (first.offset() == 0).then_some((first.table(), lower))
    }
}

/// A list of neighbours of one table.
#[derive(Clone, Copy)]
pub(super) struct Offsets<'a> {
    pub(super) table: TableId,
    segment: &'a IncidenceSegment,
    lower: &'a [u32],
    /// The upper half of all ids, where entries that lead back do not count.
    left_out: Option<u64>,
}

impl Offsets<'_> {
    pub(super) fn len(&self, local: usize) -> usize {
        self.segment.range(local).len()
    }

    /// Calls `visit` with the offset of each neighbour of a member.
    pub(super) fn each(&self, local: usize, member: u64, mut visit: impl FnMut(usize)) {
        let lower = &self.lower[self.segment.range(local)];
        match self.left_out {
            None => lower.iter().for_each(|own| visit(*own as usize)),
            Some(upper) => {
                let own = member ^ upper;
                let others = lower.iter().filter(|id| u64::from(**id) != own);
                others.for_each(|own| visit(*own as usize));
            }
        }
    }
}

/// How the entries of a list are added up: decided once for a segment, since its entries mostly lead to one table.
pub(super) enum Summed<'a> {
    /// No entry leads to an entity with a weight.
    Nothing,
    /// Every entry counts once.
    Lengths,
    /// Every entry counts once that does not lead back. With the upper half of all ids, and the lower halves.
    LengthsWithoutLoops(u64, &'a [u32]),
    /// Every entry counts with the weight at its offset.
    Narrow(&'a [u32], &'a [u64]),
    /// The same without entries that lead back; with the upper half of all ids first.
    NarrowWithoutLoops(u64, &'a [u32], &'a [u64]),
    /// Every entry counts with the weight of its node, if it has not 1, times that of its edge, by their offsets.
    Chosen {
        nodes: &'a [u32],
        weights: Option<&'a [u64]>,
        edges: &'a [u32],
        passing: &'a [u64],
    },
    /// Entries are looked at one by one.
    Any(&'a Weights),
}
