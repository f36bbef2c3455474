//! From the elements of a pattern to the graph that the planner orders, and the variables it binds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use grism_core::{Result, Tables, Type, Value};
use grism_logical::pattern::{
    PatternEdge, PatternEntity, PatternGraph, PatternHop, PatternPath, PatternRole,
};
use grism_logical::{
    BinaryOperator, Direction as EdgeDirection, LogicalExpr, PropertyRef, UnaryOperator,
};

use super::pattern::{Elements, Entity, Place, Step, StepKind};
use super::scope::column_for;
use super::{Binder, hint};
use crate::syntax::{Direction, Expr, ExprKind, Name, Span};

impl Binder<'_> {
    /// The elements as the planner wants them, where each step stands among them, and the conditions that tie them to what
    /// is bound already.
    pub(super) fn pattern_graph(
        &mut self,
        elements: &Elements<'_>,
        kinds: &[StepKind],
    ) -> Result<(PatternGraph, Vec<Place>, Vec<LogicalExpr>)> {
        let Elements {
            entities, steps, ..
        } = elements;
        let mut graph = PatternGraph::default();
        let mut places = Vec::new();
        let repeated = kinds.iter().filter(|kind| **kind == StepKind::Repeated);
        let mut next_group = elements.groups.len() - repeated.count();
        let mut conditions = Vec::new();
        for (index, entity) in entities.iter().enumerate() {
            let ty = self.entity_type(entity)?;
            let in_step = |step: &Step<'_>| step.left == index || step.right == index;
            if entity.bound.is_some() && !steps.iter().any(in_step) {
                // Null is no entity; a step from it finds none by itself.
                let column = LogicalExpr::column(&entity.column);
                conditions.push(column.unary(UnaryOperator::IsNotNull));
            }
            if let (Some(bound), Some(tables)) = (&entity.bound, ty.tables()) {
                if bound.tables() != Some(tables) {
                    conditions.push(
                        self.label_test(LogicalExpr::column(&entity.column), Arc::clone(tables)),
                    );
                }
                // The column keeps its type; the condition narrows its rows.
                let (variable, label) = (entity.column.clone(), entity.label.clone());
                graph.entities.push(PatternEntity {
                    variable,
                    ty: bound.clone(),
                    label,
                    selectivity: 1.0,
                });
                continue;
            }
            let (variable, label) = (entity.column.clone(), entity.label.clone());
            graph.entities.push(PatternEntity {
                variable,
                ty,
                label,
                selectivity: 1.0,
            });
        }
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        for (step, kind) in steps.iter().zip(kinds) {
            let named = step.pattern.variable.as_ref();
            if let Some(name) = named {
                let text = name.text.as_str();
                let taken = entities
                    .iter()
                    .any(|entity| entity.name.as_deref() == Some(text));
                if seen.insert(text, name.span).is_some() || taken {
                    let code = if taken {
                        "SyntaxError:VariableTypeConflict"
                    } else {
                        "SyntaxError:RelationshipUniquenessViolation"
                    };
                    return Err(self
                        .source
                        .invalid(format!("the variable `{text}` is bound twice"), name.span)
                        .with_code(code));
                }
            }
            if let (Some(name), StepKind::Repeated) = (named, kind)
                && self.scope.find(&name.text).is_some()
            {
                let what = "role steps that are bound already";
                return Err(self.source.unsupported(what, name.span));
            }
            // A relationship that is bound already is looked for anew, and must be the same.
            let known = named
                .and_then(|name| self.scope.find(&name.text))
                .map(|known| (known.column.clone(), known.ty.clone()));
            let variable = match (&known, named) {
                (Some(_), _) => Some(self.internal_name("edge")),
                (None, Some(name)) => Some(column_for(&name.text)),
                (None, None) => None,
            };
            if let (Some((_, ty)), Some(name)) = (&known, named) {
                let fits = match ty {
                    Type::Hyperedge(_) => step.length.is_none(),
                    Type::List(item) => {
                        step.length.is_some()
                            && matches!(**item, Type::Hyperedge(_) | Type::Any | Type::Null)
                    }
                    Type::Incidence => *kind != StepKind::Edge,
                    Type::Any | Type::Null => true,
                    _ => false,
                };
                if !fits {
                    return Err(self
                        .source
                        .invalid(
                            format!("`{}` is {ty}, not a relationship", name.text),
                            name.span,
                        )
                        .with_code("SyntaxError:VariableTypeConflict"));
                }
            }
            if let (Some((column, ty)), Some(variable)) = (known, &variable) {
                let column = match ty {
                    Type::Any => self.edge_of(LogicalExpr::Column(column))?,
                    _ => column,
                };
                conditions.push(
                    LogicalExpr::column(variable)
                        .binary(BinaryOperator::Equal, LogicalExpr::Column(column)),
                );
            }
            let (left, right) = (
                entities[step.left].column.clone(),
                entities[step.right].column.clone(),
            );
            match kind {
                StepKind::Repeated => {
                    places.push(Place::Group(next_group));
                    next_group += 1;
                }
                StepKind::Role { reversed } => {
                    places.push(Place::Role(graph.roles.len()));
                    let (hyperedge, member, index) = if *reversed {
                        (right, left, step.right)
                    } else {
                        (left, right, step.left)
                    };
                    let roles = self.step_roles(&entities[index], step);
                    graph.roles.push(PatternRole {
                        hyperedge,
                        roles,
                        member,
                        incidence: variable,
                    });
                }
                StepKind::Edge => {
                    places.push(Place::Edge(graph.edges.len()));
                    let tables = self.edge_tables(step)?;
                    let direction = match step.pattern.direction {
                        Direction::Right => EdgeDirection::Out,
                        Direction::Left => EdgeDirection::In,
                        Direction::Either => EdgeDirection::Both,
                    };
                    let variable = variable.unwrap_or_else(|| self.internal_name("edge"));
                    let label = step
                        .names
                        .iter()
                        .flatten()
                        .cloned()
                        .collect::<Vec<_>>()
                        .join("|");
                    let path = step.length.map(|length| PatternPath {
                        hop: PatternHop::Edge {
                            properties: Vec::new(),
                            nodes: self.internal_name("nodes"),
                        },
                        least: length.least,
                        most: length.most,
                        search: length.rules.search,
                        mode: length.rules.mode,
                        reads: BTreeSet::new(),
                    });
                    graph.edges.push(PatternEdge {
                        variable,
                        tables,
                        label,
                        direction,
                        left,
                        right,
                        path,
                    });
                }
            }
        }
        Ok((graph, places, conditions))
    }

    pub(super) fn entity_type(&self, entity: &Entity) -> Result<Type> {
        let tables = self.possible_tables(entity);
        let is_hyperedge =
            entity.by_roles.is_some() || matches!(entity.bound, Some(Type::Hyperedge(_)));
        Ok(match tables.is_empty() && is_hyperedge {
            true => Type::Hyperedge(tables.into()),
            false => self.schema.entity_type(tables.into()),
        })
    }

    /// The tables of the binary edges that a step follows; warns of names that are neither types nor roles.
    fn edge_tables(&mut self, step: &Step<'_>) -> Result<Tables> {
        let tables = self.edge_types(step);
        let schema = Arc::clone(self.schema);
        for name in step.names.iter().flatten().filter(|_| step.is_list) {
            let is_role = || {
                let mut types = schema.hyperedge_tables();
                types.any(|(_, ty)| ty.declared && ty.role(name).is_some())
            };
            match schema.hyperedge_table(name) {
                Some((_, ty)) if ty.is_binary() => {}
                _ if is_role() => {}
                Some(_) => {
                    let message = format!(
                        "`{name}` is a hyperedge type, not a relationship: write (h:{name})-[:role]->(member)"
                    );
                    return Err(self.source.invalid(message, step.type_span()));
                }
                None => {
                    let types = schema.hyperedge_tables().flat_map(|(_, ty)| {
                        std::iter::once(ty.name.as_str())
                            .chain(ty.roles.iter().map(|role| role.name.as_str()))
                    });
                    let hint = hint(name, types);
                    self.warn(
                        format!(
                            "there is no relationship type `{name}`, so nothing matches it{hint}"
                        ),
                        step.type_span(),
                    );
                }
            }
        }
        Ok(tables.into())
    }

    pub(super) fn bind_variables(
        &mut self,
        elements: &Elements<'_>,
        graph: &PatternGraph,
    ) -> Result<()> {
        let Elements {
            entities, steps, ..
        } = elements;
        for (entity, planned) in entities.iter().zip(&graph.entities) {
            let Some(name) = &entity.name else { continue };
            if entity.is_start {
                let ty = self.entity_type(entity)?;
                self.scope.put(name, &entity.column, ty);
            } else if entity.bound.is_none() {
                self.scope.put(name, &entity.column, planned.ty.clone());
            }
        }
        for step in steps {
            let Some(name) = &step.pattern.variable else {
                continue;
            };
            if self.scope.find(&name.text).is_some() {
                continue;
            }
            let column = column_for(&name.text);
            let ty = match graph.edges.iter().find(|edge| edge.variable == column) {
                Some(edge) if edge.path.is_some() => {
                    Type::Hyperedge(Arc::clone(&edge.tables)).list()
                }
                Some(edge) => Type::Hyperedge(Arc::clone(&edge.tables)),
                None => Type::Incidence,
            };
            self.scope.put(&name.text, &column, ty);
        }
        Ok(())
    }

    pub(super) fn inline_properties(
        &mut self,
        column: String,
        ty: &Type,
        properties: &Expr,
        conditions: &mut Vec<LogicalExpr>,
    ) -> Result<()> {
        let tables = ty.tables().cloned().unwrap_or_default();
        for (key, value) in self.property_entries(properties)? {
            let property = self.property(LogicalExpr::column(&column), &tables, &key)?;
            conditions.push(property.binary(BinaryOperator::Equal, value));
        }
        Ok(())
    }

    /// The entries of a property map, which is written out or a parameter.
    fn property_entries(&mut self, properties: &Expr) -> Result<Vec<(Name, LogicalExpr)>> {
        let span = properties.span;
        match &properties.kind {
            ExprKind::Map(entries) => entries
                .iter()
                .map(|entry| Ok((entry.key.clone(), self.expression(&entry.value)?)))
                .collect(),
            _ => match self.expression(properties)? {
                LogicalExpr::Literal(Value::Map(entries)) => Ok(entries
                    .into_iter()
                    .map(|(key, value)| (Name { text: key, span }, LogicalExpr::Literal(value)))
                    .collect()),
                _ => Err(self
                    .source
                    .unsupported("a computed property map in a pattern", span)),
            },
        }
    }

    /// The properties that steps ask of their edges.
    pub(super) fn step_properties(
        &mut self,
        elements: &Elements<'_>,
        places: &[Place],
        graph: &mut PatternGraph,
        conditions: &mut Vec<LogicalExpr>,
    ) -> Result<()> {
        for (step, place) in elements.steps.iter().zip(places) {
            let Some(properties) = &step.pattern.properties else {
                continue;
            };
            let Place::Edge(place) = place else {
                let message = "a role step has no properties; they belong to the hyperedge";
                return Err(self.source.invalid(message, properties.span));
            };
            let edge = &graph.edges[*place];
            let (variable, ty) = (
                edge.variable.clone(),
                Type::Hyperedge(Arc::clone(&edge.tables)),
            );
            if edge.path.is_none() {
                self.inline_properties(variable, &ty, properties, conditions)?;
                continue;
            }
            let asked = self.path_properties(&ty, properties)?;
            if let Some(path) = &mut graph.edges[*place].path
                && let PatternHop::Edge { properties, .. } = &mut path.hop
            {
                for (_, value) in &asked {
                    value.collect_columns(&mut path.reads);
                }
                *properties = asked;
            }
        }
        Ok(())
    }

    fn path_properties(
        &mut self,
        ty: &Type,
        properties: &Expr,
    ) -> Result<Vec<(PropertyRef, LogicalExpr)>> {
        let tables = ty.tables().cloned().unwrap_or_default();
        let mut wanted = Vec::new();
        for (key, value) in self.property_entries(properties)? {
            let edge = self.internal_name("edge");
            // An unknown property is null, and nothing equals it.
            let ty = match self.property(LogicalExpr::Column(edge), &tables, &key)? {
                LogicalExpr::Property { ty, .. } => ty,
                _ => Type::Null,
            };
            let key = key.text.clone();
            wanted.push((PropertyRef { key, ty }, value));
        }
        Ok(wanted)
    }
}
