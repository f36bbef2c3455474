//! How many different values there are, about: HyperLogLog (Flajolet, Fusy, Gandouet and Meunier 2007), with the estimator
//! of Ertl (2017), which needs no tables and has no bias where there are few values.
//!
//! ```text
//! hash    101101001 0001 0110…     the first 9 bits choose a register; it keeps the most leading zeros
//!         register  zeros          that the rest of a hash had, plus one
//! ```

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Bits of a hash that choose its register.
const INDEX_BITS: u32 = 9;
const REGISTERS: usize = 1 << INDEX_BITS;
/// Bits of a hash that are left.
const REST_BITS: u32 = 64 - INDEX_BITS;

/// The letters of the text form: one for each content of a register, of which there are fewer.
const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// Stands before the letter of a length: so many empty registers, and one more.
const RUN: char = '.';

/// A set of values of which only the size can be told, within some 5 percent. Two sets make the same sketch as their union.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct DistinctSketch {
    registers: Arc<[u8; REGISTERS]>,
}

impl Default for DistinctSketch {
    fn default() -> Self {
        Self {
            registers: Arc::new([0; REGISTERS]),
        }
    }
}

impl DistinctSketch {
    /// Adds a value by its hash.
    pub fn insert(&mut self, hash: u64) {
        self.extend([hash]);
    }

    /// Adds the values of another sketch.
    pub fn merge(&mut self, other: &Self) {
        let registers = Arc::make_mut(&mut self.registers);
        for (own, other) in registers.iter_mut().zip(other.registers.iter()) {
            *own = (*own).max(*other);
        }
    }

    /// Whether every value of `other` may be one of this; false only where one is not.
    #[must_use]
    pub fn may_contain(&self, other: &Self) -> bool {
        let mut pairs = self.registers.iter().zip(other.registers.iter());
        pairs.all(|(own, other)| own >= other)
    }

    /// About how many different values there are.
    #[must_use]
    pub fn estimate(&self) -> f64 {
        let mut counts = [0u32; REST_BITS as usize + 2];
        for register in self.registers.iter() {
            counts[usize::from(*register)] += 1;
        }
        let share = |count: u32| f64::from(count) / REGISTERS as f64;
        let full = counts[REST_BITS as usize + 1];
        let mut sum = REGISTERS as f64 * tau(1.0 - share(full));
        for count in counts[1..=REST_BITS as usize].iter().rev() {
            sum = 0.5 * (sum + f64::from(*count));
        }
        sum += REGISTERS as f64 * sigma(share(counts[0]));
        let squared = (REGISTERS * REGISTERS) as f64;
        squared / (2.0 * std::f64::consts::LN_2 * sum)
    }
}

impl Extend<u64> for DistinctSketch {
    fn extend<T: IntoIterator<Item = u64>>(&mut self, hashes: T) {
        let registers = Arc::make_mut(&mut self.registers);
        for hash in hashes {
            // The bit behind the rest keeps the number of zeros within it.
            let rest = hash << INDEX_BITS | 1 << (INDEX_BITS - 1);
            let zeros = rest.leading_zeros() as u8 + 1;
            let register = &mut registers[(hash >> REST_BITS) as usize];
            *register = (*register).max(zeros);
        }
    }
}

/// The sum of `share^(2^k) 2^(k - 1)` for k from 1 on, and `share`: what empty registers stand for.
fn sigma(share: f64) -> f64 {
    if share >= 1.0 {
        return f64::INFINITY;
    }
    let (mut power, mut factor, mut sum) = (share, 1.0, share);
    loop {
        power *= power;
        let before = sum;
        sum += power * factor;
        factor += factor;
        if sum <= before {
            return sum;
        }
    }
}

/// A third of the sum of `(1 - share^(2^-k))^2 2^-k` for k from 1 on, taken from `1 - share`: what full registers stand for.
fn tau(share: f64) -> f64 {
    if share <= 0.0 || share >= 1.0 {
        return 0.0;
    }
    let (mut root, mut factor, mut sum) = (share, 1.0, 1.0 - share);
    loop {
        root = root.sqrt();
        let before = sum;
        factor *= 0.5;
        sum -= (1.0 - root).powi(2) * factor;
        if sum >= before {
            return sum / 3.0;
        }
    }
}

fn letter(number: usize) -> char {
    char::from(LETTERS[number % LETTERS.len()])
}

fn number(letter: char) -> Option<u8> {
    let place = LETTERS.iter().position(|own| char::from(*own) == letter)?;
    u8::try_from(place).ok()
}

impl From<DistinctSketch> for String {
    fn from(sketch: DistinctSketch) -> Self {
        let mut text = Self::new();
        for run in sketch.registers.chunk_by(|a, b| a == b) {
            // A letter each is as short for two empty registers as a run of them.
            if run[0] > 0 || run.len() <= 2 {
                text.extend(run.iter().map(|register| letter(usize::from(*register))));
                continue;
            }
            for piece in run.chunks(LETTERS.len()) {
                text.extend([RUN, letter(piece.len() - 1)]);
            }
        }
        text
    }
}

impl TryFrom<String> for DistinctSketch {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let broken = "a sketch of distinct values that is broken";
        let mut registers = Vec::with_capacity(REGISTERS);
        let mut letters = text.chars();
        while let Some(letter) = letters.next() {
            if letter == RUN {
                let length = letters.next().and_then(number).ok_or(broken)?;
                registers.resize(registers.len() + usize::from(length) + 1, 0);
            } else {
                let content = number(letter).ok_or(broken)?;
                registers.push(
                    Some(content)
                        .filter(|own| u32::from(*own) <= REST_BITS + 1)
                        .ok_or(broken)?,
                );
            }
        }
        let registers: [u8; REGISTERS] = registers.try_into().map_err(|_| broken)?;
        Ok(Self {
            registers: Arc::new(registers),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{stable_hash, stable_number};

    fn sketch(values: impl Iterator<Item = i64>) -> DistinctSketch {
        let mut sketch = DistinctSketch::default();
        sketch.extend(values.map(|value| stable_number(value as u64)));
        sketch
    }

    #[test]
    fn the_number_of_values_is_told_within_the_error() {
        assert!(DistinctSketch::default().estimate() < 0.5);
        for count in [
            1i64, 10, 100, 1_000, 1_300, 2_000, 5_000, 100_000, 1_000_000,
        ] {
            let estimate = sketch(0..count).estimate();
            let error = (estimate - count as f64).abs();
            assert!(error <= 0.15 * count as f64 + 0.5, "{estimate} of {count}");
        }
        let mut texts = DistinctSketch::default();
        texts.extend(
            (0..10_000).map(|n: u32| stable_hash(format!("https://example.org/{n}").as_bytes())),
        );
        assert!((texts.estimate() - 10_000.0).abs() < 1_500.0);
    }

    #[test]
    fn a_broken_text_is_no_sketch() {
        let text = String::from(sketch(0..20));
        for broken in ["", "A", "#", ".", "9", &text[1..], &format!("{text}A")] {
            assert!(
                DistinctSketch::try_from(broken.to_owned()).is_err(),
                "{broken}"
            );
        }
    }

    proptest! {
        #[test]
        fn the_sketches_of_two_sets_make_that_of_their_union(
            first in proptest::collection::vec(any::<i64>(), 0..300),
            second in proptest::collection::vec(any::<i64>(), 0..300),
        ) {
            let mut merged = sketch(first.iter().copied());
            merged.merge(&sketch(second.iter().copied()));
            prop_assert_eq!(&merged, &sketch(first.iter().chain(&second).copied()));
            prop_assert!(merged.may_contain(&sketch(second.into_iter())));
            let text = String::from(merged.clone());
            prop_assert_eq!(DistinctSketch::try_from(text), Ok(merged));
        }
    }
}
