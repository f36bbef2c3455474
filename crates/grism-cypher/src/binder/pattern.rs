//! Patterns: which variables are nodes, which are hyperedges, and which steps are binary edges or roles.

use std::collections::BTreeMap;
use std::sync::Arc;

use grism_core::{Result, TableId, Tables, Type, Value};
use grism_logical::pattern::{
    PatternEdge, PatternEntity, PatternGraph, PatternPath, PatternRole, plan_pattern,
};
use grism_logical::{
    BinaryOperator, Direction, Hop, LogicalExpr, LogicalPlan, PathSearch, PropertyRef,
};
use open_cypher::Span;
use open_cypher::ast::{
    Expr, ExprKind, Identifier, LabelExpression, Name, NodePattern, PathFactorKind, PathPattern,
    Pattern, RelationshipDirection, RelationshipPattern,
};

use super::labels::type_names;
use super::path::{Length, PathItem, PathOf};
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

/// What a path pattern is taken apart into.
struct Parts<'a, 'p> {
    entities: &'a mut Vec<Entity>,
    steps: &'a mut Vec<Step<'p>>,
    inline: &'a mut Vec<(usize, &'p Expr)>,
    wheres: &'a mut Vec<&'p Expr>,
    items: &'a mut Vec<PathItem>,
}

/// A relationship pattern and the entities at its ends, by index.
pub(super) struct Step<'p> {
    pub(super) pattern: &'p RelationshipPattern,
    pub(super) left: usize,
    pub(super) right: usize,
    pub(super) span: Span,
    pub(super) names: Vec<String>,
    /// How many hops it stands for; `None` is one, and no list.
    pub(super) length: Option<Length>,
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
        let mut paths: Vec<PathOf<'_>> = Vec::new();
        for part in &pattern.parts {
            let search = match part.kind.selector.as_ref() {
                None => PathSearch::Trails,
                Some(selector) => self.path_search(selector)?,
            };
            let first_step = steps.len();
            let mut items = Vec::new();
            self.path(
                &part.kind.path,
                search,
                &mut Parts {
                    entities: &mut entities,
                    steps: &mut steps,
                    inline: &mut inline,
                    wheres: &mut wheres,
                    items: &mut items,
                },
            )?;
            if let Some(binding) = &part.kind.binding {
                let so_far = (entities.len(), steps.len());
                paths.push(PathOf {
                    name: binding,
                    items,
                    so_far,
                });
            }
            let searched = matches!(search, PathSearch::AnyShortest | PathSearch::AllShortest);
            if searched && (steps.len() != first_step + 1 || steps[first_step].length.is_none()) {
                return Err(self.source.unsupported(
                    "a shortest path of anything but one step of variable length",
                    part.span,
                ));
            }
        }
        self.check_path_names(&paths, &entities, &steps)?;
        let kinds = self.step_kinds(&mut entities, &steps)?;
        let (mut graph, mut conditions) = self.pattern_graph(&entities, &steps, &kinds)?;
        conditions.extend(self.uniqueness(&mut graph));
        // The incidences that a path runs through have columns.
        for path in &paths {
            for item in &path.items {
                let PathItem::Step(index) = item else {
                    continue;
                };
                if kinds[*index] == StepKind::Edge {
                    continue;
                }
                let edges = kinds[..*index]
                    .iter()
                    .filter(|kind| **kind == StepKind::Edge);
                let place = index - edges.count();
                if graph.roles[place].incidence.is_none() {
                    graph.roles[place].incidence = Some(self.internal_name("incidence"));
                }
            }
        }
        self.bind_variables(&entities, &steps, &graph)?;
        for entity in &entities {
            let Some(ty) = entity.ty(self)? else { continue };
            for labels in &entity.checks {
                let tables = ty.tables().cloned().unwrap_or_default();
                let column = LogicalExpr::column(&entity.column);
                conditions.push(self.label_condition(column, &tables, labels)?);
            }
        }
        for (index, properties) in inline {
            let column = entities[index].column.clone();
            let ty = graph.entities[index].ty.clone();
            self.inline_properties(column, &ty, properties, &mut conditions)?;
        }
        for (number, (step, kind)) in steps.iter().zip(&kinds).enumerate() {
            let Some(properties) = &step.pattern.properties else {
                continue;
            };
            if *kind != StepKind::Edge {
                let message = "a role step has no properties; they belong to the hyperedge";
                return Err(self.source.invalid(message, properties.span));
            }
            let place = kinds[..number]
                .iter()
                .filter(|kind| **kind == StepKind::Edge)
                .count();
            let (variable, tables) = {
                let edge = &graph.edges[place];
                (edge.variable.clone(), Arc::clone(&edge.tables))
            };
            let ty = Type::Hyperedge(tables);
            if graph.edges[place].path.is_none() {
                self.inline_properties(variable, &ty, properties, &mut conditions)?;
                continue;
            }
            let wanted = self.path_properties(&ty, properties)?;
            if let Some(path) = &mut graph.edges[place].path {
                path.properties = wanted;
            }
        }
        self.flush_pending()?;
        graph.first_temporary = self.counter;
        self.counter += 2 * (graph.edges.len() + graph.roles.len());
        let input = std::mem::replace(&mut self.plan, LogicalPlan::Unit);
        self.estimate(&mut graph, &conditions, predicate, &input)?;
        self.plan = plan_pattern(&graph, input, self.schema, self.statistics)?.filtered(conditions);
        for path in paths {
            self.bind_path(&path, &entities, &steps, &kinds, &graph)?;
        }
        for predicate in wheres.into_iter().chain(predicate) {
            self.filter(predicate)?;
        }
        Ok(())
    }

    /// A path variable is new, and stands for nothing else in its pattern.
    fn check_path_names(
        &self,
        paths: &[PathOf<'_>],
        entities: &[Entity],
        steps: &[Step<'_>],
    ) -> Result<()> {
        for (index, path) in paths.iter().enumerate() {
            let name = &path.name.kind.text;
            let is_step = |step: &Step<'_>| {
                let variable = step.pattern.variable.as_ref();
                variable.is_some_and(|own| &own.kind.text == name)
            };
            let entity = entities
                .iter()
                .position(|entity| entity.name.as_ref() == Some(name));
            let step = steps.iter().position(is_step);
            // What comes before has taken the name; what comes after takes it for something else.
            let conflict = entity.is_some_and(|at| at >= path.so_far.0)
                || step.is_some_and(|at| at >= path.so_far.1);
            let taken = entity.is_some() || step.is_some();
            let again = paths[..index]
                .iter()
                .any(|other| &other.name.kind.text == name);
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
                    return Err(self
                        .source
                        .invalid(message, name.span)
                        .with_code("SyntaxError:UndefinedVariable"));
                }
            }
        }
        Ok(())
    }

    fn path<'p>(
        &mut self,
        path: &'p PathPattern,
        search: PathSearch,
        parts: &mut Parts<'_, 'p>,
    ) -> Result<()> {
        let mut left: Option<usize> = None;
        let mut between: Option<(&'p RelationshipPattern, Span)> = None;
        for factor in &path.kind.factors {
            match &factor.kind {
                PathFactorKind::Node(node) => {
                    let index = self.node(node, factor.span, parts.entities)?;
                    parts.inline.extend(
                        node.properties
                            .as_deref()
                            .map(|properties| (index, properties)),
                    );
                    parts.wheres.extend(node.where_clause.as_deref());
                    if let (Some(left), Some((pattern, span))) = (left, between.take()) {
                        parts.wheres.extend(pattern.where_clause.as_deref());
                        let names = match &pattern.labels {
                            None => Vec::new(),
                            Some(labels) => self.step_names(labels)?,
                        };
                        let length = self.length_of(pattern, search)?;
                        parts.items.push(PathItem::Step(parts.steps.len()));
                        parts.steps.push(Step {
                            pattern,
                            left,
                            right: index,
                            span,
                            names,
                            length,
                        });
                    }
                    parts.items.push(PathItem::Entity(index));
                    left = Some(index);
                }
                PathFactorKind::Relationship(relationship) => {
                    between = Some((relationship, factor.span));
                }
                PathFactorKind::LegacyShortest { all, pattern } => {
                    let search = if *all {
                        PathSearch::AllShortest
                    } else {
                        PathSearch::AnyShortest
                    };
                    self.path(pattern, search, parts)?;
                    let one_step = parts.items.len() == 3;
                    let long = parts.steps.last().is_some_and(|step| step.length.is_some());
                    if !one_step || !long {
                        return Err(self.source.unsupported(
                            "a shortest path of anything but one step of variable length",
                            factor.span,
                        ));
                    }
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
        // Where labels may have changed, the tables alone do not tell.
        let check = node.labels.clone().filter(|_| {
            labelled
                .as_ref()
                .is_some_and(|tables| self.may_change(tables))
        });
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
            entity.checks.extend(check);
            return Ok(index);
        }
        let known = name
            .as_ref()
            .and_then(|name| self.scope.find(name))
            .map(|known| (known.column.clone(), known.ty.clone()));
        let (column, bound) = match (known, &name) {
            (Some((column, Type::Any)), _) => {
                let column = self.entity_of(LogicalExpr::Column(column), span)?;
                let tables = self.schema.node_tables().map(|table| table.id);
                (column, Some(Type::Node(tables.collect())))
            }
            (Some((column, Type::Null)), _) => {
                let name = self.internal_name("entity");
                let none = Type::Node([].into());
                let null = LogicalExpr::Column(column).convert(&Type::Null, &none);
                self.pend(super::Pending::Column(null, name.clone()));
                self.flush_pending()?;
                (name, Some(none))
            }
            (Some((column, ty)), _) => {
                if !matches!(ty, Type::Node(_) | Type::Hyperedge(_)) {
                    let message = format!(
                        "`{}` is {ty}, not a node or a hyperedge",
                        name.unwrap_or_default()
                    );
                    return Err(self
                        .source
                        .invalid(message, span)
                        .with_code("SyntaxError:VariableTypeConflict"));
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
            checks: check.into_iter().collect(),
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
            // A relationship that is bound already is looked for anew, and must be the same.
            let known = named
                .and_then(|name| self.scope.find(&name.kind.text))
                .map(|known| (known.column.clone(), known.ty.clone()));
            let variable = match (&known, named) {
                (Some(_), _) => Some(self.internal_name("edge")),
                (None, Some(name)) => Some(column_for(&name.kind.text)),
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
                            format!("`{}` is {ty}, not a relationship", name.kind.text),
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
                    let path = step.length.map(|length| PatternPath {
                        hop: Hop::Edge(direction),
                        least: length.least,
                        most: length.most,
                        search: length.search,
                        properties: Vec::new(),
                        nodes: self.internal_name("nodes"),
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
            if self.scope.find(&name.kind.text).is_some() {
                continue;
            }
            let column = column_for(&name.kind.text);
            let ty = match graph.edges.iter().find(|edge| edge.variable == column) {
                Some(edge) if edge.path.is_some() => {
                    Type::Hyperedge(Arc::clone(&edge.tables)).list()
                }
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
                    .map(|(key, value)| {
                        let name = Name::new(Identifier::new(key, false), span);
                        (name, LogicalExpr::Literal(value))
                    })
                    .collect()),
                _ => Err(self
                    .source
                    .unsupported("a computed property map in a pattern", span)),
            },
        }
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
            let key = key.kind.text.clone();
            wanted.push((PropertyRef { key, ty }, value));
        }
        Ok(wanted)
    }
}
