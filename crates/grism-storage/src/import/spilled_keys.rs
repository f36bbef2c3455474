//! Keys that are too many for memory: runs in temporary files, sorted by the hash of the key, that are looked up for a
//! whole batch of keys at a time.
//!
//! ```text
//! run    | block | block | block |     a block holds 256 entries: hash, id
//! starts   h0      h256    h512        in memory: the first hash of each block
//! ```

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::sync::{Mutex, PoisonError};

use grism_core::{Error, Result, WideHasher};

use super::key::{Key, canonical};

/// Bytes of an entry: the hash and the id.
const ENTRY: usize = 24;
/// Entries of a block.
const BLOCK: usize = 256;

/// Keys and their ids, in runs; no key is in two of them.
#[derive(Debug)]
pub(super) struct SpilledKeys {
    hasher: WideHasher,
    runs: Vec<Run>,
}

/// Sorted entries in a temporary file, which has no name and goes with this.
#[derive(Debug)]
struct Run {
    file: Mutex<File>,
    entries: u64,
    /// The first hash of each block.
    starts: Vec<u128>,
}

/// What a run holds of a key.
type Entry = (u128, u64);

impl SpilledKeys {
    pub(super) fn new() -> Self {
        Self {
            hasher: WideHasher::default(),
            runs: Vec::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// The hash that stands for a key.
    pub(super) fn hash(&self, key: &Key<'_>) -> u128 {
        match canonical(key) {
            (Some(integer), _) => self.hasher.hash((0u8, integer)),
            (None, text) => self.hasher.hash((1u8, text)),
        }
    }

    /// Adds keys, by their hashes, that are in no run yet.
    ///
    /// # Errors
    /// `ResourceExhausted` where the disk of temporary files is full.
    pub(super) fn add(&mut self, mut entries: Vec<Entry>) -> Result<()> {
        entries.sort_unstable();
        self.runs.push(Run::write(entries.into_iter().map(Ok))?);
        // Runs of about the same size become one, so that there are few.
        while let [.., before, last] = &self.runs[..]
            && before.entries <= 2 * last.entries
        {
            let merged = Run::write(Merged::of(before, last)?)?;
            self.runs.truncate(self.runs.len() - 2);
            self.runs.push(merged);
        }
        Ok(())
    }

    /// Looks up many keys, each with its hash and its place; `found` gets the place and the id of those that are here.
    ///
    /// # Errors
    /// Those of the files.
    pub(super) fn find(
        &self,
        mut wanted: Vec<(u128, usize)>,
        mut found: impl FnMut(usize, u64),
    ) -> Result<()> {
        wanted.sort_unstable();
        for run in &self.runs {
            run.find(&wanted, &mut found)?;
        }
        Ok(())
    }
}

impl Run {
    fn write(entries: impl Iterator<Item = Result<Entry>>) -> Result<Self> {
        let mut file = BufWriter::with_capacity(1 << 18, tempfile::tempfile()?);
        let (mut count, mut starts) = (0u64, Vec::new());
        for entry in entries {
            let (hash, id) = entry?;
            if count.is_multiple_of(BLOCK as u64) {
                starts.push(hash);
            }
            file.write_all(&hash.to_le_bytes())?;
            file.write_all(&id.to_le_bytes())?;
            count += 1;
        }
        let file = file.into_inner().map_err(|error| error.into_error())?;
        Ok(Self {
            file: Mutex::new(file),
            entries: count,
            starts,
        })
    }

    fn find(&self, wanted: &[(u128, usize)], found: &mut impl FnMut(usize, u64)) -> Result<()> {
        let mut block: Option<(usize, Vec<Entry>)> = None;
        for (hash, place) in wanted {
            // No hash stands in a run twice, so that it is in the last block that begins with it or below.
            let Some(number) = self
                .starts
                .partition_point(|start| start <= hash)
                .checked_sub(1)
            else {
                continue;
            };
            let entries = match &block {
                Some((own, entries)) if *own == number => entries,
                _ => &block.insert((number, self.block(number)?)).1,
            };
            if let Ok(at) = entries.binary_search_by_key(hash, |(own, _)| *own) {
                found(*place, entries[at].1);
            }
        }
        Ok(())
    }

    fn block(&self, number: usize) -> Result<Vec<Entry>> {
        let first = number * BLOCK;
        let entries = usize::try_from(self.entries).unwrap_or(usize::MAX);
        let mut bytes = vec![0; BLOCK.min(entries - first) * ENTRY];
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start((first * ENTRY) as u64))?;
        file.read_exact(&mut bytes)?;
        drop(file);
        Ok(bytes.chunks_exact(ENTRY).map(entry).collect())
    }

    fn reader(&self) -> Result<impl Iterator<Item = Result<Entry>> + use<>> {
        let mut file = self
            .file
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .try_clone()?;
        file.seek(SeekFrom::Start(0))?;
        let mut file = BufReader::with_capacity(1 << 18, file);
        let mut left = self.entries;
        Ok(std::iter::from_fn(move || {
            left = left.checked_sub(1)?;
            let mut bytes = [0; ENTRY];
            let read = file.read_exact(&mut bytes);
            Some(read.map(|()| entry(&bytes)).map_err(Error::from))
        }))
    }
}

fn entry(bytes: &[u8]) -> Entry {
    let hash = bytes.first_chunk().copied().unwrap_or_default();
    let id = bytes[16..].first_chunk().copied().unwrap_or_default();
    (u128::from_le_bytes(hash), u64::from_le_bytes(id))
}

/// The entries of two runs in order.
struct Merged<A: Iterator<Item = Result<Entry>>, B: Iterator<Item = Result<Entry>>> {
    a: std::iter::Peekable<A>,
    b: std::iter::Peekable<B>,
}

impl Merged<std::iter::Empty<Result<Entry>>, std::iter::Empty<Result<Entry>>> {
    fn of(a: &Run, b: &Run) -> Result<impl Iterator<Item = Result<Entry>> + use<>> {
        Ok(Merged {
            a: a.reader()?.peekable(),
            b: b.reader()?.peekable(),
        })
    }
}

impl<A: Iterator<Item = Result<Entry>>, B: Iterator<Item = Result<Entry>>> Iterator
    for Merged<A, B>
{
    type Item = Result<Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        match (self.a.peek(), self.b.peek()) {
            (Some(Ok(a)), Some(Ok(b))) if b < a => self.b.next(),
            (None, _) => self.b.next(),
            _ => self.a.next(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn keys_are_found_in_any_run_and_others_are_not() {
        let mut keys = SpilledKeys::new();
        let key = |number: i64| {
            if number % 3 == 0 {
                Key::Text(format!("key {number}").into())
            } else {
                Key::Integer(number)
            }
        };
        for run in 0..20i64 {
            let own =
                (run * 100..(run + 1) * 100).map(|number| (keys.hash(&key(number)), number as u64));
            let own = own.collect();
            keys.add(own).unwrap();
        }
        assert!(keys.runs.len() <= 5, "{} runs", keys.runs.len());
        let wanted: Vec<(u128, usize)> = (0..4000)
            .map(|number| (keys.hash(&key(number)), number as usize))
            .collect();
        let mut found = BTreeMap::new();
        keys.find(wanted, |place, id| {
            assert!(found.insert(place, id).is_none())
        })
        .unwrap();
        let expected: BTreeMap<usize, u64> = (0..2000).map(|own| (own, own as u64)).collect();
        assert_eq!(found, expected);
        // An integer and its text are the same key.
        let (integer, text) = (Key::Integer(7), Key::Text("7".into()));
        assert_eq!(keys.hash(&integer), keys.hash(&text));
        assert_ne!(keys.hash(&integer), keys.hash(&Key::Text("07".into())));
    }
}
