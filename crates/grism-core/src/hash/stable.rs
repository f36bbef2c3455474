//! Hashes that are the same in every process, on every machine, and for ever: they stand in files, and two tasks agree on them.

/// The golden ratio, which parts neighbours.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
/// What a hash of no bytes starts from: the offset of FNV-1a.
const START: u64 = 0xCBF2_9CE4_8422_2325;

/// The hash of a number: SplitMix64 (Steele, Lea and Flood 2014).
#[must_use]
pub const fn stable_number(number: u64) -> u64 {
    mix(number.wrapping_add(GOLDEN))
}

/// The hash of some bytes.
#[must_use]
pub fn stable_hash(bytes: &[u8]) -> u64 {
    stable_digest(0, bytes)
}

/// The hash of some bytes behind others: `before` is the hash of these, or 0.
#[must_use]
pub fn stable_digest(before: u64, bytes: &[u8]) -> u64 {
    let mut hash = before ^ bytes.len() as u64 ^ START;
    let mut words = bytes.chunks_exact(8);
    for word in &mut words {
        hash = with_word(hash, word);
    }
    if !words.remainder().is_empty() {
        hash = with_word(hash, words.remainder());
    }
    mix(hash)
}

/// `hash` with up to eight more bytes.
fn with_word(hash: u64, bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    word[..bytes.len()].copy_from_slice(bytes);
    let hash = (hash ^ u64::from_le_bytes(word)).wrapping_mul(GOLDEN);
    hash ^ (hash >> 29)
}

/// The finalizer of SplitMix64.
const fn mix(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_never_change() {
        assert_eq!(stable_number(0), 0xE220_A839_7B1D_CDAF);
        assert_eq!(stable_number(u64::MAX), 0xE4D9_7177_1B65_2C20);
        assert_eq!(stable_hash(b""), 0xF52A_15E9_A9B5_E89B);
        assert_eq!(stable_hash(b"Ann"), 0x4A7F_9F2D_297D_7388);
        assert_eq!(stable_hash(b"Gesualdo di Venosa"), 0xDE5C_970E_19BA_6DD7);
    }

    #[test]
    fn a_digest_tells_what_came_before_and_in_which_order() {
        let of = |parts: [&[u8]; 2]| parts.iter().fold(0, |all, part| stable_digest(all, part));
        assert_ne!(of([b"Ann", b"Bob"]), of([b"Bob", b"Ann"]));
        assert_ne!(of([b"Ann", b"Bob"]), of([b"AnnB", b"ob"]));
        assert_ne!(of([b"Ann", b""]), stable_hash(b"Ann"));
    }
}
