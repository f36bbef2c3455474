//! The labels that a query gives to each of its variables, wherever it writes them.

use std::collections::{BTreeMap, BTreeSet};

use super::labels::positive_names;
use crate::syntax::{
    Clause, ClauseKind, Expr, ExprKind, InfixOperator, IsPredicate, LabelExpression, Name,
    PathElement, PathElementKind, Projection, ProjectionItemKind, Query, Visitor, walk_clause,
    walk_element,
};

/// Labels by the variable that they are written for.
///
/// A variable that a query names the type of a declared binary edge for, in a pattern or in a WHERE, ranges over these edges
/// too: a label means the same wherever it stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct NamedLabels {
    labels: BTreeMap<String, BTreeSet<String>>,
}

impl NamedLabels {
    /// The labels of a query's variables.
    pub(crate) fn of(query: &Query) -> Self {
        let mut collector = Collector::default();
        collector.visit_query(query);
        let mut labels = collector.labels;
        // What a variable is called later is the same entity.
        loop {
            let before = labels.clone();
            for (name, alias) in &collector.aliases {
                let both: BTreeSet<String> = [name, alias]
                    .into_iter()
                    .filter_map(|own| labels.get(own))
                    .flatten()
                    .cloned()
                    .collect();
                if !both.is_empty() {
                    labels.insert(name.clone(), both.clone());
                    labels.insert(alias.clone(), both);
                }
            }
            if labels == before {
                return Self { labels };
            }
        }
    }

    /// Whether the query gives the label to the variable.
    pub(crate) fn has(&self, variable: &str, label: &str) -> bool {
        let own = self.labels.get(variable);
        own.is_some_and(|labels| labels.contains(label))
    }
}

#[derive(Default)]
struct Collector {
    labels: BTreeMap<String, BTreeSet<String>>,
    /// Variables and what WITH calls them.
    aliases: Vec<(String, String)>,
}

impl Collector {
    fn note(&mut self, variable: &Name, labels: &LabelExpression) {
        let mut names = Vec::new();
        positive_names(labels, &mut names);
        let own = self.labels.entry(variable.text.clone()).or_default();
        own.extend(names.into_iter().map(str::to_owned));
    }

    /// Notes the labels that a predicate asks for.
    fn predicate(&mut self, predicate: &Expr) {
        match &predicate.kind {
            ExprKind::Parenthesized(inner) => self.predicate(inner),
            ExprKind::Chain { first, rest }
                if rest.iter().all(|link| {
                    matches!(
                        link.operator,
                        InfixOperator::And | InfixOperator::Or | InfixOperator::Xor
                    )
                }) =>
            {
                self.predicate(first);
                for link in rest {
                    self.predicate(&link.operand);
                }
            }
            ExprKind::Is {
                operand,
                negated: false,
                predicate: IsPredicate::Labels(labels),
            } => {
                if let ExprKind::Variable(name) = &operand.kind {
                    self.note(name, labels);
                }
            }
            _ => {}
        }
    }

    fn projection(&mut self, projection: &Projection) {
        for item in &projection.items {
            if let ProjectionItemKind::Expression {
                expression,
                alias: Some(alias),
            } = &item.kind
                && let ExprKind::Variable(name) = &expression.kind
            {
                self.aliases.push((name.text.clone(), alias.text.clone()));
            }
        }
    }
}

impl<'a> Visitor<'a> for Collector {
    fn visit_clause(&mut self, clause: &'a Clause) {
        match &clause.kind {
            ClauseKind::Match(matched) => {
                matched.predicate.iter().for_each(|own| self.predicate(own));
            }
            ClauseKind::With(with) => {
                self.projection(&with.projection);
                with.predicate.iter().for_each(|own| self.predicate(own));
            }
            _ => {}
        }
        walk_clause(self, clause);
    }

    fn visit_element(&mut self, element: &'a PathElement) {
        if let PathElementKind::Node(node) = &element.kind {
            if let (Some(name), Some(labels)) = (&node.variable, &node.labels) {
                self.note(name, labels);
            }
            node.predicate.iter().for_each(|own| self.predicate(own));
        }
        walk_element(self, element);
    }
}
