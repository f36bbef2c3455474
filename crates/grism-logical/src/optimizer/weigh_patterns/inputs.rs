//! The plans of what passes the conditions on one place or one edge of a pattern.

use grism_core::{Comparison, Tables, Type};

use super::region::{Place, Step};
use crate::{HyperedgeScan, LogicalPlan, NodeScan};

/// The entities of a place that pass what is asked of them alone; `None` where nothing is asked.
pub(super) fn place_input(place: &Place) -> Option<LogicalPlan> {
    if place.conjuncts.is_empty() && place.predicate.is_empty() {
        return None;
    }
    let tables = Tables::from(place.tables.clone());
    let (variable, label) = (place.variable.clone(), place.label.clone());
    let scan = match &place.ty {
        Type::Hyperedge(_) => hyperedge_scan(variable, tables, label, place.predicate.clone()),
        ty => LogicalPlan::NodeScan(NodeScan {
            variable,
            ty: ty.clone(),
            tables,
            label,
            properties: Vec::new(),
            predicate: place.predicate.clone(),
            index: None,
        }),
    };
    Some(scan.filtered(place.conjuncts.clone()))
}

/// The edges of a step that pass what is asked of them alone; `None` where nothing is asked.
pub(super) fn step_input(step: &Step) -> Option<LogicalPlan> {
    let edge = step.edge.clone().filter(|_| !step.conjuncts.is_empty())?;
    let (tables, label) = (Tables::from(step.tables.clone()), step.label.clone());
    let scan = hyperedge_scan(edge, tables, label, Vec::new());
    Some(scan.filtered(step.conjuncts.clone()))
}

fn hyperedge_scan(
    variable: String,
    tables: Tables,
    label: String,
    predicate: Vec<Comparison>,
) -> LogicalPlan {
    LogicalPlan::HyperedgeScan(HyperedgeScan {
        variable,
        tables,
        label,
        bindings: Vec::new(),
        properties: Vec::new(),
        predicate,
        index: None,
    })
}
