//! Incidences in a temporary file, part by part, for a sort that holds one part at a time.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::sync::{Mutex, PoisonError};

use crate::Result;

/// The least and the most bytes of a part that are held before they are written.
const LEAST_HELD: usize = 4 << 10;
const MOST_HELD: usize = 256 << 10;

/// Writes incidences, each into a part.
pub(super) struct PartedWriter {
    file: File,
    /// Bytes that were written.
    end: u64,
    parts: Vec<Part>,
    is_binary: bool,
    /// Bytes of a part that are held.
    held: usize,
}

/// Where the incidences of a part are.
#[derive(Debug, Default)]
struct Part {
    held: Vec<u8>,
    /// Start and length of each piece in the file.
    pieces: Vec<(u64, usize)>,
}

/// Incidences that can be read part by part; the file has no name, and goes with this.
#[derive(Debug)]
pub(super) struct PartedIncidences {
    file: Mutex<File>,
    parts: Vec<Part>,
    is_binary: bool,
}

/// Bytes of an incidence: member, hyperedge, position, and the member at the other end of a binary edge.
const fn width(is_binary: bool) -> usize {
    if is_binary { 28 } else { 20 }
}

impl PartedWriter {
    /// A writer of so many parts that holds up to `budget` bytes, about.
    ///
    /// # Errors
    /// `Unavailable` where there is no place for temporary files.
    pub(super) fn new(parts: usize, is_binary: bool, budget: u64) -> Result<Self> {
        let share = usize::try_from(budget).unwrap_or(usize::MAX) / parts.max(1);
        Ok(Self {
            file: tempfile::tempfile()?,
            end: 0,
            parts: (0..parts).map(|_| Part::default()).collect(),
            is_binary,
            held: share.clamp(LEAST_HELD, MOST_HELD),
        })
    }

    /// Adds an incidence to a part.
    ///
    /// # Errors
    /// `ResourceExhausted` where the disk of temporary files is full.
    pub(super) fn push(
        &mut self,
        part: usize,
        member: u64,
        hyperedge: u64,
        position: u32,
        opposite: u64,
    ) -> Result<()> {
        let own = &mut self.parts[part];
        own.held.extend_from_slice(&member.to_le_bytes());
        own.held.extend_from_slice(&hyperedge.to_le_bytes());
        own.held.extend_from_slice(&position.to_le_bytes());
        if self.is_binary {
            own.held.extend_from_slice(&opposite.to_le_bytes());
        }
        if own.held.len() >= self.held {
            self.write(part)?;
        }
        Ok(())
    }

    fn write(&mut self, part: usize) -> Result<()> {
        let own = &mut self.parts[part];
        if !own.held.is_empty() {
            self.file.write_all(&own.held)?;
            own.pieces.push((self.end, own.held.len()));
            self.end += own.held.len() as u64;
            own.held.clear();
        }
        Ok(())
    }

    /// What was written.
    ///
    /// # Errors
    /// As [`Self::push`].
    pub(super) fn finish(mut self) -> Result<PartedIncidences> {
        for part in 0..self.parts.len() {
            self.write(part)?;
            self.parts[part].held = Vec::new();
        }
        Ok(PartedIncidences {
            file: Mutex::new(self.file),
            parts: self.parts,
            is_binary: self.is_binary,
        })
    }
}

impl PartedIncidences {
    /// Shows every incidence of a part, in the order they were added.
    ///
    /// # Errors
    /// Those of the file.
    pub(super) fn visit(
        &self,
        part: usize,
        mut visit: impl FnMut(u64, u64, u32, u64),
    ) -> Result<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let mut bytes = Vec::new();
        for (start, length) in &self.parts[part].pieces {
            bytes.resize(*length, 0);
            file.seek(SeekFrom::Start(*start))?;
            file.read_exact(&mut bytes)?;
            for incidence in bytes.chunks_exact(width(self.is_binary)) {
                let position = incidence[16..20].first_chunk().copied();
                let position = u32::from_le_bytes(position.unwrap_or_default());
                let opposite = if self.is_binary {
                    number(&incidence[20..])
                } else {
                    0
                };
                visit(
                    number(incidence),
                    number(&incidence[8..]),
                    position,
                    opposite,
                );
            }
        }
        Ok(())
    }
}

fn number(bytes: &[u8]) -> u64 {
    u64::from_le_bytes(bytes.first_chunk().copied().unwrap_or_default())
}
