//! Groups: patterns that are repeated, `((a)-[:R]->(b)){1,3}`, and role steps of variable length.
//!
//! One repetition is bound as a pattern of its own, which starts from an entity of any kind: once from its left end and
//! once from its right end, since the planner may reach the group from either side. The variables of the pattern are lists
//! outside of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use grism_core::{Error, Result, TableId, Tables};
use grism_logical::pattern::{
    PatternEdge, PatternGraph, PatternHop, PatternPath, PatternTaken, Repetition,
};
use grism_logical::{Collected, Column, Direction, LogicalExpr, LogicalPlan};

use super::path::{Length, PathItem, TRAILS};
use super::pattern::{Elements, Matched, Place};
use super::scope::{Variable, column_for};
use super::steps::narrow;
use super::{Binder, variables_of};
use crate::syntax::{Expr, PathElement, PathElementKind, PathPattern, RelationshipPattern, Span};
use crate::warning::Warning;

/// A repeated pattern, and the entities at its ends by index.
#[derive(Clone)]
pub(super) struct Group<'p> {
    pub(super) pattern: GroupPattern<'p>,
    pub(super) predicate: Option<&'p Expr>,
    pub(super) length: Length,
    pub(super) left: usize,
    pub(super) right: usize,
    pub(super) span: Span,
    /// Makes the names of its columns differ from those of other groups.
    pub(super) number: usize,
}

/// What is repeated.
#[derive(Clone)]
pub(super) enum GroupPattern<'p> {
    /// A path pattern in parentheses.
    Path(&'p PathPattern),
    /// A step between nodes that are not written.
    Steps(Box<RelationshipPattern>),
}

impl Group<'_> {
    /// The columns of what a path through the group runs through: relationships, and the entities they lead to.
    pub(super) fn path_columns(&self) -> (String, String) {
        (
            format!("#steps{}", self.number),
            format!("#entities{}", self.number),
        )
    }
}

/// A relationship that a repetition takes: its tables and, of an incidence, its roles.
type Taken = (Tables, Option<Vec<String>>);

/// A group that has been bound.
pub(super) struct PlannedGroup {
    forward: Repetition,
    backward: Repetition,
    prunable: bool,
    reads: BTreeSet<String>,
    variables: Vec<Variable>,
    taken: Vec<(usize, Taken)>,
}

/// One repetition, for one choice of what its steps are or for all of them.
struct Hop {
    plan: LogicalPlan,
    end: String,
    used: Vec<String>,
    collected: Vec<Collected>,
    variables: Vec<Variable>,
    /// What it takes, by the number of the column that holds it.
    taken: Vec<(usize, Taken)>,
    prunable: bool,
    ends: [Vec<TableId>; 2],
}

/// A repetition planned from one end.
struct OneWay {
    repetition: Repetition,
    variables: Vec<Variable>,
    taken: Vec<(usize, Taken)>,
    prunable: bool,
    /// Columns bound outside that it reads.
    reads: BTreeSet<String>,
    /// Tables of the entities at the left and right end.
    ends: [Vec<TableId>; 2],
}

impl Binder<'_> {
    /// Binds the groups of a pattern, and narrows the entities at their ends.
    pub(super) fn repetitions(&mut self, elements: &mut Elements<'_>) -> Result<Vec<PlannedGroup>> {
        let mut planned = Vec::new();
        for group in &elements.groups {
            let steps;
            let path = match &group.pattern {
                GroupPattern::Path(path) => *path,
                GroupPattern::Steps(step) => {
                    steps = path_of(step, group.span);
                    &steps
                }
            };
            let forward = self.one_way(path, group, false)?;
            let warnings = self.warnings.len();
            let backward = self.one_way(path, group, true)?;
            // The same pattern has the same oddities.
            self.warnings.truncate(warnings);
            self.check_group_names(&forward, group, elements, &planned)?;
            let [left, right] = forward.ends;
            if group.length.least == 0 {
                // Without a repetition both ends are one entity, which the group says nothing of.
                for (end, other) in [(group.left, group.right), (group.right, group.left)] {
                    let mut tables: Vec<TableId> = [&left[..], &right[..]].concat();
                    tables.extend(self.any_entity().iter());
                    let other = self.entity_type(&elements.entities[other])?;
                    tables.extend(other.tables().iter().flat_map(|tables| tables.iter()));
                    let entity = &mut elements.entities[end];
                    let known = entity.labelled.is_some() || entity.by_roles.is_some();
                    if !known && entity.bound.is_none() {
                        narrow(&mut entity.as_member, tables);
                    }
                }
            } else {
                narrow(&mut elements.entities[group.left].as_member, left);
                narrow(&mut elements.entities[group.right].as_member, right);
            }
            planned.push(PlannedGroup {
                forward: forward.repetition,
                backward: backward.repetition,
                prunable: forward.prunable,
                reads: forward.reads,
                variables: forward.variables,
                taken: forward.taken,
            });
        }
        Ok(planned)
    }

    /// Adds the groups to the graph, and binds their variables.
    pub(super) fn add_groups(
        &mut self,
        elements: &Elements<'_>,
        planned: Vec<PlannedGroup>,
        graph: &mut PatternGraph,
    ) {
        for (index, (group, planned)) in elements.groups.iter().zip(planned).enumerate() {
            let label = match &group.pattern {
                GroupPattern::Path(path) => self.source.slice(path.span),
                GroupPattern::Steps(step) => {
                    let labels = step.labels.as_ref();
                    labels.map_or("", |labels| self.source.slice(labels.span))
                }
            };
            graph.edges.push(PatternEdge {
                variable: format!("#group{}", group.number),
                tables: [].into(),
                label: label.split_whitespace().collect::<Vec<_>>().join(" "),
                direction: Direction::Out,
                left: elements.entities[group.left].column.clone(),
                right: elements.entities[group.right].column.clone(),
                path: Some(PatternPath {
                    hop: PatternHop::Pattern {
                        forward: Box::new(planned.forward),
                        backward: Box::new(planned.backward),
                        prunable: planned.prunable,
                    },
                    least: group.length.least,
                    most: group.length.most,
                    search: group.length.rules.search,
                    mode: group.length.rules.mode,
                    reads: planned.reads,
                }),
            });
            for (number, (tables, roles)) in planned.taken {
                graph.taken.push(PatternTaken {
                    column: taken_column(group, number),
                    tables,
                    roles,
                    group: index,
                });
            }
            for variable in planned.variables {
                let column = column_for(&variable.name);
                self.scope.put(&variable.name, &column, variable.ty.list());
            }
        }
    }

    fn one_way(&mut self, path: &PathPattern, group: &Group<'_>, backward: bool) -> Result<OneWay> {
        let mut inner = self.inner()?;
        let start = inner.internal_name("start");
        let start_type = self.schema.entity_type(self.any_entity());
        if let LogicalPlan::Argument(schema) = &mut inner.plan {
            schema.put(Column::new(&start, start_type.clone()));
        }
        let (mut elements, mut items) = (Elements::default(), Vec::new());
        inner.path(path, TRAILS, &mut elements, &mut items)?;
        let nested = elements.steps.iter().any(|step| step.length.is_some());
        if nested || !elements.groups.is_empty() {
            let what = "a path of variable length within a repeated path";
            return Err(self.source.unsupported(what, path.span));
        }
        let (Some(PathItem::Entity(first)), Some(PathItem::Entity(last)), true) =
            (items.first(), items.last(), items.len() > 1)
        else {
            let message = "a repeated path needs a relationship";
            return Err(self.source.invalid(message, path.span));
        };
        let ends = [*first, *last];
        let from = ends[usize::from(backward)];
        let entity = &mut elements.entities[from];
        if entity.bound.is_some() {
            return Err(self.taken_name(entity.name.as_deref().unwrap_or_default(), path.span));
        }
        entity.column.clone_from(&start);
        entity.bound = Some(start_type.clone());
        entity.is_start = true;
        let choices = inner.choices(&elements.entities, &elements.steps)?;
        let is_one = choices.len() == 1;
        let mut hops = Vec::new();
        let mut warnings: Option<Vec<Warning>> = None;
        for choice in choices {
            let mut branch = Binder::new(self.query);
            branch.plan = inner.plan.clone();
            branch.scope = inner.scope.clone();
            branch.counter = inner.counter;
            let elements = Elements {
                entities: choice.entities,
                ..elements.clone()
            };
            let matched = branch.match_elements(elements, &choice.kinds, group.predicate, true)?;
            let hop = self.hop(&mut branch, &matched, &items, group, backward, is_one)?;
            inner.counter = branch.counter;
            inner.volatile |= branch.volatile;
            warnings = Some(match warnings {
                None => branch.warnings,
                Some(mut common) => {
                    common.retain(|warning| branch.warnings.contains(warning));
                    common
                }
            });
            hops.push(hop);
        }
        inner.warnings = warnings.unwrap_or_default();
        let outer = self.plan.schema()?;
        let merged = merged(hops)?;
        self.adopt(inner)?;
        let mut reads = merged.plan.argument_columns();
        reads.retain(|column| outer.contains(column));
        Ok(OneWay {
            repetition: Repetition {
                hop: Arc::new(merged.plan),
                start,
                start_type,
                end: merged.end,
                used: merged.used,
                collected: merged.collected,
            },
            variables: merged.variables,
            taken: merged.taken,
            prunable: merged.prunable,
            reads,
            ends: merged.ends,
        })
    }

    /// The tables of every entity that a repetition may start from: binary edges of declared types are among them.
    fn any_entity(&self) -> Tables {
        let hyperedges = self.schema.hyperedge_tables();
        let declared = hyperedges.filter(|(_, ty)| ty.declared);
        let mut tables: Vec<TableId> = declared.map(|(table, _)| table.id).collect();
        tables.extend(self.schema.node_tables().map(|table| table.id));
        tables.sort_unstable();
        tables.into()
    }

    /// One repetition for one choice of what its steps are; its columns of relationships keep their names where it
    /// `is_one`, the only choice.
    fn hop(
        &self,
        branch: &mut Binder<'_>,
        matched: &Matched<'_>,
        items: &[PathItem],
        group: &Group<'_>,
        backward: bool,
        is_one: bool,
    ) -> Result<Hop> {
        let ends = match (items.first(), items.last()) {
            (Some(PathItem::Entity(first)), Some(PathItem::Entity(last))) => [*first, *last],
            _ => return Err(Error::internal("a repeated path ends with entities")),
        };
        let entities = &matched.elements.entities;
        let mut end_tables = [Vec::new(), Vec::new()];
        for (tables, end) in end_tables.iter_mut().zip(ends) {
            let ty = branch.entity_type(&entities[end])?;
            tables.extend(ty.tables().iter().flat_map(|tables| tables.iter()));
        }
        let new = |variable: &&Variable| self.scope.find(&variable.name).is_none();
        let variables: Vec<Variable> = branch.scope.variables.iter().filter(new).cloned().collect();
        let mut collected: Vec<Collected> = variables
            .iter()
            .map(|variable| Collected {
                column: variable.column.clone(),
                into: column_for(&variable.name),
                flatten: false,
            })
            .collect();
        let (taken, columns) = taken_by(matched);
        let used: Vec<String> = match is_one {
            true => columns.clone(),
            false => (0..columns.len())
                .map(|number| format!("#hop_used{number}"))
                .collect(),
        };
        collected.extend(used.iter().enumerate().map(|(number, column)| Collected {
            column: column.clone(),
            into: taken_column(group, number),
            flatten: false,
        }));
        let end = entities[ends[usize::from(!backward)]].column.clone();
        let mut names: Vec<String> = vec![end.clone()];
        names.extend(variables.iter().map(|variable| variable.column.clone()));
        let kept = names.into_iter().map(|name| (name.clone(), name));
        let mut named: Vec<(String, String)> = kept.collect();
        named.extend(columns.into_iter().zip(used.iter().cloned()));
        named.sort_unstable_by(|(_, a), (_, b)| a.cmp(b));
        named.dedup_by(|(_, a), (_, b)| a == b);
        let mut expressions: Vec<(LogicalExpr, String)> = named
            .into_iter()
            .map(|(column, name)| (LogicalExpr::Column(column), name))
            .collect();
        let (steps, reached) = along(matched, items, backward);
        let (steps_into, entities_into) = group.path_columns();
        for (column, parts, into) in [
            ("#hop_steps", steps, steps_into),
            ("#hop_entities", reached, entities_into),
        ] {
            expressions.push((LogicalExpr::List(parts), column.to_owned()));
            collected.push(Collected {
                column: column.to_owned(),
                into,
                flatten: true,
            });
        }
        let prunable =
            ends[0] != ends[1] && group.predicate.is_none() && is_one && is_prunable(matched, ends);
        Ok(Hop {
            plan: LogicalPlan::Project {
                input: Arc::new(std::mem::replace(&mut branch.plan, LogicalPlan::Unit)),
                expressions,
            },
            end,
            used,
            collected,
            variables,
            taken: taken.into_iter().enumerate().collect(),
            prunable,
            ends: end_tables,
        })
    }

    /// The variables of a group are its own.
    fn check_group_names(
        &self,
        own: &OneWay,
        group: &Group<'_>,
        elements: &Elements<'_>,
        others: &[PlannedGroup],
    ) -> Result<()> {
        for Variable { name, .. } in &own.variables {
            let is_step = elements.steps.iter().any(|step| {
                let variable = step.pattern.variable.as_ref();
                step.span != group.span && variable.is_some_and(|variable| &variable.text == name)
            });
            let is_entity = elements
                .entities
                .iter()
                .any(|entity| entity.name.as_ref() == Some(name));
            let elsewhere = others
                .iter()
                .flat_map(|other| &other.variables)
                .any(|other| &other.name == name);
            if is_step || is_entity || elsewhere {
                return Err(self.taken_name(name, group.span));
            }
        }
        Ok(())
    }

    fn taken_name(&self, name: &str, span: Span) -> Error {
        let message =
            format!("the variable `{name}` of a repeated path is bound outside of it already");
        self.source
            .invalid(message, span)
            .with_code("SyntaxError:VariableAlreadyBound")
    }
}

/// The repetitions of all choices as one.
fn merged(hops: Vec<Hop>) -> Result<Hop> {
    let mut hops = hops.into_iter();
    let Some(mut first) = hops.next() else {
        return Err(Error::internal("a repeated pattern without a choice"));
    };
    let mut plans = vec![Arc::new(first.plan)];
    for hop in hops {
        plans.push(Arc::new(hop.plan));
        first.taken.extend(hop.taken);
        for (own, other) in first.ends.iter_mut().zip(hop.ends) {
            own.extend(other);
        }
    }
    first.plan = match plans.len() {
        1 => Arc::unwrap_or_clone(plans.swap_remove(0)),
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

/// The path of one step between nodes that are not written.
fn path_of(step: &RelationshipPattern, span: Span) -> PathPattern {
    let node = || PathElement {
        kind: PathElementKind::Node(Box::default()),
        span,
    };
    let step = PathElement {
        kind: PathElementKind::Relationship(Box::new(step.clone())),
        span,
    };
    PathPattern {
        variable: None,
        selector: None,
        mode: None,
        elements: vec![node(), step, node()],
        span,
    }
}

fn taken_column(group: &Group<'_>, number: usize) -> String {
    format!("#taken{}_{number}", group.number)
}

/// What one repetition takes: the tables and roles of its relationships, and their columns.
fn taken_by(matched: &Matched<'_>) -> (Vec<Taken>, Vec<String>) {
    let (mut taken, mut used) = (Vec::new(), Vec::new());
    for edge in &matched.graph.edges {
        taken.push((Arc::clone(&edge.tables), None));
        used.push(edge.variable.clone());
    }
    for role in &matched.graph.roles {
        let tables = matched.graph.tables(&role.hyperedge);
        taken.push((tables, Some(role.roles.clone())));
        used.extend(role.incidence.clone());
    }
    (taken, used)
}

/// What a path through one repetition runs through, in the direction it is followed: relationships, and the entities at
/// their right ends.
fn along(
    matched: &Matched<'_>,
    items: &[PathItem],
    backward: bool,
) -> (Vec<LogicalExpr>, Vec<LogicalExpr>) {
    let (mut steps, mut reached) = (Vec::new(), Vec::new());
    for item in &items[1..] {
        match item {
            PathItem::Entity(index) => {
                let column = &matched.elements.entities[*index].column;
                reached.push(LogicalExpr::column(column));
            }
            PathItem::Step(index) => steps.push(match matched.places[*index] {
                Place::Edge(place) => LogicalExpr::column(&matched.graph.edges[place].variable),
                Place::Role(place) => {
                    let incidence = matched.graph.roles[place].incidence.clone();
                    LogicalExpr::Column(incidence.unwrap_or_default())
                }
                Place::Group(_) => continue,
            }),
            PathItem::Group(_) => {}
        }
    }
    if backward {
        steps.reverse();
        reached.reverse();
    }
    (steps, reached)
}

/// Whether two repetitions that take the same relationship could always be one: for one edge, and for one hyperedge
/// between two members, where no condition ties the ends to each other.
fn is_prunable(matched: &Matched<'_>, ends: [usize; 2]) -> bool {
    let Matched {
        elements, graph, ..
    } = matched;
    let at_end = |column: &str| {
        ends.iter()
            .any(|end| elements.entities[*end].column == column)
    };
    let one_relationship = match (&graph.edges[..], &graph.roles[..]) {
        ([_], []) | ([], [_]) => true,
        ([], [a, b]) => a.hyperedge == b.hyperedge && !at_end(&a.hyperedge),
        _ => false,
    };
    let mut properties = elements.inline.iter().map(|(_, properties)| *properties);
    let steps = elements.steps.iter();
    let mut of_steps = steps.filter_map(|step| step.pattern.properties.as_ref());
    let constant = |properties: &Expr| variables_of(properties).is_empty();
    one_relationship
        && elements.wheres.is_empty()
        && properties.all(constant)
        && of_steps.all(constant)
}
