//! Paths as values: the list of what a path runs through.

use grism_functions::PATH;
use grism_logical::LogicalExpr;
use grism_logical::pattern::PatternHop;

use super::elements::{BoundPattern, Place};
use super::path::{PathItem, PathOf};

/// The value of a path variable: the path through its elements.
pub(crate) fn path_value(path: &PathOf<'_>, pattern: &BoundPattern<'_>) -> LogicalExpr {
    let mut arguments = Vec::new();
    let mut reached = None;
    for item in &path.items {
        // A step of several hops brings the nodes it leads to along, the last one included.
        if let PathItem::Entity(index) = item {
            let own = LogicalExpr::column(&pattern.elements.entities[*index].column);
            arguments.push(reached.take().unwrap_or(own));
        }
        match pattern.place(*item) {
            None => {}
            Some(Place::Edge(place)) => {
                let edge = &pattern.graph.edges[place];
                arguments.push(LogicalExpr::column(&edge.variable));
                if let Some(PatternHop::Edge { nodes, .. }) =
                    edge.path.as_ref().map(|path| &path.hop)
                {
                    reached = Some(LogicalExpr::column(nodes));
                }
            }
            Some(Place::Role(place)) => arguments.push(pattern.incidence(place)),
            Some(Place::Group(index)) => {
                let (steps, entities) = pattern.elements.groups[index].path_columns();
                arguments.push(LogicalExpr::Column(steps));
                reached = Some(LogicalExpr::Column(entities));
            }
        }
    }
    LogicalExpr::call(&PATH, arguments)
}
