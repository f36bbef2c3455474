//! From the elements of a pattern, with a kind for each step, to its graph, conditions and variables.

use grism_core::Result;
use grism_logical::pattern::PatternGraph;
use grism_logical::{LogicalExpr, PlanSchema};

use super::conditions::{Asked, LateProperty, entity_properties, label_checks, step_properties};
use super::elements::{BoundPattern, Elements, Place, Step, StepKind, place};
use super::graph::{GraphParts, pattern_graph};
use super::group::{Group, GroupPattern};
use super::repetitions::{add_groups, bind_repetitions};
use super::uniqueness::{incidence_column, uniqueness};
use super::variables::bind_variables;
use super::walked::walked;
use crate::binder::expression::{ExpressionBinder, ExpressionInput, Needs};
use crate::binder::names::Scope;
use crate::binder::{Notes, QueryContext};
use crate::syntax::RelationshipPattern;

/// Which role steps bind their incidence to a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Incidences {
    /// Those that something reads.
    Needed,
    /// All.
    All,
}

/// What a pattern is bound to.
pub(crate) struct PatternBinding<'p> {
    pub(crate) pattern: BoundPattern<'p>,
    /// What must hold of the rows that the graph gives: uniqueness, labels and property maps, and that what is bound already
    /// is the same.
    pub(crate) conditions: Vec<LogicalExpr>,
    /// What must hold besides, and can be computed only over these rows.
    pub(crate) late: Vec<LateProperty<'p>>,
    /// The variables after the pattern, without its path variables.
    pub(crate) scope: Scope,
    /// What the conditions need of the rows below the pattern.
    pub(crate) needs: Needs,
}

/// Binds the elements of a pattern whose steps are of these kinds, over rows with these variables and columns.
pub(crate) fn bind_elements<'p>(
    context: QueryContext<'_>,
    notes: &mut Notes,
    scope: &Scope,
    rows: &PlanSchema,
    mut elements: Elements<'p>,
    kinds: &[StepKind],
    incidences: Incidences,
) -> Result<PatternBinding<'p>> {
    add_repeated_steps(notes, &mut elements, kinds);
    let repetitions = bind_repetitions(context, notes, scope, rows, &mut elements)?;
    let mut needs = Needs::default();
    let input = ExpressionInput::new(scope, rows);
    let mut binder = ExpressionBinder::new(context, notes, input, &mut needs);
    let GraphParts {
        mut graph,
        places,
        mut conditions,
    } = pattern_graph(&mut binder, &elements, kinds)?;
    name_incidences(notes, &elements, &places, incidences, &mut graph);
    let mut scope = scope.clone();
    add_groups(
        context.source,
        &elements,
        repetitions,
        &mut graph,
        &mut scope,
    );
    let walked = walked(&elements, &places);
    for role in &walked.roles {
        graph.roles[*role].repeats = true;
    }
    conditions.extend(uniqueness(context.schema(), notes, &mut graph, &walked));
    bind_variables(context.schema(), &elements, &graph, &mut scope);
    let input = ExpressionInput::new(&scope, rows);
    let mut binder = ExpressionBinder::new(context, notes, input, &mut needs);
    label_checks(&mut binder, &elements, &mut conditions)?;
    let mut asked = Asked {
        conditions,
        late: Vec::new(),
    };
    entity_properties(&mut binder, &elements, &graph, &mut asked)?;
    step_properties(&mut binder, &elements, &places, &mut graph, &mut asked)?;
    Ok(PatternBinding {
        pattern: BoundPattern {
            elements,
            graph,
            places,
        },
        conditions: asked.conditions,
        late: asked.late,
        scope,
        needs,
    })
}

/// Makes groups of the steps that stand for several hops which may be roles.
fn add_repeated_steps(notes: &mut Notes, elements: &mut Elements<'_>, kinds: &[StepKind]) {
    for (step, kind) in elements.steps.iter().zip(kinds) {
        if *kind == StepKind::Repeated
            && let Some(length) = step.length
        {
            elements.groups.push(Group {
                pattern: GroupPattern::Steps(Box::new(step_alone(step))),
                predicate: None,
                length,
                left: step.left,
                right: step.right,
                span: step.span,
                number: notes.next_number(),
            });
        }
    }
}

/// The step between two entities without names, once.
fn step_alone(step: &Step<'_>) -> RelationshipPattern {
    RelationshipPattern {
        quantifier: None,
        ..step.pattern.clone()
    }
}

/// Gives columns to the incidences that paths run through, or to all.
fn name_incidences(
    notes: &mut Notes,
    elements: &Elements<'_>,
    places: &[Place],
    incidences: Incidences,
    graph: &mut PatternGraph,
) {
    for item in elements.paths.iter().flat_map(|path| &path.items) {
        if let Some(Place::Role(role)) = place(*item, places) {
            incidence_column(notes, graph, role);
        }
    }
    if incidences == Incidences::All {
        for role in 0..graph.roles.len() {
            incidence_column(notes, graph, role);
        }
    }
}
