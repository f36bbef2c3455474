//! `Forest`: a pattern with pinned places, with everything that its entities are counted by.

use std::sync::Arc;

use grism_core::{Error, MemoryReservation, Result, Tables};
use grism_logical::{PinnedPattern, WeightedPlace, WeightedStep};

use super::super::pass::Pass;
use super::super::weights::{TableWeights, Weights};
use super::neighbour_rows::NeighbourRows;
use super::numbering::Numbering;

/// The places of a pattern, pins first, and the neighbours by which each is reached from those before.
#[derive(Debug)]
pub(super) struct Forest {
    pub(super) places: Vec<Place>,
    /// How many of the places are pins.
    pub(super) pins: usize,
    /// The place whose entities are counted.
    pub(super) root: usize,
    /// The places behind the pins that lead to no other, each with the last pin that it depends on.
    pub(super) ends: Vec<(usize, usize)>,
}

/// A place of a forest.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) numbering: Numbering,
    /// By entity: the ways to bind what is at the place alone and on no cycle; `None` where there is one for each.
    pub(super) own: Option<OwnWays>,
    /// By the last pin that each depends on.
    pub(super) arrivals: Vec<Vec<Arrival>>,
}

/// Ways by the number of the entity.
#[derive(Debug)]
pub(super) struct OwnWays {
    pub(super) ways: Vec<u64>,
    _memory: MemoryReservation,
}

/// How a place is reached.
#[derive(Debug)]
pub(super) struct Arrival {
    /// The place that it is reached from.
    pub(super) from: usize,
    pub(super) rows: Arc<NeighbourRows>,
}

/// Rows that were read, and what they were read for.
type KnownRows<'a> = Vec<(
    &'a [WeightedStep],
    &'a Tables,
    &'a Tables,
    Arc<NeighbourRows>,
)>;

impl Place {
    /// The ways of the place alone.
    #[inline]
    pub(super) fn own(&self, entity: u32) -> u64 {
        self.own.as_ref().map_or(1, |own| own.ways[entity as usize])
    }

    /// The last pin up to `level` at which something arrives here; `None` where nothing does.
    pub(super) fn source(&self, level: usize) -> Option<usize> {
        (0..=level)
            .rev()
            .find(|own| !self.arrivals[*own].is_empty())
    }
}

impl Forest {
    /// Reads what `pattern` is counted by.
    ///
    /// # Errors
    /// Those of the storage; `ResourceExhausted` past the memory limit; `Cancelled`.
    pub(super) async fn read(pattern: &PinnedPattern, pass: &mut Pass) -> Result<Self> {
        let mut places: Vec<Place> = Vec::with_capacity(pattern.places.len());
        let mut known = KnownRows::new();
        for own in &pattern.places {
            let numbering = Numbering::of(&own.place.tables, pass)?;
            let ways = own_ways(&own.place, &numbering, pass).await?;
            let mut arrivals: Vec<Vec<Arrival>> = (0..pattern.pins).map(|_| Vec::new()).collect();
            for arrival in &own.arrivals {
                let from = places.get(arrival.from).ok_or_else(misplaced)?;
                let level = match arrival.from < pattern.pins {
                    true => arrival.from,
                    false => from.source(pattern.pins - 1).ok_or_else(misplaced)?,
                };
                let near = &pattern.places[arrival.from].place.tables;
                let (steps, far) = (arrival.steps.as_slice(), &own.place.tables);
                let same = known
                    .iter()
                    .find(|own| (own.0, own.1, own.2) == (steps, near, far));
                let rows = match same {
                    Some((.., rows)) => Arc::clone(rows),
                    None => {
                        let rows = pass.neighbour_rows(steps, &from.numbering, &numbering);
                        let rows = Arc::new(rows.await?);
                        known.push((steps, near, far, Arc::clone(&rows)));
                        rows
                    }
                };
                arrivals[level].push(Arrival {
                    from: arrival.from,
                    rows,
                });
            }
            places.push(Place {
                numbering,
                own: ways,
                arrivals,
            });
        }
        let mut ends = Vec::new();
        for (at, place) in places.iter().enumerate().skip(pattern.pins) {
            let later = pattern.places[at + 1..].iter();
            let mut froms = later.flat_map(|own| own.arrivals.iter().map(|own| own.from));
            if froms.all(|from| from != at) {
                let level = place.source(pattern.pins - 1).ok_or_else(misplaced)?;
                ends.push((at, level));
            }
        }
        Ok(Self {
            places,
            pins: pattern.pins,
            root: pattern.root,
            ends,
        })
    }
}

/// The ways of a place alone.
async fn own_ways(
    place: &WeightedPlace,
    numbering: &Numbering,
    pass: &mut Pass,
) -> Result<Option<OwnWays>> {
    if place.inputs.is_empty() && place.loops.is_empty() && place.branches.is_empty() {
        return Ok(None);
    }
    let weights: Weights = pass.weigh(place).await?;
    let memory = MemoryReservation::try_new(pass.memory(), numbering.count() * size_of::<u64>())?;
    let mut ways = vec![0; numbering.count()];
    for (table, first) in numbering.tables() {
        let entities = pass.entities(table) as usize;
        let own = &mut ways[first..first + entities];
        match weights.table(table) {
            None => {}
            Some(TableWeights::One) => own.fill(1),
            Some(TableWeights::Each(each)) => {
                for (own, each) in own.iter_mut().zip(each) {
                    *own = *each;
                }
            }
        }
    }
    Ok(Some(OwnWays {
        ways,
        _memory: memory,
    }))
}

fn misplaced() -> Error {
    Error::internal("a place of a pattern with cycles is reached from none before it")
}
