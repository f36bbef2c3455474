//! `ClosingSearch`: how soon a path comes back to its start without taking a relationship twice.

use std::ops::Range;
use std::sync::Arc;

use grism_core::{EntityId, MemoryManager, MemoryReservation, Result};

use super::hop_lists::HopLists;
use crate::operators::expand::node_numbers::NodeNumbers;

/// A breadth-first search over hops that lead back as they lead on. Each entity belongs to the branch of the first entity on
/// the way to it; an edge between two branches closes a cycle through the start, and the first level with such an edge has the
/// shortest.
///
/// ```text
///       ┌─ b ─ d ─┐
///   a ──┤         x      d and e are of different branches: a b d e c a is a cycle
///       └─ c ─ e ─┘
/// ```
///
/// An entity is not followed back to the one it was reached from, but once for each further relationship between both.
#[derive(Debug)]
pub(super) struct ClosingSearch {
    lists: HopLists,
    /// Steps of one hop, 1 or 2.
    steps: usize,
    reached: Vec<Reached>,
    /// One more than the place of an entity: of ends of hops, and of what lies between.
    places: [NodeNumbers; 2],
    reserved: MemoryReservation,
}

#[derive(Clone, Copy, Debug)]
struct Reached {
    entity: u64,
    /// The place of the entity it was reached from.
    parent: u32,
    /// The place of the first entity on the way to it.
    branch: u32,
    /// Whether the relationship that it was reached by was looked at from its other end.
    is_left: bool,
}

impl ClosingSearch {
    /// A search along ways that are symmetric.
    pub(super) fn new(lists: HopLists, memory: Arc<dyn MemoryManager>) -> Self {
        let steps = lists.ways.iter().map(|way| way.steps.len());
        Self {
            steps: steps.max().unwrap_or(1),
            lists,
            reached: Vec::new(),
            places: Default::default(),
            reserved: MemoryReservation::empty(memory),
        }
    }

    /// The fewest hops of a path from `start` to itself, where one of at most `most` exists.
    ///
    /// # Errors
    /// `Cancelled`; `ResourceExhausted` past the memory limit; those of storage.
    pub(super) async fn length(&mut self, start: u64, most: Option<u64>) -> Result<Option<u64>> {
        for places in &mut self.places {
            for reached in &self.reached {
                places.clear(&[reached.entity]);
            }
        }
        self.reached.clear();
        self.reached.push(Reached {
            entity: start,
            parent: 0,
            branch: 0,
            is_left: true,
        });
        self.places[0].set(start, 1);
        let (mut level, mut depth) = (0..1, 0);
        while !level.is_empty() {
            // The shortest cycle that the next level may close.
            let shortest = ((2 * depth + 1) as u64).div_ceil(self.steps as u64);
            if most.is_some_and(|most| shortest > most) {
                return Ok(None);
            }
            let first = self.reached.len();
            if let Some(edges) = self.grow(level, depth).await? {
                let hops = (edges / self.steps) as u64;
                return Ok(most.is_none_or(|most| hops <= most).then_some(hops));
            }
            level = first..self.reached.len();
            depth += 1;
        }
        Ok(None)
    }

    /// Goes one level on; the edges of a shortest cycle that it closes.
    async fn grow(&mut self, level: Range<usize>, depth: usize) -> Result<Option<usize>> {
        let Self {
            lists,
            steps,
            reached,
            places,
            reserved,
        } = self;
        // Ends of hops, and what lies between, by turns.
        let here = depth % *steps;
        let there = (depth + 1) % *steps;
        let behind = level.end;
        let mut closed: Option<usize> = None;
        for way in 0..lists.ways.len() {
            let from = lists.ways[way].from.as_ref().filter(|_| here == 0);
            let allowed = |id: u64| {
                let table = EntityId::from_raw(id).table();
                from.is_none_or(|from| from.contains(&table))
            };
            let entities = reached[level.clone()].iter().map(|own| own.entity);
            let entities: Vec<u64> = entities.filter(|id| allowed(*id)).collect();
            let mut visit = |from: u64, to: u64| {
                let place = places[here].get(from) - 1;
                let own = reached[place as usize];
                let known = places[there].get(to);
                if known == 0 {
                    let next = reached.len() as u32;
                    reached.push(Reached {
                        entity: to,
                        parent: place,
                        branch: if place == 0 { next } else { own.branch },
                        is_left: false,
                    });
                    places[there].set(to, next + 1);
                    return;
                }
                let known = known - 1;
                if known == own.parent && !own.is_left {
                    reached[place as usize].is_left = true;
                    return;
                }
                let closes =
                    place == 0 || known == 0 || reached[known as usize].branch != own.branch;
                if closes {
                    let further = usize::from(known as usize >= behind);
                    let other = match known {
                        0 => 0,
                        _ => depth + further,
                    };
                    let edges = depth + other + 1;
                    closed = Some(closed.map_or(edges, |closed| closed.min(edges)));
                }
            };
            lists.follow((way, here), &entities, &mut visit).await?;
        }
        let held = reached.capacity() * size_of::<Reached>()
            + places.iter().map(NodeNumbers::bytes).sum::<usize>();
        if held > reserved.bytes() {
            reserved.try_grow(held - reserved.bytes())?;
        }
        Ok(closed)
    }
}
