//! `merge_projections`: a projection of a projection becomes one, where no expression is computed more often for it.
//!
//! A chain of WITH clauses that rename, drop and compute columns is one operator then, however long it is.

use grism_core::{Result, Value, with_stack};
use std::collections::HashMap;

use super::Facts;
use crate::{LogicalExpr, LogicalPlan, NamedExpr};

/// How deeply expressions may nest for a merge, so that merging does not trade a deep plan for a deep expression.
const DEEPEST: usize = 32;

/// Merges from the leaves up.
///
/// # Errors
/// None of its own.
pub(super) fn merge_projections(plan: LogicalPlan, _facts: Facts<'_>) -> Result<LogicalPlan> {
    merge_plan(&plan)
}

fn merge_plan(plan: &LogicalPlan) -> Result<LogicalPlan> {
    let LogicalPlan::Project { .. } = plan else {
        return plan.try_map_inputs(&mut merge_plan);
    };
    let mut plan = plan.try_map_inputs(&mut merge_plan)?;
    if let LogicalPlan::Project { input, expressions } = &mut plan
        && let LogicalPlan::Project {
            input: below,
            expressions: computed,
        } = &**input
        && can_merge(expressions, computed)
    {
        let below = below.clone();
        let computed = match std::mem::replace(input, below).into_plan() {
            LogicalPlan::Project { expressions, .. } => expressions,
            _ => Vec::new(),
        };
        put_together(expressions, computed);
    }
    Ok(plan)
}

/// What an expression reads of the projection below it.
#[derive(Default)]
struct Uses {
    /// How often a column is evaluated for a row; what is evaluated for each element of a list counts as two.
    columns: HashMap<String, usize>,
    /// The entities whose properties are read.
    entities: HashMap<String, usize>,
}

impl Uses {
    fn count(&mut self, expression: &LogicalExpr, times: usize) {
        match expression {
            LogicalExpr::Column(name) => count(&mut self.columns, name, times),
            LogicalExpr::Property { entity, .. } => count(&mut self.entities, entity, times),
            LogicalExpr::Transform { list, .. } | LogicalExpr::Quantified { list, .. } => {
                self.count_parts(expression, |part| {
                    if std::ptr::eq(part, &**list) {
                        times
                    } else {
                        2
                    }
                });
            }
            LogicalExpr::Reduce { initial, list, .. } => {
                let once = |part: &LogicalExpr| {
                    std::ptr::eq(part, &**list) || std::ptr::eq(part, &**initial)
                };
                self.count_parts(expression, |part| if once(part) { times } else { 2 });
            }
            other => self.count_parts(other, |_| times),
        }
    }

    fn count_parts(&mut self, whole: &LogicalExpr, times: impl Fn(&LogicalExpr) -> usize) {
        for part in whole.children() {
            with_stack(|| self.count(part, times(part)));
        }
    }
}

fn count(counts: &mut HashMap<String, usize>, name: &str, times: usize) {
    match counts.get_mut(name) {
        Some(count) => *count += times,
        None => {
            counts.insert(name.to_owned(), times);
        }
    }
}

fn can_merge(expressions: &[NamedExpr], computed: &[NamedExpr]) -> bool {
    let mut uses = Uses::default();
    for own in expressions {
        uses.count(&own.expression, 1);
    }
    computed.iter().all(|NamedExpr { expression, name }| {
        if matches!(expression, LogicalExpr::Column(_)) {
            return true;
        }
        let used = uses.columns.get(name).copied().unwrap_or(0);
        if uses.entities.contains_key(name) {
            return false;
        }
        match expression {
            LogicalExpr::Property { .. } => true,
            LogicalExpr::Literal(value) => used <= 1 || is_small(value),
            // A column that nothing reads was computed for nothing, and a random one that is read was drawn once.
            other => used == 0 || used == 1 && is_shallow(other, DEEPEST),
        }
    })
}

/// Whether a constant may stand in several places.
fn is_small(value: &Value) -> bool {
    matches!(
        value,
        Value::Null | Value::Bool(_) | Value::Int64(_) | Value::Float64(_)
    )
}

/// Whether the expression nests at most `levels` deep.
fn is_shallow(expression: &LogicalExpr, levels: usize) -> bool {
    let parts = expression.children();
    parts.is_empty() || levels > 0 && parts.into_iter().all(|part| is_shallow(part, levels - 1))
}

/// Puts what the columns below are computed from into the place of the columns.
fn put_together(expressions: &mut [NamedExpr], computed: Vec<NamedExpr>) {
    let mut computed: HashMap<String, LogicalExpr> = computed
        .into_iter()
        .map(|own| (own.name, own.expression))
        .collect();
    for NamedExpr { expression, .. } in expressions {
        let own = std::mem::replace(expression, LogicalExpr::Literal(Value::Null));
        *expression = own.transform(&mut |node| match node {
            LogicalExpr::Column(name) => source(&mut computed, name),
            LogicalExpr::Property { entity, key, ty } => {
                match source(&mut computed, entity.clone()) {
                    LogicalExpr::Column(entity) => LogicalExpr::Property { entity, key, ty },
                    _ => LogicalExpr::Property { entity, key, ty },
                }
            }
            other => other,
        });
    }
}

/// What the column is computed from. What is not copied is used once, and moves.
fn source(computed: &mut HashMap<String, LogicalExpr>, name: String) -> LogicalExpr {
    let copied = match computed.get(&name) {
        None => return LogicalExpr::Column(name),
        Some(LogicalExpr::Literal(value)) => is_small(value),
        Some(expression) => matches!(
            expression,
            LogicalExpr::Column(_) | LogicalExpr::Property { .. }
        ),
    };
    let found = if copied {
        computed.get(&name).cloned()
    } else {
        computed.remove(&name)
    };
    found.unwrap_or(LogicalExpr::Column(name))
}

#[cfg(test)]
mod tests {
    use grism_core::Value;
    use grism_functions::{RAND, SQRT};

    use super::merge_plan;
    use crate::optimizer::tests::project;
    use crate::{ArithmeticOperator as Op, LogicalExpr, LogicalPlan};

    fn column(name: &str) -> LogicalExpr {
        LogicalExpr::column(name)
    }

    fn integer(value: i64) -> LogicalExpr {
        LogicalExpr::Literal(Value::Int64(value))
    }

    fn merged(plan: &LogicalPlan) -> String {
        merge_plan(plan).expect("a plan").to_string()
    }

    #[test]
    fn columns_that_are_renamed_and_used_once_are_put_together() {
        let first = project(
            LogicalPlan::Unit,
            vec![(integer(3), "a"), (integer(4), "b")],
        );
        let sum = column("a").arithmetic(Op::Add, column("b"));
        let second = project(first, vec![(sum, "s"), (column("a"), "a")]);
        let third = project(
            second,
            vec![(column("s").arithmetic(Op::Add, column("a")), "t")],
        );
        assert_eq!(merged(&third), "Project(3 + 4 + 3 AS t)\n  Unit\n");
    }

    #[test]
    fn what_is_used_twice_is_computed_once() {
        let random = LogicalExpr::call(&RAND, Vec::new());
        let first = project(LogicalPlan::Unit, vec![(random, "r")]);
        let twice = column("r").arithmetic(Op::Add, column("r"));
        let second = project(first, vec![(twice, "t")]);
        assert_eq!(merged(&second), second.to_string());
    }

    #[test]
    fn what_is_used_for_each_element_is_computed_before() {
        let root = LogicalExpr::call(&SQRT, vec![integer(4)]);
        let list = LogicalExpr::List(vec![integer(1), integer(2)]);
        let first = project(LogicalPlan::Unit, vec![(root, "r"), (list, "l")]);
        let each = LogicalExpr::Transform {
            list: Box::new(column("l")),
            variable: "x".to_owned(),
            predicate: None,
            projection: Some(Box::new(column("x").arithmetic(Op::Add, column("r")))),
        };
        let second = project(first, vec![(each, "t")]);
        assert_eq!(merged(&second), second.to_string());
    }

    #[test]
    fn a_long_chain_becomes_one_projection_and_a_flat_expression() {
        let mut plan = project(LogicalPlan::Unit, vec![(integer(0), "x")]);
        for _ in 0..1_000 {
            plan = project(
                plan,
                vec![(column("x").arithmetic(Op::Add, integer(1)), "x")],
            );
        }
        let LogicalPlan::Project { input, expressions } = merge_plan(&plan).expect("a plan") else {
            panic!("a projection");
        };
        assert_eq!(*input, LogicalPlan::Unit);
        let [own] = &expressions[..] else {
            panic!("one column");
        };
        let LogicalExpr::Arithmetic { rest, .. } = &own.expression else {
            panic!("one chain");
        };
        assert_eq!(rest.len(), 1_000);
    }
}
