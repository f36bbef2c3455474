//! Faults that are planted in rules on purpose: a fuzzer that finds each of them is likely to find one that nobody planted.

/// Whether the fault of this name is planted: where the environment variable `GRISM_PLANTED` of the process has its name. A plan
/// that was made before the variable changed stays as it is.
///
/// A name is the rule's, and where the rule has several faults, a word for this one.
#[cfg(feature = "failpoints")]
pub(super) fn is_planted(name: &str) -> bool {
    std::env::var_os("GRISM_PLANTED").is_some_and(|planted| planted == name)
}

/// Whether the fault of this name is planted: without the feature `failpoints`, none is.
#[cfg(not(feature = "failpoints"))]
pub(super) const fn is_planted(_name: &str) -> bool {
    false
}
