//! What is walked, and so may be met twice: the steps of paths whose mode is a walk.

use grism_logical::PathMode;

use super::elements::{Elements, Place, place};

/// What is walked, and so may be met twice, by its place in the pattern graph.
#[derive(Debug, Default)]
pub(super) struct Walked {
    pub(super) edges: Vec<usize>,
    pub(super) roles: Vec<usize>,
    pub(super) groups: Vec<usize>,
}

/// The steps of the paths that are walks.
pub(super) fn walked(elements: &Elements<'_>, places: &[Place]) -> Walked {
    let mut walked = Walked::default();
    let walks = elements
        .modes
        .iter()
        .filter(|(mode, _)| *mode == PathMode::Walk);
    for item in walks.flat_map(|(_, items)| items) {
        match place(*item, places) {
            None => {}
            Some(Place::Edge(index)) => walked.edges.push(index),
            Some(Place::Role(index)) => walked.roles.push(index),
            Some(Place::Group(index)) => walked.groups.push(index),
        }
    }
    walked
}
