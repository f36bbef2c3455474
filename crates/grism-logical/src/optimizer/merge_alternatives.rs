//! `merge_alternatives`: the label tests of one entity in a chain of OR or AND become one test, and the values that one
//! property or column is compared with in a chain of OR become one `IN`.
//!
//! A scan takes such a test as its own, and a list of constants is looked up instead of compared one by one.

use std::collections::{BTreeSet, HashMap};
use std::mem::{Discriminant, discriminant};

use grism_core::{Result, TableId, Value};

use super::Facts;
use super::planted::is_planted;
use crate::{BinaryOperator, LogicOperator, LogicalExpr, LogicalPlan};

/// Merges within every expression of the plan.
///
/// # Errors
/// None of its own.
pub(super) fn merge_alternatives(plan: LogicalPlan, _facts: Facts<'_>) -> Result<LogicalPlan> {
    merge_plan(&plan)
}

fn merge_plan(plan: &LogicalPlan) -> Result<LogicalPlan> {
    let mut plan = plan.try_map_inputs(&mut merge_plan)?;
    plan.rewrite_expressions(|expression| expression.transform(&mut merge_node));
    Ok(plan)
}

fn merge_node(expression: LogicalExpr) -> LogicalExpr {
    match expression {
        LogicalExpr::Logic { operator, operands } if operator != LogicOperator::Xor => {
            LogicalExpr::logic(operator, merge_operands(operator, operands))
        }
        other => other,
    }
}

/// What operands that can be merged have in common.
#[derive(PartialEq, Eq, Hash)]
enum Common {
    /// The entity in this column is tested for its tables.
    Tables(String),
    /// The column is compared with constants of one type.
    Column(String, Discriminant<Value>),
    /// The property of the entity is compared with constants of one type.
    Property(String, String, Discriminant<Value>),
}

/// What stands at the place of one operand or more.
enum Merged {
    One(LogicalExpr),
    Tables(String, BTreeSet<TableId>),
    /// The first comparison as it was written, what is compared, and all that it is compared with.
    Values(LogicalExpr, LogicalExpr, Vec<Value>),
}

/// Each group of operands at the place of its first one.
fn merge_operands(operator: LogicOperator, operands: Vec<LogicalExpr>) -> Vec<LogicalExpr> {
    let mut places: HashMap<Common, usize> = HashMap::new();
    let mut merged: Vec<Merged> = Vec::with_capacity(operands.len());
    for operand in operands {
        let Some((common, part)) = part(operator, &operand) else {
            merged.push(Merged::One(operand));
            continue;
        };
        let Some(place) = places.get(&common) else {
            places.insert(common, merged.len());
            merged.push(part);
            continue;
        };
        match (&mut merged[*place], part) {
            (Merged::Tables(_, own), Merged::Tables(_, more)) => match operator {
                LogicOperator::And if !is_planted("merge_alternatives") => {
                    own.retain(|table| more.contains(table));
                }
                _ => own.extend(more),
            },
            (Merged::Values(.., own), Merged::Values(.., more)) => own.extend(more),
            _ => {}
        }
    }
    merged.into_iter().map(Merged::finish).collect()
}

impl Merged {
    fn finish(self) -> LogicalExpr {
        match self {
            Self::One(operand) => operand,
            Self::Tables(entity, tables) => LogicalExpr::TableIn {
                entity: Box::new(LogicalExpr::Column(entity)),
                tables: tables.into_iter().collect(),
            },
            Self::Values(first, _, values) if values.len() == 1 => first,
            Self::Values(_, compared, values) => compared.binary(
                BinaryOperator::In,
                LogicalExpr::Literal(Value::List(values)),
            ),
        }
    }
}

/// The operand as a part of what it may be merged into.
fn part(operator: LogicOperator, operand: &LogicalExpr) -> Option<(Common, Merged)> {
    match operand {
        LogicalExpr::TableIn { entity, tables } => match &**entity {
            LogicalExpr::Column(name) => {
                let tables = tables.iter().copied().collect();
                let merged = Merged::Tables(name.clone(), tables);
                Some((Common::Tables(name.clone()), merged))
            }
            _ => None,
        },
        LogicalExpr::Binary {
            operator: BinaryOperator::Equal,
            left,
            right,
        } if operator == LogicOperator::Or => {
            let (compared, value) = match (&**left, &**right) {
                (LogicalExpr::Literal(value), compared)
                | (compared, LogicalExpr::Literal(value)) => (compared, value),
                _ => return None,
            };
            let is_plain = match value {
                Value::Int64(_) | Value::String(_) => true,
                Value::Float64(value) => !value.is_nan(),
                _ => false,
            };
            let kind = discriminant(value);
            let common = match compared {
                LogicalExpr::Column(name) if is_plain => Common::Column(name.clone(), kind),
                LogicalExpr::Property { entity, key, .. } if is_plain => {
                    Common::Property(entity.clone(), key.clone(), kind)
                }
                _ => return None,
            };
            let merged = Merged::Values(operand.clone(), compared.clone(), vec![value.clone()]);
            Some((common, merged))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use grism_core::{TableId, Value};

    use super::merge_node;
    use crate::{BinaryOperator, LogicalExpr};

    fn labelled(entity: &str, tables: &[u16]) -> LogicalExpr {
        LogicalExpr::TableIn {
            entity: Box::new(LogicalExpr::column(entity)),
            tables: tables
                .iter()
                .map(|table| TableId::try_new(*table).expect("a table"))
                .collect(),
        }
    }

    fn equal(column: &str, value: Value) -> LogicalExpr {
        LogicalExpr::column(column).binary(BinaryOperator::Equal, LogicalExpr::Literal(value))
    }

    fn merged(expression: LogicalExpr) -> String {
        expression.transform(&mut merge_node).to_string()
    }

    #[test]
    fn label_tests_of_one_entity_are_one_test() {
        let any = LogicalExpr::any([
            labelled("a", &[3]),
            labelled("b", &[1]),
            labelled("a", &[1]),
        ]);
        assert_eq!(
            any.to_string(),
            "a in tables [3] OR b in tables [1] OR a in tables [1]"
        );
        assert_eq!(merged(any), "a in tables [1, 3] OR b in tables [1]");
        let all = LogicalExpr::all([labelled("a", &[1, 2]), labelled("a", &[2, 3])]);
        assert_eq!(merged(all), "a in tables [2]");
    }

    #[test]
    fn values_of_one_type_are_one_list() {
        let integer = |value| equal("x", Value::Int64(value));
        let text = equal("x", Value::String("a".to_owned()));
        let other = equal("y", Value::Int64(1));
        let any = LogicalExpr::any([integer(1), other, text, integer(2)]);
        assert_eq!(merged(any), "x IN [1, 2] OR y = 1 OR x = 'a'");
        let all = LogicalExpr::all([integer(1), integer(2)]);
        assert_eq!(merged(all), "x = 1 AND x = 2");
    }

    #[test]
    fn many_alternatives_are_merged_in_one_pass() {
        let alternatives = (0..10_000).map(|value| equal("x", Value::Int64(value)));
        let LogicalExpr::Binary { operator, .. } = merge_node(LogicalExpr::any(alternatives))
        else {
            panic!("one test");
        };
        assert_eq!(operator, BinaryOperator::In);
    }
}
