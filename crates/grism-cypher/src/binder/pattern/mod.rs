//! Patterns: the pattern of a MATCH becomes a `PatternGraph`, which is plain data that the planner orders.
//!
//! ```text
//! Pattern ──► take_apart ──► Elements ──► choices ──► kinds of steps
//!                                                        │
//!                      ┌─────────────────────────────────┘
//!                      └──► bind_elements ──► PatternBinding: graph, conditions, scope, Needs
//! ```
//!
//! A step is a binary edge or a role; where its type does not tell, [`choices`] lists what it may be, and each choice is
//! bound by itself. No function here holds a plan: the clause phase plans the graph, and gives the plan of one repetition of
//! a repeated pattern.

mod bind;
mod conditions;
mod elements;
mod estimate;
mod graph;
mod group;
mod names;
mod node;
mod parts;
mod path;
mod path_mode;
mod path_value;
mod predicates;
mod repetitions;
mod steps;
mod tables;
#[cfg(test)]
mod tests;
mod uniqueness;
mod variables;
mod walked;

pub(crate) use bind::{Incidences, bind_elements};
pub(crate) use conditions::late_condition;
pub(crate) use elements::{BoundPattern, Elements, Place, StepKind};
pub(crate) use estimate::estimate;
pub(crate) use group::{Group, taken_column};
pub(crate) use names::taken_name;
pub(crate) use parts::{add_path, take_apart};
pub(crate) use path::{PathItem, TRAILS};
pub(crate) use path_mode::distinct_entities;
pub(crate) use path_value::path_value;
pub(crate) use repetitions::{BoundRepetition, Taken};
pub(crate) use steps::{Choice, choices};
pub(crate) use tables::entity_type;
