//! One repetition of a path for one choice of what its steps are, and the repetitions of all choices as one.

use std::sync::Arc;

use grism_core::{Error, Result, TableId};
use grism_logical::{Collected, Internal, LogicalExpr, LogicalPlan, NamedExpr, SharedPlan};

use crate::binder::QueryContext;
use crate::binder::clause::rows::Rows;
use crate::binder::names::{Scope, Variable, column_for, variables_of};
use crate::binder::pattern::{
    BoundPattern, Group, PathItem, Place, Taken, entity_type, taken_column,
};
use crate::syntax::Expr;

/// The end of a repeated pattern that a repetition starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RepetitionEnd {
    Left,
    Right,
}

/// The elements of one repetition.
pub(super) struct RepeatedPath<'g, 'p> {
    pub(super) group: &'g Group<'p>,
    pub(super) items: Vec<PathItem>,
    /// The entities at its left and right end.
    pub(super) ends: [usize; 2],
    pub(super) from: RepetitionEnd,
    /// Whether there is only one choice of what its steps are, so that the columns of relationships keep their names.
    pub(super) is_one: bool,
}

/// One repetition, for one choice of what its steps are or for all of them.
pub(super) struct Hop {
    pub(super) plan: LogicalPlan,
    pub(super) end: String,
    pub(super) used: Vec<String>,
    pub(super) collected: Vec<Collected>,
    pub(super) variables: Vec<Variable>,
    /// What it takes, by the number of the column that holds it.
    pub(super) taken: Vec<(usize, Taken)>,
    pub(super) prunable: bool,
    pub(super) ends: [Vec<TableId>; 2],
}

impl RepeatedPath<'_, '_> {
    pub(super) fn start(&self) -> usize {
        match self.from {
            RepetitionEnd::Left => self.ends[0],
            RepetitionEnd::Right => self.ends[1],
        }
    }

    fn end(&self) -> usize {
        match self.from {
            RepetitionEnd::Left => self.ends[1],
            RepetitionEnd::Right => self.ends[0],
        }
    }

    /// The names of the columns of what a repetition takes.
    fn used(&self, columns: &[String]) -> Vec<String> {
        match self.is_one {
            true => columns.to_vec(),
            false => (0..columns.len())
                .map(|number| Internal::HopTaken(number).column())
                .collect(),
        }
    }
}

/// One repetition for one choice of what its steps are.
pub(super) fn hop(
    context: QueryContext<'_>,
    outer: &Scope,
    rows: Rows,
    pattern: &BoundPattern<'_>,
    repeated: &RepeatedPath<'_, '_>,
) -> Result<Hop> {
    let entities = &pattern.elements.entities;
    let ends = repeated.ends.map(|end| {
        let ty = entity_type(context.schema(), &entities[end]);
        let tables = ty.tables();
        tables.map_or_else(Vec::new, |tables| tables.to_vec())
    });
    let new = |variable: &&Variable| outer.find(&variable.name).is_none();
    let variables: Vec<Variable> = rows.scope.variables.iter().filter(new).cloned().collect();
    let (taken, columns) = taken_by(pattern);
    let used = repeated.used(&columns);
    let mut collected: Vec<Collected> = variables
        .iter()
        .map(|variable| collect(&variable.column, column_for(&variable.name)))
        .collect();
    collected.extend(
        used.iter()
            .enumerate()
            .map(|(number, column)| collect(column, taken_column(repeated.group, number))),
    );
    let end = entities[repeated.end()].column.clone();
    // The end may be a variable too.
    let kept = variables.iter().map(|variable| &variable.column);
    let mut named: Vec<(String, String)> = std::iter::once(&end)
        .chain(kept)
        .map(|column| (column.clone(), column.clone()))
        .collect();
    named.extend(columns.into_iter().zip(used.iter().cloned()));
    named.sort_unstable_by(|(_, a), (_, b)| a.cmp(b));
    named.dedup_by(|(_, a), (_, b)| a == b);
    let mut expressions: Vec<NamedExpr> = named
        .into_iter()
        .map(|(column, name)| LogicalExpr::Column(column).named(name))
        .collect();
    let (steps, reached) = along(pattern, repeated);
    let (steps_into, entities_into) = repeated.group.path_columns();
    for (column, parts, into) in [
        (Internal::HopSteps, steps, steps_into),
        (Internal::HopEntities, reached, entities_into),
    ] {
        let column = column.column();
        collected.push(Collected {
            flatten: true,
            ..collect(&column, into)
        });
        expressions.push(LogicalExpr::List(parts).named(column));
    }
    let [left, right] = repeated.ends;
    let prunable = left != right && is_prunable(pattern, repeated);
    Ok(Hop {
        plan: LogicalPlan::Project {
            input: SharedPlan::new(rows.plan),
            expressions,
        },
        end,
        used,
        collected,
        variables,
        taken: taken.into_iter().enumerate().collect(),
        prunable,
        ends,
    })
}

fn collect(column: &str, into: String) -> Collected {
    Collected {
        column: column.to_owned(),
        into,
        flatten: false,
    }
}

/// The repetitions of all choices as one.
pub(super) fn merged(hops: Vec<Hop>) -> Result<Hop> {
    let mut hops = hops.into_iter();
    let Some(mut first) = hops.next() else {
        return Err(Error::internal("a repeated pattern without a choice"));
    };
    let mut plans = vec![SharedPlan::new(first.plan)];
    for hop in hops {
        plans.push(hop.plan.into());
        first.taken.extend(hop.taken);
        first.prunable &= hop.prunable;
        for (own, other) in first.ends.iter_mut().zip(hop.ends) {
            own.extend(other);
        }
    }
    first.plan = match plans.len() {
        1 => plans.swap_remove(0).into_plan(),
        _ => LogicalPlan::Union {
            inputs: LogicalPlan::same_types(plans)?,
        },
    };
    let columns = first.plan.schema()?;
    for variable in &mut first.variables {
        if let Some(column) = columns.find(&variable.column) {
            variable.ty = column.ty.clone();
        }
    }
    Ok(first)
}

/// What one repetition takes: the tables and roles of its relationships, and their columns.
fn taken_by(pattern: &BoundPattern<'_>) -> (Vec<Taken>, Vec<String>) {
    let graph = &pattern.graph;
    let (mut taken, mut used) = (Vec::new(), Vec::new());
    for edge in &graph.edges {
        taken.push((Arc::clone(&edge.tables), None));
        used.push(edge.variable.clone());
    }
    for role in &graph.roles {
        let tables = graph.tables(&role.hyperedge);
        taken.push((tables, Some(role.roles.clone())));
        used.extend(role.incidence.clone());
    }
    (taken, used)
}

/// What a path through one repetition runs through, in the direction it is followed: relationships, and the entities at
/// their right ends.
fn along(
    pattern: &BoundPattern<'_>,
    repeated: &RepeatedPath<'_, '_>,
) -> (Vec<LogicalExpr>, Vec<LogicalExpr>) {
    let (mut steps, mut reached) = (Vec::new(), Vec::new());
    for item in &repeated.items[1..] {
        if let PathItem::Entity(index) = item {
            let column = &pattern.elements.entities[*index].column;
            reached.push(LogicalExpr::column(column));
        }
        match pattern.place(*item) {
            Some(Place::Edge(place)) => {
                steps.push(LogicalExpr::column(&pattern.graph.edges[place].variable));
            }
            Some(Place::Role(place)) => steps.push(pattern.incidence(place)),
            Some(Place::Group(_)) | None => {}
        }
    }
    if repeated.from == RepetitionEnd::Right {
        steps.reverse();
        reached.reverse();
    }
    (steps, reached)
}

/// Whether two repetitions that take the same relationship could always be one, so that a shortest chain takes none twice:
/// for one relationship, whatever its conditions, and for one hyperedge between two members, where no condition ties
/// them to each other. Where there are several choices, a relationship that two of them take must lead the same way.
fn is_prunable(pattern: &BoundPattern<'_>, repeated: &RepeatedPath<'_, '_>) -> bool {
    let BoundPattern {
        elements, graph, ..
    } = pattern;
    let entities = repeated.ends.map(|end| &elements.entities[end]);
    match (&graph.edges[..], &graph.roles[..]) {
        ([_], []) | ([], [_]) => true,
        ([], [a, b]) => {
            let at_end = |column: &str| entities.iter().any(|end| end.column == column);
            let constant = |properties: &Expr| variables_of(properties).is_empty();
            let properties = elements.inline.iter().map(|(_, properties)| *properties);
            let steps = elements.steps.iter();
            let of_steps = steps.filter_map(|step| step.pattern.properties.as_ref());
            repeated.is_one
                && a.hyperedge == b.hyperedge
                && !at_end(&a.hyperedge)
                && elements.wheres.is_empty()
                && repeated.group.predicate.is_none()
                && properties.chain(of_steps).all(constant)
        }
        _ => false,
    }
}
