//! `Ways`: numbers of ways to bind something, narrow where they fit.

use std::fmt::Debug;

/// A number of ways.
pub(super) trait Ways: Copy + Debug + Default + PartialEq + Send + 'static {
    /// The number; `None` where it does not fit and a wider one may hold it.
    fn of(number: u64) -> Option<Self>;

    /// The number.
    fn get(self) -> u64;

    /// The sum of the ways of some entities.
    fn sum(entities: &[u32], ways: &[Self]) -> u128;

    /// Whether there is no way.
    #[inline]
    fn is_none(self) -> bool {
        self.get() == 0
    }

    /// Both numbers together.
    #[inline]
    fn plus(self, other: Self) -> Option<Self> {
        Self::of(self.get().saturating_add(other.get()))
    }

    /// The product of both.
    #[inline]
    fn times(self, other: Self) -> Option<Self> {
        Self::of(self.get().saturating_mul(other.get()))
    }
}

/// Half the room, so that more of them are in the processor's cache; they nearly always fit.
impl Ways for u32 {
    #[inline]
    fn of(number: u64) -> Option<Self> {
        Self::try_from(number).ok()
    }

    #[inline]
    fn get(self) -> u64 {
        u64::from(self)
    }

    #[inline]
    fn sum(entities: &[u32], ways: &[Self]) -> u128 {
        // There are fewer than 2^32 entities in a row, of which each has fewer than 2^32 ways.
        let ways = entities
            .iter()
            .map(|entity| u64::from(ways[*entity as usize]));
        u128::from(ways.sum::<u64>())
    }
}

/// `u64::MAX` is a number that does not fit.
impl Ways for u64 {
    #[inline]
    fn of(number: u64) -> Option<Self> {
        Some(number)
    }

    #[inline]
    fn get(self) -> u64 {
        self
    }

    #[inline]
    fn sum(entities: &[u32], ways: &[Self]) -> u128 {
        let ways = entities
            .iter()
            .map(|entity| u128::from(ways[*entity as usize]));
        ways.sum()
    }
}
