//! Paths: steps that stand for several hops, searches for the shortest, and paths as values.

use grism_core::{Result, Type};
use grism_logical::pattern::PatternHop;
use grism_logical::{LogicalExpr, PathSearch, ScalarFunction};
use open_cypher::ast::{Name, Node, PathSelector, Quantifier, QuantifierKind, RelationshipPattern};

use super::Binder;
use super::pattern::{Matched, Place};
use super::scope::column_for;

/// How many hops a step stands for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Length {
    pub(super) least: u64,
    pub(super) most: Option<u64>,
    pub(super) search: PathSearch,
}

/// An element of a path pattern, by number.
#[derive(Clone, Copy, Debug)]
pub(super) enum PathItem {
    Entity(usize),
    Step(usize),
    Group(usize),
}

/// A path variable and what it runs through.
pub(super) struct PathOf<'p> {
    pub(super) name: &'p Name,
    pub(super) items: Vec<PathItem>,
    /// Entities and steps of the pattern up to the end of the path.
    pub(super) so_far: (usize, usize),
}

impl Binder<'_> {
    pub(super) fn path_search(&self, selector: &Node<PathSelector>) -> Result<PathSearch> {
        let number = |count: &Option<String>| -> Result<u64> {
            let Some(count) = count else { return Ok(1) };
            let count = count.parse().ok().filter(|count| *count > 0);
            count.ok_or_else(|| {
                let message = "the number of paths must be a positive integer";
                self.source.invalid(message, selector.span)
            })
        };
        Ok(match &selector.kind {
            PathSelector::All => PathSearch::Trails,
            PathSelector::AnyShortest => PathSearch::AnyShortest,
            PathSelector::AllShortest => PathSearch::AllShortest,
            PathSelector::Any { count }
            | PathSelector::Shortest {
                count,
                groups: false,
            } => match number(count)? {
                1 => PathSearch::AnyShortest,
                count => PathSearch::Shortest(count),
            },
            PathSelector::Shortest {
                count,
                groups: true,
            } => match number(count)? {
                1 => PathSearch::AllShortest,
                count => PathSearch::ShortestGroups(count),
            },
            _ => return Err(self.source.unsupported("this path selector", selector.span)),
        })
    }

    pub(super) fn length_of(
        &self,
        pattern: &RelationshipPattern,
        search: PathSearch,
    ) -> Result<Option<Length>> {
        match (&pattern.legacy_quantifier, &pattern.graph_quantifier) {
            (Some(quantifier), _) => self.times(quantifier, true, search).map(Some),
            (None, Some(quantifier)) => self.times(quantifier, false, search).map(Some),
            (None, None) => Ok(None),
        }
    }

    /// How often a quantifier repeats; `legacy` ones stand within a relationship's brackets.
    pub(super) fn times(
        &self,
        quantifier: &Quantifier,
        legacy: bool,
        search: PathSearch,
    ) -> Result<Length> {
        let number = |text: &Option<String>| self.hops(text.as_deref(), quantifier);
        let (least, most) = match &quantifier.kind {
            // `*` of a relationship is once or more, of a quantified path none or more.
            QuantifierKind::ZeroOrMore if legacy => (1, None),
            QuantifierKind::ZeroOrMore => (0, None),
            QuantifierKind::OneOrMore => (1, None),
            QuantifierKind::Optional => (0, Some(1)),
            QuantifierKind::Fixed(count) => {
                let count = self.hops(Some(count), quantifier)?.unwrap_or(1);
                (count, Some(count))
            }
            QuantifierKind::Range { lower, upper } => {
                (number(lower)?.unwrap_or(u64::from(legacy)), number(upper)?)
            }
            _ => {
                return Err(self.source.unsupported("this quantifier", quantifier.span));
            }
        };
        Ok(Length {
            least,
            most,
            search,
        })
    }

    fn hops(&self, text: Option<&str>, quantifier: &Quantifier) -> Result<Option<u64>> {
        text.map(|text| {
            text.parse().map_err(|_| {
                self.source.invalid(
                    format!("the number of hops {text} is out of range"),
                    quantifier.span,
                )
            })
        })
        .transpose()
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
        let name = &path.name.kind.text;
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
