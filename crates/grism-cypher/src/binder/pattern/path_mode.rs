//! Path modes: what a path may meet twice.

use grism_core::{Result, Value};
use grism_functions::{DISTINCT_OF, SIZE};
use grism_logical::pattern::PatternHop;
use grism_logical::{ArithmeticOperator, BinaryOperator, LogicalExpr, PathMode, PathSearch};

use super::elements::{BoundPattern, Place, Step};
use super::group::{Group, GroupPattern};
use super::path::PathItem;
use super::uniqueness::{is_not_in, nothing_common};
use crate::binder::{Notes, QueryContext};
use crate::syntax::Span;

/// An entity of a path, or a list of them.
enum Passed {
    One(LogicalExpr),
    Many(LogicalExpr),
}

impl Passed {
    /// As a list.
    fn list(&self) -> LogicalExpr {
        match self {
            Self::One(one) => LogicalExpr::List(vec![one.clone()]),
            Self::Many(list) => list.clone(),
        }
    }
}

/// Refuses what a mode cannot do with the steps of a path.
pub(super) fn check_mode(
    context: QueryContext<'_>,
    mode: PathMode,
    search: PathSearch,
    steps: &[Step<'_>],
    span: Span,
) -> Result<()> {
    let endless = |step: &Step<'_>| {
        let length = step.length;
        length.is_some_and(|length| length.most.is_none())
    };
    if mode == PathMode::Walk && steps.iter().any(endless) {
        check_bounded_walk(context, search, span)?;
    }
    Ok(())
}

/// Refuses what a mode cannot do with a repeated path.
pub(super) fn check_group_mode(
    context: QueryContext<'_>,
    mode: PathMode,
    search: PathSearch,
    group: &Group<'_>,
    span: Span,
) -> Result<()> {
    if mode == PathMode::Walk && group.length.most.is_none() {
        check_bounded_walk(context, search, span)?;
    }
    let steps = match group.pattern {
        GroupPattern::Path(path) => path.elements.len() / 2,
        GroupPattern::Steps(_) => 1,
    };
    let restricts = matches!(mode, PathMode::Acyclic | PathMode::Simple);
    if restricts && steps > 1 && search != PathSearch::Trails {
        let what = format!(
            "{} with a selector over a path of several steps",
            mode.as_str()
        );
        return Err(context.source.unsupported(what, span));
    }
    Ok(())
}

fn check_bounded_walk(context: QueryContext<'_>, search: PathSearch, span: Span) -> Result<()> {
    if matches!(search, PathSearch::AnyShortest | PathSearch::AllShortest) {
        return Ok(());
    }
    let message = "there may be walks without end: write an upper bound, as in {1,5}, or ANY SHORTEST or ALL SHORTEST";
    Err(context.source.invalid(message, span))
}

/// That a path meets no entity twice, as its mode says.
pub(crate) fn distinct_entities(
    notes: &mut Notes,
    mode: PathMode,
    items: &[PathItem],
    pattern: &BoundPattern<'_>,
) -> Vec<LogicalExpr> {
    if !matches!(mode, PathMode::Acyclic | PathMode::Simple) {
        return Vec::new();
    }
    let mut passed: Vec<Passed> = Vec::new();
    let mut list = None;
    let mut conditions = Vec::new();
    for item in items {
        // The last of the entities that a step of several hops leads to is the entity behind it.
        if let PathItem::Entity(index) = item {
            let column = &pattern.elements.entities[*index].column;
            passed.push(match list.take() {
                Some(list) => Passed::Many(list),
                None => Passed::One(LogicalExpr::column(column)),
            });
        }
        list = match pattern.place(*item) {
            None | Some(Place::Role(_)) => None,
            Some(Place::Edge(place)) => {
                let path = pattern.graph.edges[place].path.as_ref();
                match path.map(|path| &path.hop) {
                    Some(PatternHop::Edge { nodes, .. }) => Some(LogicalExpr::column(nodes)),
                    Some(PatternHop::Pattern { .. }) | None => None,
                }
            }
            Some(Place::Group(index)) => {
                let (_, entities) = pattern.elements.groups[index].path_columns();
                // The entities between the ends of a repetition are known only here.
                let all = LogicalExpr::Column(entities.clone());
                let different = LogicalExpr::call(&DISTINCT_OF, vec![all.clone()]);
                conditions.push(size(all).binary(BinaryOperator::Equal, size(different)));
                Some(LogicalExpr::Column(entities))
            }
        };
    }
    let last = passed.len().saturating_sub(1);
    let mut first = 0;
    if mode == PathMode::Simple
        && last > 1
        && let [Passed::One(start), rest @ ..] = &passed[..]
        && let Some(Passed::Many(_)) = rest.last()
    {
        // The last step may lead nowhere, so that an entity before it ends the path.
        let rest = rest.iter().map(Passed::list);
        let rest = rest.reduce(|all, more| all.arithmetic(ArithmeticOperator::Add, more));
        conditions.extend(rest.map(|rest| is_not_in(start.clone(), but_last(rest))));
        first = 1;
    }
    for later in first + 1..passed.len() {
        for earlier in first..later {
            let ends = mode == PathMode::Simple && earlier == 0 && later == last;
            conditions.extend(differ(notes, &passed[earlier], &passed[later], ends));
        }
    }
    conditions
}

/// That two parts of a path have no entity in common; where they are its `ends`, the last may be the first.
fn differ(notes: &mut Notes, earlier: &Passed, later: &Passed, ends: bool) -> Option<LogicalExpr> {
    match (earlier, later) {
        (Passed::One(_), Passed::One(_)) if ends => None,
        (Passed::One(a), Passed::One(b)) => {
            Some(b.clone().binary(BinaryOperator::NotEqual, a.clone()))
        }
        (Passed::One(one), Passed::Many(list)) if ends => {
            Some(is_not_in(one.clone(), but_last(list.clone())))
        }
        (Passed::One(one), Passed::Many(list)) | (Passed::Many(list), Passed::One(one)) => {
            Some(is_not_in(one.clone(), list.clone()))
        }
        (Passed::Many(a), Passed::Many(b)) => Some(nothing_common(notes, a.clone(), b.clone())),
    }
}

/// A list without its last element.
fn but_last(list: LogicalExpr) -> LogicalExpr {
    LogicalExpr::Slice {
        base: Box::new(list),
        lower: None,
        upper: Some(Box::new(LogicalExpr::Literal(Value::Int64(-1)))),
    }
}

fn size(list: LogicalExpr) -> LogicalExpr {
    LogicalExpr::call(&SIZE, vec![list])
}
