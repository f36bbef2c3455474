//! Hashes, by what they are for: nothing else in Grism hashes rows, keys or values.
//!
//! | | where it may be kept | for |
//! |---|---|---|
//! | [`stable_hash`], [`stable_number`], [`stable_digest`] | anywhere: the same in every process, on every machine, for ever | exchanges, sketches in the log, names of files, parts of a load that must come out alike |
//! | [`FastMap`], [`FastSet`], [`WideHasher`], [`NumberSpread`] | in the memory of one process, which draws the seeds | lookups of keys that come from outside |
//! | [`NumberMap`] | in memory | lookups of numbers that Grism makes, one for each row |

mod in_memory;
mod stable;

pub use in_memory::{FastMap, FastSet, NumberHasher, NumberMap, NumberSpread, WideHasher};
pub use stable::{stable_digest, stable_hash, stable_number};
