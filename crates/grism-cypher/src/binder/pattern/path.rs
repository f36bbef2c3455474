//! Paths: steps that stand for several hops, and searches for the shortest.

use grism_logical::{PathMode, PathSearch};

use crate::syntax::{Name, Quantifier, Selector};

/// Which paths are taken, and what they may meet twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PathRules {
    pub(crate) search: PathSearch,
    pub(crate) mode: PathMode,
}

/// Every path without a repeated relationship.
pub(crate) const TRAILS: PathRules = PathRules {
    search: PathSearch::Trails,
    mode: PathMode::Trail,
};

/// How many hops a step stands for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Length {
    pub(crate) least: u64,
    pub(crate) most: Option<u64>,
    pub(crate) rules: PathRules,
}

/// An element of a path pattern, by number.
#[derive(Clone, Copy, Debug)]
pub(crate) enum PathItem {
    Entity(usize),
    Step(usize),
    Group(usize),
}

/// A path variable and what it runs through.
#[derive(Clone)]
pub(crate) struct PathOf<'p> {
    pub(crate) name: &'p Name,
    pub(crate) items: Vec<PathItem>,
    /// Entities and steps of the pattern up to the end of the path.
    pub(crate) so_far: (usize, usize),
}

impl Length {
    pub(crate) const fn new(quantifier: Quantifier, rules: PathRules) -> Self {
        Self {
            least: quantifier.least,
            most: quantifier.most,
            rules,
        }
    }
}

/// What a selector searches for.
pub(super) fn path_search(selector: Selector) -> PathSearch {
    match selector {
        Selector::All => PathSearch::Trails,
        Selector::Any(1) | Selector::AnyShortest | Selector::Shortest(1) => PathSearch::AnyShortest,
        Selector::AllShortest | Selector::ShortestGroups(1) => PathSearch::AllShortest,
        Selector::Any(count) | Selector::Shortest(count) => PathSearch::Shortest(count),
        Selector::ShortestGroups(count) => PathSearch::ShortestGroups(count),
    }
}
