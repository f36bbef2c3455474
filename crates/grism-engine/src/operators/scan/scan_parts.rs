//! `ScanParts`: what a scan of nodes and one of hyperedges have in common.

use grism_core::{EntityKind, ScanPredicate, Tables};
use grism_logical::{HyperedgeScan, NodeScan, PropertyRef, RoleBinding};

use super::table_scan::{ScanSource, scan_advice};
use crate::OperatorRun;
use crate::operators::expand::expansion::describe_bindings;
use crate::operators::names::{comma_separated, named};

/// A view of a scan.
pub(super) struct ScanParts<'s> {
    kind: EntityKind,
    variable: &'s str,
    label: &'s str,
    tables: &'s Tables,
    bindings: &'s [RoleBinding],
    properties: &'s [PropertyRef],
    predicate: &'s ScanPredicate,
    index: Option<&'s str>,
}

impl<'s> ScanParts<'s> {
    pub(super) fn of_nodes(scan: &'s NodeScan) -> Self {
        Self {
            kind: EntityKind::Node,
            variable: &scan.variable,
            label: &scan.label,
            tables: &scan.tables,
            bindings: &[],
            properties: &scan.properties,
            predicate: &scan.predicate,
            index: scan.index.as_deref(),
        }
    }

    pub(super) fn of_hyperedges(scan: &'s HyperedgeScan) -> Self {
        Self {
            kind: EntityKind::Hyperedge,
            variable: &scan.variable,
            label: &scan.label,
            tables: &scan.tables,
            bindings: &scan.bindings,
            properties: &scan.properties,
            predicate: &scan.predicate,
            index: scan.index.as_deref(),
        }
    }

    /// The keys of the properties that are read.
    pub(super) fn keys(&self) -> Vec<String> {
        let properties = self.properties.iter();
        properties.map(|own| own.key.clone()).collect()
    }

    /// What is read of every table, as the leaf number `leaf`.
    pub(super) fn source(&self, columns: Vec<String>, leaf: Option<u32>) -> ScanSource {
        ScanSource {
            tables: Tables::clone(self.tables),
            columns,
            predicate: self.predicate.clone(),
            by_index: self.index.is_some(),
            leaf,
        }
    }

    pub(super) fn advice(&self, run: &OperatorRun<'_>) -> Option<String> {
        let scanned = (self.kind, self.label);
        scan_advice(scanned, self.tables, self.predicate, self.index, run)
    }

    pub(super) fn describe(&self) -> String {
        let mut parts = vec![named(self.variable, self.label)];
        if !self.bindings.is_empty() {
            parts.push(describe_bindings(self.bindings));
        }
        if !self.properties.is_empty() {
            parts.push(format!("read {}", comma_separated(self.keys())));
        }
        if !self.predicate.is_empty() {
            let conditions: Vec<_> = self.predicate.iter().map(ToString::to_string).collect();
            parts.push(format!("where {}", conditions.join(" AND ")));
        }
        parts.extend(self.index.map(|index| format!("index {index}")));
        let name = match self.kind {
            EntityKind::Node => "NodeScan",
            EntityKind::Hyperedge => "HyperedgeScan",
        };
        format!("{name}({})", parts.join("; "))
    }
}
