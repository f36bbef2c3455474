//! Counts over expansions from the lengths of incidence lists: the rows that would only be counted are never made.
//!
//! `count(*)` over rows of which each becomes `d` rows is the sum of `d`, and `sum(x)` that of `d * x`; where the rows below are
//! only counted as well, the sum of products. EXISTS and COUNT over one expansion ask for `d` alone; where duplicates do not matter, an expansion
//! that nothing reads asks whether `d` is positive.

mod columns;

use std::collections::BTreeSet;
use std::sync::Arc;

use grism_core::{Result, Value, with_stack};

use self::columns::{hyperedge_of, made_by, row_by_row};
use super::Facts;
use super::meeting::Meeting;
use super::planted::is_planted;
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

impl Weighted {
    /// The same with the columns of a projection that only drops, those of them that are left, and the weights.
    fn without_others(mut self, expressions: &[NamedExpr]) -> Result<Self> {
        let schema = self.plan.schema()?;
        let kept = expressions.iter().map(|own| own.name.clone());
        let kept = kept.filter(|name| schema.find(name).is_some());
        let names: Vec<String> = kept.chain(self.weights.iter().cloned()).collect();
        self.plan = self.plan.keep_columns(&names)?;
        Ok(self)
    }
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
        let plan = match only_counts || is_planted("count_expansions.groups") {
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
                let weighted = with_stack(|| self.weigh(input, needed, conjuncts))?;
                return weighted.without_others(expressions);
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
        if let LogicalPlan::Apply(apply) = plan
            && let Some(weighted) = self.weigh_optional(apply, needed, &conjuncts)?
        {
            return Ok(weighted);
        }
        if let Some(meeting) = Meeting::of(plan, &conjuncts, needed)? {
            return self.weigh_meeting(meeting, needed);
        }
        let made = made_by(plan);
        let count = match made.iter().any(|column| needed.contains(column)) {
            true => None,
            false => self.counted(plan),
        };
        let Some(mut count) = count else {
            return self.weigh_below(plan, needed, conjuncts);
        };
        // What is said of the hyperedge may only be that it is not another one.
        let (own, others): (Vec<_>, Vec<_>) = conjuncts.iter().cloned().partition(|conjunct| {
            let columns = conjunct.columns();
            made.iter().any(|column| columns.contains(column))
        });
        let (hyperedge, columns) = (hyperedge_of(plan), plan.schema()?);
        let is_entity = |name: &str| columns.find(name).is_some_and(|own| own.ty.is_entity());
        for conjunct in own {
            match hyperedge.and_then(|own| other_than(&conjunct, own)) {
                Some(_) if is_planted("count_expansions.except") => {}
                Some(other) if !made.contains(&other) && is_entity(&other) => {
                    count.except.push(other);
                }
                _ => return self.weigh_below(plan, needed, conjuncts),
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

    /// `plan` filtered by `conjuncts`, over an input without the expansions of which neither `plan` nor what is above it needs
    /// anything, where `plan` makes of each row what it makes whatever the others are.
    fn weigh_below(
        &mut self,
        plan: &LogicalPlan,
        needed: &BTreeSet<String>,
        conjuncts: Vec<LogicalExpr>,
    ) -> Result<Weighted> {
        let mut weighted = Weighted {
            plan: plan.clone(),
            weights: Vec::new(),
        };
        if let Some((input, read)) = row_by_row(plan) {
            let mut below = needed.clone();
            below.extend(read);
            for conjunct in &conjuncts {
                conjunct.collect_columns(&mut below);
            }
            let own = with_stack(|| self.weigh(input, &below, Vec::new()))?;
            if !own.weights.is_empty() {
                // Rows that stand for none go before they are worked on.
                let counted = own.weights.iter().map(LogicalExpr::column);
                let mut input = Some(own.plan.filtered(counted.map(is_positive).collect()));
                weighted.plan = plan.try_map_inputs(&mut |child| {
                    // The first input is the outer side.
                    Ok(input.take().unwrap_or_else(|| child.clone()))
                })?;
                weighted.weights = own.weights;
            }
        }
        weighted.plan = weighted.plan.filtered(conjuncts);
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

    /// The count of the rows of a subplan that is nothing but one expansion.
    fn counted_alone(&mut self, apply: &Apply) -> Option<CountExpand> {
        let mut subplan = &*apply.subplan;
        while let LogicalPlan::Project { input, expressions } = subplan
            && only_drops(expressions)
        {
            subplan = input;
        }
        let count = self.counted(subplan)?;
        matches!(*count.input, LogicalPlan::Argument(_)).then_some(count)
    }

    /// The rows of an OPTIONAL MATCH of one expansion that nothing reads, weighed by how many it makes, which is one at least.
    fn weigh_optional(
        &mut self,
        apply: &Apply,
        needed: &BTreeSet<String>,
        conjuncts: &[LogicalExpr],
    ) -> Result<Option<Weighted>> {
        if apply.kind != ApplyKind::Optional {
            return Ok(None);
        }
        let mut below = needed.clone();
        for conjunct in conjuncts {
            conjunct.collect_columns(&mut below);
        }
        let known = apply.input.schema()?;
        if below.iter().any(|column| known.find(column).is_none()) {
            return Ok(None);
        }
        let Some(count) = self.counted_alone(apply) else {
            return Ok(None);
        };
        below.insert(count.from.clone());
        let mut weighted = with_stack(|| self.weigh(&apply.input, &below, conjuncts.to_vec()))?;
        let names: Vec<String> = weighted.plan.schema()?.names().map(str::to_owned).collect();
        let counted = LogicalExpr::column(&count.count);
        let weight = match is_planted("count_expansions.optional") {
            true => counted,
            false => LogicalExpr::Case {
                branches: vec![(is_positive(counted.clone()), counted)],
                otherwise: Some(Box::new(LogicalExpr::Literal(Value::Int64(1)))),
            },
        };
        let kept = names.iter().map(NamedExpr::column);
        let expressions = kept.chain([weight.named(&count.count)]).collect();
        weighted.weights.push(count.count.clone());
        weighted.plan = LogicalPlan::Project {
            input: SharedPlan::new(LogicalPlan::CountExpand(CountExpand {
                input: SharedPlan::new(weighted.plan),
                ..count
            })),
            expressions,
        };
        Ok(Some(weighted))
    }

    /// EXISTS and COUNT over nothing but one expansion.
    fn apply(&mut self, apply: &Apply) -> Result<Option<LogicalPlan>> {
        let Some(count) = self.counted_alone(apply) else {
            return Ok(None);
        };
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
