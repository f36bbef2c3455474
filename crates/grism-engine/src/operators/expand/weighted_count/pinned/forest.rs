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
#[derive(Debug, Default)]
pub(super) struct KnownRows {
    rows: Vec<(Vec<WeightedStep>, Numbering, Numbering, Arc<NeighbourRows>)>,
}

impl KnownRows {
    /// The neighbours by `steps`, which are read once.
    async fn of(
        &mut self,
        steps: &[WeightedStep],
        near: &Numbering,
        far: &Numbering,
        pass: &Pass,
    ) -> Result<Arc<NeighbourRows>> {
        let known = self.rows.iter();
        let mut known = known.filter(|own| own.0 == steps && own.1 == *near && own.2 == *far);
        if let Some((.., rows)) = known.next() {
            return Ok(Arc::clone(rows));
        }
        let rows = Arc::new(pass.neighbour_rows(steps, near, far).await?);
        let (near, far) = (near.clone(), far.clone());
        self.rows
            .push((steps.to_vec(), near, far, Arc::clone(&rows)));
        Ok(rows)
    }
}

/// The tables by which the first pin and the root are numbered, where several patterns are counted together.
#[derive(Clone, Copy, Debug)]
pub(super) struct CommonTables<'a> {
    pub(super) pin: &'a Tables,
    pub(super) root: &'a Tables,
}

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
    /// Reads what `pattern` is counted by, but for rows that are known.
    ///
    /// # Errors
    /// Those of the storage; `ResourceExhausted` past the memory limit; `Cancelled`.
    pub(super) async fn read(
        pattern: &PinnedPattern,
        common: Option<CommonTables<'_>>,
        known: &mut KnownRows,
        pass: &mut Pass,
    ) -> Result<Self> {
        let mut places: Vec<Place> = Vec::with_capacity(pattern.places.len());
        for (at, own) in pattern.places.iter().enumerate() {
            let tables = match common {
                Some(common) if at == 0 => common.pin,
                Some(common) if at == pattern.root => common.root,
                _ => &own.place.tables,
            };
            let numbering = Numbering::of(tables, pass)?;
            let ways = own_ways(&own.place, tables, &numbering, pass).await?;
            let mut arrivals: Vec<Vec<Arrival>> = (0..pattern.pins).map(|_| Vec::new()).collect();
            for arrival in &own.arrivals {
                let from = places.get(arrival.from).ok_or_else(misplaced)?;
                let level = match arrival.from < pattern.pins {
                    true => arrival.from,
                    false => from.source(pattern.pins - 1).ok_or_else(misplaced)?,
                };
                let rows = known.of(&arrival.steps, &from.numbering, &numbering, pass);
                arrivals[level].push(Arrival {
                    from: arrival.from,
                    rows: rows.await?,
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

/// The ways of a place alone, whose entities are numbered by `tables`.
async fn own_ways(
    place: &WeightedPlace,
    tables: &Tables,
    numbering: &Numbering,
    pass: &mut Pass,
) -> Result<Option<OwnWays>> {
    let is_whole = place.tables == *tables;
    if is_whole && place.inputs.is_empty() && place.loops.is_empty() && place.branches.is_empty() {
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
