//! `PathExpand`: paths of binary edges, and which of them are found.

use std::sync::Arc;

use grism_core::{Tables, Type};
use serde::{Deserialize, Serialize};

use super::{Direction, ListHop, ListStep, PropertyRef, SharedPlan, WeightedHop};
use crate::{Column, LogicalExpr};

/// Which of the paths between two nodes are found. A path takes no relationship twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PathSearch {
    /// Every path.
    Trails,
    /// The nodes at the ends of paths, each once for a row.
    Reach,
    /// One path with the fewest hops.
    AnyShortest,
    /// Every path with the fewest hops.
    AllShortest,
    /// This many paths, those with the fewest hops first.
    Shortest(u64),
    /// Every path whose number of hops is among the least ones, of which there are this many.
    ShortestGroups(u64),
}

/// What a path may meet twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PathMode {
    /// Anything.
    Walk,
    /// No relationship.
    #[default]
    Trail,
    /// No relationship and no node.
    Acyclic,
    /// No relationship and no node, but for the first one as the last one.
    Simple,
}

impl PathMode {
    /// The word that writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Walk => "WALK",
            Self::Trail => "TRAIL",
            Self::Acyclic => "ACYCLIC",
            Self::Simple => "SIMPLE",
        }
    }
}

/// Follows binary edges from a bound node, as many as allowed: input columns, then the steps (where named), the nodes
/// they lead to (where named), the number of steps (where named), then the last of those nodes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PathExpand {
    /// Rows to expand.
    pub input: SharedPlan,
    /// The column expansion starts from.
    pub from: String,
    /// Tables of the hyperedges.
    pub tables: Tables,
    /// The types as the query names them, for plans.
    pub label: String,
    /// Which way they are followed.
    pub direction: Direction,
    /// The fewest hops.
    pub least: u64,
    /// The most hops; `None` where there is no limit.
    pub most: Option<u64>,
    /// Which paths are found.
    pub search: PathSearch,
    /// What a path may meet twice.
    #[serde(default)]
    pub mode: PathMode,
    /// Properties that every hyperedge must have, with their values.
    pub properties: Vec<(PropertyRef, LogicalExpr)>,
    /// The column of the last node, where the input has it: only paths that end there are found.
    pub target: Option<String>,
    /// The column of the list of hyperedges; `None` where nothing needs them.
    pub edges: Option<String>,
    /// The column of the list of nodes reached, without the first; `None` where nothing needs them.
    pub nodes: Option<String>,
    /// The column of the number of hops; `None` where nothing needs it.
    #[serde(default)]
    pub length: Option<String>,
    /// The column of the last node.
    pub to: String,
    /// Its type.
    pub to_type: Type,
    /// Tables the last node must come from; `None` for any.
    pub restrict: Option<Tables>,
}

impl PathExpand {
    /// The columns added to those of the input.
    #[must_use]
    pub fn columns(&self) -> Vec<Column> {
        let mut columns = Vec::new();
        if let Some(edges) = &self.edges {
            let ty = Type::Hyperedge(Arc::clone(&self.tables)).list();
            columns.push(Column::new(edges, ty));
        }
        if let Some(nodes) = &self.nodes {
            columns.push(Column::new(nodes, self.to_type.clone().list()));
        }
        let length = self.length.as_ref();
        columns.extend(length.map(|length| Column::new(length, Type::Int64)));
        columns.push(Column::new(&self.to, self.to_type.clone()));
        columns
    }

    /// One hop, without the properties that its edge must have.
    #[must_use]
    pub fn list_hop(&self) -> ListHop {
        ListHop {
            from: None,
            steps: vec![ListStep {
                tables: Arc::clone(&self.tables),
                hop: WeightedHop::Edges(self.direction),
                to: None,
            }],
        }
    }

    /// Whether nothing is asked of a path but its length and its last node.
    #[must_use]
    pub const fn is_without_steps(&self) -> bool {
        self.edges.is_none() && self.nodes.is_none()
    }
}
