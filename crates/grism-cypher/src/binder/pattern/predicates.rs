//! What predicates ask of the properties of a pattern's elements, read from the text and from bound conditions alike.

use grism_core::{ComparisonOperator, Value};
use grism_logical::{
    BinaryOperator, InfixOperator, LogicOperator, LogicalExpr, PlanSchema, UnaryOperator,
};

use crate::binder::QueryContext;
use crate::binder::expression::{literal, operator};
use crate::binder::names::{Scope, split_conjunction};
use crate::syntax::{self, ChainLink, Expr, ExprKind, IsPredicate, Literal, PrefixOperator};

/// What one predicate asks.
#[derive(Clone, Debug)]
pub(super) enum Predicate {
    /// Something of the element in a column, which can be told once it is found.
    Tested(String, Asked),
    /// How properties of two elements compare, each with its column and key.
    Compared(ComparisonOperator, [(String, String); 2]),
}

/// What is asked of one element.
#[derive(Clone, Debug)]
pub(super) enum Asked {
    /// How a property compares with a value, which is `None` where the plan does not know it.
    Compared(String, ComparisonOperator, Option<Value>),
    /// That a property is one of so many values.
    OneOf(String, usize),
    /// All of several things.
    All(Vec<Asked>),
    /// One of several things.
    Any(Vec<Asked>),
    /// Something else.
    Other,
}

/// A side of a comparison.
enum Side {
    /// A property of the element in a column.
    Property(String, String),
    /// What is known before the pattern is matched; the value where the plan knows it.
    Known(Option<Value>),
}

/// What predicates in the text may know.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) context: QueryContext<'a>,
    pub(super) scope: &'a Scope,
    /// The columns that are known before the pattern is matched.
    pub(super) bound: &'a PlanSchema,
}

/// What the conjuncts of a predicate in the text ask.
pub(super) fn asked_by_text(known: Known<'_>, predicate: &Expr) -> Vec<Predicate> {
    let parts = split_conjunction(predicate).into_iter();
    parts.flat_map(|part| asked_by_part(known, part)).collect()
}

/// What a bound condition asks; the columns of `bound` are known before the pattern is matched.
pub(super) fn asked_by_condition(condition: &LogicalExpr, bound: &PlanSchema) -> Vec<Predicate> {
    let one = |predicate: Option<Predicate>| predicate.into_iter().collect();
    match condition {
        LogicalExpr::Logic {
            operator: LogicOperator::And,
            operands,
        } => {
            let operands = operands.iter();
            operands
                .flat_map(|operand| asked_by_condition(operand, bound))
                .collect()
        }
        LogicalExpr::Logic {
            operator: LogicOperator::Or,
            operands,
        } => {
            let operands = operands.iter();
            one(any(
                operands.map(|operand| asked_by_condition(operand, bound))
            ))
        }
        LogicalExpr::Binary {
            operator,
            left,
            right,
        } => one(compared(
            *operator,
            bound_side(left, bound),
            bound_side(right, bound),
        )),
        LogicalExpr::Unary { operator, operand } => one(match (operator, &**operand) {
            (
                UnaryOperator::IsNull | UnaryOperator::IsNotNull,
                LogicalExpr::Property { entity, key, .. },
            ) => Some(is_null(entity, key, *operator == UnaryOperator::IsNotNull)),
            _ => None,
        }),
        _ => Vec::new(),
    }
}

fn asked_by_part(known: Known<'_>, part: &Expr) -> Vec<Predicate> {
    match &part.kind {
        ExprKind::Chain { first, rest } => {
            let is_or = |link: &ChainLink| link.operator == syntax::InfixOperator::Or;
            if rest.iter().all(is_or) {
                let operands =
                    std::iter::once(&**first).chain(rest.iter().map(|link| &link.operand));
                let asked = operands.map(|operand| asked_by_text(known, operand));
                return any(asked).into_iter().collect();
            }
            // Comparisons of a chain hold pair by pair.
            let mut left = &**first;
            let mut predicates = Vec::new();
            for link in rest {
                let pair = (left, &link.operand);
                left = &link.operand;
                let InfixOperator::Binary(operator) = operator(link.operator) else {
                    continue;
                };
                if rest.len() > 1 && !operator.is_comparison() {
                    continue;
                }
                let sides = [pair.0, pair.1].map(|side| side_of_text(known, side));
                let [own, other] = sides;
                predicates.extend(compared(operator, own, other));
            }
            predicates
        }
        ExprKind::Is {
            operand,
            negated,
            predicate: IsPredicate::Null,
        } => match side_of_text(known, operand) {
            Some(Side::Property(entity, key)) => vec![is_null(&entity, &key, *negated)],
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

fn is_null(entity: &str, key: &str, negated: bool) -> Predicate {
    let operator = match negated {
        true => ComparisonOperator::IsNotNull,
        false => ComparisonOperator::IsNull,
    };
    let asked = Asked::Compared(key.to_owned(), operator, None);
    Predicate::Tested(entity.to_owned(), asked)
}

/// What a disjunction asks, where all of its operands ask something of the same element.
fn any(operands: impl Iterator<Item = Vec<Predicate>>) -> Option<Predicate> {
    let (mut column, mut asked) = (None, Vec::new());
    for operand in operands {
        let mut all = Vec::new();
        for predicate in operand {
            let Predicate::Tested(own, asked) = predicate else {
                return None;
            };
            if column.get_or_insert_with(|| own.clone()) != &own {
                return None;
            }
            all.push(asked);
        }
        if all.is_empty() {
            return None;
        }
        asked.push(Asked::All(all));
    }
    Some(Predicate::Tested(column?, Asked::Any(asked)))
}

/// What an operator asks that has a property on one of its sides, or on both.
fn compared(
    operator: BinaryOperator,
    left: Option<Side>,
    right: Option<Side>,
) -> Option<Predicate> {
    let (entity, key, value, flipped) = match (left?, right?) {
        (Side::Property(entity, key), Side::Known(value)) => (entity, key, value, false),
        (Side::Known(value), Side::Property(entity, key)) => (entity, key, value, true),
        (Side::Property(own, key), Side::Property(other, other_key)) => {
            let comparison = operator.comparison(false)?;
            return Some(match own == other {
                true => Predicate::Tested(own, Asked::Other),
                false => Predicate::Compared(comparison, [(own, key), (other, other_key)]),
            });
        }
        _ => return None,
    };
    let asked = match (operator.comparison(flipped), operator, value) {
        (Some(comparison), _, value) => Asked::Compared(key, comparison, value),
        (None, BinaryOperator::In, Some(Value::List(items))) if !flipped => {
            Asked::OneOf(key, items.len())
        }
        (None, BinaryOperator::In | BinaryOperator::StartsWith, _) => Asked::Other,
        _ => return None,
    };
    Some(Predicate::Tested(entity, asked))
}

fn bound_side(expression: &LogicalExpr, bound: &PlanSchema) -> Option<Side> {
    match expression {
        LogicalExpr::Property { entity, key, .. } if !bound.contains(entity) => {
            Some(Side::Property(entity.clone(), key.clone()))
        }
        LogicalExpr::Literal(value) => Some(Side::Known(Some(value.clone()))),
        other => {
            let columns = other.columns();
            let is_known = columns.iter().all(|column| bound.contains(column));
            is_known.then_some(Side::Known(None))
        }
    }
}

fn side_of_text(known: Known<'_>, side: &Expr) -> Option<Side> {
    match &side.kind {
        ExprKind::Property { base, key } => {
            let ExprKind::Variable(name) = &base.kind else {
                return None;
            };
            let column = known.scope.find(&name.text)?.column.clone();
            Some(match known.bound.contains(&column) {
                true => Side::Known(None),
                false => Side::Property(column, key.text.clone()),
            })
        }
        ExprKind::Literal(_)
        | ExprKind::Parameter(_)
        | ExprKind::List(_)
        | ExprKind::Prefix { .. } => Some(Side::Known(constant(known.context, side))),
        _ => None,
    }
}

/// The value of a constant, where it is plain.
fn constant(context: QueryContext<'_>, expression: &Expr) -> Option<Value> {
    match &expression.kind {
        ExprKind::Literal(number) => literal(context.source, number, expression.span, false).ok(),
        ExprKind::Prefix { operator, operand } => match &operand.kind {
            ExprKind::Literal(number @ (Literal::Integer { .. } | Literal::Float(_)))
                if *operator == PrefixOperator::Minus =>
            {
                literal(context.source, number, expression.span, true).ok()
            }
            _ => None,
        },
        ExprKind::Parameter(name) => context.bind.parameters.get(name).cloned(),
        ExprKind::List(items) => {
            let items = items.iter().map(|item| constant(context, item));
            items.collect::<Option<_>>().map(Value::List)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::binder::Notes;
    use crate::binder::expression::{ExpressionBinder, ExpressionInput, Needs, bind_predicate};
    use crate::binder::testing::Graph;
    use crate::query::Query;
    use crate::syntax::ClauseKind;

    /// What a text asks of elements that the pattern is to find, and what its bound conditions do.
    fn asked(text: &str) -> [String; 2] {
        let graph = Graph::new();
        let query = Query::parse(&format!("MATCH () WHERE {text} RETURN 1")).unwrap();
        let ClauseKind::Match(matched) = &query.syntax().head.clauses[0].kind else {
            panic!("a MATCH");
        };
        let predicate = matched.predicate.as_ref().unwrap();
        let context = query.context(graph.bind());
        let (scope, columns) = graph.bound_before();
        let nothing = PlanSchema::default();
        let known = Known {
            context,
            scope: &scope,
            bound: &nothing,
        };
        let of_text = asked_by_text(known, predicate);
        let (mut notes, mut needs) = (Notes::default(), Needs::default());
        let input = ExpressionInput::new(&scope, &columns);
        let mut binder = ExpressionBinder::new(context, &mut notes, input, &mut needs);
        let of_conditions = split_conjunction(predicate).into_iter().flat_map(|part| {
            let condition = bind_predicate(&mut binder, part).unwrap();
            asked_by_condition(&condition, &nothing)
        });
        let of_conditions: Vec<_> = of_conditions.collect();
        [of_text, of_conditions].map(|asked| format!("{asked:?}"))
    }

    #[test]
    fn a_text_and_its_conditions_ask_the_same() {
        for (text, expected) in [
            (
                "n.age = 3",
                r#"[Tested("n", Compared("age", Equal, Some(Int64(3))))]"#,
            ),
            (
                "3 < n.age",
                r#"[Tested("n", Compared("age", Greater, Some(Int64(3))))]"#,
            ),
            (
                "n.name IS NOT NULL",
                r#"[Tested("n", Compared("name", IsNotNull, None))]"#,
            ),
            (
                "k.since = n.age AND n.age <> 1",
                r#"[Compared(Equal, [("k", "since"), ("n", "age")]), Tested("n", Compared("age", NotEqual, Some(Int64(1))))]"#,
            ),
            (
                "n.age = 1 OR (n.age = 2 AND n.name = 'a')",
                r#"[Tested("n", Any([All([Compared("age", Equal, Some(Int64(1)))]), All([Compared("age", Equal, Some(Int64(2))), Compared("name", Equal, Some(String("a")))])]))]"#,
            ),
            // What is asked of several elements at once is not told apart.
            ("n.age = 1 OR k.since = 1", "[]"),
            ("n.age = n.age", r#"[Tested("n", Other)]"#),
        ] {
            let [of_text, of_conditions] = asked(text);
            assert_eq!(of_text, expected, "{text}");
            assert_eq!(of_conditions, expected, "{text}");
        }
    }

    #[test]
    fn comparisons_of_a_chain_hold_pair_by_pair() {
        let [of_text, _] = asked("1 < n.age <= 5");
        let expected = r#"[Tested("n", Compared("age", Greater, Some(Int64(1)))), Tested("n", Compared("age", LessOrEqual, Some(Int64(5))))]"#;
        assert_eq!(of_text, expected);
    }
}
