//! From keys, integers and texts, to ids.

use crate::FastMap;

/// A range of integers is held as a plain array where it is at most so many times as long as it has keys.
const DENSE: u64 = 4;
/// Bytes that an integer, and a text beside its letters, take with the id.
const INTEGER: usize = 24;
const TEXT: usize = 48;

/// The ids of keys, in memory.
#[derive(Clone, Debug, Default)]
pub struct KeyMap {
    integers: FastMap<i64, u64>,
    texts: FastMap<Box<str>, u64>,
    /// The integers of a dense range: the least of them, and the id of each from there; `u64::MAX` for none.
    dense: Option<(i64, Vec<u64>)>,
    /// Bytes of the texts.
    text_bytes: usize,
}

impl KeyMap {
    /// The id of an integer.
    #[must_use]
    pub fn integer(&self, key: i64) -> Option<u64> {
        match &self.dense {
            Some((least, ids)) => {
                let place = usize::try_from(key.checked_sub(*least)?).ok()?;
                ids.get(place).copied().filter(|id| *id != u64::MAX)
            }
            None => self.integers.get(&key).copied(),
        }
    }

    /// The id of a text.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<u64> {
        self.texts.get(key).copied()
    }

    /// The ids of integers; `u64::MAX` for those that are unknown.
    #[must_use]
    pub fn ids_of(&self, keys: &[i64]) -> Vec<u64> {
        let id = |key: &i64| self.integer(*key).unwrap_or(u64::MAX);
        keys.iter().map(id).collect()
    }

    /// Whether there are texts among the keys.
    #[must_use]
    pub fn has_texts(&self) -> bool {
        !self.texts.is_empty()
    }

    /// Memory held, in bytes, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let dense = self.dense.as_ref().map_or(0, |(_, ids)| ids.len() * 8);
        self.integers.len() * INTEGER + self.texts.len() * TEXT + self.text_bytes + dense
    }

    /// Puts an id in the place of the integer's own, if it had one.
    pub fn insert_integer(&mut self, key: i64, id: u64) {
        self.thaw();
        self.integers.insert(key, id);
    }

    /// Puts an id in the place of the text's own, if it had one.
    pub fn insert_text(&mut self, key: &str, id: u64) {
        self.text_bytes += key.len();
        self.texts.insert(key.into(), id);
    }

    /// Makes lookups of integers that lie close together fast, until the next one is inserted.
    pub fn freeze(&mut self) {
        let (Some(least), Some(greatest)) =
            (self.integers.keys().min(), self.integers.keys().max())
        else {
            return;
        };
        let (least, length) = (*least, greatest.abs_diff(*least));
        if length / DENSE > self.integers.len() as u64 {
            return;
        }
        let mut ids = vec![u64::MAX; length as usize + 1];
        for (key, id) in std::mem::take(&mut self.integers) {
            ids[key.abs_diff(least) as usize] = id;
        }
        self.dense = Some((least, ids));
    }

    /// Brings the integers of a dense range back among the others.
    fn thaw(&mut self) {
        if let Some((least, ids)) = self.dense.take() {
            let keyed = (0..).zip(ids).filter(|(_, id)| *id != u64::MAX);
            self.integers
                .extend(keyed.map(|(place, id)| (least.wrapping_add(place), id)));
        }
    }

    /// Takes all integers and texts out.
    pub fn take(
        &mut self,
    ) -> (
        impl Iterator<Item = (i64, u64)> + use<>,
        impl Iterator<Item = (Box<str>, u64)> + use<>,
    ) {
        self.thaw();
        self.text_bytes = 0;
        let integers = std::mem::take(&mut self.integers).into_iter();
        (integers, std::mem::take(&mut self.texts).into_iter())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_frozen_map_knows_what_it_knew(
            keys in proptest::collection::btree_map(-30i64..30, 0u64..9, 0..40),
            far in proptest::option::of(proptest::num::i64::ANY),
        ) {
            let mut map = KeyMap::default();
            let mut keys = keys;
            keys.extend(far.map(|key| (key, 7)));
            for (key, id) in &keys {
                map.insert_integer(*key, *id);
            }
            let mut frozen = map.clone();
            frozen.freeze();
            for key in (-40..40).chain(far).chain([i64::MIN, i64::MAX]) {
                prop_assert_eq!(map.integer(key), keys.get(&key).copied());
                prop_assert_eq!(frozen.integer(key), keys.get(&key).copied());
            }
            // What comes afterwards is known too, and nothing that was there is lost.
            keys.insert(50, 8);
            frozen.insert_integer(50, 8);
            for (key, id) in &keys {
                prop_assert_eq!(frozen.integer(*key), Some(*id));
            }
            frozen.freeze();
            let (integers, _) = frozen.take();
            let taken: std::collections::BTreeMap<i64, u64> = integers.collect();
            prop_assert_eq!(taken, keys);
            prop_assert_eq!(frozen.bytes(), 0);
        }
    }
}
