//! Repeated patterns: `((a)-[:R]->(b)){1,3}`, and role steps of variable length.
//!
//! One repetition is bound as a pattern of its own, which starts from an entity of any kind: once from its left end and
//! once from its right end, since the planner may reach the group from either side. The variables of the pattern are lists
//! outside of it.

use super::path::Length;
use crate::syntax::{Expr, PathElement, PathElementKind, PathPattern, RelationshipPattern, Span};
use grism_logical::Internal;

/// A repeated pattern, and the entities at its ends by index.
#[derive(Clone)]
pub(crate) struct Group<'p> {
    pub(crate) pattern: GroupPattern<'p>,
    pub(crate) predicate: Option<&'p Expr>,
    pub(crate) length: Length,
    pub(crate) left: usize,
    pub(crate) right: usize,
    pub(crate) span: Span,
    /// Makes the names of its columns differ from those of other groups.
    pub(crate) number: usize,
}

/// What is repeated.
#[derive(Clone)]
pub(crate) enum GroupPattern<'p> {
    /// A path pattern in parentheses.
    Path(&'p PathPattern),
    /// A step between nodes that are not written.
    Steps(Box<RelationshipPattern>),
}

impl Group<'_> {
    /// The columns of what a path through the group runs through: relationships, and the entities they lead to.
    pub(crate) fn path_columns(&self) -> (String, String) {
        (
            Internal::GroupSteps(self.number).column(),
            Internal::GroupEntities(self.number).column(),
        )
    }
}

/// The path of one step between nodes that are not written.
pub(super) fn path_of(step: &RelationshipPattern, span: Span) -> PathPattern {
    let node = || PathElement {
        kind: PathElementKind::Node(Box::default()),
        span,
    };
    let step = PathElement {
        kind: PathElementKind::Relationship(Box::new(step.clone())),
        span,
    };
    PathPattern {
        variable: None,
        selector: None,
        mode: None,
        elements: vec![node(), step, node()],
        span,
    }
}

/// The column of what each repetition of the group takes, by its number within a repetition.
pub(crate) fn taken_column(group: &Group<'_>, number: usize) -> String {
    let group = group.number;
    Internal::GroupTaken { group, number }.column()
}
