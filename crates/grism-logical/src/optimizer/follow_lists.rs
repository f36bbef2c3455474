//! `follow_lists`: a repeated pattern of which only the ends and the length are wanted is searched along incidence lists,
//! without a plan for each repetition.

use std::collections::BTreeMap;

use grism_core::{GraphSchema, Result, Tables};

use super::Facts;
use super::planted::is_planted;
use super::recognized::only_drops;
use crate::{
    ListHop, ListStep, LogicalExpr, LogicalPlan, PathMode, PathSearch, Repeat, RoleSource,
    WeightedHop,
};

/// Rewrites from the leaves up.
///
/// # Errors
/// None of its own.
pub(super) fn follow_lists(plan: LogicalPlan, facts: Facts<'_>) -> Result<LogicalPlan> {
    rewrite(&plan, facts.schema)
}

fn rewrite(plan: &LogicalPlan, schema: &GraphSchema) -> Result<LogicalPlan> {
    let plan = plan.try_map_inputs(&mut |input| rewrite(input, schema))?;
    Ok(match plan {
        LogicalPlan::Repeat(repeat) => LogicalPlan::Repeat(Repeat {
            lists: lists_of(&repeat, schema),
            ..repeat
        }),
        other => other,
    })
}

/// The lists that a repetition follows, where a search along them finds the same.
fn lists_of(repeat: &Repeat, schema: &GraphSchema) -> Option<Vec<ListHop>> {
    let finds_ends = matches!(repeat.search, PathSearch::Reach | PathSearch::AnyShortest);
    let is_searched = match repeat.mode {
        PathMode::Walk => true,
        PathMode::Trail => repeat.prunable,
        PathMode::Acyclic | PathMode::Simple => false,
    };
    if !finds_ends || !is_searched || repeat.least > 1 || !repeat.collected.is_empty() {
        return None;
    }
    let hop = match &*repeat.hop {
        LogicalPlan::Project { input, expressions } if only_drops(expressions) => input,
        _ => &repeat.hop,
    };
    let choices = match &**hop {
        LogicalPlan::Union { inputs } => inputs.iter().map(|own| &**own).collect(),
        _ => vec![&*repeat.hop],
    };
    let hops = choices.into_iter().map(|choice| list_hop(choice, repeat));
    let mut hops = hops.collect::<Option<Vec<_>>>()?;
    let starts: Vec<Tables> = hops.iter().filter_map(|hop| hop.from.clone()).collect();
    for step in hops.iter_mut().filter_map(|hop| hop.steps.last_mut()) {
        if step.to.is_none() {
            let mut starts = starts.iter();
            step.to = starts.find(|own| stays_within(step, own, schema)).cloned();
        }
    }
    Some(hops)
}

/// Whether a step leads to members of `tables` only, as its roles are declared, so that naming them changes nothing but shows
/// that hops lead on from there.
fn stays_within(step: &ListStep, tables: &Tables, schema: &GraphSchema) -> bool {
    let WeightedHop::ToMembers(roles) = &step.hop else {
        return false;
    };
    step.tables.iter().all(|table| {
        let entry = schema.table(*table).ok();
        let ty = entry.and_then(|entry| entry.hyperedge_type());
        let bound = roles.iter().filter_map(|role| ty?.role(role));
        let mut bound = bound.map(|role| {
            let members = schema.member_tables(role);
            role.member.is_some() && members.iter().all(|own| tables.contains(own))
        });
        bound.all(|own| own)
    })
}

fn list_hop(plan: &LogicalPlan, repeat: &Repeat) -> Option<ListHop> {
    let mut trace = Trace {
        column: repeat.end.clone(),
        allowed: BTreeMap::new(),
        steps: Vec::new(),
    };
    let mut plan = plan;
    while !matches!(plan, LogicalPlan::Argument(_)) {
        plan = trace.follow(plan)?;
    }
    if trace.column != repeat.start || trace.steps.is_empty() {
        return None;
    }
    trace.steps.reverse();
    Some(ListHop {
        from: trace.allowed.remove(&repeat.start),
        steps: trace.steps,
    })
}

/// The way back from the end of a repetition to its start.
struct Trace {
    /// The entity that the way has come to.
    column: String,
    /// The tables that entities must come from.
    allowed: BTreeMap<String, Tables>,
    /// The steps so far, the last one first.
    steps: Vec<ListStep>,
}

impl Trace {
    /// Follows the way through one operator, and gives its input; `None` where rows depend on anything else.
    fn follow<'a>(&mut self, plan: &'a LogicalPlan) -> Option<&'a LogicalPlan> {
        match plan {
            LogicalPlan::Project { input, expressions } => {
                let own = expressions.iter().find(|own| own.name == self.column)?;
                let column = own.source()?;
                // What is known of the columns above must be known of those below.
                if column != self.column && !self.allowed.is_empty() {
                    return None;
                }
                self.column = column.to_owned();
                Some(input)
            }
            LogicalPlan::Filter { input, predicate } => {
                for conjunct in predicate.clone().conjuncts() {
                    let LogicalExpr::TableIn { entity, tables } = conjunct else {
                        return None;
                    };
                    let LogicalExpr::Column(column) = *entity else {
                        return None;
                    };
                    self.allow(&column, &tables);
                }
                Some(input)
            }
            LogicalPlan::EdgeExpand(expand) if !expand.into && expand.to == self.column => {
                let hop = WeightedHop::Edges(match is_planted("follow_lists") {
                    true => expand.direction.reversed(),
                    false => expand.direction,
                });
                self.step(&expand.tables, hop, expand.restrict.as_ref());
                self.column.clone_from(&expand.from);
                Some(&expand.input)
            }
            LogicalPlan::RoleExpand(expand) => {
                match &expand.bindings[..] {
                    [] => {}
                    [binding] if binding.member == self.column && !binding.repeats => {
                        let hop = WeightedHop::ToMembers(binding.roles.clone());
                        self.step(&expand.tables, hop, binding.restrict.as_ref());
                        self.column.clone_from(&expand.hyperedge);
                    }
                    _ => return None,
                }
                if self.column != expand.hyperedge {
                    return None;
                }
                self.allow(&expand.hyperedge, &expand.tables);
                match &expand.from {
                    RoleSource::Hyperedge => {}
                    RoleSource::Member {
                        column,
                        roles,
                        repeats: false,
                        ..
                    } => {
                        let hop = WeightedHop::ToHyperedges(roles.clone());
                        self.step(&expand.tables, hop, None);
                        self.column.clone_from(column);
                    }
                    RoleSource::Member { repeats: true, .. } => return None,
                }
                Some(&expand.input)
            }
            _ => None,
        }
    }

    /// The column's entity must come from one of `tables` too.
    fn allow(&mut self, column: &str, tables: &Tables) {
        let known = self.allowed.entry(column.to_owned());
        let known = known.or_insert_with(|| tables.clone());
        *known = known
            .iter()
            .filter(|table| tables.contains(table))
            .copied()
            .collect();
    }

    /// The last step before those known, to the entity that the way has come to.
    fn step(&mut self, tables: &Tables, hop: WeightedHop, restrict: Option<&Tables>) {
        if let Some(restrict) = restrict {
            self.allow(&self.column.clone(), restrict);
        }
        self.steps.push(ListStep {
            tables: tables.clone(),
            hop,
            to: self.allowed.remove(&self.column),
        });
    }
}
