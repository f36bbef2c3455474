//! The graph of a pattern: what one MATCH looks for, as data.

use std::collections::BTreeSet;

use grism_core::{Tables, Type};

use crate::{Collected, Direction, LogicalExpr, PathMode, PathSearch, PropertyRef, SharedPlan};

/// A node or hyperedge of a pattern.
#[derive(Clone, Debug)]
pub struct PatternEntity {
    /// Its column.
    pub variable: String,
    /// What it is, and the tables it may come from.
    pub ty: Type,
    /// The label or type as the query names it; empty where it names none.
    pub label: String,
    /// The share of its tables that the query's predicates on it are expected to leave, in (0, 1].
    pub selectivity: f64,
}

/// A binary edge of a pattern.
#[derive(Clone, Debug)]
pub struct PatternEdge {
    /// Its column.
    pub variable: String,
    /// Tables of its types.
    pub tables: Tables,
    /// The types as the query names them.
    pub label: String,
    /// Which way it points, from left to right being `Out`.
    pub direction: Direction,
    /// The variable at its left.
    pub left: String,
    /// The variable at its right.
    pub right: String,
    /// How often it is followed; `None` is once.
    pub path: Option<PatternPath>,
    /// The share of the edges that the query's predicates on it are expected to leave, in (0, 1].
    pub selectivity: f64,
}

/// A predicate that compares elements of a pattern with each other.
#[derive(Clone, Debug)]
pub struct PatternFilter {
    /// The columns that must be bound before it is computed.
    pub columns: BTreeSet<String>,
    /// The share of the rows that it is expected to leave, in (0, 1].
    pub selectivity: f64,
}

/// A step of a pattern that stands for several hops.
#[derive(Clone, Debug)]
pub struct PatternPath {
    /// What one hop is.
    pub hop: PatternHop,
    /// The fewest hops.
    pub least: u64,
    /// The most hops; `None` where there is no limit.
    pub most: Option<u64>,
    /// Which paths are found.
    pub search: PathSearch,
    /// What a path may meet twice.
    pub mode: PathMode,
    /// Columns that its hops read beside their own, which must be bound before it is followed.
    pub reads: BTreeSet<String>,
}

impl PatternPath {
    /// Whether a search from one end, breadth-first, has found the paths to an entity when it comes upon it first, so that it
    /// need not know the other end to come to its own.
    #[must_use]
    pub const fn finds_each_end_once(&self) -> bool {
        let prunable = match &self.hop {
            PatternHop::Edge { .. } => true,
            PatternHop::Pattern { prunable, .. } => *prunable,
        };
        let is_shortest = matches!(
            self.search,
            PathSearch::AnyShortest | PathSearch::AllShortest
        );
        is_shortest && self.least <= 1 && (prunable || matches!(self.mode, PathMode::Walk))
    }
}

/// One hop of a step that stands for several.
#[derive(Clone, Debug)]
pub enum PatternHop {
    /// A binary edge.
    Edge {
        /// Properties that every edge must have.
        properties: Vec<(PropertyRef, LogicalExpr)>,
        /// The column of the list of nodes the hops lead to, from left to right.
        nodes: String,
    },
    /// A pattern of its own.
    Pattern {
        /// From its left end to its right end.
        forward: Box<Repetition>,
        /// From its right end to its left end; it collects the same, in the same order.
        backward: Box<Repetition>,
        /// Whether no shortest chain of hops takes a relationship twice.
        prunable: bool,
    },
}

/// A repeated pattern, planned from one of its ends: the parts of a [`crate::Repeat`] of the same names.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "those of `Repeat`")]
pub struct Repetition {
    pub hop: SharedPlan,
    pub start: String,
    pub start_type: Type,
    pub end: String,
    pub used: Vec<String>,
    pub collected: Vec<Collected>,
}

/// A list that a repeated pattern collects, of relationships or incidences, which no other step of the MATCH may take.
#[derive(Clone, Debug)]
pub struct PatternTaken {
    /// The column of lists.
    pub column: String,
    /// Tables of the edges, or of the hyperedges of the incidences.
    pub tables: Tables,
    /// The roles of the incidences; `None` for binary edges.
    pub roles: Option<Vec<String>>,
    /// Which repeated pattern it belongs to.
    pub group: usize,
}

/// A role step of a pattern.
#[derive(Clone, Debug)]
pub struct PatternRole {
    /// The hyperedge's variable.
    pub hyperedge: String,
    /// The roles of which one is bound.
    pub roles: Vec<String>,
    /// The member's variable.
    pub member: String,
    /// The incidence's column, where the query needs it.
    pub incidence: Option<String>,
    /// Whether it may bind an incidence that another step binds as well.
    pub repeats: bool,
}

/// The elements of one MATCH.
#[derive(Clone, Debug, Default)]
pub struct PatternGraph {
    /// Nodes and hyperedges, each variable once.
    pub entities: Vec<PatternEntity>,
    /// Binary edges.
    pub edges: Vec<PatternEdge>,
    /// Role steps.
    pub roles: Vec<PatternRole>,
    /// What predicates ask of several elements, for the order alone: no plan computes them.
    pub filters: Vec<PatternFilter>,
    /// What repeated patterns take.
    pub taken: Vec<PatternTaken>,
    /// Columns that close cycles are numbered from here on; no plan makes more than two for a step.
    pub first_temporary: usize,
}

impl PatternGraph {
    /// The tables of the entity in the column `variable`.
    #[must_use]
    pub fn tables(&self, variable: &str) -> Tables {
        let entity = self
            .entities
            .iter()
            .find(|entity| entity.variable == variable);
        entity
            .and_then(|entity| entity.ty.tables())
            .cloned()
            .unwrap_or_default()
    }
}
