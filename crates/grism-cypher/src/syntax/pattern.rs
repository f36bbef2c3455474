//! Patterns: paths of nodes, relationships and repeated groups.

use grism_logical::PathMode;

use super::{Expr, LabelExpression, Name, Span};

/// Path patterns that a comma joins.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pattern {
    pub(crate) paths: Vec<PathPattern>,
    pub(crate) span: Span,
}

/// One path pattern.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PathPattern {
    /// The variable of the path.
    pub(crate) variable: Option<Name>,
    /// Which of the paths are taken.
    pub(crate) selector: Option<(Selector, Span)>,
    /// What a path may meet twice; `None` is the default, no relationship twice.
    pub(crate) mode: Option<(PathMode, Span)>,
    pub(crate) elements: Vec<PathElement>,
    pub(crate) span: Span,
}

/// Which of the paths between two ends are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Selector {
    /// `ALL`.
    All,
    /// `ANY` or `ANY k`.
    Any(u64),
    /// `ANY SHORTEST`.
    AnyShortest,
    /// `ALL SHORTEST`.
    AllShortest,
    /// `SHORTEST k`.
    Shortest(u64),
    /// `SHORTEST k GROUPS`.
    ShortestGroups(u64),
}

/// A piece of a path pattern.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PathElement {
    pub(crate) kind: PathElementKind,
    pub(crate) span: Span,
}

/// The kinds of pieces of a path pattern.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum PathElementKind {
    /// `(…)`.
    Node(Box<NodePattern>),
    /// `-[…]->`.
    Relationship(Box<RelationshipPattern>),
    /// `((…)-[…]->(…)){1,3}`.
    Group(Box<GroupPattern>),
    /// `shortestPath(…)`, or `allShortestPaths(…)` where `all`.
    Shortest { all: bool, path: Box<PathPattern> },
}

/// A node pattern.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct NodePattern {
    pub(crate) variable: Option<Name>,
    pub(crate) labels: Option<LabelExpression>,
    pub(crate) properties: Option<Expr>,
    pub(crate) predicate: Option<Expr>,
}

/// A relationship pattern.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RelationshipPattern {
    pub(crate) variable: Option<Name>,
    pub(crate) labels: Option<LabelExpression>,
    pub(crate) properties: Option<Expr>,
    pub(crate) predicate: Option<Expr>,
    pub(crate) direction: Direction,
    /// How often it is followed; `None` is once, and binds no list.
    pub(crate) quantifier: Option<Quantifier>,
}

/// Which way a relationship pattern points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// `-->`.
    Right,
    /// `<--`.
    Left,
    /// `--` or `<-->`.
    Either,
}

/// A path pattern in parentheses, perhaps repeated.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct GroupPattern {
    pub(crate) path: PathPattern,
    pub(crate) predicate: Option<Expr>,
    pub(crate) quantifier: Option<Quantifier>,
}

/// How often a part of a path is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quantifier {
    pub(crate) least: u64,
    /// `None` where there is no upper bound.
    pub(crate) most: Option<u64>,
    pub(crate) span: Span,
}
