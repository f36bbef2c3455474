//! Patterns: which variables are nodes, which are hyperedges, and which steps are binary edges or roles.

use std::collections::BTreeMap;
use std::sync::Arc;

use grism_core::{Result, TableId, Tables, Type};
use grism_logical::pattern::{PatternEdge, PatternEntity, PatternGraph, PatternRole, plan_pattern};
use grism_logical::{BinaryOperator, Direction, LogicalExpr, LogicalPlan};
use open_cypher::Span;
use open_cypher::ast::{
    Expr, ExprKind, LabelExpression, NodePattern, PathFactorKind, PathPattern, PathSelector,
    Pattern, RelationshipDirection, RelationshipPattern,
};

use super::labels::type_names;
use super::scope::column_for;
use super::{Binder, hint};

/// A node or hyperedge while its kind and tables are being found out.
pub(super) struct Entity {
    pub(super) column: String,
    pub(super) name: Option<String>,
    pub(super) label: String,
    /// Tables its labels allow; `None` where it has no label.
    pub(super) labelled: Option<Tables>,
    /// Tables of the declared types whose roles it is used with.
    pub(super) by_roles: Option<Vec<TableId>>,
    /// Tables the roles it is a member of allow.
    pub(super) as_member: Option<Vec<TableId>>,
    /// The type it has from an earlier clause.
    pub(super) bound: Option<Type>,
}

/// A relationship pattern and the entities at its ends, by index.
pub(super) struct Step<'p> {
    pub(super) pattern: &'p RelationshipPattern,
    pub(super) left: usize,
    pub(super) right: usize,
    pub(super) span: Span,
    pub(super) names: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum StepKind {
    Edge,
    /// A role step whose hyperedge stands at the left or, where true, at the right.
    Role {
        reversed: bool,
    },
}

impl Binder<'_> {
    /// Plans `pattern` on top of the current plan and filters by its properties, its uniqueness and `predicate`.
    pub(super) fn match_pattern(
        &mut self,
        pattern: &Pattern,
        predicate: Option<&Expr>,
    ) -> Result<()> {
        let mut entities: Vec<Entity> = Vec::new();
        let mut steps: Vec<Step<'_>> = Vec::new();
        let mut inline: Vec<(usize, &Expr)> = Vec::new();
        let mut wheres: Vec<&Expr> = Vec::new();
        for part in &pattern.parts {
            if let Some(binding) = &part.kind.binding {
                return Err(self.source.unsupported("a path variable", binding.span));
            }
            match part
                .kind
                .selector
                .as_ref()
                .map(|selector| (&selector.kind, selector.span))
            {
                None | Some((PathSelector::All, _)) => {}
                Some((_, span)) => return Err(self.source.unsupported("a path selector", span)),
            }
            self.path(
                &part.kind.path,
                &mut entities,
                &mut steps,
                &mut inline,
                &mut wheres,
            )?;
        }
        let kinds = self.step_kinds(&mut entities, &steps)?;
        let (mut graph, mut conditions) = self.pattern_graph(&entities, &steps, &kinds)?;
        conditions.extend(self.uniqueness(&mut graph));
        self.bind_variables(&entities, &steps, &graph)?;
        for (index, properties) in inline {
            let column = entities[index].column.clone();
            let ty = graph.entities[index].ty.clone();
            self.inline_properties(column, &ty, properties, &mut conditions)?;
        }
        let mut edges = graph.edges.iter();
        for (step, kind) in steps.iter().zip(&kinds) {
            let edge = if *kind == StepKind::Edge {
                edges.next()
            } else {
                None
            };
            let Some(properties) = &step.pattern.properties else {
                continue;
            };
            let Some(edge) = edge else {
                let message = "a role step has no properties; they belong to the hyperedge";
                return Err(self.source.invalid(message, properties.span));
            };
            let ty = Type::Hyperedge(Arc::clone(&edge.tables));
            self.inline_properties(edge.variable.clone(), &ty, properties, &mut conditions)?;
        }
        let input = std::mem::replace(&mut self.plan, LogicalPlan::Unit);
        self.estimate(&mut graph, &conditions, predicate, &input)?;
        self.plan = plan_pattern(&graph, input, self.schema, self.statistics)?.filtered(conditions);
        for predicate in wheres.into_iter().chain(predicate) {
            self.filter(predicate)?;
        }
        Ok(())
    }

    /// A pattern used as a predicate may only name what is bound already.
    pub(super) fn forbid_new_variables(&self, pattern: &Pattern) -> Result<()> {
        for part in &pattern.parts {
            for factor in &part.kind.path.kind.factors {
                let variable = match &factor.kind {
                    PathFactorKind::Node(node) => node.variable.as_ref(),
                    PathFactorKind::Relationship(relationship) => relationship.variable.as_ref(),
                    _ => None,
                };
                if let Some(name) =
                    variable.filter(|name| self.scope.find(&name.kind.text).is_none())
                {
                    let hint = hint(&name.kind.text, self.scope.names());
                    let message = format!(
                        "unknown variable `{}`{hint}; a pattern predicate binds none",
                        name.kind.text
                    );
                    return Err(self.source.invalid(message, name.span));
                }
            }
        }
        Ok(())
    }

    fn path<'p>(
        &mut self,
        path: &'p PathPattern,
        entities: &mut Vec<Entity>,
        steps: &mut Vec<Step<'p>>,
        inline: &mut Vec<(usize, &'p Expr)>,
        wheres: &mut Vec<&'p Expr>,
    ) -> Result<()> {
        let mut left: Option<usize> = None;
        let mut between: Option<(&'p RelationshipPattern, Span)> = None;
        for factor in &path.kind.factors {
            match &factor.kind {
                PathFactorKind::Node(node) => {
                    let index = self.node(node, factor.span, entities)?;
                    inline.extend(
                        node.properties
                            .as_deref()
                            .map(|properties| (index, properties)),
                    );
                    wheres.extend(node.where_clause.as_deref());
                    if let (Some(left), Some((pattern, span))) = (left, between.take()) {
                        wheres.extend(pattern.where_clause.as_deref());
                        let names = match &pattern.labels {
                            None => Vec::new(),
                            Some(labels) => self.step_names(labels)?,
                        };
                        steps.push(Step {
                            pattern,
                            left,
                            right: index,
                            span,
                            names,
                        });
                    }
                    left = Some(index);
                }
                PathFactorKind::Relationship(relationship) => {
                    let quantifier = relationship
                        .legacy_quantifier
                        .as_ref()
                        .or(relationship.graph_quantifier.as_ref());
                    if let Some(quantifier) = quantifier {
                        return Err(self
                            .source
                            .unsupported("a variable length pattern", quantifier.span));
                    }
                    between = Some((relationship, factor.span));
                }
                PathFactorKind::LegacyShortest { .. } => {
                    return Err(self.source.unsupported("shortestPath", factor.span));
                }
                _ => {
                    return Err(self
                        .source
                        .unsupported("a quantified or parenthesized path", factor.span));
                }
            }
        }
        Ok(())
    }

    fn step_names(&self, labels: &LabelExpression) -> Result<Vec<String>> {
        match type_names(labels) {
            Some(names) => Ok(names
                .into_iter()
                .map(|name| name.kind.text.clone())
                .collect()),
            None => Err(self
                .source
                .unsupported("a type expression other than `|`", labels.span)),
        }
    }

    fn node(
        &mut self,
        node: &NodePattern,
        span: Span,
        entities: &mut Vec<Entity>,
    ) -> Result<usize> {
        let labelled = node
            .labels
            .as_ref()
            .map(|labels| self.labelled_tables(labels))
            .transpose()?;
        let label = node
            .labels
            .as_ref()
            .map(|labels| {
                self.source
                    .slice(labels.span)
                    .trim_start_matches(':')
                    .to_owned()
            })
            .unwrap_or_default();
        let name = node.variable.as_ref().map(|name| name.kind.text.clone());
        if let Some(name) = &name
            && let Some(index) = entities
                .iter()
                .position(|entity| entity.name.as_ref() == Some(name))
        {
            let entity = &mut entities[index];
            if let Some(more) = labelled {
                entity.labelled = Some(match &entity.labelled {
                    None => more,
                    Some(own) => own
                        .iter()
                        .copied()
                        .filter(|table| more.contains(table))
                        .collect(),
                });
                entity.label = label;
            }
            return Ok(index);
        }
        let known = name
            .as_ref()
            .and_then(|name| self.scope.find(name))
            .map(|known| (known.column.clone(), known.ty.clone()));
        let (column, bound) = match (known, &name) {
            (Some((column, ty)), _) => {
                if !matches!(ty, Type::Node(_) | Type::Hyperedge(_)) {
                    let message = format!(
                        "`{}` is {ty}, not a node or a hyperedge",
                        name.unwrap_or_default()
                    );
                    return Err(self.source.invalid(message, span));
                }
                (column, Some(ty))
            }
            (None, Some(name)) => (column_for(name), None),
            (None, None) => (self.internal_name("node"), None),
        };
        entities.push(Entity {
            column,
            name,
            label,
            labelled,
            by_roles: None,
            as_member: None,
            bound,
        });
        Ok(entities.len() - 1)
    }

    fn pattern_graph(
        &mut self,
        entities: &[Entity],
        steps: &[Step<'_>],
        kinds: &[StepKind],
    ) -> Result<(PatternGraph, Vec<LogicalExpr>)> {
        let mut graph = PatternGraph::default();
        let mut conditions = Vec::new();
        for entity in entities {
            let ty = self.entity_type(entity)?;
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
                let text = name.kind.text.as_str();
                let taken = entities
                    .iter()
                    .any(|entity| entity.name.as_deref() == Some(text));
                if seen.insert(text, name.span).is_some() || taken {
                    return Err(self
                        .source
                        .invalid(format!("the variable `{text}` is bound twice"), name.span));
                }
                if self.scope.find(text).is_some() {
                    return Err(self
                        .source
                        .unsupported("a relationship variable that is bound already", name.span));
                }
            }
            let variable = named.map(|name| column_for(&name.kind.text));
            let (left, right) = (
                entities[step.left].column.clone(),
                entities[step.right].column.clone(),
            );
            match kind {
                StepKind::Role { reversed } => {
                    let (hyperedge, member, index) = if *reversed {
                        (right, left, step.right)
                    } else {
                        (left, right, step.left)
                    };
                    let roles = self.step_roles(&entities[index], &step.names);
                    graph.roles.push(PatternRole {
                        hyperedge,
                        roles,
                        member,
                        incidence: variable,
                    });
                }
                StepKind::Edge => {
                    let tables = self.edge_tables(step)?;
                    let direction = match step.pattern.direction.kind {
                        RelationshipDirection::Right => Direction::Out,
                        RelationshipDirection::Left => Direction::In,
                        _ => Direction::Both,
                    };
                    let variable = variable.unwrap_or_else(|| self.internal_name("edge"));
                    let label = step.names.join("|");
                    graph.edges.push(PatternEdge {
                        variable,
                        tables,
                        label,
                        direction,
                        left,
                        right,
                    });
                }
            }
        }
        Ok((graph, conditions))
    }

    fn entity_type(&self, entity: &Entity) -> Result<Type> {
        let mut tables: Vec<TableId> = match (
            &entity.bound,
            &entity.labelled,
            &entity.by_roles,
            &entity.as_member,
        ) {
            (Some(bound), ..) => bound
                .tables()
                .map(|tables| tables.to_vec())
                .unwrap_or_default(),
            (None, Some(labelled), ..) => labelled.to_vec(),
            (None, None, Some(types), _) => types.clone(),
            (None, None, None, Some(members)) => members.clone(),
            _ => self.schema.node_tables().map(|table| table.id).collect(),
        };
        for narrower in [
            entity.labelled.as_deref(),
            entity.by_roles.as_deref(),
            entity.as_member.as_deref(),
        ]
        .into_iter()
        .flatten()
        {
            tables.retain(|table| narrower.contains(table));
        }
        let mut all_hyperedges = !tables.is_empty();
        for table in &tables {
            all_hyperedges &= self.schema.table(*table)?.hyperedge_type().is_some();
        }
        let is_hyperedge = all_hyperedges
            || entity.by_roles.is_some()
            || matches!(entity.bound, Some(Type::Hyperedge(_)));
        Ok(if is_hyperedge {
            Type::Hyperedge(tables.into())
        } else {
            Type::Node(tables.into())
        })
    }

    fn edge_tables(&mut self, step: &Step<'_>) -> Result<Tables> {
        if step.names.is_empty() {
            return Ok(self
                .schema
                .hyperedge_tables()
                .filter(|(_, ty)| ty.is_binary())
                .map(|(table, _)| table.id)
                .collect());
        }
        let schema = Arc::clone(self.schema);
        let mut tables = Vec::new();
        let span = step
            .pattern
            .labels
            .as_ref()
            .map_or(step.span, |labels| labels.span);
        for name in &step.names {
            match schema.hyperedge_table(name) {
                Some((table, ty)) if ty.is_binary() => tables.push(table.id),
                Some(_) => {
                    let message = format!(
                        "`{name}` is a hyperedge type, not a relationship: write (h:{name})-[:role]->(member)"
                    );
                    return Err(self.source.invalid(message, span));
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
                        span,
                    );
                }
            }
        }
        tables.sort_unstable();
        tables.dedup();
        Ok(tables.into())
    }

    fn bind_variables(
        &mut self,
        entities: &[Entity],
        steps: &[Step<'_>],
        graph: &PatternGraph,
    ) -> Result<()> {
        for (entity, planned) in entities.iter().zip(&graph.entities) {
            if let Some(name) = entity.name.as_ref().filter(|_| entity.bound.is_none()) {
                self.scope.put(name, &entity.column, planned.ty.clone());
            }
        }
        for step in steps {
            let Some(name) = &step.pattern.variable else {
                continue;
            };
            let column = column_for(&name.kind.text);
            let ty = match graph.edges.iter().find(|edge| edge.variable == column) {
                Some(edge) => Type::Hyperedge(Arc::clone(&edge.tables)),
                None => Type::Incidence,
            };
            self.scope.put(&name.kind.text, &column, ty);
        }
        Ok(())
    }

    fn inline_properties(
        &mut self,
        column: String,
        ty: &Type,
        properties: &Expr,
        conditions: &mut Vec<LogicalExpr>,
    ) -> Result<()> {
        let ExprKind::Map(entries) = &properties.kind else {
            return Err(self
                .source
                .unsupported("a parameter as a property map", properties.span));
        };
        let tables = ty.tables().cloned().unwrap_or_default();
        for entry in entries {
            let property = self.property(LogicalExpr::column(&column), &tables, &entry.key)?;
            let value = self.expression(&entry.value)?;
            if !self.pending.is_empty() {
                return Err(self.source.unsupported(
                    "a subquery or a computed entity in a property map",
                    entry.span,
                ));
            }
            conditions.push(property.binary(BinaryOperator::Equal, value));
        }
        Ok(())
    }
}
