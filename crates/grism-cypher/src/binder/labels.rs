//! Label expressions: which tables they allow.

use std::sync::Arc;

use grism_core::{Result, Table, TableKind, Tables};

use super::{Binder, hint};
use crate::syntax::{LabelExpression, LabelKind, Name};

impl Binder<'_> {
    /// The tables whose entities a label expression allows in a node pattern, which finds hyperedges only of the types
    /// that it names: `!Person` and `%` speak of nodes.
    pub(super) fn found_tables(&mut self, labels: &LabelExpression) -> Result<Tables> {
        let mut named = Vec::new();
        positive_names(labels, &mut named);
        let allowed = self.labelled_tables(labels)?;
        let mut found = Vec::new();
        for id in allowed.iter() {
            let hyperedge_type = self.schema.table(*id)?.hyperedge_type();
            if hyperedge_type.is_none_or(|ty| named.contains(&ty.name.as_str())) {
                found.push(*id);
            }
        }
        Ok(found.into())
    }

    /// The tables for whose entities a label expression holds. A declared hyperedge type is a label of its hyperedges.
    pub(super) fn labelled_tables(&mut self, labels: &LabelExpression) -> Result<Tables> {
        self.warn_of_unknown_labels(labels);
        let tables: Vec<&Table> = self
            .schema
            .tables()
            .filter(|table| match &table.kind {
                TableKind::Nodes { .. } => true,
                TableKind::Hyperedges(hyperedge_type) => hyperedge_type.declared,
            })
            .collect();
        let mut allowed = Vec::new();
        for table in tables {
            if self.label_holds(labels, table)? {
                allowed.push(table.id);
            }
        }
        Ok(allowed.into())
    }

    /// Whether the expression holds for entities of the table, or may hold for those whose labels have changed.
    fn label_holds(&self, labels: &LabelExpression, table: &Table) -> Result<bool> {
        let changes = !table.changed_labels.is_empty();
        Ok(match &labels.kind {
            LabelKind::Name(name) if changes => table.may_have(&name.text),
            LabelKind::Wildcard | LabelKind::Not(_) if changes => true,
            LabelKind::Name(name) => match &table.kind {
                TableKind::Nodes { labels } => labels.contains(&name.text),
                TableKind::Hyperedges(hyperedge_type) => hyperedge_type.name == name.text,
            },
            LabelKind::Wildcard => {
                !table.labels().is_empty() || table.hyperedge_type().is_some()
            }
            LabelKind::Not(inner) => !self.label_holds(inner, table)?,
            LabelKind::And(parts) => parts.iter().try_fold(true, |holds, part| {
                Ok::<_, grism_core::Error>(holds && self.label_holds(part, table)?)
            })?,
            LabelKind::Or(parts) => parts.iter().try_fold(false, |holds, part| {
                Ok::<_, grism_core::Error>(holds || self.label_holds(part, table)?)
            })?,
        })
    }

    fn warn_of_unknown_labels(&mut self, labels: &LabelExpression) {
        match &labels.kind {
            LabelKind::Name(name) => {
                let wanted = name.text.as_str();
                let schema = Arc::clone(self.schema);
                let types = schema
                    .hyperedge_tables()
                    .filter(|(_, ty)| ty.declared)
                    .map(|(_, ty)| ty.name.as_str());
                let known: Vec<&str> = schema.labels().into_iter().chain(types).collect();
                if !known.contains(&wanted) {
                    let hint = hint(wanted, known);
                    self.warn(
                        format!("there is no label `{wanted}`, so nothing matches it{hint}"),
                        name.span,
                    );
                }
            }
            LabelKind::Not(inner) => self.warn_of_unknown_labels(inner),
            LabelKind::And(parts) | LabelKind::Or(parts) => {
                parts
                    .iter()
                    .for_each(|part| self.warn_of_unknown_labels(part));
            }
            LabelKind::Wildcard => {}
        }
    }
}

/// The names that stand in the expression without a negation.
fn positive_names<'l>(labels: &'l LabelExpression, names: &mut Vec<&'l str>) {
    match &labels.kind {
        LabelKind::Name(name) => names.push(&name.text),
        LabelKind::And(parts) | LabelKind::Or(parts) => {
            parts.iter().for_each(|part| positive_names(part, names));
        }
        LabelKind::Wildcard | LabelKind::Not(_) => {}
    }
}

/// The names of a relationship pattern's type expression, which may only be joined by `|`.
pub(super) fn type_names(labels: &LabelExpression) -> Option<Vec<&Name>> {
    match &labels.kind {
        LabelKind::Name(name) => Some(vec![name]),
        LabelKind::Or(parts) => {
            let mut names = Vec::new();
            for part in parts {
                names.extend(type_names(part)?);
            }
            Some(names)
        }
        LabelKind::Wildcard | LabelKind::Not(_) | LabelKind::And(_) => None,
    }
}
