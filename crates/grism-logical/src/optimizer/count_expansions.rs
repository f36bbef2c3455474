//! Counts over expansions from the lengths of incidence lists: the rows that would only be counted are never made.
//!
//! `count(*)` over rows of which each becomes `d` rows is the sum of `d`, and `sum(x)` that of `d * x`; where the rows below are
//! only counted as well, the sum of products. EXISTS and COUNT over one expansion ask for `d` alone; where duplicates do not matter, an expansion
//! that nothing reads asks whether `d` is positive.

use std::collections::BTreeSet;
use std::sync::Arc;

use grism_core::{Result, Value, with_stack};

use super::Facts;
use super::meeting::Meeting;
use super::recognized::{only_drops, other_than};
use super::weighted_aggregate::WeightedAggregate;
use crate::{
    Aggregate, Apply, ApplyKind, ArithmeticOperator, BinaryOperator, CountExpand, CountIntersect,
    CountedHop, Internal, LogicalExpr, LogicalPlan, NamedExpr, RoleSource, SharedPlan,
};

/// Replaces counted expansions.
///
/// # Errors
/// Those of type inference.
pub(super) fn count_expansions(plan: LogicalPlan, _facts: Facts<'_>) -> Result<LogicalPlan> {
    Counter { counts: 0 }.rewrite(&plan)
}

struct Counter {
    /// Columns of counts made so far.
    counts: usize,
}

/// A plan that stands for more rows than it has: each counts as often as the product of these columns.
struct Weighted {
    plan: LogicalPlan,
    weights: Vec<String>,
}

impl Counter {
    fn rewrite(&mut self, plan: &LogicalPlan) -> Result<LogicalPlan> {
        let plan = plan.try_map_inputs(&mut |input| self.rewrite(input))?;
        match &plan {
            LogicalPlan::Aggregate(aggregate) if aggregate.ignores_duplicates() => {
                let mut read = BTreeSet::new();
                aggregate
                    .keys
                    .iter()
                    .for_each(|key| key.expression.collect_columns(&mut read));
                let arguments = aggregate.aggregates.iter();
                arguments
                    .flat_map(|own| &own.call.arguments)
                    .for_each(|argument| argument.collect_columns(&mut read));
                Ok(LogicalPlan::Aggregate(Aggregate {
                    input: self.tested(&aggregate.input, &read)?,
                    ..aggregate.clone()
                }))
            }
            LogicalPlan::Distinct { input } => {
                let LogicalPlan::Project { input, expressions } = &**input else {
                    return Ok(plan);
                };
                let mut read = BTreeSet::new();
                expressions
                    .iter()
                    .for_each(|own| own.expression.collect_columns(&mut read));
                Ok(LogicalPlan::Distinct {
                    input: SharedPlan::new(LogicalPlan::Project {
                        input: self.tested(input, &read)?,
                        expressions: expressions.clone(),
                    }),
                })
            }
            LogicalPlan::Aggregate(aggregate) => Ok(self.aggregate(aggregate)?.unwrap_or(plan)),
            LogicalPlan::Apply(apply) => Ok(self.apply(apply)?.unwrap_or(plan)),
            _ => Ok(plan),
        }
    }

    /// `plan` where it matters only which rows of the columns `read` there are: what is expanded beside them is tested.
    fn tested(&mut self, plan: &SharedPlan, read: &BTreeSet<String>) -> Result<SharedPlan> {
        let weighted = self.weigh(plan, read, Vec::new())?;
        if weighted.weights.is_empty() {
            return Ok(plan.clone());
        }
        let tests = weighted.weights.into_iter().map(LogicalExpr::Column);
        Ok(SharedPlan::new(
            weighted.plan.filtered(tests.map(is_positive).collect()),
        ))
    }

    fn aggregate(&mut self, aggregate: &Aggregate) -> Result<Option<LogicalPlan>> {
        if aggregate.aggregates.is_empty() {
            return Ok(None);
        }
        let mut needed = BTreeSet::new();
        for NamedExpr {
            expression: key, ..
        } in &aggregate.keys
        {
            key.collect_columns(&mut needed);
        }
        let calls = || aggregate.aggregates.iter().map(|own| &own.call);
        let arguments = calls().flat_map(|call| &call.arguments);
        arguments.for_each(|argument| argument.collect_columns(&mut needed));
        let Weighted { plan, weights } = self.weigh(&aggregate.input, &needed, Vec::new())?;
        let Some(product) = weights
            .into_iter()
            .map(LogicalExpr::Column)
            .reduce(|all, next| all.arithmetic(ArithmeticOperator::Multiply, next))
        else {
            return Ok(None);
        };
        let schema = aggregate.input.schema()?;
        let Some(above) = WeightedAggregate::of(aggregate, schema, &product, |_| false)? else {
            return Ok(None);
        };
        let only_counts =
            aggregate.keys.is_empty() && calls().all(|call| call.counts_rows() && !call.distinct);
        let plan = match only_counts {
            true => plan,
            // A group without rows does not exist, and a row that stands for none has no value.
            false => plan.filtered(vec![is_positive(product)]),
        };
        Ok(Some(above.over(plan)))
    }

    /// `plan` filtered by `conjuncts`, without the expansions of which nothing in `needed` is left.
    fn weigh(
        &mut self,
        plan: &LogicalPlan,
        needed: &BTreeSet<String>,
        mut conjuncts: Vec<LogicalExpr>,
    ) -> Result<Weighted> {
        match plan {
            LogicalPlan::Filter { input, predicate } => {
                conjuncts.extend(predicate.clone().conjuncts());
                return with_stack(|| self.weigh(input, needed, conjuncts));
            }
            LogicalPlan::Project { input, expressions } if only_drops(expressions) => {
                return with_stack(|| self.weigh(input, needed, conjuncts));
            }
            _ => {}
        }
        let rest = |conjuncts: Vec<LogicalExpr>| Weighted {
            plan: plan.clone().filtered(conjuncts),
            weights: Vec::new(),
        };
        // A random choice is made for each row that the expansion makes.
        if conjuncts.iter().any(LogicalExpr::is_volatile) {
            return Ok(rest(conjuncts));
        }
        if let Some(meeting) = Meeting::of(plan, &conjuncts, needed)? {
            return self.weigh_meeting(meeting, needed);
        }
        let Some(mut count) = self.counted(plan) else {
            return Ok(rest(conjuncts));
        };
        let made = made_by(plan);
        if made.iter().any(|column| needed.contains(column)) {
            return Ok(rest(conjuncts));
        }
        // What is said of the hyperedge may only be that it is not another one.
        let (own, others): (Vec<_>, Vec<_>) = conjuncts.iter().cloned().partition(|conjunct| {
            let columns = conjunct.columns();
            made.iter().any(|column| columns.contains(column))
        });
        let (hyperedge, columns) = (hyperedge_of(plan), plan.schema()?);
        let is_entity = |name: &str| columns.find(name).is_some_and(|own| own.ty.is_entity());
        for conjunct in own {
            match hyperedge.and_then(|own| other_than(&conjunct, own)) {
                Some(other) if !made.contains(&other) && is_entity(&other) => {
                    count.except.push(other);
                }
                _ => return Ok(rest(conjuncts)),
            }
        }
        let mut below = needed.clone();
        below.insert(count.from.clone());
        below.extend(count.except.iter().cloned());
        for conjunct in &others {
            conjunct.collect_columns(&mut below);
        }
        let mut weighted = with_stack(|| self.weigh(&count.input.clone(), &below, others))?;
        weighted.weights.push(count.count.clone());
        weighted.plan = LogicalPlan::CountExpand(CountExpand {
            input: SharedPlan::new(weighted.plan),
            ..count
        });
        Ok(weighted)
    }

    /// The rows below edges that meet, weighed by how often they do.
    fn weigh_meeting(&mut self, meeting: Meeting, needed: &BTreeSet<String>) -> Result<Weighted> {
        let Meeting {
            mut count,
            conjuncts,
        } = meeting;
        let mut below = needed.clone();
        below.extend(count.read().cloned());
        for conjunct in &conjuncts {
            conjunct.collect_columns(&mut below);
        }
        let mut weighted = with_stack(|| self.weigh(&count.input.clone(), &below, conjuncts))?;
        self.counts += 1;
        count.count = Internal::Counted(self.counts).column();
        weighted.weights.push(count.count.clone());
        weighted.plan = LogicalPlan::CountIntersect(CountIntersect {
            input: SharedPlan::new(weighted.plan),
            ..count
        });
        Ok(weighted)
    }

    /// The count that an expansion can be replaced by, where only its rows count.
    fn counted(&mut self, plan: &LogicalPlan) -> Option<CountExpand> {
        let (input, from, tables, hop, label, restrict) = match plan {
            LogicalPlan::EdgeExpand(expand) if !expand.into => (
                &expand.input,
                &expand.from,
                &expand.tables,
                CountedHop::Edges(expand.direction),
                &expand.label,
                expand.restrict.clone(),
            ),
            LogicalPlan::RoleExpand(expand) if expand.bindings.is_empty() => match &expand.from {
                RoleSource::Member {
                    column,
                    roles,
                    incidence: None,
                    ..
                } => (
                    &expand.input,
                    column,
                    &expand.tables,
                    CountedHop::Roles(roles.clone()),
                    &expand.label,
                    None,
                ),
                _ => return None,
            },
            _ => return None,
        };
        self.counts += 1;
        Some(CountExpand {
            input: input.clone(),
            from: from.clone(),
            tables: Arc::clone(tables),
            hop,
            label: label.clone(),
            restrict,
            except: Vec::new(),
            count: Internal::Counted(self.counts).column(),
        })
    }

    /// EXISTS and COUNT over nothing but one expansion.
    fn apply(&mut self, apply: &Apply) -> Result<Option<LogicalPlan>> {
        let mut subplan = &*apply.subplan;
        while let LogicalPlan::Project { input, expressions } = subplan
            && only_drops(expressions)
        {
            subplan = input;
        }
        let Some(count) = self.counted(subplan) else {
            return Ok(None);
        };
        if !matches!(*count.input, LogicalPlan::Argument(_)) {
            return Ok(None);
        }
        let names: Vec<String> = apply.input.schema()?.names().map(str::to_owned).collect();
        let column = count.count.clone();
        let counted = |name: &str| {
            LogicalPlan::CountExpand(CountExpand {
                input: apply.input.clone(),
                count: name.to_owned(),
                ..count.clone()
            })
        };
        let exists = is_positive(LogicalExpr::column(&column));
        Ok(match &apply.kind {
            ApplyKind::Semi => Some(
                counted(&column)
                    .filtered(vec![exists])
                    .keep_columns(&names)?,
            ),
            ApplyKind::Anti => {
                let none = LogicalExpr::Column(column.clone())
                    .binary(BinaryOperator::Equal, LogicalExpr::Literal(Value::Int64(0)));
                Some(counted(&column).filtered(vec![none]).keep_columns(&names)?)
            }
            ApplyKind::Mark(name) => {
                let mut expressions: Vec<_> = names.iter().map(NamedExpr::column).collect();
                expressions.push(exists.named(name));
                Some(LogicalPlan::Project {
                    input: SharedPlan::new(counted(&column)),
                    expressions,
                })
            }
            ApplyKind::Count(name) => Some(counted(name)),
            ApplyKind::Inner | ApplyKind::Optional | ApplyKind::Collect { .. } => None,
        })
    }
}

fn is_positive(count: LogicalExpr) -> LogicalExpr {
    count.binary(
        BinaryOperator::Greater,
        LogicalExpr::Literal(Value::Int64(0)),
    )
}

/// The columns that an expansion adds.
fn made_by(plan: &LogicalPlan) -> Vec<String> {
    match plan {
        LogicalPlan::EdgeExpand(expand) => {
            let edge = expand.edge.iter().cloned();
            edge.chain([expand.to.clone()]).collect()
        }
        LogicalPlan::RoleExpand(expand) => vec![expand.hyperedge.clone()],
        _ => Vec::new(),
    }
}

fn hyperedge_of(plan: &LogicalPlan) -> Option<&str> {
    match plan {
        LogicalPlan::EdgeExpand(expand) => expand.edge.as_deref(),
        LogicalPlan::RoleExpand(expand) => Some(&expand.hyperedge),
        _ => None,
    }
}
