//! `KeyTable`: from keys to the entities that have them.

use std::collections::hash_map::Entry;

use grism_core::FastMap;

use super::key::Key;

/// Bytes that an integer, and a hash, take with the id and a byte of the map.
const INTEGER: usize = 17;
const HASH: usize = 33;

/// Bytes that a key takes at most, in a map that has just grown, and at least.
pub(super) const KEY_BYTES: u64 = 64;
pub(super) const LEAST_BYTES: u64 = 20;

/// The raw ids of entities by their keys.
#[derive(Clone, Debug, Default)]
pub(super) struct KeyTable {
    integers: FastMap<i64, u64>,
    hashes: FastMap<u128, u64>,
}

impl KeyTable {
    pub(super) fn get(&self, key: Key) -> Option<u64> {
        match key {
            Key::Integer(integer) => self.integers.get(&integer).copied(),
            Key::Hash(hash) => self.hashes.get(&hash).copied(),
        }
    }

    /// Adds an entity; the one that has the key already, which keeps it.
    pub(super) fn insert_new(&mut self, key: Key, id: u64) -> Option<u64> {
        fn put<K>(entry: Entry<'_, K, u64>, id: u64) -> Option<u64> {
            match entry {
                Entry::Occupied(known) => Some(*known.get()),
                Entry::Vacant(place) => {
                    place.insert(id);
                    None
                }
            }
        }
        match key {
            Key::Integer(integer) => put(self.integers.entry(integer), id),
            Key::Hash(hash) => put(self.hashes.entry(hash), id),
        }
    }

    /// Gives a key to an entity, in place of the one that had it.
    pub(super) fn insert(&mut self, key: Key, id: u64) {
        match key {
            Key::Integer(integer) => self.integers.insert(integer, id),
            Key::Hash(hash) => self.hashes.insert(hash, id),
        };
    }

    /// Gives the keys of another table to their entities there.
    pub(super) fn extend(&mut self, other: &Self) {
        self.integers.extend(&other.integers);
        self.hashes.extend(&other.hashes);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Key, u64)> {
        let integers = self.integers.iter();
        let integers = integers.map(|(key, id)| (Key::Integer(*key), *id));
        let hashes = self.hashes.iter();
        integers.chain(hashes.map(|(key, id)| (Key::Hash(*key), *id)))
    }

    pub(super) fn len(&self) -> usize {
        self.integers.len() + self.hashes.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.integers.is_empty() && self.hashes.is_empty()
    }

    /// The least and the greatest key, where all are integers.
    pub(super) fn integer_bounds(&self) -> Option<(i64, i64)> {
        if !self.hashes.is_empty() {
            return None;
        }
        let keys = || self.integers.keys().copied();
        Some((keys().min()?, keys().max()?))
    }

    /// Memory held, in bytes, about.
    pub(super) fn bytes(&self) -> u64 {
        let full = self.integers.capacity() * INTEGER + self.hashes.capacity() * HASH;
        // An eighth of a map stays empty.
        (full + full / 7) as u64
    }
}
