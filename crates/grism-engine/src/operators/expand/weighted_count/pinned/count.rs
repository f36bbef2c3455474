//! Counts of a pattern with cycles: one entity of the first pin after the other, in pieces on all threads.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use grism_core::{CancellationHandle, Error, MemoryManager, MemoryReservation, Result};
use grism_logical::PinnedPattern;

use super::super::parallel::in_parallel;
use super::super::pass::Pass;
use super::super::weights::{Weights, add};
use super::forest::{Arrival, Forest};
use super::partial::PartialWays;
use super::ways::Ways;

/// Entities of the first pin that are one piece of work; few, since some have far more neighbours than others.
const PIECE: u32 = 64;

/// Entities that are pinned between two looks at whether the query is cancelled.
const PINS_BETWEEN_LOOKS: u32 = 256;

impl Pass {
    /// How many ways there are to bind `pattern` with each entity at its root.
    ///
    /// # Errors
    /// Those of the storage; `ResourceExhausted` past the memory limit; `Cancelled`.
    pub(in super::super) async fn weigh_cycles(
        &mut self,
        pattern: &PinnedPattern,
    ) -> Result<Weights> {
        let forest = Arc::new(Forest::read(pattern, self).await?);
        let counted = match self.counted::<u32>(&forest).await? {
            Some(counted) => Some(counted),
            None => self.counted::<u64>(&forest).await?,
        };
        counted.ok_or_else(|| Error::internal("a number that may be any does not fit"))
    }

    /// The ways as sums of `W`; `None` where one does not fit.
    async fn counted<W: Ways>(&self, forest: &Arc<Forest>) -> Result<Option<Weights>> {
        let root = &forest.places[forest.root].numbering;
        let memory = self.memory();
        let sums_memory =
            MemoryReservation::try_new(Arc::clone(&memory), root.count() * size_of::<AtomicU64>())?;
        let sums: Arc<[AtomicU64]> = (0..root.count()).map(|_| AtomicU64::new(0)).collect();
        let outer = forest.places[0].numbering.count() as u32;
        let starts = (0..outer).step_by(PIECE as usize);
        let pieces: Vec<Range<u32>> = starts
            .map(|start| start..outer.min(start.saturating_add(PIECE)))
            .collect();
        let cancellation = self.context.query().cancellation.clone();
        let state = {
            let (forest, sums) = (Arc::clone(forest), Arc::clone(&sums));
            move || {
                Counter::<W>::try_new(
                    Arc::clone(&forest),
                    Arc::clone(&sums),
                    cancellation.clone(),
                    Arc::clone(&memory),
                )
            }
        };
        let work = |counter: &mut Counter<W>, piece: &Range<u32>| match counter.piece(piece.clone())
        {
            Ok(()) => Ok(true),
            Err(Stop::TooLarge) => Ok(false),
            Err(Stop::Error(error)) => Err(error),
        };
        let fits = in_parallel(&self.context, pieces, state, work).await?;
        if fits.contains(&false) {
            return Ok(None);
        }
        let mut weights = Weights::none(self.memory());
        for (table, first) in root.tables() {
            let own = weights.put_zeros(table, self.entities(table))?;
            for (own, sum) in own.iter_mut().zip(&sums[first..]) {
                *own = sum.load(Ordering::Relaxed);
            }
        }
        drop(sums_memory);
        Ok(Some(weights))
    }
}

/// Why a count ends early.
#[derive(Debug)]
enum Stop {
    /// A number of ways does not fit.
    TooLarge,
    Error(Error),
}

/// What a thread counts with.
struct Counter<W> {
    forest: Arc<Forest>,
    /// The entity of each pin.
    bound: Vec<u32>,
    /// By place and by pin: the ways of its entities, as far as they depend on the pins up to that one.
    partial: Vec<Vec<PartialWays<W>>>,
    /// By place: what arrives from one of several places.
    arriving: Vec<PartialWays<W>>,
    /// By end of the forest: the ways of all its entities.
    totals: Vec<u64>,
    /// By entity at the root.
    sums: Arc<[AtomicU64]>,
    pinned: u32,
    cancellation: CancellationHandle,
    _memory: MemoryReservation,
}

impl<W: Ways> Counter<W> {
    fn try_new(
        forest: Arc<Forest>,
        sums: Arc<[AtomicU64]>,
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
            sums,
            pinned: 0,
            cancellation,
            _memory: memory,
            forest,
        })
    }

    /// Counts for some entities of the first pin.
    fn piece(&mut self, entities: Range<u32>) -> Result<(), Stop> {
        let forest = Arc::clone(&self.forest);
        for entity in entities {
            let own = forest.places[0].own(entity);
            if own > 0 {
                self.pin(&forest, 0, entity, own)?;
            }
        }
        Ok(())
    }

    /// Pins the place `level` to `entity`, where there are so many `ways` for the pins up to it, and counts what is behind.
    fn pin(&mut self, forest: &Forest, level: usize, entity: u32, ways: u64) -> Result<(), Stop> {
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
            self.sum_up(forest, ways);
            return Ok(());
        }
        let next = level + 1;
        let Some(source) = forest.places[next].source(level) else {
            for entity in 0..forest.places[next].numbering.count() as u32 {
                let own = forest.places[next].own(entity);
                if own > 0 {
                    self.pin(forest, next, entity, ways.saturating_mul(own))?;
                }
            }
            return Ok(());
        };
        // Nothing behind arrives at this pin, so that its entities stay as they are.
        let touched = std::mem::take(&mut self.partial[next][source].touched);
        let pinned = touched.iter().try_for_each(|entity| {
            let own = self.partial[next][source].ways[*entity as usize].get();
            self.pin(forest, next, *entity, ways.saturating_mul(own))
        });
        self.partial[next][source].touched = touched;
        pinned
    }

    /// Adds the ways of all pins and trees to the sums by entity.
    fn sum_up(&self, forest: &Forest, ways: u64) {
        let others = forest.ends.iter().zip(&self.totals);
        let others = others.filter(|((at, _), _)| *at != forest.root);
        let ways = others.fold(ways, |ways: u64, (_, total)| ways.saturating_mul(*total));
        if forest.root == 0 {
            add(&self.sums, u64::from(self.bound[0]), ways);
            return;
        }
        let Some(source) = forest.places[forest.root].source(forest.pins - 1) else {
            return;
        };
        let root = &self.partial[forest.root][source];
        for entity in &root.touched {
            let own = root.ways[*entity as usize].get();
            add(&self.sums, u64::from(*entity), ways.saturating_mul(own));
        }
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
