//! `CountIntersect`: how many nodes several bound nodes have as neighbours together.

use grism_core::Tables;
use serde::{Deserialize, Serialize};

use super::{Direction, SharedPlan};

/// Counts the ways in which edges from several bound nodes meet at one node, without following them: input columns, then the
/// count.
///
/// ```text
/// a ──► c ◄── b      the edges from a to c times those from b to c, summed over every c
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CountIntersect {
    /// Rows to count for.
    pub input: SharedPlan,
    /// The steps that meet, two or more.
    pub steps: Vec<CountedStep>,
    /// Tables the node they meet at must come from; `None` for any.
    pub restrict: Option<Tables>,
    /// Steps, by their places, that must take different edges.
    pub apart: Vec<(usize, usize)>,
    /// The column of counts.
    pub count: String,
}

/// A step of a [`CountIntersect`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CountedStep {
    /// The column of the node it starts from; where it is null the count is 0.
    pub from: String,
    /// Tables of the edges.
    pub tables: Tables,
    /// The types as the query names them, for plans.
    pub label: String,
    /// Which way the edges are followed from there.
    pub direction: Direction,
    /// Columns of edges that it does not take.
    pub except: Vec<String>,
}

impl CountIntersect {
    /// The columns of the input that are read.
    pub fn read(&self) -> impl Iterator<Item = &String> {
        let steps = self.steps.iter();
        steps.flat_map(|step| std::iter::once(&step.from).chain(&step.except))
    }
}
