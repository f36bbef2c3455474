//! CREATE: the entities, edges and incidences that a pattern makes.

use grism_core::{Result, Type};
use grism_logical::LogicalExpr;

use crate::binder::scope::column_for;
use crate::binder::{Binder, hint};
use crate::syntax::{
    Direction, LabelExpression, LabelKind, NodePattern, PathElementKind, PathPattern,
    RelationshipPattern, Span,
};

use super::{Created, CreatedEdge, CreatedEntity, CreatedIncidence};

impl Binder<'_> {
    pub(super) fn create(&mut self, paths: &[PathPattern], merges: bool) -> Result<Created> {
        let mut created = Created::default();
        for path in paths {
            self.create_path(path, merges, &mut created)?;
        }
        Ok(created)
    }

    fn create_path(
        &mut self,
        path: &PathPattern,
        merges: bool,
        created: &mut Created,
    ) -> Result<()> {
        let mode = path.mode.map(|(_, span)| span);
        if let Some(span) = path.selector.map(|(_, span)| span).or(mode) {
            let message = "what is created is one path: it has no selector and no mode";
            return Err(self.source.invalid(message, span));
        }
        let mut left: Option<String> = None;
        let mut between: Option<(&RelationshipPattern, Span)> = None;
        let alone = path.elements.len() == 1;
        let mut through = Vec::new();
        for element in &path.elements {
            match &element.kind {
                PathElementKind::Node(node) => {
                    let column = self.created_node(node, element.span, alone, created)?;
                    if let (Some(left), Some((step, span))) = (&left, between.take()) {
                        let edge = self.created_step(step, span, left, &column, merges, created)?;
                        through.push(edge);
                    }
                    through.push(column.clone());
                    left = Some(column);
                }
                PathElementKind::Relationship(relationship) => {
                    between = Some((&**relationship, element.span));
                }
                _ => {
                    return Err(self
                        .source
                        .invalid(
                            "only nodes and single relationships can be created",
                            element.span,
                        )
                        .with_code("SyntaxError:CreatingVarLength"));
                }
            }
        }
        if let Some(binding) = &path.variable {
            let column = column_for(&binding.text);
            created.paths.push((column.clone(), through));
            self.scope.put(&binding.text, &column, Type::Path);
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
        let known = name.and_then(|name| self.scope.find(&name.text)).cloned();
        if let (Some(known), Some(name)) = (known, name) {
            let again = node.labels.is_some() || node.properties.is_some() || alone;
            if again {
                return Err(self
                    .source
                    .invalid(
                        format!("the variable `{}` is bound already", name.text),
                        name.span,
                    )
                    .with_code("SyntaxError:VariableAlreadyBound"));
            }
            return match &known.ty {
                Type::Any => self.entity_of(LogicalExpr::Column(known.column), span),
                ty if ty.is_entity() || ty == &Type::Null => Ok(known.column),
                other => Err(self
                    .source
                    .invalid(
                        format!("`{}` is {other}, not a node or a hyperedge", name.text),
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
        let properties = self.property_map(node.properties.as_ref())?;
        let column = match name {
            Some(name) => column_for(&name.text),
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
            self.scope.put(&name.text, &column, ty);
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
    pub(super) fn plain_labels(&self, labels: &LabelExpression) -> Result<Vec<String>> {
        Ok(match &labels.kind {
            LabelKind::Name(name) => vec![name.text.clone()],
            LabelKind::And(parts) => {
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
        if step.quantifier.is_some() {
            return Err(self
                .source
                .invalid("a relationship of variable length cannot be created", span)
                .with_code("SyntaxError:CreatingVarLength"));
        }
        if let Some(variable) = &step.variable
            && self.scope.find(&variable.text).is_some()
        {
            return Err(self
                .source
                .invalid(
                    format!("the variable `{}` is bound already", variable.text),
                    variable.span,
                )
                .with_code("SyntaxError:VariableAlreadyBound"));
        }
        let names = match &step.labels {
            None => Vec::new(),
            Some(labels) => crate::binder::labels::type_names(labels).unwrap_or_default(),
        };
        let [name] = &names[..] else {
            return Err(self
                .source
                .invalid("a relationship that is created has exactly one type", span)
                .with_code("SyntaxError:NoSingleRelationshipType"));
        };
        let type_name = name.text.clone();
        let direction = step.direction;
        let (source, target) = match direction {
            Direction::Right => (left, right),
            Direction::Left => (right, left),
            Direction::Either if merges => (left, right),
            Direction::Either => {
                return Err(self
                    .source
                    .invalid("a relationship that is created has a direction", span)
                    .with_code("SyntaxError:RequiresDirectedRelationship"));
            }
        };
        let undirected = direction == Direction::Either;
        let (from, to) = (
            self.declared_of(source, created),
            self.declared_of(target, created),
        );
        let turned = from.is_none() && self.have_role(to.as_deref(), &type_name);
        match (from, to) {
            // Without a direction a role leads from the hyperedge, wherever it stands.
            (_, Some(types)) if turned && undirected => {
                return self
                    .created_incidence(step, span, target, &type_name, source, &types, created);
            }
            _ if turned => {
                let message = format!(
                    "the role `{type_name}` leads from the hyperedge to its member; turn the arrow round"
                );
                return Err(self.source.invalid(message, span));
            }
            (Some(types), _) => {
                return self
                    .created_incidence(step, span, source, &type_name, target, &types, created);
            }
            (None, _) => self.check_edge_type(&type_name, source, created, name.span)?,
        }
        let properties = self.property_map(step.properties.as_ref())?;
        let column = match &step.variable {
            Some(variable) => column_for(&variable.text),
            None => self.internal_name("edge"),
        };
        if let Some(variable) = &step.variable {
            let ty = Type::Hyperedge([].into());
            self.scope.put(&variable.text, &column, ty);
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

    /// Refuses a new type of binary edges that can only be a slip: the name of a hyperedge type, or of a role.
    fn check_edge_type(
        &self,
        type_name: &str,
        source: &str,
        created: &Created,
        span: Span,
    ) -> Result<()> {
        match self.schema.hyperedge_table(type_name) {
            Some((_, ty)) if ty.is_binary() => return Ok(()),
            Some(_) => {
                let message = format!(
                    "`{type_name}` is a hyperedge type, not a relationship: write (h:{type_name})-[:role]->(member)"
                );
                return Err(self.source.invalid(message, span));
            }
            None => {}
        }
        let types = self.schema.hyperedge_tables();
        let owners: Vec<&str> = types
            .filter(|(_, ty)| ty.declared && ty.role(type_name).is_some())
            .map(|(_, ty)| ty.name.as_str())
            .collect();
        let Some(owner) = owners.first() else {
            return Ok(());
        };
        let entities = created.entities.iter();
        let labels = entities
            .filter(|entity| entity.column == source)
            .flat_map(|entity| &entity.labels);
        let meant = labels
            .filter_map(|label| grism_core::nearest(label, owners.iter().copied()))
            .next();
        let hint = match meant {
            Some(meant) => format!("; did you mean the label `{meant}`?"),
            None => format!("; label it: (h:{owner})-[:{type_name}]->(member)"),
        };
        let message = format!(
            "`{type_name}` is a role of `{}`, but this does not start from such a hyperedge{hint}",
            owners.join("`, `")
        );
        Err(self.source.invalid(message, span))
    }

    /// Whether one of the types has the role.
    fn have_role(&self, types: Option<&[String]>, role: &str) -> bool {
        types.into_iter().flatten().any(|name| {
            let ty = self.schema.hyperedge_table(name);
            ty.is_some_and(|(_, ty)| ty.role(role).is_some())
        })
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
}
