//! From a pattern as it is written to its elements: entities, steps between them, and repeated groups.

use grism_core::{Error, Result, Type};
use grism_logical::{LogicalExpr, PathMode, PathSearch};

use super::Binder;
use super::path::{Length, PathItem, PathOf, PathRules};
use super::pattern::{Elements, Entity, Step};
use super::repeat::{Group, GroupPattern};
use super::scope::column_for;
use crate::syntax::{NodePattern, PathElementKind, PathPattern, RelationshipPattern, Span};

/// What waits for the entity at its right end.
enum Between<'p> {
    Step(&'p RelationshipPattern, Span),
    Group(Box<Group<'p>>),
}

impl Binder<'_> {
    /// Adds the elements of one path pattern of a MATCH.
    pub(super) fn pattern_part<'p>(
        &mut self,
        path: &'p PathPattern,
        elements: &mut Elements<'p>,
    ) -> Result<()> {
        let search = match path.selector {
            None => PathSearch::Trails,
            Some((selector, _)) => self.path_search(selector),
        };
        let mode = path.mode.map_or(PathMode::Trail, |(mode, _)| mode);
        let (first_step, first_group) = (elements.steps.len(), elements.groups.len());
        let mut items = Vec::new();
        let rules = PathRules { search, mode };
        self.path(path, rules, elements, &mut items)?;
        if let Some((mode, span)) = path.mode {
            self.check_mode(mode, search, &elements.steps[first_step..], span)?;
            for group in &elements.groups[first_group..] {
                self.check_group_mode(mode, search, group, span)?;
            }
            if mode != PathMode::Trail {
                elements.modes.push((mode, items.clone()));
            }
        }
        if let Some(binding) = &path.variable {
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
                return Err(self.only_one_long_step(path.span));
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
        rules: PathRules,
        elements: &mut Elements<'p>,
        items: &mut Vec<PathItem>,
    ) -> Result<()> {
        let mut left: Option<usize> = None;
        let mut between: Option<Between<'p>> = None;
        for element in &path.elements {
            match &element.kind {
                PathElementKind::Node(node) => {
                    let index = self.node(node, element.span, &mut elements.entities)?;
                    let properties = node.properties.as_ref();
                    elements
                        .inline
                        .extend(properties.map(|properties| (index, properties)));
                    elements.wheres.extend(node.predicate.as_ref());
                    self.connect(left, between.take(), index, rules, elements, items)?;
                    items.push(PathItem::Entity(index));
                    left = Some(index);
                }
                PathElementKind::Relationship(relationship) => {
                    between = Some(Between::Step(relationship, element.span));
                }
                PathElementKind::Group(group) if group.quantifier.is_none() => {
                    if path.elements.len() > 1 {
                        let what = "a path in parentheses beside other elements";
                        return Err(self.source.unsupported(what, element.span));
                    }
                    if let Some(name) = &group.path.variable {
                        let what = "a path variable within a path";
                        return Err(self.source.unsupported(what, name.span));
                    }
                    self.path(&group.path, rules, elements, items)?;
                    elements.wheres.extend(group.predicate.as_ref());
                }
                PathElementKind::Group(group) => {
                    if let Some(name) = &group.path.variable {
                        let what = "a path variable within a path";
                        return Err(self.source.unsupported(what, name.span));
                    }
                    // Where no node is written beside a group, there is one without a name.
                    if left.is_none() || between.is_some() {
                        let index = self.nameless(&mut elements.entities);
                        self.connect(left, between.take(), index, rules, elements, items)?;
                        items.push(PathItem::Entity(index));
                        left = Some(index);
                    }
                    between = Some(Between::Group(Box::new(Group {
                        pattern: GroupPattern::Path(&group.path),
                        predicate: group.predicate.as_ref(),
                        length: match group.quantifier {
                            Some(quantifier) => Length::new(quantifier, rules),
                            None => return Err(Error::internal("a group without a quantifier")),
                        },
                        left: 0,
                        right: 0,
                        span: element.span,
                        number: self.counter + 1,
                    })));
                    self.counter += 1;
                }
                PathElementKind::Shortest { all, path } => {
                    let search = match all {
                        true => PathSearch::AllShortest,
                        false => PathSearch::AnyShortest,
                    };
                    let rules = PathRules { search, ..rules };
                    self.path(path, rules, elements, items)?;
                    let one_step = items.len() == 3;
                    let long = elements.steps.last();
                    if !one_step || long.is_none_or(|step| step.length.is_none()) {
                        return Err(self.only_one_long_step(element.span));
                    }
                }
            }
        }
        if between.is_some() {
            let index = self.nameless(&mut elements.entities);
            self.connect(left, between, index, rules, elements, items)?;
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
        rules: PathRules,
        elements: &mut Elements<'p>,
        items: &mut Vec<PathItem>,
    ) -> Result<()> {
        let (Some(left), Some(between)) = (left, between) else {
            return Ok(());
        };
        match between {
            Between::Step(pattern, span) => {
                elements.wheres.extend(pattern.predicate.as_ref());
                let (names, is_list) = match &pattern.labels {
                    None => (None, false),
                    Some(labels) => self.step_names(labels),
                };
                let length = pattern
                    .quantifier
                    .map(|quantifier| Length::new(quantifier, rules));
                items.push(PathItem::Step(elements.steps.len()));
                elements.steps.push(Step {
                    pattern,
                    left,
                    right,
                    span,
                    names,
                    is_list,
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
            unlabelled: self.schema.entity_tables(),
            labelled: None,
            by_roles: None,
            as_member: None,
            bound: None,
            is_start: false,
            checks: Vec::new(),
        });
        entities.len() - 1
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
        let name = node.variable.as_ref().map(|name| name.text.clone());
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
                if !ty.is_entity() {
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
        let unlabelled = self.unlabelled_tables(name.as_deref());
        entities.push(Entity {
            column,
            name,
            label,
            unlabelled,
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
