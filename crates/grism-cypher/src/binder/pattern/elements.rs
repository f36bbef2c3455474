//! What a pattern is taken apart into: entities, steps between them, and repeated groups.

use grism_core::{TableId, Tables, Type};
use grism_logical::pattern::PatternGraph;
use grism_logical::{LogicalExpr, PathMode};

use super::group::Group;
use super::path::{Length, PathItem, PathOf};
use crate::syntax::{Expr, LabelExpression, RelationshipPattern, Span};

/// A node or hyperedge while its kind and tables are being found out.
#[derive(Clone)]
pub(crate) struct Entity {
    pub(crate) column: String,
    pub(crate) name: Option<String>,
    pub(crate) label: String,
    pub(crate) tables: EntityTables,
    /// The type it has from an earlier clause.
    pub(crate) bound: Option<Type>,
    /// Whether a repetition starts here, from an entity of any kind.
    pub(crate) is_start: bool,
    /// Label expressions that its tables do not settle.
    pub(crate) checks: Vec<LabelExpression>,
}

/// The tables that the parts of a pattern allow an entity; it may come from those that all of them allow.
#[derive(Clone)]
pub(crate) struct EntityTables {
    /// Tables it ranges over where nothing else says which.
    pub(crate) unlabelled: Tables,
    /// Tables its labels allow; `None` where it has no label.
    pub(crate) labelled: Option<Tables>,
    /// Tables of the declared types whose roles it is used with.
    pub(crate) by_roles: Option<Vec<TableId>>,
    /// Tables that the roles it is a member of, or the repeated patterns it ends, allow.
    pub(crate) as_member: Option<Vec<TableId>>,
}

impl EntityTables {
    /// The tables before the steps of the pattern are looked at.
    pub(super) const fn new(unlabelled: Tables, labelled: Option<Tables>) -> Self {
        Self {
            unlabelled,
            labelled,
            by_roles: None,
            as_member: None,
        }
    }

    /// Leaves the tables that further labels allow too.
    pub(super) fn add_labelled(&mut self, more: Tables) {
        self.labelled = Some(match &self.labelled {
            None => more,
            Some(own) => {
                let both = own.iter().copied().filter(|table| more.contains(table));
                both.collect()
            }
        });
    }
}

/// A relationship pattern and the entities at its ends, by index.
#[derive(Clone)]
pub(crate) struct Step<'p> {
    pub(crate) pattern: &'p RelationshipPattern,
    pub(crate) left: usize,
    pub(crate) right: usize,
    pub(crate) span: Span,
    /// The types and roles it may have; `None` where it may have any.
    pub(crate) names: Option<Vec<String>>,
    /// Whether these names are written out, so that an unknown one among them is a slip.
    pub(crate) is_list: bool,
    /// How many hops it stands for; `None` is one, and no list.
    pub(crate) length: Option<Length>,
}

impl Step<'_> {
    /// Whether a type or role of this name may be followed.
    pub(crate) fn allows(&self, name: &str) -> bool {
        let names = self.names.as_ref();
        names.is_none_or(|names| names.iter().any(|own| own == name))
    }

    /// Where its type is written, or the whole step where it has none.
    pub(crate) fn type_span(&self) -> Span {
        let labels = self.pattern.labels.as_ref();
        labels.map_or(self.span, |labels| labels.span)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StepKind {
    /// Binary edges, any number of them in a row.
    Edge,
    /// A role step whose hyperedge stands at the left or, where true, at the right.
    Role { reversed: bool },
    /// Several hops, each of which may be a role: a repeated pattern of one step.
    Repeated,
}

/// Where a step stands in the pattern graph.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// Among the edges.
    Edge(usize),
    /// Among the role steps.
    Role(usize),
    /// Among the groups.
    Group(usize),
}

/// What a pattern is taken apart into.
#[derive(Clone, Default)]
pub(crate) struct Elements<'p> {
    pub(crate) entities: Vec<Entity>,
    pub(crate) steps: Vec<Step<'p>>,
    pub(crate) groups: Vec<Group<'p>>,
    /// Property maps of entities.
    pub(crate) inline: Vec<(usize, &'p Expr)>,
    pub(crate) wheres: Vec<&'p Expr>,
    pub(crate) paths: Vec<PathOf<'p>>,
    /// Paths with a mode of their own, and what they run through.
    pub(crate) modes: Vec<(PathMode, Vec<PathItem>)>,
}

/// A pattern whose graph is known.
pub(crate) struct BoundPattern<'p> {
    pub(crate) elements: Elements<'p>,
    pub(crate) graph: PatternGraph,
    /// Where each step stands in the graph.
    pub(crate) places: Vec<Place>,
}

impl BoundPattern<'_> {
    /// Where an item of a path stands in the graph; `None` for an entity.
    pub(crate) fn place(&self, item: PathItem) -> Option<Place> {
        place(item, &self.places)
    }

    /// The column of the incidence that a role step binds.
    pub(crate) fn incidence(&self, role: usize) -> LogicalExpr {
        let incidence = self.graph.roles[role].incidence.clone();
        LogicalExpr::Column(incidence.unwrap_or_default())
    }
}

/// Where an item of a path stands in the graph whose steps have these places; `None` for an entity.
pub(super) fn place(item: PathItem, places: &[Place]) -> Option<Place> {
    match item {
        PathItem::Entity(_) => None,
        PathItem::Step(index) => Some(places[index]),
        PathItem::Group(index) => Some(Place::Group(index)),
    }
}
