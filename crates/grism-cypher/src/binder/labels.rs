//! Label expressions: which tables they allow.

use std::sync::Arc;

use grism_core::{Result, Table, TableKind, Tables};
use open_cypher::ast::{LabelExpression, LabelExpressionKind};

use super::{Binder, hint};

impl Binder<'_> {
    /// The tables whose entities a label expression in a node pattern allows.
    ///
    /// A declared hyperedge type is a label of its hyperedges. Where the expression negates or asks for any label, it
    /// speaks of nodes only.
    pub(super) fn labelled_tables(&mut self, labels: &LabelExpression) -> Result<Tables> {
        self.warn_of_unknown_labels(labels);
        let positive = is_positive(labels);
        let tables: Vec<&Table> = self
            .schema
            .tables()
            .filter(|table| match &table.kind {
                TableKind::Nodes { .. } => true,
                TableKind::Hyperedges(hyperedge_type) => hyperedge_type.declared && positive,
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
            LabelExpressionKind::Name(name) if changes => table.may_have(&name.kind.text),
            LabelExpressionKind::Wildcard | LabelExpressionKind::Not(_) if changes => true,
            LabelExpressionKind::Name(name) => match &table.kind {
                TableKind::Nodes { labels } => labels.contains(&name.kind.text),
                TableKind::Hyperedges(hyperedge_type) => hyperedge_type.name == name.kind.text,
            },
            LabelExpressionKind::Wildcard => {
                !table.labels().is_empty() || table.hyperedge_type().is_some()
            }
            LabelExpressionKind::Not(inner) => !self.label_holds(inner, table)?,
            LabelExpressionKind::And(parts) => parts.iter().try_fold(true, |holds, part| {
                Ok::<_, grism_core::Error>(holds && self.label_holds(part, table)?)
            })?,
            LabelExpressionKind::Or(parts) => parts.iter().try_fold(false, |holds, part| {
                Ok::<_, grism_core::Error>(holds || self.label_holds(part, table)?)
            })?,
            LabelExpressionKind::Parenthesized(inner) => self.label_holds(inner, table)?,
            _ => {
                return Err(self
                    .source
                    .unsupported("this label expression", labels.span));
            }
        })
    }

    fn warn_of_unknown_labels(&mut self, labels: &LabelExpression) {
        match &labels.kind {
            LabelExpressionKind::Name(name) => {
                let wanted = name.kind.text.as_str();
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
            LabelExpressionKind::Not(inner) | LabelExpressionKind::Parenthesized(inner) => {
                self.warn_of_unknown_labels(inner);
            }
            LabelExpressionKind::And(parts) | LabelExpressionKind::Or(parts) => {
                parts
                    .iter()
                    .for_each(|part| self.warn_of_unknown_labels(part));
            }
            _ => {}
        }
    }
}

fn is_positive(labels: &LabelExpression) -> bool {
    match &labels.kind {
        LabelExpressionKind::Name(_) => true,
        LabelExpressionKind::And(parts) | LabelExpressionKind::Or(parts) => {
            parts.iter().all(is_positive)
        }
        LabelExpressionKind::Parenthesized(inner) => is_positive(inner),
        _ => false,
    }
}

/// The names of a relationship pattern's type expression, which may only be joined by `|`.
pub(super) fn type_names(labels: &LabelExpression) -> Option<Vec<&open_cypher::ast::Name>> {
    match &labels.kind {
        LabelExpressionKind::Name(name) => Some(vec![name]),
        LabelExpressionKind::Or(parts) => {
            let mut names = Vec::new();
            for part in parts {
                names.extend(type_names(part)?);
            }
            Some(names)
        }
        LabelExpressionKind::Parenthesized(inner) => type_names(inner),
        _ => None,
    }
}
