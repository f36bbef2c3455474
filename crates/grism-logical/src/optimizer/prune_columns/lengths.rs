//! Lengths of paths and lists: where nothing else of a path is read, no path is made.

use std::collections::BTreeMap;

use grism_core::Type;
use grism_functions::{LENGTH, PATH, REVERSE, SIZE};

use super::needs::Needs;
use crate::{Internal, LogicalExpr, LogicalPlan, PathExpand, PlanSchema, Repeat, RepeatLength};

/// Whether the operator can make lengths, or leaves them to its inputs.
pub(super) fn are_passed_on(plan: &LogicalPlan) -> bool {
    matches!(
        plan,
        LogicalPlan::Project { .. }
            | LogicalPlan::Filter { .. }
            | LogicalPlan::Fetch(_)
            | LogicalPlan::Sort { .. }
            | LogicalPlan::Limit { .. }
            | LogicalPlan::Apply(_)
            | LogicalPlan::Join(_)
            | LogicalPlan::EdgeExpand(_)
            | LogicalPlan::RoleExpand(_)
            | LogicalPlan::PathExpand(_)
            | LogicalPlan::Repeat(_)
    )
}

/// Lengths that expressions ask for: columns of lengths, and what computes each where no operator makes it.
#[derive(Debug, Default)]
pub(super) struct Measured(BTreeMap<String, LogicalExpr>);

impl Measured {
    /// `expression` with columns of lengths instead of paths and lists that it measures.
    pub(super) fn take_from(&mut self, expression: LogicalExpr, needs: &mut Needs) -> LogicalExpr {
        expression.transform(&mut |node| match measured(&node) {
            None => node,
            Some(column) => {
                let length = Internal::LengthOf(column).column();
                needs.lengths.insert(column.to_owned());
                self.0.insert(length.clone(), node);
                LogicalExpr::Column(length)
            }
        })
    }

    /// Whether the column is a length that was asked for.
    pub(super) fn has(&self, column: &str) -> bool {
        self.0.contains_key(column)
    }

    /// `expression` over rows with the columns `made`, which measures what no operator has measured.
    pub(super) fn put_back(&self, expression: LogicalExpr, made: &PlanSchema) -> LogicalExpr {
        expression.transform(&mut |node| match &node {
            LogicalExpr::Column(column) if !made.contains(column) => {
                self.0.get(column).cloned().unwrap_or(node)
            }
            _ => node,
        })
    }
}

/// The length of what `expression` makes of rows with the columns `input`; `None` where it must be made first.
pub(super) fn length_of(expression: &LogicalExpr, input: &PlanSchema) -> Option<LogicalExpr> {
    let size = |column: &LogicalExpr| LogicalExpr::call(&SIZE, vec![column.clone()]);
    match expression {
        LogicalExpr::Column(name) => Some(match input.find(name)?.ty {
            Type::Path => LogicalExpr::call(&LENGTH, vec![expression.clone()]),
            _ => size(expression),
        }),
        LogicalExpr::Function {
            function,
            arguments,
        } => match &arguments[..] {
            [list @ LogicalExpr::Column(_)] if function.is(&REVERSE) => Some(size(list)),
            [_, LogicalExpr::Column(steps), _] if function.is(&PATH) => {
                let is_list = matches!(input.find(steps)?.ty, Type::List(_));
                is_list.then(|| size(&arguments[1]))
            }
            _ => None,
        },
        _ => None,
    }
}

/// The column of lengths that `expand` makes, where nothing else is needed of the edges.
pub(super) fn length_of_path(expand: &PathExpand, needs: &Needs) -> Option<String> {
    let edges = expand.edges.as_ref()?;
    let is_wanted = needs.only_length(edges);
    is_wanted.then(|| Internal::LengthOf(edges).column())
}

/// The column of lengths that `repeat` makes, where a list of which nothing else is needed has as many elements for each
/// repetition; and the list.
pub(super) fn length_of_repeat(repeat: &Repeat, needs: &Needs) -> Option<(RepeatLength, String)> {
    let lists = repeat.collected.iter();
    let mut lists = lists.filter(|list| needs.only_length(&list.into));
    lists.find_map(|list| {
        let of_one = match list.flatten {
            true => elements(&repeat.hop, &list.column)?,
            false => 1,
        };
        let column = Internal::LengthOf(&list.into).column();
        Some((RepeatLength { column, of_one }, list.into.clone()))
    })
}

/// How many elements the list in a column has in every row, where the plan writes it out.
fn elements(plan: &LogicalPlan, column: &str) -> Option<u64> {
    match plan {
        LogicalPlan::Project { expressions, .. } => {
            let own = expressions.iter().find(|own| own.name == column)?;
            match &own.expression {
                LogicalExpr::List(parts) => Some(parts.len() as u64),
                _ => None,
            }
        }
        LogicalPlan::Union { inputs } => {
            let mut counts = inputs.iter().map(|input| elements(input, column));
            let first = counts.next()??;
            counts.all(|own| own == Some(first)).then_some(first)
        }
        _ => None,
    }
}

/// The column whose length is the value of `expression`.
fn measured(expression: &LogicalExpr) -> Option<&str> {
    match expression {
        LogicalExpr::Function {
            function,
            arguments,
        } if function.is(&LENGTH) || function.is(&SIZE) => match &arguments[..] {
            [LogicalExpr::Column(column)] => Some(column),
            _ => None,
        },
        _ => None,
    }
}
