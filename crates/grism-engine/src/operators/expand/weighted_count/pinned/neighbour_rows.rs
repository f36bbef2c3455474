//! `NeighbourRows`: the neighbours of every entity of one place at another, as compressed sparse rows of numbers.

use std::ops::Range;
use std::sync::Arc;

use grism_core::{Error, MemoryReservation, Result};
use grism_logical::{WeightedHop, WeightedStep};

use super::super::lists::Side;
use super::super::marks::Marks;
use super::super::parallel::in_parallel;
use super::super::pass::{Chunk, Pass};
use super::numbering::Numbering;

/// Which entities of the place `far` steps lead to from each of the place `near`, and in how many ways.
///
/// ```text
/// starts  [0, 2, 2, 3]      entities 0, 1, 2 of `near`
/// ends    [7, 9 |  | 4]     entities of `far`
/// times   [1, 1 |  | 6]     empty where every entry counts once
/// ```
#[derive(Debug)]
pub(super) struct NeighbourRows {
    starts: Vec<usize>,
    ends: Vec<u32>,
    times: Vec<u32>,
    _memory: MemoryReservation,
}

impl NeighbourRows {
    /// The neighbours of an entity; one may come several times.
    #[inline]
    pub(super) fn row(&self, entity: u32) -> &[u32] {
        &self.ends[self.range(entity)]
    }

    /// How often each neighbour counts; `None` where each counts once.
    #[inline]
    pub(super) fn times(&self, entity: u32) -> Option<&[u32]> {
        (!self.times.is_empty()).then(|| &self.times[self.range(entity)])
    }

    #[inline]
    fn range(&self, entity: u32) -> Range<usize> {
        self.starts[entity as usize]..self.starts[entity as usize + 1]
    }
}

/// The rows of entities that follow each other.
#[derive(Debug, Default)]
struct Part {
    lengths: Vec<u32>,
    ends: Vec<u32>,
    times: Vec<u32>,
}

impl Part {
    fn bytes(&self) -> usize {
        (self.lengths.len() + self.ends.len() + self.times.len()) * size_of::<u32>()
    }
}

impl Pass {
    /// The neighbours by `steps`, as they are seen from `near`.
    ///
    /// # Errors
    /// Those of the storage; `ResourceExhausted` past the memory limit; `Cancelled`.
    pub(super) async fn neighbour_rows(
        &self,
        steps: &[WeightedStep],
        near: &Numbering,
        far: &Numbering,
    ) -> Result<NeighbourRows> {
        // Hyperedges have no lists of their members: those of the members are read, and turned round.
        let is_turned = steps
            .iter()
            .any(|step| matches!(step.hop, WeightedHop::ToMembers(_)));
        let (side, walked, reached) = match is_turned {
            true => (Side::Far, far, near),
            false => (Side::Near, near, far),
        };
        let lists = self.lists(steps, side);
        let mut memory = MemoryReservation::empty(self.memory());
        let mut parts: Vec<(usize, Part)> = Vec::new();
        for (table, first) in walked.tables() {
            for segments in self.windows(table) {
                let chunks = self.load(&lists, table, segments).await?;
                let places: Vec<usize> = chunks
                    .iter()
                    .map(|chunk| first + chunk.offset(chunk.start) as usize)
                    .collect();
                let is_one = steps.len() == 1;
                let (sizes, shared) = (self.sizes_of(reached), self.memory());
                let marks = move || match is_one {
                    true => Ok(None),
                    false => Marks::try_new(&sizes, Arc::clone(&shared)).map(Some),
                };
                let reached = reached.clone();
                let work = move |marks: &mut Option<Marks>, chunk: &Chunk| {
                    part(chunk, marks.as_mut(), &reached)
                };
                let found = in_parallel(&self.context, chunks, marks, work).await?;
                memory.try_grow(found.iter().map(Part::bytes).sum())?;
                parts.extend(places.into_iter().zip(found));
            }
        }
        // Both forms are held while one is made of the other.
        let bytes = (near.count() + 1) * size_of::<usize>() + memory.bytes();
        let mut whole = MemoryReservation::try_new(self.memory(), bytes)?;
        let rows = match is_turned {
            true => turned(&parts, near.count()),
            false => in_order(&parts, near.count()),
        };
        let (starts, ends, times) = rows;
        drop(parts);
        drop(memory);
        let bytes =
            starts.len() * size_of::<usize>() + (ends.len() + times.len()) * size_of::<u32>();
        whole.resize(bytes);
        Ok(NeighbourRows {
            starts,
            ends,
            times,
            _memory: whole,
        })
    }

    fn sizes_of(&self, numbering: &Numbering) -> Vec<(grism_core::TableId, u64)> {
        let tables = numbering.tables();
        tables
            .map(|(table, _)| (table, self.entities(table)))
            .collect()
    }
}

/// The rows of the members of a chunk.
fn part(chunk: &Chunk, marks: Option<&mut Marks>, reached: &Numbering) -> Result<Part> {
    let mut part = Part::default();
    let mut marks = marks;
    let mut is_plain = true;
    for local in chunk.start..chunk.end {
        let (before, member) = (part.ends.len(), chunk.member(local));
        let mut add = |id: u64, ways: u64| {
            let Some(number) = reached.number(id).filter(|_| ways > 0) else {
                return Some(());
            };
            part.ends.push(number);
            part.times.push(u32::try_from(ways).ok()?);
            is_plain &= ways == 1;
            Some(())
        };
        let mut fits = Some(());
        match &mut marks {
            Some(marks) => marks.each(&chunk.steps, local, member, |id, ways| {
                fits = fits.and(add(id, ways));
            }),
            None => {
                for list in chunk.steps.iter().flatten() {
                    list.each(local, member, |id, ways| fits = fits.and(add(id, ways)));
                }
            }
        }
        fits.ok_or_else(|| {
            Error::unsupported("a count of a pattern with 2^32 ways or more between two entities")
        })?;
        part.lengths.push((part.ends.len() - before) as u32);
    }
    if is_plain {
        part.times = Vec::new();
    }
    Ok(part)
}

type Rows = (Vec<usize>, Vec<u32>, Vec<u32>);

/// The parts as they are, which stand in order.
fn in_order(parts: &[(usize, Part)], count: usize) -> Rows {
    let mut starts = vec![0_usize; count + 1];
    for (first, part) in parts {
        for (start, length) in starts[first + 1..].iter_mut().zip(&part.lengths) {
            *start = *length as usize;
        }
    }
    let mut end = 0;
    for start in &mut starts {
        end += *start;
        *start = end;
    }
    let ends = parts.iter().flat_map(|(_, part)| &part.ends).copied();
    (starts, ends.collect(), all_times(parts))
}

/// How often entries count; empty where each counts once.
fn all_times(parts: &[(usize, Part)]) -> Vec<u32> {
    if parts.iter().all(|(_, part)| part.times.is_empty()) {
        return Vec::new();
    }
    let times = parts.iter().flat_map(|(_, part)| {
        let ones = part.ends.len() - part.times.len();
        part.times
            .iter()
            .copied()
            .chain(std::iter::repeat_n(1, ones))
    });
    times.collect()
}

/// The rows of what the parts lead to.
fn turned(parts: &[(usize, Part)], count: usize) -> Rows {
    let mut starts = vec![0_usize; count + 1];
    for end in parts.iter().flat_map(|(_, part)| &part.ends) {
        starts[*end as usize + 1] += 1;
    }
    let mut end = 0;
    for start in &mut starts {
        end += *start;
        *start = end;
    }
    let all = all_times(parts);
    let (mut next, mut at) = (starts.clone(), 0);
    let mut ends = vec![0; end];
    let mut times = vec![0; all.len()];
    for (first, part) in parts {
        let mut entries = part.ends.iter();
        for (member, length) in (*first..).zip(&part.lengths) {
            for entry in entries.by_ref().take(*length as usize) {
                let place = next[*entry as usize];
                next[*entry as usize] += 1;
                ends[place] = member as u32;
                if let Some(own) = all.get(at) {
                    times[place] = *own;
                }
                at += 1;
            }
        }
    }
    (starts, ends, times)
}
