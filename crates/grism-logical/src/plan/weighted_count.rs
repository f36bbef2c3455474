//! `WeightedCount`: how many ways there are to bind a pattern, by the entity at one place of it.

use grism_core::{Tables, Type};
use serde::{Deserialize, Serialize};
use std::fmt;

use super::{Direction, SharedPlan};
use crate::{Column, plain_column};

/// Counts the ways to bind a pattern without making a row for each: from the leaves of the pattern up, every entity gets
/// the number of ways to bind what lies below its place.
///
/// ```text
/// w(a) = passes(a) * product over the branches of (sum of w(b) over the neighbours b of a)
/// ```
///
/// Output: the entity at the root and its count, for entities that have any; without a root, one row with the sum over all
/// entities. This is the pass of weights of Yannakakis' algorithm over incidence lists (arXiv 2411.04042): its work is linear
/// in the incidences of the steps, however many ways there are.
///
/// Steps that must bind different relationships are counted by inclusion and exclusion: one term counts all ways, others
/// subtract those in which steps coincide.
///
/// A pattern with cycles is counted once for each entity at a place of its cycles: see [`PinnedPattern`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WeightedCount {
    /// Plans of one column each, of the entities or edges that pass a condition.
    pub inputs: Vec<SharedPlan>,
    /// The patterns whose counts are added up.
    pub terms: Vec<WeightedTerm>,
    /// The variable at the root of each term; `None` where only the sum over all entities is wanted.
    pub root: Option<WeightedRoot>,
    /// The column of counts.
    pub count: String,
    /// The pattern as plans show it.
    pub pattern: String,
    /// The variables that are pinned where the pattern has cycles, for plans.
    pub pinned: Vec<String>,
}

/// The variable that counts are grouped by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WeightedRoot {
    /// Its column.
    pub column: String,
    /// The type of the column.
    pub ty: Type,
}

/// One pattern, and how often its count is added.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WeightedTerm {
    /// Negative where the count is subtracted.
    pub factor: i64,
    /// The pattern.
    pub shape: WeightedShape,
}

/// The form of a pattern.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum WeightedShape {
    /// Without cycles: a tree of places below one of them.
    Tree(WeightedPlace),
    /// With cycles.
    Cycles(PinnedPattern),
}

/// A pattern with cycles, which is a forest without some of its places. These are pinned: bound to one entity after the other.
/// For each of these the ways to bind the other places are counted from the pins' neighbours on, and only for entities that have any.
///
/// ```text
///   b                 a is pinned: w(b) of the neighbours b of a, w(d) of those d that lead to a,
///  ↗ ↘                sums of w(b) for the neighbours c of these, and of w(d);
/// a   c               the count is the sum of the products of both over every c
///  ↖ ↙
///   d
/// ```
///
/// A clique of `n` places has `n - 2` pins, each among the neighbours of those before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PinnedPattern {
    /// The pins, the outermost first; then the other places, each behind those that lead to it.
    pub places: Vec<PinnedPlace>,
    /// How many pins there are.
    pub pins: usize,
    /// The place whose entities counts are by: the first pin, or a place that leads to no other.
    pub root: usize,
}

/// A place of a [`PinnedPattern`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PinnedPlace {
    /// Its conditions, and the parts of the pattern at it that are on no cycle.
    pub place: WeightedPlace,
    /// What leads to it: from pins that are bound before it, and from places behind the pins.
    pub arrivals: Vec<PinnedArrival>,
}

/// The steps by which a place is reached from another one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PinnedArrival {
    /// The number of the place that the steps start from, which is before that which they lead to.
    pub from: usize,
    /// At least one step, as seen from there; the numbers of ways multiply.
    pub steps: Vec<WeightedStep>,
}

/// A variable of a pattern, and what lies below it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WeightedPlace {
    /// The tables that its entity comes from.
    pub tables: Tables,
    /// Numbers of the inputs of which each must have the entity.
    pub inputs: Vec<usize>,
    /// Steps from the entity to itself, each of which multiplies its weight by the number of its self-loops.
    pub loops: Vec<WeightedStep>,
    /// What is reached from it.
    pub branches: Vec<WeightedBranch>,
}

/// A place that is reached from another by one step, or by several at once, whose numbers of ways multiply.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WeightedBranch {
    /// At least one step between the same two entities.
    pub steps: Vec<WeightedStep>,
    /// The place that is reached.
    pub place: WeightedPlace,
}

/// A step from an entity to its neighbours.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WeightedStep {
    /// Tables of the hyperedges.
    pub tables: Tables,
    /// How it leads on.
    pub hop: WeightedHop,
    /// Of binary edges: numbers of the inputs of which each must have the edge.
    pub inputs: Vec<usize>,
    /// Whether an edge from an entity to itself counts.
    pub loops: SelfLoops,
}

/// How a step leads from an entity to its neighbours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WeightedHop {
    /// Along binary edges.
    Edges(Direction),
    /// From a member to the hyperedges that bind it in one of these roles.
    ToHyperedges(Vec<String>),
    /// From a hyperedge to its members in these roles.
    ToMembers(Vec<String>),
}

/// Whether self-loops count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum SelfLoops {
    /// Once each, whatever the direction.
    Counted,
    /// Not at all.
    LeftOut,
}

impl WeightedCount {
    /// The columns of the output.
    #[must_use]
    pub fn columns(&self) -> Vec<Column> {
        let root = self.root.as_ref();
        let root = root.map(|root| Column::new(&root.column, root.ty.clone()));
        let count = Column::new(&self.count, Type::Int64);
        root.into_iter().chain([count]).collect()
    }

    /// The node in one line.
    #[must_use]
    pub fn describe(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for WeightedCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WeightedCount({}", self.pattern)?;
        if let Some(root) = &self.root {
            write!(f, "; by {}", plain_column(&root.column))?;
        }
        if !self.pinned.is_empty() {
            let pinned = self.pinned.iter().map(|own| plain_column(own));
            write!(f, "; for each {}", pinned.collect::<Vec<_>>().join(", "))?;
        }
        match self.terms.len() {
            0 | 1 => f.write_str(")"),
            terms => write!(f, "; corrections: {})", terms - 1),
        }
    }
}
