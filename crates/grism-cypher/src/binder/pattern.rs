//! MATCH: a pattern is taken apart, planned on top of the current plan, and filtered.

use grism_core::{Result, TableId, Tables, Type};
use grism_logical::pattern::{PatternGraph, PatternRole, plan_pattern};
use grism_logical::{LogicalExpr, LogicalPlan, PathMode};

use super::path::{Length, PathItem, PathOf};
use super::path_mode::walked;
use super::repeat::{Group, GroupPattern};
use super::{Binder, OpenPattern, hint};
use crate::syntax::{
    Expr, LabelExpression, PathElementKind, PathPattern, Pattern, RelationshipPattern, Span,
};

/// A node or hyperedge while its kind and tables are being found out.
#[derive(Clone)]
pub(super) struct Entity {
    pub(super) column: String,
    pub(super) name: Option<String>,
    pub(super) label: String,
    /// Tables it ranges over where nothing else says which.
    pub(super) unlabelled: Tables,
    /// Tables its labels allow; `None` where it has no label.
    pub(super) labelled: Option<Tables>,
    /// Tables of the declared types whose roles it is used with.
    pub(super) by_roles: Option<Vec<TableId>>,
    /// Tables that the roles it is a member of, or the repeated patterns it ends, allow.
    pub(super) as_member: Option<Vec<TableId>>,
    /// The type it has from an earlier clause.
    pub(super) bound: Option<Type>,
    /// Whether a repetition starts here, from an entity of any kind.
    pub(super) is_start: bool,
    /// Label expressions that its tables do not settle.
    pub(super) checks: Vec<LabelExpression>,
}

impl Entity {
    fn ty(&self, binder: &Binder<'_>) -> Result<Option<Type>> {
        match self.checks.is_empty() {
            true => Ok(None),
            false => binder.entity_type(self).map(Some),
        }
    }
}

/// A relationship pattern and the entities at its ends, by index.
#[derive(Clone)]
pub(super) struct Step<'p> {
    pub(super) pattern: &'p RelationshipPattern,
    pub(super) left: usize,
    pub(super) right: usize,
    pub(super) span: Span,
    /// The types and roles it may have; `None` where it may have any.
    pub(super) names: Option<Vec<String>>,
    /// Whether these names are written out, so that an unknown one among them is a slip.
    pub(super) is_list: bool,
    /// How many hops it stands for; `None` is one, and no list.
    pub(super) length: Option<Length>,
}

impl Step<'_> {
    /// Whether a type or role of this name may be followed.
    pub(super) fn allows(&self, name: &str) -> bool {
        let names = self.names.as_ref();
        names.is_none_or(|names| names.iter().any(|own| own == name))
    }

    /// Where its type is written, or the whole step where it has none.
    pub(super) fn type_span(&self) -> Span {
        let labels = self.pattern.labels.as_ref();
        labels.map_or(self.span, |labels| labels.span)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StepKind {
    /// Binary edges, any number of them in a row.
    Edge,
    /// A role step whose hyperedge stands at the left or, where true, at the right.
    Role { reversed: bool },
    /// Several hops, each of which may be a role: a repeated pattern of one step.
    Repeated,
}

/// Where a step stands in the pattern graph.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    /// Among the edges.
    Edge(usize),
    /// Among the role steps.
    Role(usize),
    /// Among the groups.
    Group(usize),
}

/// What a pattern is taken apart into.
#[derive(Clone, Default)]
pub(super) struct Elements<'p> {
    pub(super) entities: Vec<Entity>,
    pub(super) steps: Vec<Step<'p>>,
    pub(super) groups: Vec<Group<'p>>,
    /// Property maps of entities.
    pub(super) inline: Vec<(usize, &'p Expr)>,
    pub(super) wheres: Vec<&'p Expr>,
    pub(super) paths: Vec<PathOf<'p>>,
    /// Paths with a mode of their own, and what they run through.
    pub(super) modes: Vec<(PathMode, Vec<PathItem>)>,
}

/// A pattern that has been planned.
pub(super) struct Matched<'p> {
    pub(super) elements: Elements<'p>,
    pub(super) graph: PatternGraph,
    /// Where each step stands in the graph.
    pub(super) places: Vec<Place>,
}

impl Binder<'_> {
    /// Plans `pattern` on top of the current plan and filters by its properties, its uniqueness and `predicate`.
    pub(super) fn match_pattern(
        &mut self,
        pattern: &Pattern,
        predicate: Option<&Expr>,
    ) -> Result<()> {
        let mut elements = Elements::default();
        for path in &pattern.paths {
            self.pattern_part(path, &mut elements)?;
        }
        self.check_path_names(&elements)?;
        let mut choices = self.choices(&elements.entities, &elements.steps)?;
        if choices.len() > 1 {
            return self.match_choices(&elements, choices, predicate);
        }
        let choice = choices.swap_remove(0);
        elements.entities = choice.entities;
        self.match_elements(elements, &choice.kinds, predicate, false)?;
        Ok(())
    }

    /// Plans the elements of a pattern whose steps are of these kinds; with every role step's incidence, where
    /// `all_incidences`.
    pub(super) fn match_elements<'p>(
        &mut self,
        mut elements: Elements<'p>,
        kinds: &[StepKind],
        predicate: Option<&Expr>,
        all_incidences: bool,
    ) -> Result<Matched<'p>> {
        for (index, kind) in kinds.iter().enumerate() {
            if *kind == StepKind::Repeated {
                let step = &elements.steps[index];
                let Some(length) = step.length else { continue };
                elements.groups.push(Group {
                    pattern: GroupPattern::Steps(Box::new(step_alone(step))),
                    predicate: None,
                    length,
                    left: step.left,
                    right: step.right,
                    span: step.span,
                    number: self.counter + 1,
                });
                self.counter += 1;
            }
        }
        let planned = self.repetitions(&mut elements)?;
        let (mut graph, places, mut conditions) = self.pattern_graph(&elements, kinds)?;
        let paths_run_through = elements.paths.iter().flat_map(|path| &path.items);
        for item in paths_run_through {
            // The incidences that a path runs through have columns.
            if let PathItem::Step(index) = item
                && let Place::Role(place) = places[*index]
            {
                self.incidence_column(&mut graph, place);
            }
        }
        for place in (0..graph.roles.len()).filter(|_| all_incidences) {
            self.incidence_column(&mut graph, place);
        }
        self.add_groups(&elements, planned, &mut graph);
        let walked = walked(&elements, &places);
        conditions.extend(self.uniqueness(&mut graph, &walked));
        self.bind_variables(&elements, &graph)?;
        for entity in &elements.entities {
            let Some(ty) = entity.ty(self)? else { continue };
            for labels in &entity.checks {
                let tables = ty.tables().cloned().unwrap_or_default();
                let column = LogicalExpr::column(&entity.column);
                conditions.push(self.label_condition(column, &tables, labels)?);
            }
        }
        for (index, properties) in &elements.inline {
            let column = elements.entities[*index].column.clone();
            let ty = graph.entities[*index].ty.clone();
            self.inline_properties(column, &ty, properties, &mut conditions)?;
        }
        self.step_properties(&elements, &places, &mut graph, &mut conditions)?;
        self.flush_pending()?;
        self.plan_graph(graph.clone(), conditions, predicate)?;
        let matched = Matched {
            elements,
            graph,
            places,
        };
        for (mode, items) in &matched.elements.modes {
            let distinct = self.distinct_entities(*mode, items, &matched);
            self.keep(distinct)?;
        }
        for path in &matched.elements.paths {
            self.bind_path(path, &matched)?;
        }
        for predicate in matched.elements.wheres.iter().copied().chain(predicate) {
            self.filter(predicate)?;
        }
        Ok(matched)
    }

    /// Plans a pattern on top of the current plan, or together with the pattern that the plan ends with: so the clauses of
    /// a query may follow each other in any order.
    fn plan_graph(
        &mut self,
        mut graph: PatternGraph,
        mut conditions: Vec<LogicalExpr>,
        predicate: Option<&Expr>,
    ) -> Result<()> {
        let open = self.open.take();
        let together = open.filter(|open| open.plan == self.plan && can_join(&open.graph, &graph));
        let input = match together {
            None => std::mem::replace(&mut self.plan, LogicalPlan::Unit),
            Some(open) => {
                graph = joined(open.graph, graph);
                conditions.splice(0..0, open.conditions);
                open.input
            }
        };
        graph.first_temporary = self.counter;
        self.counter += 2 * (graph.edges.len() + graph.roles.len());
        self.estimate(&mut graph, &conditions, predicate, &input)?;
        self.plan = plan_pattern(&graph, input.clone(), self.schema, self.statistics)?
            .filtered(conditions.clone());
        self.open = Some(OpenPattern {
            input,
            graph,
            conditions,
            plan: self.plan.clone(),
        });
        Ok(())
    }

    /// A path variable is new, and stands for nothing else in its pattern.
    pub(super) fn check_path_names(&self, elements: &Elements<'_>) -> Result<()> {
        let Elements {
            entities,
            steps,
            paths,
            ..
        } = elements;
        for (index, path) in paths.iter().enumerate() {
            let name = &path.name.text;
            let is_step = |step: &Step<'_>| {
                let variable = step.pattern.variable.as_ref();
                variable.is_some_and(|own| &own.text == name)
            };
            let entity = entities
                .iter()
                .position(|entity| entity.name.as_ref() == Some(name));
            let step = steps.iter().position(is_step);
            // What comes before has taken the name; what comes after takes it for something else.
            let conflict = entity.is_some_and(|at| at >= path.so_far.0)
                || step.is_some_and(|at| at >= path.so_far.1);
            let taken = entity.is_some() || step.is_some();
            let again = paths[..index].iter().any(|other| &other.name.text == name);
            let known = self.scope.find(name);
            if taken || again || known.is_some() {
                let code = if conflict {
                    "SyntaxError:VariableTypeConflict"
                } else {
                    "SyntaxError:VariableAlreadyBound"
                };
                return Err(self
                    .source
                    .invalid(
                        format!("the variable `{name}` is bound already"),
                        path.name.span,
                    )
                    .with_code(code));
            }
        }
        Ok(())
    }

    /// A pattern used as a predicate may only name what is bound already.
    pub(super) fn forbid_new_variables(&self, path: &PathPattern) -> Result<()> {
        for element in &path.elements {
            let variable = match &element.kind {
                PathElementKind::Node(node) => node.variable.as_ref(),
                PathElementKind::Relationship(step) => step.variable.as_ref(),
                _ => None,
            };
            if let Some(name) = variable.filter(|name| self.scope.find(&name.text).is_none()) {
                let hint = hint(&name.text, self.scope.names());
                let message = format!(
                    "unknown variable `{}`{hint}; a pattern predicate binds none",
                    name.text
                );
                return Err(self
                    .source
                    .invalid(message, name.span)
                    .with_code("SyntaxError:UndefinedVariable"));
            }
        }
        Ok(())
    }
}

/// Whether the patterns of two clauses can be planned as one: not where both bind a role of one hyperedge, since one clause
/// does not bind an incidence twice and two clauses may.
fn can_join(first: &PatternGraph, second: &PatternGraph) -> bool {
    let clash = |a: &PatternRole| {
        let same = |b: &&PatternRole| b.hyperedge == a.hyperedge;
        let mut others = second.roles.iter().filter(same);
        others.any(|b| b.roles.iter().any(|role| a.roles.contains(role)))
    };
    !first.roles.iter().any(clash)
}

/// The elements of both patterns.
fn joined(mut first: PatternGraph, second: PatternGraph) -> PatternGraph {
    for entity in second.entities {
        let known = first
            .entities
            .iter()
            .any(|own| own.variable == entity.variable);
        if !known {
            first.entities.push(entity);
        }
    }
    first.edges.extend(second.edges);
    first.roles.extend(second.roles);
    first.taken.extend(second.taken);
    first
}

/// The step between two entities without names, once.
fn step_alone(step: &Step<'_>) -> RelationshipPattern {
    RelationshipPattern {
        quantifier: None,
        ..step.pattern.clone()
    }
}
