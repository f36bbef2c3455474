//! Paths: steps that stand for several hops, searches for the shortest, and paths as values.

use grism_core::{Result, Type};
use grism_logical::pattern::PatternGraph;
use grism_logical::{LogicalExpr, PathSearch, ScalarFunction};
use open_cypher::ast::{Name, Node, PathSelector, Quantifier, QuantifierKind, RelationshipPattern};

use super::Binder;
use super::pattern::{Entity, Step, StepKind};
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
        Ok(match &selector.kind {
            PathSelector::All => PathSearch::Trails,
            PathSelector::AnyShortest => PathSearch::AnyShortest,
            PathSelector::AllShortest => PathSearch::AllShortest,
            PathSelector::Any { count } if count.as_deref().is_none_or(|count| count == "1") => {
                PathSearch::AnyShortest
            }
            PathSelector::Shortest { count, groups }
                if count.as_deref().is_none_or(|count| count == "1") =>
            {
                if *groups {
                    PathSearch::AllShortest
                } else {
                    PathSearch::AnyShortest
                }
            }
            _ => return Err(self.source.unsupported("this path selector", selector.span)),
        })
    }

    pub(super) fn length_of(
        &self,
        pattern: &RelationshipPattern,
        search: PathSearch,
    ) -> Result<Option<Length>> {
        let (quantifier, legacy) = match (&pattern.legacy_quantifier, &pattern.graph_quantifier) {
            (Some(quantifier), _) => (quantifier, true),
            (None, Some(quantifier)) => (quantifier, false),
            (None, None) => return Ok(None),
        };
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
        Ok(Some(Length {
            least,
            most,
            search,
        }))
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
    pub(super) fn bind_path(
        &mut self,
        path: &PathOf<'_>,
        entities: &[Entity],
        steps: &[Step<'_>],
        kinds: &[StepKind],
        graph: &PatternGraph,
    ) -> Result<()> {
        let mut arguments = Vec::new();
        let mut lists = None;
        for item in &path.items {
            match item {
                // A step of several hops brings the nodes it leads to along, the last one included.
                PathItem::Entity(index) => match lists.take() {
                    Some(nodes) => arguments.push(nodes),
                    None => arguments.push(LogicalExpr::column(&entities[*index].column)),
                },
                PathItem::Step(index) => {
                    let place = kinds[..*index]
                        .iter()
                        .filter(|kind| {
                            (**kind == StepKind::Edge) == (kinds[*index] == StepKind::Edge)
                        })
                        .count();
                    if kinds[*index] == StepKind::Edge {
                        let edge = &graph.edges[place];
                        arguments.push(LogicalExpr::column(&edge.variable));
                        lists = edge
                            .path
                            .as_ref()
                            .map(|path| LogicalExpr::column(&path.nodes));
                    } else {
                        let incidence = graph.roles[place].incidence.clone();
                        let incidence = incidence.ok_or_else(|| {
                            self.source.unsupported(
                                "a path through roles; name its steps",
                                steps[*index].span,
                            )
                        })?;
                        arguments.push(LogicalExpr::Column(incidence));
                    }
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
