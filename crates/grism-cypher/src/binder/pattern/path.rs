//! Paths: steps that stand for several hops, searches for the shortest, and paths as values.

use grism_functions::PATH;
use grism_logical::pattern::PatternHop;
use grism_logical::{LogicalExpr, PathMode, PathSearch};

use super::elements::{BoundPattern, Place};
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

/// The value of a path variable: the path through its elements.
pub(crate) fn path_value(path: &PathOf<'_>, pattern: &BoundPattern<'_>) -> LogicalExpr {
    let mut arguments = Vec::new();
    let mut reached = None;
    for item in &path.items {
        // A step of several hops brings the nodes it leads to along, the last one included.
        if let PathItem::Entity(index) = item {
            let own = LogicalExpr::column(&pattern.elements.entities[*index].column);
            arguments.push(reached.take().unwrap_or(own));
        }
        match pattern.place(*item) {
            None => {}
            Some(Place::Edge(place)) => {
                let edge = &pattern.graph.edges[place];
                arguments.push(LogicalExpr::column(&edge.variable));
                if let Some(PatternHop::Edge { nodes, .. }) =
                    edge.path.as_ref().map(|path| &path.hop)
                {
                    reached = Some(LogicalExpr::column(nodes));
                }
            }
            Some(Place::Role(place)) => arguments.push(pattern.incidence(place)),
            Some(Place::Group(index)) => {
                let (steps, entities) = pattern.elements.groups[index].path_columns();
                arguments.push(LogicalExpr::Column(steps));
                reached = Some(LogicalExpr::Column(entities));
            }
        }
    }
    LogicalExpr::call(&PATH, arguments)
}
