//! The clauses that write: what they need computed for every row, and what they do with it.
//!
//! A write is bound against the rows that the clauses before it made, which stand in its plans as
//! [`LogicalPlan::Argument`].

use std::ops::Range;
use std::sync::Arc;

use grism_core::{Result, Type, Value};
use grism_logical::{Apply, ApplyKind, LogicalExpr, LogicalPlan};
use open_cypher::Span;
use open_cypher::ast::{
    Clause, ClauseKind, DeleteClause, Expr, ExprKind, LabelExpression, LabelExpressionKind,
    MergeClause, MergeTrigger, Name, NodePattern, PathFactorKind, Pattern, PatternPart,
    RelationshipDirection, RelationshipPattern, RemoveItemKind, SetClause, SetItemKind,
};

use super::scope::{Scope, column_for};
use super::{Binder, hint};

/// A clause that writes.
#[derive(Clone, Debug)]
pub struct BoundWrite {
    /// Makes the columns that the write reads, on top of the rows before.
    pub plan: LogicalPlan,
    /// What is written.
    pub kind: WriteKind,
    /// The variables after the clause; those it creates have no type until it ran.
    pub scope: Scope,
    /// Makes names of internal columns differ.
    pub counter: usize,
}

/// What a clause writes.
#[derive(Clone, Debug)]
pub enum WriteKind {
    /// CREATE.
    Create(Created),
    /// MERGE.
    Merge(Box<MergeWrite>),
    /// SET and REMOVE.
    Set(Vec<SetItem>),
    /// DELETE of the entities in these columns.
    Delete {
        /// The columns, with their types.
        targets: Vec<(String, Type)>,
        /// Whether relationships go along.
        detach: bool,
    },
}

/// What is created for a row.
#[derive(Clone, Debug, Default)]
pub struct Created {
    /// Nodes and hyperedges of declared types, in the order of the pattern.
    pub entities: Vec<CreatedEntity>,
    /// Binary edges.
    pub edges: Vec<CreatedEdge>,
    /// Members that are bound to hyperedges.
    pub incidences: Vec<CreatedIncidence>,
    /// Path variables: a variable's column and the columns of the path's elements.
    pub paths: Vec<(String, Vec<String>)>,
}

/// A node, or a hyperedge of a declared type, that is created for a row.
#[derive(Clone, Debug)]
pub struct CreatedEntity {
    /// The column of its id.
    pub column: String,
    /// The node's labels.
    pub labels: Vec<String>,
    /// The hyperedge's type; `None` for a node.
    pub hyperedge_type: Option<String>,
    /// The column of the map of its properties; `None` where it has none.
    pub properties: Option<String>,
}

/// A binary edge that is created for a row.
#[derive(Clone, Debug)]
pub struct CreatedEdge {
    /// The column of its id.
    pub column: String,
    /// Its type.
    pub type_name: String,
    /// The column of the entity it starts from.
    pub source: String,
    /// The column of the entity it leads to.
    pub target: String,
    /// Whether MERGE takes it in either direction.
    pub undirected: bool,
    /// The column of the map of its properties; `None` where it has none.
    pub properties: Option<String>,
}

/// A member that is bound to a hyperedge for a row.
#[derive(Clone, Debug)]
pub struct CreatedIncidence {
    /// The column of the hyperedge.
    pub hyperedge: String,
    /// The role.
    pub role: String,
    /// The column of the member.
    pub member: String,
}

/// What MERGE does.
#[derive(Clone, Debug)]
pub struct MergeWrite {
    /// What is created where the pattern is not found.
    pub created: Created,
    /// The column that is true where the pattern was found.
    pub found: String,
    /// The columns that tell which rows look for the same.
    pub keys: Vec<(String, Type)>,
    /// The columns of the pattern's new variables.
    pub variables: Vec<(String, Type)>,
    /// What is set on what was created: a plan over the rows, and the items.
    pub on_create: Option<(LogicalPlan, Vec<SetItem>)>,
    /// What is set on what was found.
    pub on_match: Option<(LogicalPlan, Vec<SetItem>)>,
}

/// One item of SET or REMOVE.
#[derive(Clone, Debug)]
pub enum SetItem {
    /// `entity.key = value`; null removes.
    Property {
        /// The entity's column, with its type.
        entity: (String, Type),
        /// The key.
        key: String,
        /// The value's column, with its type.
        value: (String, Type),
        /// Whether the value hangs on stored properties.
        reads: bool,
    },
    /// `entity = map` or, where it merges, `entity += map`.
    Properties {
        /// The entity's column, with its type.
        entity: (String, Type),
        /// The column of the map.
        value: (String, Type),
        /// Whether other properties stay.
        merge: bool,
    },
    /// `entity:Label`, or its removal.
    Labels {
        /// The entity's column, with its type.
        entity: (String, Type),
        /// The labels.
        labels: Vec<String>,
        /// Whether they go.
        remove: bool,
    },
}

impl Binder<'_> {
    pub(crate) fn write(
        mut self,
        clause: &Clause,
        patterns: Option<&Range<usize>>,
    ) -> Result<BoundWrite> {
        let kind = match &clause.kind {
            ClauseKind::Create(create) => {
                let mut pattern = create.pattern.clone();
                if let Some(range) = patterns {
                    pattern.parts = pattern.parts[range.clone()].to_vec();
                }
                WriteKind::Create(self.create(&pattern, false)?)
            }
            ClauseKind::Insert(insert) => WriteKind::Create(self.create(&insert.pattern, false)?),
            ClauseKind::Merge(merge) => self.merge(merge)?,
            ClauseKind::Set(set) => WriteKind::Set(self.set(set)?),
            ClauseKind::Remove(remove) => {
                let mut items = Vec::new();
                for item in &remove.items {
                    items.push(self.remove(&item.kind, item.span)?);
                }
                WriteKind::Set(items)
            }
            ClauseKind::Delete(delete) => self.delete(delete)?,
            _ => return Err(self.source.unsupported("this clause", clause.span)),
        };
        self.flush_pending()?;
        Ok(BoundWrite {
            plan: self.plan,
            kind,
            scope: self.scope,
            counter: self.counter,
        })
    }

    /// The expression as a column of the plan.
    fn computed(&mut self, expression: LogicalExpr, stem: &str) -> Result<String> {
        self.flush_pending()?;
        let name = self.internal_name(stem);
        let input = Arc::new(std::mem::replace(&mut self.plan, LogicalPlan::Unit));
        self.plan = super::with_column(input, expression, name.clone())?;
        Ok(name)
    }

    fn property_map(&mut self, properties: Option<&Expr>) -> Result<Option<String>> {
        let Some(properties) = properties else {
            return Ok(None);
        };
        let map = self.expression(properties)?;
        let known = self.columns()?;
        if map.columns().iter().any(|column| !known.contains(column)) {
            return Err(self.source.unsupported(
                "reading what the same pattern creates; use two patterns",
                properties.span,
            ));
        }
        let ty = self.type_of(&map, properties)?;
        if !matches!(ty, Type::Map(_) | Type::Any | Type::Null) {
            return Err(self
                .source
                .invalid(format!("properties are a map, not {ty}"), properties.span)
                .with_code("SyntaxError:InvalidArgumentType"));
        }
        let map = map.convert(&ty, &Type::Any);
        self.computed(map, "properties").map(Some)
    }

    fn create(&mut self, pattern: &Pattern, merges: bool) -> Result<Created> {
        let mut created = Created::default();
        for part in &pattern.parts {
            self.create_part(part, merges, &mut created)?;
        }
        Ok(created)
    }

    fn create_part(
        &mut self,
        part: &PatternPart,
        merges: bool,
        created: &mut Created,
    ) -> Result<()> {
        if let Some(selector) = &part.kind.selector {
            return Err(self.source.unsupported("a path selector", selector.span));
        }
        let mut left: Option<String> = None;
        let mut between: Option<(&RelationshipPattern, Span)> = None;
        let alone = part.kind.path.kind.factors.len() == 1;
        let mut through = Vec::new();
        for factor in &part.kind.path.kind.factors {
            match &factor.kind {
                PathFactorKind::Node(node) => {
                    let column = self.created_node(node, factor.span, alone, created)?;
                    if let (Some(left), Some((step, span))) = (&left, between.take()) {
                        let edge = self.created_step(step, span, left, &column, merges, created)?;
                        through.push(edge);
                    }
                    through.push(column.clone());
                    left = Some(column);
                }
                PathFactorKind::Relationship(relationship) => {
                    between = Some((relationship, factor.span));
                }
                _ => {
                    return Err(self
                        .source
                        .invalid(
                            "only nodes and single relationships can be created",
                            factor.span,
                        )
                        .with_code("SyntaxError:CreatingVarLength"));
                }
            }
        }
        if let Some(binding) = &part.kind.binding {
            let column = column_for(&binding.kind.text);
            created.paths.push((column.clone(), through));
            self.scope.put(&binding.kind.text, &column, Type::Path);
        }
        Ok(())
    }

    fn created_node(
        &mut self,
        node: &NodePattern,
        span: Span,
        alone: bool,
        created: &mut Created,
    ) -> Result<String> {
        let name = node.variable.as_ref();
        let known = name
            .and_then(|name| self.scope.find(&name.kind.text))
            .cloned();
        if let (Some(known), Some(name)) = (known, name) {
            let again = node.labels.is_some() || node.properties.is_some() || alone;
            if again {
                return Err(self
                    .source
                    .invalid(
                        format!("the variable `{}` is bound already", name.kind.text),
                        name.span,
                    )
                    .with_code("SyntaxError:VariableAlreadyBound"));
            }
            return match &known.ty {
                Type::Any => self.entity_of(LogicalExpr::Column(known.column), span),
                Type::Node(_) | Type::Hyperedge(_) | Type::Null => Ok(known.column),
                other => Err(self
                    .source
                    .invalid(
                        format!("`{}` is {other}, not a node or a hyperedge", name.kind.text),
                        span,
                    )
                    .with_code("SyntaxError:VariableTypeConflict")),
            };
        }
        let labels = match &node.labels {
            None => Vec::new(),
            Some(labels) => self.plain_labels(labels)?,
        };
        let declared: Vec<&String> = labels
            .iter()
            .filter(|label| {
                self.schema
                    .hyperedge_table(label)
                    .is_some_and(|(_, ty)| ty.declared)
            })
            .collect();
        let hyperedge_type = match (&declared[..], labels.len()) {
            ([], _) => None,
            ([only], 1) => Some((*only).clone()),
            _ => {
                return Err(self
                    .source
                    .invalid("a hyperedge has its type and no label", span));
            }
        };
        let properties = self.property_map(node.properties.as_deref())?;
        let column = match name {
            Some(name) => column_for(&name.kind.text),
            None => self.internal_name("node"),
        };
        let ty = match &hyperedge_type {
            Some(name) => {
                let table = self.schema.hyperedge_table(name).map(|(table, _)| table.id);
                Type::Hyperedge(table.into_iter().collect())
            }
            None => Type::Node([].into()),
        };
        if let Some(name) = name {
            self.scope.put(&name.kind.text, &column, ty);
        }
        created.entities.push(CreatedEntity {
            column: column.clone(),
            labels: if hyperedge_type.is_some() {
                Vec::new()
            } else {
                labels
            },
            hyperedge_type,
            properties,
        });
        Ok(column)
    }

    /// Labels joined by `:` or `&`, as creation wants them.
    fn plain_labels(&self, labels: &LabelExpression) -> Result<Vec<String>> {
        Ok(match &labels.kind {
            LabelExpressionKind::Name(name) => vec![name.kind.text.clone()],
            LabelExpressionKind::And(parts) => {
                let mut all: Vec<String> = Vec::new();
                for part in parts {
                    for label in self.plain_labels(part)? {
                        if !all.contains(&label) {
                            all.push(label);
                        }
                    }
                }
                all.sort_unstable();
                all
            }
            LabelExpressionKind::Parenthesized(inner) => self.plain_labels(inner)?,
            _ => {
                return Err(self
                    .source
                    .invalid(
                        "labels that are written are names joined by `:` or `&`",
                        labels.span,
                    )
                    .with_code("SyntaxError:UnexpectedSyntax"));
            }
        })
    }

    fn created_step(
        &mut self,
        step: &RelationshipPattern,
        span: Span,
        left: &str,
        right: &str,
        merges: bool,
        created: &mut Created,
    ) -> Result<String> {
        if step.legacy_quantifier.is_some() || step.graph_quantifier.is_some() {
            return Err(self
                .source
                .invalid("a relationship of variable length cannot be created", span)
                .with_code("SyntaxError:CreatingVarLength"));
        }
        if let Some(variable) = &step.variable
            && self.scope.find(&variable.kind.text).is_some()
        {
            return Err(self
                .source
                .invalid(
                    format!("the variable `{}` is bound already", variable.kind.text),
                    variable.span,
                )
                .with_code("SyntaxError:VariableAlreadyBound"));
        }
        let names = match &step.labels {
            None => Vec::new(),
            Some(labels) => super::labels::type_names(labels).unwrap_or_default(),
        };
        let [name] = &names[..] else {
            return Err(self
                .source
                .invalid("a relationship that is created has exactly one type", span)
                .with_code("SyntaxError:NoSingleRelationshipType"));
        };
        let type_name = name.kind.text.clone();
        let direction = step.direction.kind;
        let (source, target) = match direction {
            RelationshipDirection::Right => (left, right),
            RelationshipDirection::Left => (right, left),
            _ if merges => (left, right),
            _ => {
                return Err(self
                    .source
                    .invalid("a relationship that is created has a direction", span)
                    .with_code("SyntaxError:RequiresDirectedRelationship"));
            }
        };
        let undirected = !matches!(
            direction,
            RelationshipDirection::Right | RelationshipDirection::Left
        );
        if let Some(types) = self.declared_of(source, created) {
            return self.created_incidence(step, span, source, &type_name, target, &types, created);
        }
        let declared = self
            .schema
            .hyperedge_table(&type_name)
            .filter(|(_, ty)| !ty.is_binary());
        if declared.is_some() {
            return Err(self.source.invalid(
                format!(
                    "`{type_name}` is a hyperedge type, not a relationship: write (h:{type_name})-[:role]->(member)"
                ),
                span,
            ));
        }
        let properties = self.property_map(step.properties.as_deref())?;
        let column = match &step.variable {
            Some(variable) => column_for(&variable.kind.text),
            None => self.internal_name("edge"),
        };
        if let Some(variable) = &step.variable {
            let ty = Type::Hyperedge([].into());
            self.scope.put(&variable.kind.text, &column, ty);
        }
        created.edges.push(CreatedEdge {
            column: column.clone(),
            type_name,
            source: source.to_owned(),
            target: target.to_owned(),
            undirected,
            properties,
        });
        Ok(column)
    }

    /// The declared types that the entity in a column may have, where it is a hyperedge.
    fn declared_of(&self, column: &str, created: &Created) -> Option<Vec<String>> {
        let here = created
            .entities
            .iter()
            .find(|entity| entity.column == column);
        if let Some(entity) = here {
            return entity.hyperedge_type.clone().map(|name| vec![name]);
        }
        let ty = self
            .scope
            .variables
            .iter()
            .find(|variable| variable.column == column)
            .map(|variable| &variable.ty)?;
        let Type::Hyperedge(tables) = ty else {
            return None;
        };
        let types = tables
            .iter()
            .filter_map(|table| self.schema.table(*table).ok()?.hyperedge_type())
            .filter(|ty| ty.declared)
            .map(|ty| ty.name.clone());
        Some(types.collect())
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one step")]
    fn created_incidence(
        &mut self,
        step: &RelationshipPattern,
        span: Span,
        hyperedge: &str,
        role: &str,
        member: &str,
        types: &[String],
        created: &mut Created,
    ) -> Result<String> {
        for name in types {
            let Some((_, ty)) = self.schema.hyperedge_table(name) else {
                continue;
            };
            if ty.role(role).is_none() {
                let roles: Vec<&str> = ty.roles.iter().map(|role| role.name.as_str()).collect();
                return Err(self.source.invalid(
                    format!(
                        "`{name}` has no role `{role}`{}; its roles are {}",
                        hint(role, roles.iter().copied()),
                        roles.join(", ")
                    ),
                    span,
                ));
            }
        }
        if let Some(properties) = &step.properties {
            return Err(self.source.invalid(
                "a role step has no properties; they belong to the hyperedge",
                properties.span,
            ));
        }
        if let Some(variable) = &step.variable {
            return Err(self
                .source
                .unsupported("naming a role step that is created", variable.span));
        }
        created.incidences.push(CreatedIncidence {
            hyperedge: hyperedge.to_owned(),
            role: role.to_owned(),
            member: member.to_owned(),
        });
        Ok(hyperedge.to_owned())
    }

    fn merge(&mut self, merge: &MergeClause) -> Result<WriteKind> {
        let pattern = Pattern {
            parts: vec![merge.pattern.clone()],
            span: merge.pattern.span,
        };
        let before = self.scope.clone();
        // A pattern that only names what is bound has nothing to merge.
        if let [factor] = &merge.pattern.kind.path.kind.factors[..]
            && let PathFactorKind::Node(NodePattern {
                variable: Some(name),
                ..
            }) = &factor.kind
            && before.find(&name.kind.text).is_some()
        {
            return Err(self
                .source
                .invalid(
                    format!("the variable `{}` is bound already", name.kind.text),
                    name.span,
                )
                .with_code("SyntaxError:VariableAlreadyBound"));
        }
        // What would be created; its property maps are columns of the rows from here on.
        let created = self.create(&pattern, true)?;
        self.flush_pending()?;
        let after = std::mem::replace(&mut self.scope, before.clone());
        let outer = std::mem::replace(&mut self.plan, LogicalPlan::Unit);
        let outer_schema = outer.schema()?;
        let mut inner = Binder::new(self.source, self.context);
        inner.plan = LogicalPlan::Argument(outer_schema.clone());
        inner.scope = before.clone();
        inner.counter = self.counter;
        inner.match_pattern(&pattern, None)?;
        let found = inner.internal_name("found");
        let input = Arc::new(std::mem::replace(&mut inner.plan, LogicalPlan::Unit));
        inner.plan = super::with_column(
            input,
            LogicalExpr::Literal(Value::Bool(true)),
            found.clone(),
        )?;
        let mut variables = Vec::new();
        let mut names: Vec<String> = outer_schema.names().map(str::to_owned).collect();
        for variable in &inner.scope.variables {
            if before.find(&variable.name).is_none() {
                names.push(variable.column.clone());
                variables.push((variable.column.clone(), variable.ty.clone()));
            }
        }
        names.push(found.clone());
        self.counter = inner.counter;
        let subplan = std::mem::replace(&mut inner.plan, LogicalPlan::Unit).keep_columns(&names)?;
        self.plan = LogicalPlan::Apply(Apply {
            input: Arc::new(outer),
            subplan: Arc::new(subplan),
            kind: ApplyKind::Optional,
        });
        let mut keys = Vec::new();
        let schema = self.plan.schema()?;
        let mut key = |column: &String| {
            if let Some(own) = schema
                .find(column)
                .filter(|_| outer_schema.contains(column))
            {
                let entry = (column.clone(), own.ty.clone());
                if !keys.contains(&entry) {
                    keys.push(entry);
                }
            }
        };
        for entity in &created.entities {
            entity.properties.iter().for_each(&mut key);
        }
        for edge in &created.edges {
            edge.properties.iter().for_each(&mut key);
            key(&edge.source);
            key(&edge.target);
        }
        for incidence in &created.incidences {
            key(&incidence.hyperedge);
            key(&incidence.member);
        }
        self.scope = after;
        // What is set is bound over the variables, those of the pattern too: what the search computed beside is gone.
        let mut rows = grism_logical::PlanSchema::default();
        for variable in &inner.scope.variables {
            rows.put(grism_logical::Column::new(
                &variable.column,
                variable.ty.clone(),
            ));
        }
        let (mut on_create, mut on_match) = (None, None);
        for (trigger, slot) in [
            (MergeTrigger::Create, &mut on_create),
            (MergeTrigger::Match, &mut on_match),
        ] {
            let mut setter = Binder::new(self.source, self.context);
            setter.plan = LogicalPlan::Argument(rows.clone());
            setter.scope = inner.scope.clone();
            setter.counter = self.counter;
            let mut items = Vec::new();
            for action in merge
                .actions
                .iter()
                .filter(|action| action.trigger.kind == trigger)
            {
                items.extend(setter.set(&action.set)?);
            }
            setter.flush_pending()?;
            self.counter = setter.counter;
            if !items.is_empty() {
                *slot = Some((setter.plan, items));
            }
        }
        Ok(WriteKind::Merge(Box::new(MergeWrite {
            created,
            found,
            keys,
            variables,
            on_create,
            on_match,
        })))
    }

    fn set(&mut self, set: &SetClause) -> Result<Vec<SetItem>> {
        let mut items = Vec::new();
        for item in &set.items {
            items.push(match &item.kind {
                SetItemKind::Property { target, value } => {
                    let (base, key) = self.target(target)?;
                    let entity = self.target_entity(base)?;
                    let bound = self.expression(value)?;
                    let ty = self.type_of(&bound, value)?;
                    let storable = match &ty {
                        Type::Map(_) | Type::Node(_) | Type::Hyperedge(_) | Type::Incidence => {
                            false
                        }
                        Type::List(item) => !matches!(
                            **item,
                            Type::Map(_) | Type::Node(_) | Type::Hyperedge(_) | Type::Incidence
                        ),
                        _ => true,
                    };
                    if !storable {
                        return Err(self
                            .source
                            .invalid(format!("a property cannot hold {ty}"), value.span)
                            .with_code("TypeError:InvalidPropertyType"));
                    }
                    let reads = reads_properties(&bound) || !self.pending.is_empty();
                    let column = self.computed(bound, "value")?;
                    SetItem::Property {
                        entity,
                        key,
                        value: (column, ty),
                        reads,
                    }
                }
                SetItemKind::ReplaceProperties { target, value } => {
                    self.set_properties(target, value, false)?
                }
                SetItemKind::MergeProperties { target, value } => {
                    self.set_properties(target, value, true)?
                }
                SetItemKind::Labels { target, labels } => {
                    let entity = self.target_variable(target)?;
                    SetItem::Labels {
                        entity,
                        labels: self.plain_labels(labels)?,
                        remove: false,
                    }
                }
                _ => return Err(self.source.unsupported("this SET", item.span)),
            });
        }
        Ok(items)
    }

    fn set_properties(&mut self, target: &Name, value: &Expr, merge: bool) -> Result<SetItem> {
        let entity = self.target_variable(target)?;
        let bound = self.expression(value)?;
        let ty = self.type_of(&bound, value)?;
        let map = match &ty {
            Type::Node(_) | Type::Hyperedge(_) => self.dynamic_function(
                grism_logical::ScalarFunction::PropertyMap,
                bound,
                &ty,
                Vec::new(),
            ),
            Type::Map(_) | Type::Null => bound.convert(&ty, &Type::Any),
            Type::Any => self.dynamic_function(
                grism_logical::ScalarFunction::PropertyMap,
                bound,
                &ty,
                Vec::new(),
            ),
            other => {
                return Err(self
                    .source
                    .invalid(format!("properties are a map, not {other}"), value.span)
                    .with_code("SyntaxError:InvalidArgumentType"));
            }
        };
        let column = self.computed(map, "value")?;
        Ok(SetItem::Properties {
            entity,
            value: (column, Type::Any),
            merge,
        })
    }

    /// The entity and the key of `entity.key`.
    fn target<'e>(&self, target: &'e Expr) -> Result<(&'e Expr, String)> {
        match &target.kind {
            ExprKind::Parenthesized(inner) => self.target(inner),
            ExprKind::Property { expression, key } => Ok((expression, key.kind.text.clone())),
            _ => Err(self
                .source
                .invalid("SET takes `entity.key = value`", target.span)
                .with_code("SyntaxError:UnexpectedSyntax")),
        }
    }

    fn target_entity(&mut self, base: &Expr) -> Result<(String, Type)> {
        let bound = self.expression(base)?;
        let ty = self.type_of(&bound, base)?;
        self.check_target(&ty, base.span)?;
        if let LogicalExpr::Column(column) = &bound {
            return Ok((column.clone(), ty));
        }
        Ok((self.computed(bound, "entity")?, ty))
    }

    fn check_target(&self, ty: &Type, span: Span) -> Result<()> {
        if matches!(
            ty,
            Type::Node(_) | Type::Hyperedge(_) | Type::Any | Type::Null
        ) {
            return Ok(());
        }
        Err(self
            .source
            .invalid(format!("a node or a hyperedge is needed, not {ty}"), span)
            .with_code("SyntaxError:InvalidArgumentType"))
    }

    fn target_variable(&mut self, name: &Name) -> Result<(String, Type)> {
        let expression = Expr::new(ExprKind::Variable(name.clone()), name.span);
        self.target_entity(&expression)
    }

    fn remove(&mut self, item: &RemoveItemKind, span: Span) -> Result<SetItem> {
        Ok(match item {
            RemoveItemKind::Property(target) => {
                let (base, key) = self.target(target)?;
                let entity = self.target_entity(base)?;
                let column = self.computed(LogicalExpr::Literal(Value::Null), "value")?;
                SetItem::Property {
                    entity,
                    key,
                    value: (column, Type::Null),
                    reads: false,
                }
            }
            RemoveItemKind::Labels { target, labels } => SetItem::Labels {
                entity: self.target_variable(target)?,
                labels: self.plain_labels(labels)?,
                remove: true,
            },
            _ => return Err(self.source.unsupported("this REMOVE", span)),
        })
    }

    fn delete(&mut self, delete: &DeleteClause) -> Result<WriteKind> {
        let mut targets = Vec::new();
        for expression in &delete.expressions {
            let bound = self.expression(expression)?;
            let ty = self.type_of(&bound, expression)?;
            let deletable = matches!(
                ty,
                Type::Node(_)
                    | Type::Hyperedge(_)
                    | Type::Incidence
                    | Type::Path
                    | Type::Any
                    | Type::Null
            );
            if !deletable {
                let code = match &expression.kind {
                    ExprKind::Is { .. } => "SyntaxError:InvalidDelete",
                    _ => "SyntaxError:InvalidArgumentType",
                };
                return Err(self
                    .source
                    .invalid(format!("{ty} cannot be deleted"), expression.span)
                    .with_code(code));
            }
            let column = self.computed(bound, "target")?;
            targets.push((column, ty));
        }
        Ok(WriteKind::Delete {
            targets,
            detach: delete.mode.kind == open_cypher::ast::DeleteMode::Detach,
        })
    }
}

/// Whether an expression reads stored properties, which an earlier row may have changed.
fn reads_properties(expression: &LogicalExpr) -> bool {
    matches!(expression, LogicalExpr::Property { .. })
        || expression.children().into_iter().any(reads_properties)
}
