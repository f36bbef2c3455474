//! Hashes for the memory of one process: fast, and other ones in the next process.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hash, Hasher};

use ahash::RandomState;

/// A map from keys that may come from outside, and that nobody can choose so that they collide.
pub type FastMap<K, V> = HashMap<K, V, RandomState>;

/// Values that may come from outside, as the keys of a [`FastMap`].
pub type FastSet<K> = HashSet<K, RandomState>;

/// A map from numbers, or from what hashes as one, that Grism makes itself.
pub type NumberMap<K, V> = HashMap<K, V, BuildHasherDefault<NumberHasher>>;

/// Hashes of 128 bits that stand for what they are of: with seeds drawn at random, two values share one about never.
#[derive(Clone, Debug, Default)]
pub struct WideHasher {
    halves: [RandomState; 2],
}

impl WideHasher {
    /// The hash of a value; the same only by the same hasher, or a clone of it.
    pub fn hash(&self, value: impl Hash) -> u128 {
        let [high, low] = &self.halves;
        u128::from(high.hash_one(&value)) << 64 | u128::from(low.hash_one(&value))
    }
}

/// Spreads numbers of up to 128 bits that may come from outside: nobody can choose them so that they collide.
#[derive(Clone, Copy, Debug)]
pub struct NumberSpread {
    seeds: [u64; 2],
}

impl Default for NumberSpread {
    /// Draws the seeds.
    fn default() -> Self {
        let random = RandomState::new();
        Self {
            seeds: [random.hash_one(0_u8), random.hash_one(1_u8)],
        }
    }
}

impl NumberSpread {
    /// The number spread over 64 bits, of which the upper ones are the better ones.
    #[must_use]
    #[inline]
    pub fn of(self, number: u128) -> u64 {
        let [low, high] = self.seeds;
        let product = u128::from(number as u64 ^ low) * u128::from((number >> 64) as u64 ^ high);
        let folded = product as u64 ^ (product >> 64) as u64;
        // The factor that an upper half of 0 leaves may have few bits.
        folded.wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }
}

/// Spreads one number: a lookup is made for every row.
#[derive(Debug, Default)]
pub struct NumberHasher(u64);

impl Hasher for NumberHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        let number = self.0 ^ number;
        // The golden ratio, as in Knuth's multiplicative hashing; the upper bits are the good ones. A product has no bits below
        // the lowest of the number.
        let spread = (number ^ (number >> 32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 = spread ^ (spread >> 32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wide_hash_is_that_of_the_value_by_one_hasher_alone() {
        let hasher = WideHasher::default();
        assert_eq!(hasher.hash("Ann"), hasher.clone().hash("Ann"));
        assert_ne!(hasher.hash("Ann"), hasher.hash("Bob"));
        assert_ne!(hasher.hash("Ann"), WideHasher::default().hash("Ann"));
        let whole = hasher.hash("Ann");
        assert_ne!((whole >> 64) as u64, whole as u64);
    }

    #[test]
    fn numbers_are_spread_by_seeds_of_their_own() {
        let (one, other) = (NumberSpread::default(), NumberSpread::default());
        assert_ne!(one.of(7), other.of(7));
        for shift in [0, 20, 63, 64, 100] {
            let places = (0..64u128).map(|number| one.of(number << shift) >> 58);
            let different: std::collections::BTreeSet<u64> = places.collect();
            assert!(different.len() > 24, "{} at {shift}", different.len());
        }
    }

    #[test]
    fn neighbours_are_spread() {
        let places = (0..64u64).map(|number| {
            let mut hasher = NumberHasher::default();
            hasher.write_u64(number << 40);
            hasher.finish() % 64
        });
        let different: std::collections::BTreeSet<u64> = places.collect();
        assert!(different.len() > 32, "{}", different.len());
    }
}
