//! `KeyCode`: the number that the keys of a row make together.

use std::fmt::Debug;

/// A number of 64 or of 128 bits that is made of parts.
pub(super) trait KeyCode: Copy + Debug + Default + Eq + Send + Sync + 'static {
    /// The number with `part` put at `shift`, where it has zeros.
    fn with(self, shift: u32, part: u64) -> Self;

    /// The lowest 64 bits from `shift` on.
    fn part(self, shift: u32) -> u64;

    /// The number itself.
    fn whole(self) -> u128;
}

impl KeyCode for u64 {
    #[inline]
    fn with(self, shift: u32, part: u64) -> Self {
        self | part << shift
    }

    #[inline]
    fn part(self, shift: u32) -> u64 {
        self >> shift
    }

    #[inline]
    fn whole(self) -> u128 {
        u128::from(self)
    }
}

impl KeyCode for u128 {
    #[inline]
    fn with(self, shift: u32, part: u64) -> Self {
        self | Self::from(part) << shift
    }

    #[inline]
    fn part(self, shift: u32) -> u64 {
        (self >> shift) as u64
    }

    #[inline]
    fn whole(self) -> u128 {
        self
    }
}
