//! One repetition of a repeated pattern: a plan that starts from the entity at one of its ends.

use grism_core::{Result, Type};
use grism_logical::pattern::Repetition;
use grism_logical::{Column, PathMode, PlanSchema, SharedPlan};

use super::hop::{Hop, RepeatedPath, RepetitionEnd, hop, merged};
use super::match_elements::match_elements;
use crate::binder::clause::rows::Rows;
use crate::binder::expression::{ExpressionBinder, ExpressionInput, Needs, any_entity_tables};
use crate::binder::names::Scope;
use crate::binder::pattern::{
    BoundRepetition, Choice, Elements, Group, Incidences, PathItem, TRAILS, add_path, choices,
    taken_name,
};
use crate::binder::{Notes, QueryContext};
use crate::syntax::PathPattern;
use crate::warning::Warning;

/// Binds one repetition of the group's path, over rows with these variables and columns, from one of its ends.
pub(crate) fn bind_repetition(
    context: QueryContext<'_>,
    notes: &mut Notes,
    scope: &Scope,
    outer: &PlanSchema,
    path: &PathPattern,
    group: &Group<'_>,
    from: RepetitionEnd,
) -> Result<BoundRepetition> {
    let mut own = notes.branch();
    let start = own.fresh("start");
    let start_type = context
        .schema()
        .entity_type(any_entity_tables(context.schema()));
    let mut columns = outer.clone();
    columns.put(Column::new(&start, start_type.clone()));
    let (mut elements, mut items) = (Elements::default(), Vec::new());
    let mut needs = Needs::default();
    let input = ExpressionInput::new(scope, &columns);
    let mut binder = ExpressionBinder::new(context, &mut own, input, &mut needs);
    add_path(&mut binder, path, TRAILS, &mut elements, &mut items)?;
    if group.length.rules.mode == PathMode::Walk {
        elements.modes.push((PathMode::Walk, items.clone()));
    }
    let ends = ends_of(context, path, &elements, &items)?;
    let mut repeated = RepeatedPath {
        group,
        items,
        ends,
        from,
        is_one: true,
    };
    start_from(
        context,
        path,
        &mut elements,
        &repeated,
        (&start, &start_type),
    )?;
    let choices = choices(context, &mut own, &elements.entities, &elements.steps)?;
    repeated.is_one = choices.len() == 1;
    let rows = Rows::argument(columns, scope.clone()).with_needs(&mut needs)?;
    let hops = bind_hops(
        context, &mut own, scope, &rows, &elements, choices, &repeated,
    )?;
    let merged = merged(hops)?;
    notes.absorb(own);
    let mut reads = merged.plan.argument_columns();
    reads.retain(|column| outer.contains(column));
    Ok(BoundRepetition {
        repetition: Repetition {
            hop: SharedPlan::new(merged.plan),
            start,
            start_type,
            end: merged.end,
            used: merged.used,
            collected: merged.collected,
        },
        variables: merged.variables,
        taken: merged.taken,
        prunable: merged.prunable,
        reads,
        ends: merged.ends,
    })
}

/// Makes the entity at the start of the repetition the one in the column that it starts from.
fn start_from(
    context: QueryContext<'_>,
    path: &PathPattern,
    elements: &mut Elements<'_>,
    repeated: &RepeatedPath<'_, '_>,
    (column, ty): (&str, &Type),
) -> Result<()> {
    let entity = &mut elements.entities[repeated.start()];
    if entity.bound.is_some() {
        let name = entity.name.as_deref().unwrap_or_default();
        return Err(taken_name(context, name, path.span));
    }
    column.clone_into(&mut entity.column);
    entity.bound = Some(ty.clone());
    entity.is_start = true;
    Ok(())
}

/// The repetitions of all choices; what is odd about every one of them is noted.
fn bind_hops(
    context: QueryContext<'_>,
    notes: &mut Notes,
    outer: &Scope,
    rows: &Rows,
    elements: &Elements<'_>,
    choices: Vec<Choice>,
    repeated: &RepeatedPath<'_, '_>,
) -> Result<Vec<Hop>> {
    let mut hops = Vec::new();
    let mut warnings: Option<Vec<Warning>> = None;
    let context = match repeated.is_one {
        true => context,
        false => context.by_kind(),
    };
    for choice in choices {
        let mut branch = notes.branch();
        let elements = Elements {
            entities: choice.entities,
            ..elements.clone()
        };
        let (matched, pattern) = match_elements(
            context,
            &mut branch,
            rows.clone(),
            elements,
            &choice.kinds,
            repeated.group.predicate,
            Incidences::All,
        )?;
        hops.push(hop(context, outer, matched, &pattern, repeated)?);
        notes.counter = branch.counter;
        notes.volatile |= branch.volatile;
        warnings = Some(match warnings {
            None => branch.warnings,
            Some(mut common) => {
                common.retain(|warning| branch.warnings.contains(warning));
                common
            }
        });
    }
    notes.warnings = warnings.unwrap_or_default();
    Ok(hops)
}

/// The entities at the ends of a path that can be repeated.
fn ends_of(
    context: QueryContext<'_>,
    path: &PathPattern,
    elements: &Elements<'_>,
    items: &[PathItem],
) -> Result<[usize; 2]> {
    let nested = elements.steps.iter().any(|step| step.length.is_some());
    if nested || !elements.groups.is_empty() {
        let what = "a path of variable length within a repeated path";
        return Err(context.source.unsupported(what, path.span));
    }
    match items {
        [PathItem::Entity(first), .., PathItem::Entity(last)] => Ok([*first, *last]),
        _ => {
            let message = "a repeated path needs a relationship";
            Err(context.source.invalid(message, path.span))
        }
    }
}
