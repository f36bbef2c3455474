//! From a pattern as it is written to its elements: entities, steps between them, and repeated groups.

use grism_core::{Result, Type};
use grism_logical::{LogicalExpr, PathSearch};
use open_cypher::Span;
use open_cypher::ast::{
    LabelExpression, NodePattern, PathFactor, PathFactorKind, PathPattern, PatternPart,
    RelationshipPattern,
};

use super::Binder;
use super::labels::type_names;
use super::path::{PathItem, PathOf};
use super::pattern::{Elements, Entity, Step};
use super::repeat::{Group, GroupPattern};
use super::scope::column_for;

/// What waits for the entity at its right end.
enum Between<'p> {
    Step(&'p RelationshipPattern, Span),
    Group(Box<Group<'p>>),
}

impl Binder<'_> {
    /// Adds the elements of one path pattern of a MATCH.
    pub(super) fn pattern_part<'p>(
        &mut self,
        part: &'p PatternPart,
        elements: &mut Elements<'p>,
    ) -> Result<()> {
        let search = match part.kind.selector.as_ref() {
            None => PathSearch::Trails,
            Some(selector) => self.path_search(selector)?,
        };
        let (first_step, first_group) = (elements.steps.len(), elements.groups.len());
        let mut items = Vec::new();
        self.path(&part.kind.path, search, elements, &mut items)?;
        if let Some(binding) = &part.kind.binding {
            let so_far = (elements.entities.len(), elements.steps.len());
            elements.paths.push(PathOf {
                name: binding,
                items,
                so_far,
            });
        }
        if search != PathSearch::Trails {
            let one_step = matches!(&elements.steps[first_step..], [step] if step.length.is_some())
                && elements.groups.len() == first_group;
            let one_group =
                elements.steps.len() == first_step && elements.groups.len() == first_group + 1;
            if !one_step && !one_group {
                return Err(self.only_one_long_step(part.span));
            }
        }
        Ok(())
    }

    fn only_one_long_step(&self, span: Span) -> grism_core::Error {
        let what = "a shortest path of anything but one step of variable length";
        self.source.unsupported(what, span)
    }

    /// Adds the elements of `path`, and to `items` what it runs through.
    pub(super) fn path<'p>(
        &mut self,
        path: &'p PathPattern,
        search: PathSearch,
        elements: &mut Elements<'p>,
        items: &mut Vec<PathItem>,
    ) -> Result<()> {
        let mut left: Option<usize> = None;
        let mut between: Option<Between<'p>> = None;
        for factor in &path.kind.factors {
            match &factor.kind {
                PathFactorKind::Node(node) => {
                    let index = self.node(node, factor.span, &mut elements.entities)?;
                    let properties = node.properties.as_deref();
                    elements
                        .inline
                        .extend(properties.map(|properties| (index, properties)));
                    elements.wheres.extend(node.where_clause.as_deref());
                    self.connect(left, between.take(), index, search, elements, items)?;
                    items.push(PathItem::Entity(index));
                    left = Some(index);
                }
                PathFactorKind::Relationship(relationship) => {
                    between = Some(Between::Step(relationship, factor.span));
                }
                PathFactorKind::Parenthesized {
                    pattern,
                    where_clause,
                    quantifier: Some(quantifier),
                } => {
                    // Where no node is written beside a group, there is one without a name.
                    if left.is_none() || between.is_some() {
                        let index = self.nameless(&mut elements.entities);
                        self.connect(left, between.take(), index, search, elements, items)?;
                        items.push(PathItem::Entity(index));
                        left = Some(index);
                    }
                    between = Some(Between::Group(Box::new(Group {
                        pattern: GroupPattern::Path(pattern),
                        predicate: where_clause.as_deref(),
                        length: self.times(quantifier, false, search)?,
                        left: 0,
                        right: 0,
                        span: factor.span,
                        number: self.counter + 1,
                    })));
                    self.counter += 1;
                }
                PathFactorKind::Parenthesized {
                    pattern,
                    where_clause,
                    quantifier: None,
                } if path.kind.factors.len() == 1 => {
                    self.path(pattern, search, elements, items)?;
                    elements.wheres.extend(where_clause.as_deref());
                }
                PathFactorKind::LegacyShortest { all, pattern } => {
                    let search = if *all {
                        PathSearch::AllShortest
                    } else {
                        PathSearch::AnyShortest
                    };
                    self.path(pattern, search, elements, items)?;
                    let one_step = items.len() == 3;
                    let long = elements.steps.last();
                    if !one_step || long.is_none_or(|step| step.length.is_none()) {
                        return Err(self.only_one_long_step(factor.span));
                    }
                }
                _ => return Err(self.source.unsupported(name_of(factor), factor.span)),
            }
        }
        if between.is_some() {
            let index = self.nameless(&mut elements.entities);
            self.connect(left, between, index, search, elements, items)?;
            items.push(PathItem::Entity(index));
        }
        Ok(())
    }

    /// Adds what lies between the entities `left` and `right`.
    fn connect<'p>(
        &mut self,
        left: Option<usize>,
        between: Option<Between<'p>>,
        right: usize,
        search: PathSearch,
        elements: &mut Elements<'p>,
        items: &mut Vec<PathItem>,
    ) -> Result<()> {
        let (Some(left), Some(between)) = (left, between) else {
            return Ok(());
        };
        match between {
            Between::Step(pattern, span) => {
                elements.wheres.extend(pattern.where_clause.as_deref());
                let names = match &pattern.labels {
                    None => Vec::new(),
                    Some(labels) => self.step_names(labels)?,
                };
                let length = self.length_of(pattern, search)?;
                items.push(PathItem::Step(elements.steps.len()));
                elements.steps.push(Step {
                    pattern,
                    left,
                    right,
                    span,
                    names,
                    length,
                });
            }
            Between::Group(group) => {
                items.push(PathItem::Group(elements.groups.len()));
                elements.groups.push(Group {
                    left,
                    right,
                    ..*group
                });
            }
        }
        Ok(())
    }

    /// A node that the pattern does not write.
    fn nameless(&mut self, entities: &mut Vec<Entity>) -> usize {
        let column = self.internal_name("node");
        entities.push(Entity {
            column,
            name: None,
            label: String::new(),
            labelled: None,
            by_roles: None,
            as_member: None,
            bound: None,
            is_start: false,
            checks: Vec::new(),
        });
        entities.len() - 1
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

    pub(super) fn node(
        &mut self,
        node: &NodePattern,
        span: Span,
        entities: &mut Vec<Entity>,
    ) -> Result<usize> {
        let labelled = node
            .labels
            .as_ref()
            .map(|labels| self.found_tables(labels))
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
                let ty = self.plan.schema()?.find(&column).map(|own| own.ty.clone());
                (column, Some(ty.unwrap_or(Type::Null)))
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
            is_start: false,
            checks: check.into_iter().collect(),
        });
        Ok(entities.len() - 1)
    }
}

fn name_of(factor: &PathFactor) -> &'static str {
    match &factor.kind {
        PathFactorKind::QuantifiedNode { .. } => "a quantified node",
        PathFactorKind::Subpath { .. } => "a path variable within a path",
        PathFactorKind::Parenthesized { .. } => "a parenthesized path beside other elements",
        _ => "this part of a path",
    }
}
