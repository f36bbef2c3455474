//! `TypedCounter`: counts the ways behind an entity of the first pin in numbers of one type.

use std::sync::Arc;

use grism_core::{CancellationHandle, Error, MemoryManager, MemoryReservation, Result};

use super::forest::{Arrival, Forest};
use super::partial::PartialWays;
use super::ways::Ways;

/// Entities that are pinned between two looks at whether the query is cancelled.
const PINS_BETWEEN_LOOKS: u32 = 256;

/// Why a count ends early.
#[derive(Debug)]
pub(super) enum Stop {
    /// A number of ways does not fit.
    TooLarge,
    Error(Error),
}

/// What a thread counts with.
pub(super) struct TypedCounter<W> {
    forest: Arc<Forest>,
    /// The entity of each pin.
    bound: Vec<u32>,
    /// By place and by pin: the ways of its entities, as far as they depend on the pins up to that one.
    partial: Vec<Vec<PartialWays<W>>>,
    /// By place: what arrives from one of several places.
    arriving: Vec<PartialWays<W>>,
    /// By end of the forest: the ways of all its entities.
    totals: Vec<u64>,
    pinned: u32,
    cancellation: CancellationHandle,
    _memory: MemoryReservation,
}

impl<W: Ways> TypedCounter<W> {
    pub(super) fn try_new(
        forest: Arc<Forest>,
        cancellation: CancellationHandle,
        memory: Arc<dyn MemoryManager>,
    ) -> Result<Self> {
        let of_place = |levels: &Vec<Vec<Arrival>>| {
            let levels = levels.iter().map(|own| own.len().min(2));
            levels.sum::<usize>()
        };
        let entities = forest
            .places
            .iter()
            .map(|own| of_place(&own.arrivals) * own.numbering.count());
        let bytes = entities.sum::<usize>() * (size_of::<W>() + size_of::<u32>());
        let memory = MemoryReservation::try_new(memory, bytes)?;
        let levels = || (0..forest.pins).map(|_| PartialWays::default()).collect();
        Ok(Self {
            bound: vec![0; forest.pins],
            partial: forest.places.iter().map(|_| levels()).collect(),
            arriving: forest
                .places
                .iter()
                .map(|_| PartialWays::default())
                .collect(),
            totals: vec![0; forest.ends.len()],
            pinned: 0,
            cancellation,
            _memory: memory,
            forest,
        })
    }

    /// Counts for an entity of the first pin, which alone has so many `ways`.
    pub(super) fn count(
        &mut self,
        entity: u32,
        ways: u64,
        found: &mut impl FnMut(u32, u64) -> Result<()>,
    ) -> Result<(), Stop> {
        let forest = Arc::clone(&self.forest);
        self.pin(&forest, 0, (entity, ways), found)
    }

    /// Pins the place `level` to an entity, where there are so many ways for the pins up to it, and counts what is behind.
    fn pin(
        &mut self,
        forest: &Forest,
        level: usize,
        (entity, ways): (u32, u64),
        found: &mut impl FnMut(u32, u64) -> Result<()>,
    ) -> Result<(), Stop> {
        self.pinned = self.pinned.wrapping_add(1);
        if self.pinned.is_multiple_of(PINS_BETWEEN_LOOKS) {
            self.cancellation.check().map_err(Stop::Error)?;
        }
        self.bound[level] = entity;
        for at in level + 1..forest.places.len() {
            let is_summed = at != forest.root && forest.ends.contains(&(at, level));
            if forest.places[at].arrivals[level].is_empty() || is_summed {
                continue;
            }
            self.arrive(forest, at, level, None)?;
            if self.partial[at][level].touched.is_empty() {
                return Ok(());
            }
        }
        for (number, (at, last)) in forest.ends.iter().enumerate() {
            if *last == level && *at != forest.root {
                self.totals[number] = self.total(forest, *at, level)?;
                if self.totals[number] == 0 {
                    return Ok(());
                }
            }
        }
        if level + 1 == forest.pins {
            return self.sum_up(forest, ways, found).map_err(Stop::Error);
        }
        let next = level + 1;
        let Some(source) = forest.places[next].source(level) else {
            for entity in 0..forest.places[next].numbering.count() as u32 {
                let own = forest.places[next].own(entity);
                if own > 0 {
                    self.pin(forest, next, (entity, ways.saturating_mul(own)), found)?;
                }
            }
            return Ok(());
        };
        // Nothing behind arrives at this pin, so that its entities stay as they are.
        let touched = std::mem::take(&mut self.partial[next][source].touched);
        let pinned = touched.iter().try_for_each(|entity| {
            let own = self.partial[next][source].ways[*entity as usize].get();
            self.pin(forest, next, (*entity, ways.saturating_mul(own)), found)
        });
        self.partial[next][source].touched = touched;
        pinned
    }

    /// Gives the ways of all pins and trees to `found`, by the entity at the root.
    fn sum_up(
        &self,
        forest: &Forest,
        ways: u64,
        found: &mut impl FnMut(u32, u64) -> Result<()>,
    ) -> Result<()> {
        let others = forest.ends.iter().zip(&self.totals);
        let others = others.filter(|((at, _), _)| *at != forest.root);
        let ways = others.fold(ways, |ways: u64, (_, total)| ways.saturating_mul(*total));
        if let Some(entity) = self.bound.get(forest.root) {
            return found(*entity, ways);
        }
        let Some(source) = forest.places[forest.root].source(forest.pins - 1) else {
            return Ok(());
        };
        let root = &self.partial[forest.root][source];
        root.touched.iter().try_for_each(|entity| {
            let own = root.ways[*entity as usize].get();
            found(*entity, ways.saturating_mul(own))
        })
    }

    /// Computes the ways of a place that depend on the pin `level`, but for what arrives by the one `except`.
    fn arrive(
        &mut self,
        forest: &Forest,
        at: usize,
        level: usize,
        except: Option<usize>,
    ) -> Result<(), Stop> {
        let place = &forest.places[at];
        let entities = place.numbering.count();
        let mut own = std::mem::take(&mut self.partial[at][level]);
        let mut arriving = std::mem::take(&mut self.arriving[at]);
        own.clear(entities);
        let base = level.checked_sub(1).and_then(|before| place.source(before));
        let base = base.map(|source| &self.partial[at][source].ways);
        let mut fits = Some(());
        let mut is_first = true;
        for (number, arrival) in place.arrivals[level].iter().enumerate() {
            if Some(number) == except {
                continue;
            }
            let arrived = match (is_first, base) {
                (true, Some(base)) => self.each(forest, arrival, level, |entity, ways| {
                    own.add(entity, ways.times(base[entity as usize])?)
                }),
                (true, None) if place.own.is_none() => {
                    self.each(forest, arrival, level, |entity, ways| own.add(entity, ways))
                }
                (true, None) => self.each(forest, arrival, level, |entity, ways| {
                    own.add(entity, ways.times(W::of(place.own(entity))?)?)
                }),
                (false, _) => {
                    arriving.clear(entities);
                    let arrived = self.each(forest, arrival, level, |entity, ways| {
                        match own.ways[entity as usize].is_none() {
                            true => Some(()),
                            false => arriving.add(entity, ways),
                        }
                    });
                    arrived.and(own.multiply(&mut arriving))
                }
            };
            fits = fits.and(arrived);
            is_first = false;
        }
        self.partial[at][level] = own;
        self.arriving[at] = arriving;
        fits.ok_or(Stop::TooLarge)
    }

    /// Calls `visit` with each entity that is reached, perhaps several times, and in how many ways; `None` where a number does
    /// not fit.
    #[inline]
    fn each(
        &self,
        forest: &Forest,
        arrival: &Arrival,
        level: usize,
        mut visit: impl FnMut(u32, W) -> Option<()>,
    ) -> Option<()> {
        let rows = &arrival.rows;
        let mut of_row = |from: u32, ways: W| match rows.times(from) {
            None => rows
                .row(from)
                .iter()
                .try_for_each(|entity| visit(*entity, ways)),
            Some(times) => {
                let mut entries = rows.row(from).iter().zip(times);
                entries.try_for_each(|(entity, times)| {
                    visit(*entity, ways.times(W::of(u64::from(*times))?)?)
                })
            }
        };
        if arrival.from < forest.pins {
            return of_row(self.bound[arrival.from], W::of(1)?);
        }
        let below = &self.partial[arrival.from][level];
        let mut touched = below.touched.iter();
        touched.try_for_each(|from| of_row(*from, below.ways[*from as usize]))
    }

    /// The ways of all entities of a place at which the pattern ends, whose last pin is `level`: what the longest arrival brings
    /// is added up as it comes.
    fn total(&mut self, forest: &Forest, at: usize, level: usize) -> Result<u64, Stop> {
        let place = &forest.places[at];
        let arrivals = &place.arrivals[level];
        let summed = match arrivals.len() {
            1 => 0,
            _ => {
                let lengths = arrivals.iter().map(|own| self.entries(forest, own, level));
                let longest = lengths.enumerate().max_by_key(|(_, entries)| *entries);
                longest.map_or(0, |(number, _)| number)
            }
        };
        let source = match arrivals.len() {
            1 => level.checked_sub(1).and_then(|before| place.source(before)),
            _ => {
                self.arrive(forest, at, level, Some(summed))?;
                Some(level)
            }
        };
        let arrived_at = match (source, &place.own) {
            (Some(source), _) => {
                let own = &self.partial[at][source];
                if own.touched.is_empty() {
                    return Ok(0);
                }
                WaysAt::Partial(&own.ways)
            }
            (None, Some(own)) => WaysAt::Own(&own.ways),
            (None, None) => WaysAt::One,
        };
        let total = self.sum(forest, &arrivals[summed], level, &arrived_at);
        Ok(u64::try_from(total).unwrap_or(u64::MAX))
    }

    /// How many entries an arrival has.
    fn entries(&self, forest: &Forest, arrival: &Arrival, level: usize) -> usize {
        if arrival.from < forest.pins {
            return arrival.rows.row(self.bound[arrival.from]).len();
        }
        let from = self.partial[arrival.from][level].touched.iter();
        from.map(|from| arrival.rows.row(*from).len()).sum()
    }

    /// The sum of what arrives times the ways of where it arrives; at the maximum where it does not fit.
    fn sum(
        &self,
        forest: &Forest,
        arrival: &Arrival,
        level: usize,
        arrived_at: &WaysAt<'_, W>,
    ) -> u128 {
        let rows = &arrival.rows;
        let of_row = |from: u32| match rows.times(from) {
            None => arrived_at.sum(rows.row(from)),
            Some(times) => {
                let entries = rows.row(from).iter().zip(times);
                let entries = entries
                    .map(|(entity, times)| u128::from(arrived_at.of(*entity)) * u128::from(*times));
                entries.fold(0, u128::saturating_add)
            }
        };
        if arrival.from < forest.pins {
            return of_row(self.bound[arrival.from]);
        }
        let below = &self.partial[arrival.from][level];
        below.touched.iter().fold(0, |sum: u128, from| {
            let ways = u128::from(below.ways[*from as usize].get());
            sum.saturating_add(of_row(*from).saturating_mul(ways))
        })
    }
}

/// The ways of the entities of a place that a count ends at.
enum WaysAt<'a, W> {
    /// As far as they depend on pins.
    Partial(&'a [W]),
    /// Of the place alone.
    Own(&'a [u64]),
    /// One for each entity.
    One,
}

impl<W: Ways> WaysAt<'_, W> {
    fn of(&self, entity: u32) -> u64 {
        match self {
            Self::Partial(ways) => ways[entity as usize].get(),
            Self::Own(ways) => ways[entity as usize],
            Self::One => 1,
        }
    }

    #[inline]
    fn sum(&self, entities: &[u32]) -> u128 {
        match self {
            Self::Partial(ways) => W::sum(entities, ways),
            Self::Own(ways) => u64::sum(entities, ways),
            Self::One => entities.len() as u128,
        }
    }
}
