//! `PartedKeys`: keys that memory does not hold, in temporary files, each of which has all entities with a key of its part.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};

use grism_core::{Error, Result};

use super::key::Key;

/// Bytes of an entry: what the key is, the key, and the id.
const ENTRY: usize = 25;
/// Parts at most, each of which has a file and a buffer.
const MOST_PARTS: u64 = 128;

const INTEGER: u8 = 0;
const HASH: u8 = 1;

/// Takes keys with the ids of their entities.
#[derive(Debug)]
pub(super) struct PartedKeys {
    parts: Vec<BufWriter<File>>,
}

/// The keys of one part.
#[derive(Debug)]
pub(super) struct KeyFile(File);

impl PartedKeys {
    /// No keys yet, in so many parts, at most [`MOST_PARTS`]. The files have no names and go with this.
    ///
    /// # Errors
    /// `ResourceExhausted` where the disk of temporary files is full.
    pub(super) fn try_new(parts: u64) -> Result<Self> {
        let part = |_| -> Result<BufWriter<File>> {
            Ok(BufWriter::with_capacity(1 << 14, tempfile::tempfile()?))
        };
        let parts = (0..parts.clamp(1, MOST_PARTS)).map(part);
        Ok(Self {
            parts: parts.collect::<Result<_>>()?,
        })
    }

    /// Adds an entity.
    ///
    /// # Errors
    /// As [`Self::try_new`].
    pub(super) fn push(&mut self, key: Key, id: u64) -> Result<()> {
        let mut entry = [0; ENTRY];
        match key {
            Key::Integer(integer) => {
                entry[0] = INTEGER;
                entry[1..9].copy_from_slice(&integer.to_le_bytes());
            }
            Key::Hash(hash) => {
                entry[0] = HASH;
                entry[1..17].copy_from_slice(&hash.to_le_bytes());
            }
        }
        entry[17..].copy_from_slice(&id.to_le_bytes());
        let place = key.part(self.parts.len() as u64) as usize;
        Ok(self.parts[place].write_all(&entry)?)
    }

    /// The parts, which others with as many parts have the same keys in.
    ///
    /// # Errors
    /// As [`Self::try_new`].
    pub(super) fn finish(self) -> Result<Vec<KeyFile>> {
        let files = self.parts.into_iter().map(|part| {
            let mut file = part.into_inner().map_err(|error| error.into_error())?;
            file.seek(SeekFrom::Start(0))?;
            Ok(KeyFile(file))
        });
        files.collect()
    }
}

impl KeyFile {
    /// The keys with their ids, in the order they came.
    pub(super) fn entries(self) -> impl Iterator<Item = Result<(Key, u64)>> {
        let mut file = BufReader::with_capacity(1 << 18, self.0);
        std::iter::from_fn(move || {
            let mut entry = [0; ENTRY];
            match file.read_exact(&mut entry) {
                Ok(()) => Some(Ok(parsed(&entry))),
                Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => None,
                Err(error) => Some(Err(Error::from(error))),
            }
        })
    }
}

fn parsed(entry: &[u8; ENTRY]) -> (Key, u64) {
    let integer = entry[1..].first_chunk().copied().unwrap_or_default();
    let hash = entry[1..].first_chunk().copied().unwrap_or_default();
    let id = entry[17..].first_chunk().copied().unwrap_or_default();
    let key = match entry[0] {
        INTEGER => Key::Integer(i64::from_le_bytes(integer)),
        _ => Key::Hash(u128::from_le_bytes(hash)),
    };
    (key, u64::from_le_bytes(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_with_one_key_are_in_one_part() {
        let entries: Vec<(Key, u64)> = (0..1000)
            .map(|number| match number % 2 {
                0 => (Key::Integer(number % 70 - 20), number as u64),
                _ => (
                    Key::Hash(u128::MAX / (number % 70 + 1) as u128),
                    number as u64,
                ),
            })
            .collect();
        let mut keys = PartedKeys::try_new(7).unwrap();
        for (key, id) in &entries {
            keys.push(*key, *id).unwrap();
        }
        let mut found = Vec::new();
        for (part, file) in keys.finish().unwrap().into_iter().enumerate() {
            for entry in file.entries() {
                let (key, id) = entry.unwrap();
                assert_eq!(key.part(7), part as u64);
                found.push((key, id));
            }
        }
        found.sort_by_key(|(_, id)| *id);
        assert_eq!(found, entries);
    }
}
