//! Paths: steps that stand for several hops, searches for the shortest, and paths as values.

use grism_core::{Result, Type};
use grism_logical::pattern::PatternHop;
use grism_logical::{LogicalExpr, PathMode, PathSearch, ScalarFunction};

use super::Binder;
use super::pattern::{Matched, Place};
use super::scope::column_for;
use crate::syntax::{Name, Quantifier, Selector};

/// Which paths are taken, and what they may meet twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PathRules {
    pub(super) search: PathSearch,
    pub(super) mode: PathMode,
}

/// Every path without a repeated relationship.
pub(super) const TRAILS: PathRules = PathRules {
    search: PathSearch::Trails,
    mode: PathMode::Trail,
};

/// How many hops a step stands for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Length {
    pub(super) least: u64,
    pub(super) most: Option<u64>,
    pub(super) rules: PathRules,
}

/// An element of a path pattern, by number.
#[derive(Clone, Copy, Debug)]
pub(super) enum PathItem {
    Entity(usize),
    Step(usize),
    Group(usize),
}

/// A path variable and what it runs through.
#[derive(Clone)]
pub(super) struct PathOf<'p> {
    pub(super) name: &'p Name,
    pub(super) items: Vec<PathItem>,
    /// Entities and steps of the pattern up to the end of the path.
    pub(super) so_far: (usize, usize),
}

impl Length {
    pub(super) const fn new(quantifier: Quantifier, rules: PathRules) -> Self {
        Self {
            least: quantifier.least,
            most: quantifier.most,
            rules,
        }
    }
}

impl Binder<'_> {
    /// What a selector searches for.
    pub(super) fn path_search(&self, selector: Selector) -> PathSearch {
        match selector {
            Selector::All => PathSearch::Trails,
            Selector::Any(1) | Selector::AnyShortest | Selector::Shortest(1) => {
                PathSearch::AnyShortest
            }
            Selector::AllShortest | Selector::ShortestGroups(1) => PathSearch::AllShortest,
            Selector::Any(count) | Selector::Shortest(count) => PathSearch::Shortest(count),
            Selector::ShortestGroups(count) => PathSearch::ShortestGroups(count),
        }
    }

    /// Binds a path variable to the path through its elements.
    pub(super) fn bind_path(&mut self, path: &PathOf<'_>, matched: &Matched<'_>) -> Result<()> {
        let mut arguments = Vec::new();
        let mut lists = None;
        for item in &path.items {
            let place = match item {
                // A step of several hops brings the nodes it leads to along, the last one included.
                PathItem::Entity(index) => {
                    let own = LogicalExpr::column(&matched.elements.entities[*index].column);
                    arguments.push(lists.take().unwrap_or(own));
                    continue;
                }
                PathItem::Step(index) => matched.places[*index],
                PathItem::Group(index) => Place::Group(*index),
            };
            match place {
                Place::Edge(place) => {
                    let edge = &matched.graph.edges[place];
                    arguments.push(LogicalExpr::column(&edge.variable));
                    if let Some(PatternHop::Edge { nodes, .. }) =
                        edge.path.as_ref().map(|path| &path.hop)
                    {
                        lists = Some(LogicalExpr::column(nodes));
                    }
                }
                Place::Role(place) => {
                    let incidence = matched.graph.roles[place].incidence.clone();
                    arguments.push(LogicalExpr::Column(incidence.unwrap_or_default()));
                }
                Place::Group(index) => {
                    let (steps, entities) = matched.elements.groups[index].path_columns();
                    arguments.push(LogicalExpr::Column(steps));
                    lists = Some(LogicalExpr::Column(entities));
                }
            }
        }
        let name = &path.name.text;
        let column = column_for(name);
        let value = LogicalExpr::call(ScalarFunction::Path, arguments);
        let input = std::sync::Arc::new(std::mem::replace(
            &mut self.plan,
            grism_logical::LogicalPlan::Unit,
        ));
        self.plan = super::with_column(input, value, column.clone())?;
        self.scope.put(name, &column, Type::Path);
        Ok(())
    }
}
