//! From a pattern as it is written to its elements: entities, steps between them, and repeated groups.

use grism_core::{Error, Result};
use grism_logical::{PathMode, PathSearch};

use super::elements::{Elements, Step};
use super::group::{Group, GroupPattern};
use super::names::check_path_names;
use super::node::{add_node, nameless};
use super::path::{Length, PathItem, PathOf, PathRules, path_search};
use super::path_mode::{check_group_mode, check_mode};
use crate::binder::expression::ExpressionBinder;
use crate::binder::names::step_names;
use crate::syntax::{PathElementKind, PathPattern, Pattern, RelationshipPattern, Span};

/// What waits for the entity at its right end.
enum Between<'p> {
    Step(&'p RelationshipPattern, Span),
    Group(Box<Group<'p>>),
}

/// The elements of a pattern. The columns of entities whose type is known only at run time are among the binder's needs.
pub(crate) fn take_apart<'p>(
    binder: &mut ExpressionBinder<'_, '_>,
    pattern: &'p Pattern,
) -> Result<Elements<'p>> {
    let mut elements = Elements::default();
    for path in &pattern.paths {
        add_path_pattern(binder, path, &mut elements)?;
    }
    check_path_names(binder.context, binder.input.scope, &elements)?;
    Ok(elements)
}

/// Adds the elements of one path pattern of a MATCH.
fn add_path_pattern<'p>(
    binder: &mut ExpressionBinder<'_, '_>,
    path: &'p PathPattern,
    elements: &mut Elements<'p>,
) -> Result<()> {
    let search = match path.selector {
        None => PathSearch::Trails,
        Some((selector, _)) => path_search(selector),
    };
    let mode = path.mode.map_or(PathMode::Trail, |(mode, _)| mode);
    let (first_step, first_group) = (elements.steps.len(), elements.groups.len());
    let mut items = Vec::new();
    let rules = PathRules { search, mode };
    add_path(binder, path, rules, elements, &mut items)?;
    if let Some((mode, span)) = path.mode {
        check_mode(
            binder.context,
            mode,
            search,
            &elements.steps[first_step..],
            span,
        )?;
        for group in &elements.groups[first_group..] {
            check_group_mode(binder.context, mode, search, group, span)?;
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
        let groups = elements.groups.len() - first_group;
        select_paths(
            binder,
            rules,
            &mut elements.steps[first_step..],
            groups,
            path.span,
        )?;
    }
    Ok(())
}

/// Sees that a selector can search the path of these steps and so many groups.
fn select_paths(
    binder: &ExpressionBinder<'_, '_>,
    rules: PathRules,
    steps: &mut [Step<'_>],
    groups: usize,
    span: Span,
) -> Result<()> {
    let is_fixed = groups == 0 && steps.iter().all(|step| step.length.is_none());
    let takes_all = matches!(
        rules.search,
        PathSearch::AllShortest | PathSearch::ShortestGroups(_)
    );
    match steps {
        // All of these paths are of one length.
        _ if is_fixed && takes_all => Ok(()),
        [step] if is_fixed && step.pattern.variable.is_none() => {
            step.length = Some(Length {
                least: 1,
                most: Some(1),
                rules,
            });
            Ok(())
        }
        [step] if groups == 0 && step.length.is_some() => Ok(()),
        [] if groups <= 1 => Ok(()),
        _ => {
            let what =
                "a selector or a shortest path over anything but one step or one group of steps";
            Err(binder.unsupported(what, span))
        }
    }
}

/// Adds the elements of `path`, and to `items` what it runs through.
pub(crate) fn add_path<'p>(
    binder: &mut ExpressionBinder<'_, '_>,
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
                let index = add_node(binder, node, element.span, &mut elements.entities)?;
                let properties = node.properties.as_ref();
                elements
                    .inline
                    .extend(properties.map(|properties| (index, properties)));
                elements.wheres.extend(node.predicate.as_ref());
                connect(binder, left, between.take(), index, rules, elements, items)?;
                items.push(PathItem::Entity(index));
                left = Some(index);
            }
            PathElementKind::Relationship(relationship) => {
                between = Some(Between::Step(relationship, element.span));
            }
            PathElementKind::Group(group) if group.quantifier.is_none() => {
                if path.elements.len() > 1 {
                    let what = "a path in parentheses beside other elements";
                    return Err(binder.unsupported(what, element.span));
                }
                if let Some(name) = &group.path.variable {
                    let what = "a path variable within a path";
                    return Err(binder.unsupported(what, name.span));
                }
                add_path(binder, &group.path, rules, elements, items)?;
                elements.wheres.extend(group.predicate.as_ref());
            }
            PathElementKind::Group(group) => {
                if let Some(name) = &group.path.variable {
                    let what = "a path variable within a path";
                    return Err(binder.unsupported(what, name.span));
                }
                // Where no node is written beside a group, there is one without a name.
                if left.is_none() || between.is_some() {
                    let index = nameless(binder, &mut elements.entities);
                    connect(binder, left, between.take(), index, rules, elements, items)?;
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
                    number: binder.notes.next_number(),
                })));
            }
            PathElementKind::Shortest { all, path } => {
                let search = match all {
                    true => PathSearch::AllShortest,
                    false => PathSearch::AnyShortest,
                };
                let rules = PathRules { search, ..rules };
                let (step, group) = (elements.steps.len(), elements.groups.len());
                add_path(binder, path, rules, elements, items)?;
                let groups = elements.groups.len() - group;
                select_paths(
                    binder,
                    rules,
                    &mut elements.steps[step..],
                    groups,
                    element.span,
                )?;
            }
        }
    }
    if between.is_some() {
        let index = nameless(binder, &mut elements.entities);
        connect(binder, left, between, index, rules, elements, items)?;
        items.push(PathItem::Entity(index));
    }
    Ok(())
}

/// Adds what lies between the entities `left` and `right`.
fn connect<'p>(
    binder: &mut ExpressionBinder<'_, '_>,
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
                Some(labels) => step_names(binder.context.schema(), labels),
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
