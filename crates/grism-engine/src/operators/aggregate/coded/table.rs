//! `GroupTable`: the group of each code.

use std::mem::size_of;

use grism_core::NumberSpread;

use super::key_code::KeyCode;

/// Codes of so few bits are places in an array.
const DIRECT_BITS: u32 = 16;
/// Codes that are looked for together: as many reads of memory as a processor has under way at once.
const BLOCK: usize = 16;
/// Places of a table of hashes at least, as a power of two.
const LEAST_BITS: u32 = 6;

/// The codes of groups in the order in which they came, and where each is found.
///
/// ```text
/// codes   [c7, c2, c9]          groups 0, 1, 2
/// places  [0, 2, 0, 0, 1, 3, 0, 0]     the group and 1 at the place of the code's hash, or at the next free one
/// ```
#[derive(Debug)]
pub(super) struct GroupTable<C> {
    codes: Vec<C>,
    places: Vec<u32>,
    finder: Finder,
}

#[derive(Debug)]
enum Finder {
    /// The code is the place.
    Direct,
    /// The upper bits of the hash are the first place to look at; `shift` leaves as many.
    Hashed { spread: NumberSpread, shift: u32 },
}

impl<C: KeyCode> GroupTable<C> {
    /// A table of no groups, for codes of so many bits.
    pub(super) fn new(bits: u32) -> Self {
        let finder = match bits <= DIRECT_BITS {
            true => Finder::Direct,
            false => Finder::Hashed {
                spread: NumberSpread::default(),
                shift: u64::BITS,
            },
        };
        let places = match finder {
            Finder::Direct => 1 << bits,
            Finder::Hashed { .. } => 0,
        };
        Self {
            codes: Vec::new(),
            places: vec![0; places],
            finder,
        }
    }

    /// How many groups there are.
    pub(super) fn len(&self) -> usize {
        self.codes.len()
    }

    /// The codes of the groups.
    pub(super) fn codes(&self) -> &[C] {
        &self.codes
    }

    /// Groups that there is room for.
    pub(super) fn capacity(&self) -> usize {
        match self.finder {
            Finder::Direct if self.codes.capacity() >= self.places.len() => usize::MAX,
            Finder::Direct => 0,
            // Half of the places stay free, so that looking for a code takes few steps.
            Finder::Hashed { .. } => self.codes.capacity().min(self.places.len() / 2),
        }
    }

    /// The groups that room is made for where there are to be so many at least.
    pub(super) fn rounded(&self, groups: usize) -> usize {
        match self.finder {
            Finder::Direct => self.places.len(),
            Finder::Hashed { .. } => places_of(groups) / 2,
        }
    }

    /// Bytes of a table for so many groups, while it is made from this one.
    pub(super) fn bytes_of(&self, groups: usize) -> usize {
        let places = match self.finder {
            Finder::Direct => self.places.len(),
            Finder::Hashed { .. } => self.places.len() + places_of(groups),
        };
        groups * size_of::<C>() + places * size_of::<u32>()
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> usize {
        self.codes.capacity() * size_of::<C>() + self.places.len() * size_of::<u32>()
    }

    /// Makes room for `groups` in all.
    pub(super) fn reserve(&mut self, groups: usize) {
        self.codes
            .reserve_exact(groups.saturating_sub(self.codes.len()));
        let Finder::Hashed { spread, shift } = &mut self.finder else {
            return;
        };
        let places = places_of(groups);
        if places <= self.places.len() {
            return;
        }
        *shift = u64::BITS - places.trailing_zeros();
        self.places = vec![0; places];
        let mask = places - 1;
        for (code, group) in self.codes.iter().zip(1..) {
            let mut place = (spread.of(code.whole()) >> *shift) as usize;
            while self.places[place] != 0 {
                place = (place + 1) & mask;
            }
            self.places[place] = group;
        }
    }

    /// Appends the group of each code, of which there is room for all.
    pub(super) fn find(&mut self, codes: &[C], groups: &mut Vec<u32>) {
        groups.clear();
        groups.reserve(codes.len());
        match self.finder {
            Finder::Direct => {
                for code in codes {
                    let place = code.part(0) as usize;
                    if self.places[place] == 0 {
                        self.codes.push(*code);
                        self.places[place] = self.codes.len() as u32;
                    }
                    groups.push(self.places[place] - 1);
                }
            }
            Finder::Hashed { spread, shift } => {
                let mut last = None;
                for block in codes.chunks(BLOCK) {
                    // Rows of one group often follow each other.
                    if let Some((known, group)) = last
                        && block.iter().all(|code| *code == known)
                    {
                        groups.resize(groups.len() + block.len(), group);
                        continue;
                    }
                    self.find_block(spread, shift, block, groups);
                    last = block.last().copied().zip(groups.last().copied());
                }
            }
        }
    }

    /// The same for a few codes. Where groups are many, each step of a search waits for memory; so the first steps for all of the
    /// codes are taken together, and wait at the same time.
    #[inline]
    fn find_block(&mut self, spread: NumberSpread, shift: u32, block: &[C], groups: &mut Vec<u32>) {
        let mask = self.places.len().wrapping_sub(1);
        let (mut places, mut found) = ([0_usize; BLOCK], [0_u32; BLOCK]);
        for (place, code) in places.iter_mut().zip(block) {
            *place = (spread.of(code.whole()) >> shift) as usize;
        }
        for (found, place) in found.iter_mut().zip(&places[..block.len()]) {
            *found = self.places[*place];
        }
        for (found, code) in found.iter_mut().zip(block) {
            if *found > 0 && self.codes[*found as usize - 1] != *code {
                *found = 0;
            }
        }
        for (at, code) in block.iter().enumerate() {
            let mut place = places[at];
            let mut group = found[at];
            // The codes before may have taken the place.
            while group == 0 {
                match self.places[place] {
                    0 => {
                        self.codes.push(*code);
                        group = self.codes.len() as u32;
                        self.places[place] = group;
                    }
                    other if self.codes[other as usize - 1] == *code => group = other,
                    _ => place = (place + 1) & mask,
                }
            }
            groups.push(group - 1);
        }
    }
}

/// The places of a table of hashes for so many groups.
fn places_of(groups: usize) -> usize {
    (groups * 2).next_power_of_two().max(1 << LEAST_BITS)
}
