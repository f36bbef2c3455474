//! MERGE: what is looked for, and what is made or changed.

use grism_core::{Result, Type, Value};
use grism_logical::{
    Apply, ApplyKind, Column, Created, LogicalExpr, LogicalPlan, MergeWrite, PlanSchema, SetItem,
    SharedPlan, WriteKind,
};

use super::create::create;
use super::created_step::Purpose;
use super::merge_values::with_computed_values;
use super::set::{note_set_keys, set};
use super::writing::Writing;
use crate::binder::clause::{Rows, match_pattern, with_column};
use crate::binder::names::Scope;
use crate::syntax::{MergeClause, MergeTrigger, PathElementKind, Pattern};

/// What a MERGE looks for, creates and sets.
pub(super) fn merge(writing: &mut Writing<'_, '_>, merge: &MergeClause) -> Result<WriteKind> {
    refuse_bound_node(writing, merge)?;
    let before = writing.scope.clone();
    let pattern = Pattern {
        paths: vec![with_computed_values(writing, &merge.path)?],
        span: merge.path.span,
    };
    // The variables of the values are those of the pattern only.
    let with_values = writing.scope.clone();
    let is_value = |name: &str| with_values.find(name).is_some() && before.find(name).is_none();
    // What would be created; its property maps are columns of the rows from here on.
    let created = create(writing, &pattern.paths, Purpose::Merge)?;
    writing.flush()?;
    let outer_columns = writing.plan.schema()?;
    let Search {
        found,
        mut scope,
        variables,
    } = search(writing, &with_values, &outer_columns, &pattern)?;
    for scope in [&mut scope, &mut writing.scope] {
        scope.variables.retain(|own| !is_value(&own.name));
    }
    let keys = keys(writing, &outer_columns, &created)?;
    for action in &merge.actions {
        note_set_keys(writing, &action.items)?;
    }
    let on_create = actions(writing, merge, MergeTrigger::Create, &scope)?;
    let on_match = actions(writing, merge, MergeTrigger::Match, &scope)?;
    Ok(WriteKind::Merge(Box::new(MergeWrite {
        created,
        found,
        keys,
        variables,
        on_create,
        on_match,
    })))
}

/// A pattern that only names what is bound has nothing to merge.
fn refuse_bound_node(writing: &Writing<'_, '_>, merge: &MergeClause) -> Result<()> {
    if let [element] = &merge.path.elements[..]
        && let PathElementKind::Node(node) = &element.kind
        && let Some(name) = &node.variable
        && writing.scope.find(&name.text).is_some()
    {
        let message = format!("the variable `{}` is bound already", name.text);
        return Err(writing
            .invalid(message, name.span)
            .with_code("SyntaxError:VariableAlreadyBound"));
    }
    Ok(())
}

/// A pattern that was looked for.
struct Search {
    /// The column that is true where it was found.
    found: String,
    /// The variables before the clause and those of the pattern.
    scope: Scope,
    /// The columns of the pattern's new variables.
    variables: Vec<(String, Type)>,
}

/// Looks for the pattern for each row, from the variables that were bound before.
fn search(
    writing: &mut Writing<'_, '_>,
    before: &Scope,
    outer_columns: &PlanSchema,
    pattern: &Pattern,
) -> Result<Search> {
    // What is odd about the pattern is no news where the clause creates it.
    let mut notes = writing.notes.branch();
    let rows = Rows::argument(outer_columns.clone(), before.clone());
    let matched = match_pattern(writing.context, &mut notes, rows, pattern, None)?;
    let found = notes.fresh("found");
    writing.notes.counter = notes.counter;
    let truth = LogicalExpr::Literal(Value::Bool(true));
    let plan = with_column(matched.plan, truth.named(&found))?;
    let new = matched.scope.variables.iter();
    let variables: Vec<(String, Type)> = new
        .filter(|variable| before.find(&variable.name).is_none())
        .map(|variable| (variable.column.clone(), variable.ty.clone()))
        .collect();
    let mut names: Vec<String> = outer_columns.names().map(str::to_owned).collect();
    names.extend(variables.iter().map(|(column, _)| column.clone()));
    names.push(found.clone());
    let outer = std::mem::replace(&mut writing.plan, LogicalPlan::Unit);
    writing.plan = LogicalPlan::Apply(Apply {
        input: SharedPlan::new(outer),
        subplan: SharedPlan::new(plan.keep_columns(&names)?),
        kind: ApplyKind::Optional,
    });
    Ok(Search {
        found,
        scope: matched.scope,
        variables,
    })
}

/// The columns that tell which rows look for the same: property maps, and entities that were bound before.
fn keys(
    writing: &Writing<'_, '_>,
    outer_columns: &PlanSchema,
    created: &Created,
) -> Result<Vec<(String, Type)>> {
    let entities = created.entities.iter();
    let read = entities.filter_map(|entity| entity.properties.as_ref());
    let read = read.chain(created.edges.iter().flat_map(|edge| {
        let properties = edge.properties.iter();
        properties.chain([&edge.source, &edge.target])
    }));
    let incidences = created.incidences.iter();
    let read = read.chain(incidences.flat_map(|own| [&own.hyperedge, &own.member]));
    let schema = writing.plan.schema()?;
    let mut keys = Vec::new();
    for column in read.filter(|column| outer_columns.contains(column)) {
        if let Some(own) = schema.find(column) {
            let key = (column.clone(), own.ty.clone());
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
    }
    Ok(keys)
}

/// What is set by the actions of a trigger: a plan over the rows, and the items; `None` where there are none.
fn actions(
    writing: &mut Writing<'_, '_>,
    merge: &MergeClause,
    trigger: MergeTrigger,
    scope: &Scope,
) -> Result<Option<(LogicalPlan, Vec<SetItem>)>> {
    // What is set is bound over the variables, those of the pattern too: the rows have no other columns then.
    let mut columns = PlanSchema::default();
    for variable in &scope.variables {
        columns.put(Column::new(&variable.column, variable.ty.clone()));
    }
    let mut notes = writing.notes.branch();
    let rows = Rows::argument(columns, scope.clone());
    let mut setter = Writing::new(writing.context, &mut notes, rows);
    setter.set_properties.clone_from(&writing.set_properties);
    let mut items = Vec::new();
    for action in merge.actions.iter().filter(|own| own.trigger == trigger) {
        items.extend(set(&mut setter, &action.items)?);
    }
    let rows = setter.into_rows()?;
    writing.notes.absorb(notes);
    Ok((!items.is_empty()).then_some((rows.plan, items)))
}
