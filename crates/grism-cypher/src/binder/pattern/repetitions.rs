//! The repeated patterns of a pattern: each is bound from both of its ends, and becomes an edge of the graph.

use std::collections::BTreeSet;

use grism_core::{Result, TableId, Tables};
use grism_logical::pattern::{
    PatternEdge, PatternGraph, PatternHop, PatternPath, PatternTaken, Repetition,
};
use grism_logical::{Direction, Internal, PlanSchema};

use super::elements::{Elements, Entity};
use super::group::{Group, GroupPattern, path_of, taken_column};
use super::names::taken_name;
use super::tables::{entity_type, narrow};
use crate::binder::clause::{RepetitionEnd, bind_repetition};
use crate::binder::expression::any_entity_tables;
use crate::binder::names::{Scope, Variable, column_for};
use crate::binder::{Notes, QueryContext};
use crate::source::Source;

/// A relationship that a repetition takes: its tables and, of an incidence, its roles.
pub(crate) type Taken = (Tables, Option<Vec<String>>);

/// A repeated pattern that is bound from one of its ends.
pub(crate) struct BoundRepetition {
    pub(crate) repetition: Repetition,
    pub(crate) variables: Vec<Variable>,
    /// What it takes, by the number of the column that holds it.
    pub(crate) taken: Vec<(usize, Taken)>,
    /// Whether a search may take each entity, or each hop, only once.
    pub(crate) prunable: bool,
    /// Columns bound outside that it reads.
    pub(crate) reads: BTreeSet<String>,
    /// Tables of the entities at the left and right end.
    pub(crate) ends: [Vec<TableId>; 2],
}

/// A repeated pattern that is bound from both of its ends.
pub(super) struct BoundGroup {
    forward: BoundRepetition,
    backward: Repetition,
}

/// Binds the groups of a pattern over rows with these variables and columns, and narrows the entities at their ends.
pub(super) fn bind_repetitions(
    context: QueryContext<'_>,
    notes: &mut Notes,
    scope: &Scope,
    rows: &PlanSchema,
    elements: &mut Elements<'_>,
) -> Result<Vec<BoundGroup>> {
    let mut bound = Vec::new();
    for group in &elements.groups {
        let steps;
        let path = match &group.pattern {
            GroupPattern::Path(path) => *path,
            GroupPattern::Steps(step) => {
                steps = path_of(step, group.span);
                &steps
            }
        };
        let from =
            |notes: &mut Notes, end| bind_repetition(context, notes, scope, rows, path, group, end);
        let forward = from(notes, RepetitionEnd::Left)?;
        let warnings = notes.warnings.len();
        let backward = from(notes, RepetitionEnd::Right)?.repetition;
        // The same pattern has the same oddities.
        notes.warnings.truncate(warnings);
        check_group_names(context, &forward, group, elements, &bound)?;
        narrow_ends(context, &forward, group, &mut elements.entities);
        bound.push(BoundGroup { forward, backward });
    }
    Ok(bound)
}

/// Leaves the entities at the ends of a group the tables that the group allows.
fn narrow_ends(
    context: QueryContext<'_>,
    forward: &BoundRepetition,
    group: &Group<'_>,
    entities: &mut [Entity],
) {
    let [left, right] = &forward.ends;
    if group.length.least > 0 {
        narrow(&mut entities[group.left].tables.as_member, left.clone());
        narrow(&mut entities[group.right].tables.as_member, right.clone());
        return;
    }
    // Without a repetition both ends are one entity, which the group says nothing of.
    for (end, other) in [(group.left, group.right), (group.right, group.left)] {
        let mut tables: Vec<TableId> = [&left[..], &right[..]].concat();
        tables.extend(any_entity_tables(context.schema()).iter());
        let other = entity_type(context.schema(), &entities[other]);
        tables.extend(other.tables().iter().flat_map(|tables| tables.iter()));
        let entity = &mut entities[end];
        let known = entity.tables.labelled.is_some() || entity.tables.by_roles.is_some();
        if !known && entity.bound.is_none() {
            narrow(&mut entity.tables.as_member, tables);
        }
    }
}

/// Adds the groups to the graph, and binds their variables.
pub(super) fn add_groups(
    source: Source<'_>,
    elements: &Elements<'_>,
    bound: Vec<BoundGroup>,
    graph: &mut PatternGraph,
    scope: &mut Scope,
) {
    for (index, (group, bound)) in elements.groups.iter().zip(bound).enumerate() {
        let BoundGroup { forward, backward } = bound;
        let label = match &group.pattern {
            GroupPattern::Path(path) => source.slice(path.span),
            GroupPattern::Steps(step) => {
                let labels = step.labels.as_ref();
                labels.map_or("", |labels| source.slice(labels.span))
            }
        };
        graph.edges.push(PatternEdge {
            variable: Internal::Group(group.number).column(),
            tables: [].into(),
            label: label.split_whitespace().collect::<Vec<_>>().join(" "),
            direction: Direction::Out,
            left: elements.entities[group.left].column.clone(),
            right: elements.entities[group.right].column.clone(),
            path: Some(PatternPath {
                hop: PatternHop::Pattern {
                    forward: Box::new(forward.repetition),
                    backward: Box::new(backward),
                    prunable: forward.prunable,
                },
                least: group.length.least,
                most: group.length.most,
                search: group.length.rules.search,
                mode: group.length.rules.mode,
                reads: forward.reads,
            }),
            selectivity: 1.0,
        });
        for (number, (tables, roles)) in forward.taken {
            graph.taken.push(PatternTaken {
                column: taken_column(group, number),
                tables,
                roles,
                group: index,
            });
        }
        for variable in forward.variables {
            let column = column_for(&variable.name);
            scope.put(&variable.name, &column, variable.ty.list());
        }
    }
}

/// The variables of a group are its own.
fn check_group_names(
    context: QueryContext<'_>,
    own: &BoundRepetition,
    group: &Group<'_>,
    elements: &Elements<'_>,
    others: &[BoundGroup],
) -> Result<()> {
    for Variable { name, .. } in &own.variables {
        let is_step = elements.steps.iter().any(|step| {
            let variable = step.pattern.variable.as_ref();
            step.span != group.span && variable.is_some_and(|variable| &variable.text == name)
        });
        let mut entities = elements.entities.iter();
        let is_entity = entities.any(|entity| entity.name.as_ref() == Some(name));
        let mut others = others.iter().flat_map(|other| &other.forward.variables);
        if is_step || is_entity || others.any(|other| &other.name == name) {
            return Err(taken_name(context, name, group.span));
        }
    }
    Ok(())
}
