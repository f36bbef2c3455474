//! Type inference: the type of an expression over the columns it reads.
//!
//! Where the type of an operand is known only at run time it is taken to fit; the evaluator checks it then.

use grism_core::{Error, Result, Type, with_stack};
use grism_functions::{expect, wrong_type};

use crate::{ArithmeticOperator, BinaryOperator, Column, LogicalExpr, PlanSchema, UnaryOperator};

/// The type of `expression` over the columns of `input`.
///
/// # Errors
/// `InvalidQuery` for an operand of the wrong type; `Internal` for a column that is not there.
pub fn infer_type(expression: &LogicalExpr, input: &PlanSchema) -> Result<Type> {
    with_stack(|| infer_node(expression, input))
}

fn infer_node(expression: &LogicalExpr, input: &PlanSchema) -> Result<Type> {
    match expression {
        LogicalExpr::Literal(value) => Ok(value.type_of()),
        LogicalExpr::Column(name) => column_type(name, input),
        LogicalExpr::Property { ty, .. }
        | LogicalExpr::TableLookup { ty, .. }
        | LogicalExpr::Convert { ty, .. }
        | LogicalExpr::Reduce { ty, .. } => Ok(ty.clone()),
        LogicalExpr::TableIn { .. } => Ok(Type::Bool),
        LogicalExpr::Logic { operator, operands } => {
            let mut operands = operands.iter();
            operands
                .try_for_each(|own| expect_boolean(operator.as_str(), own, input, "booleans"))?;
            Ok(Type::Bool)
        }
        LogicalExpr::Arithmetic { first, rest } => {
            let mut ty = infer_type(first, input)?;
            for (operator, operand) in rest {
                ty = arithmetic_type(*operator, &ty, &infer_type(operand, input)?)?;
            }
            Ok(ty)
        }
        LogicalExpr::Binary {
            operator,
            left,
            right,
        } => {
            infer_type(left, input)?;
            binary_type(*operator, &infer_type(right, input)?)
        }
        LogicalExpr::Unary { operator, operand } => {
            unary_type(*operator, infer_type(operand, input)?)
        }
        LogicalExpr::Case {
            branches,
            otherwise,
        } => case_type(branches, otherwise.as_deref(), input),
        LogicalExpr::Function {
            function,
            arguments,
        } => {
            let types = arguments.iter().map(|argument| infer_type(argument, input));
            function.return_type(&types.collect::<Result<Vec<_>>>()?)
        }
        LogicalExpr::List(items) => {
            let mut ty = Type::Null;
            for item in items {
                ty = ty.unify(&infer_type(item, input)?);
            }
            Ok(ty.list())
        }
        LogicalExpr::Map(entries) => {
            let entries = entries.iter();
            let types =
                entries.map(|own| Ok((own.name.clone(), infer_type(&own.expression, input)?)));
            Ok(Type::Map(types.collect::<Result<_>>()?))
        }
        LogicalExpr::Field { base, key } => field_type(infer_type(base, input)?, key),
        LogicalExpr::Index { base, index } => {
            let position = infer_type(index, input)?;
            index_type(infer_type(base, input)?, &position)
        }
        LogicalExpr::Slice { base, lower, upper } => {
            for bound in [lower, upper].into_iter().flatten() {
                let ty = infer_type(bound, input)?;
                expect("[..]", &ty, ty == Type::Int64, "an integer")?;
            }
            let ty = infer_type(base, input)?;
            expect("[..]", &ty, matches!(ty, Type::List(_)), "a list").map(|()| ty)
        }
        LogicalExpr::Transform {
            list,
            variable,
            predicate,
            projection,
        } => {
            let Some(item) = element_type(&infer_type(list, input)?)? else {
                return Ok(Type::Null);
            };
            let inner = with_column(input, variable, item.clone());
            if let Some(predicate) = predicate {
                expect_boolean("WHERE", predicate, &inner, "a boolean")?;
            }
            let projection = projection.as_ref();
            let item = projection.map_or(Ok(item), |own| infer_type(own, &inner))?;
            Ok(item.list())
        }
        LogicalExpr::Quantified {
            quantifier,
            list,
            variable,
            predicate,
        } => {
            if let Some(item) = element_type(&infer_type(list, input)?)? {
                let (name, inner) = (quantifier.as_str(), with_column(input, variable, item));
                expect_boolean(&format!("{name}()"), predicate, &inner, "a boolean")?;
            }
            Ok(Type::Bool)
        }
    }
}

fn column_type(name: &str, input: &PlanSchema) -> Result<Type> {
    let column = input.find(name).map(|column| column.ty.clone());
    column.ok_or_else(|| Error::internal(format!("the column `{name}` is not in the input")))
}

/// An error unless the operand of what messages call `what` is a boolean.
fn expect_boolean(
    what: &str,
    operand: &LogicalExpr,
    input: &PlanSchema,
    wanted: &str,
) -> Result<()> {
    let ty = infer_type(operand, input)?;
    expect(what, &ty, ty == Type::Bool, wanted)
}

fn unary_type(operator: UnaryOperator, ty: Type) -> Result<Type> {
    match operator {
        UnaryOperator::IsNull | UnaryOperator::IsNotNull => Ok(Type::Bool),
        UnaryOperator::Not => {
            expect("NOT", &ty, ty == Type::Bool, "a boolean").map(|()| Type::Bool)
        }
        UnaryOperator::Negate => expect("-", &ty, ty.is_numeric(), "a number").map(|()| ty),
    }
}

fn case_type(
    branches: &[(LogicalExpr, LogicalExpr)],
    otherwise: Option<&LogicalExpr>,
    input: &PlanSchema,
) -> Result<Type> {
    let mut ty = Type::Null;
    for (when, then) in branches {
        expect_boolean("CASE WHEN", when, input, "a boolean")?;
        ty = ty.unify(&infer_type(then, input)?);
    }
    match otherwise {
        Some(otherwise) => Ok(ty.unify(&infer_type(otherwise, input)?)),
        None => Ok(ty),
    }
}

/// The type of one entry of a map, or of one part of an incidence.
fn field_type(base: Type, key: &str) -> Result<Type> {
    match base {
        Type::Map(fields) => {
            let found = fields.into_iter().find(|(name, _)| name == key);
            Ok(found.map_or(Type::Null, |(_, ty)| ty))
        }
        Type::Null => Ok(Type::Null),
        Type::Incidence => match key {
            "role" => Ok(Type::String),
            "position" => Ok(Type::Int64),
            other => Err(Error::internal(format!(
                "an incidence has no part `{other}`"
            ))),
        },
        other => {
            let message = format!("`.{key}` needs a node, a hyperedge or a map, not {other}");
            Err(Error::invalid_query(message).with_code("TypeError:InvalidArgumentType"))
        }
    }
}

/// The type of the element of a list, or of the entry of a map, at a position.
fn index_type(base: Type, position: &Type) -> Result<Type> {
    match base {
        Type::Any => Ok(Type::Any),
        Type::List(item) => {
            expect("[]", position, *position == Type::Int64, "an integer")?;
            Ok(*item)
        }
        Type::Map(fields) => {
            expect("[]", position, *position == Type::String, "a key")?;
            let types = fields.iter().map(|(_, ty)| ty);
            Ok(types.fold(Type::Null, |all, ty| all.unify(ty)))
        }
        Type::Null => Ok(Type::Null),
        other => {
            let message = format!("`[…]` needs a list or a map, not {other}");
            Err(Error::invalid_query(message).with_code("TypeError:InvalidArgumentType"))
        }
    }
}

/// `input` with one more column.
fn with_column(input: &PlanSchema, name: &str, ty: Type) -> PlanSchema {
    let mut inner = input.clone();
    inner.put(Column::new(name, ty));
    inner
}

/// The type of a list's elements; `None` where the list is null.
fn element_type(list: &Type) -> Result<Option<Type>> {
    match list {
        Type::List(item) => Ok(Some((**item).clone())),
        Type::Any => Ok(Some(Type::Any)),
        Type::Null => Ok(None),
        other => Err(wrong_type(format!("a list is needed, not {other}"))),
    }
}

/// The type in which values of two types are compared, or `None` where they are never equal nor ordered.
#[must_use]
pub fn comparison_type(a: &Type, b: &Type) -> Option<Type> {
    match (a, b) {
        (Type::Any, _) | (_, Type::Any) => Some(Type::Any),
        (Type::Int64, Type::Float64) | (Type::Float64, Type::Int64) => Some(Type::Float64),
        (Type::List(a), Type::List(b)) => comparison_type(a, b).map(Type::list),
        (a, b) if a.is_entity() && b.is_entity() => Some(a.unify(b)),
        (Type::Map(_), Type::Map(_)) => Some(a.unify(b)),
        _ => match a.unify(b) {
            Type::Any => None,
            ty => Some(ty),
        },
    }
}

/// The type of `a + b`.
fn addition_type(a: &Type, b: &Type) -> Result<Type> {
    Ok(match (a, b) {
        (Type::List(x), Type::List(y)) => x.unify(y).list(),
        (Type::List(_), Type::Any) | (Type::Any, Type::List(_)) => Type::Any.list(),
        (Type::Null, Type::List(_)) | (Type::List(_), Type::Null) => Type::Null,
        (Type::List(x), item) | (item, Type::List(x)) => x.unify(item).list(),
        (Type::Any, _) | (_, Type::Any) => Type::Any,
        (Type::Null, other) | (other, Type::Null) => other.clone(),
        (Type::Int64, Type::Int64) => Type::Int64,
        (a, b) if a.is_numeric() && b.is_numeric() => Type::Float64,
        (Type::String, other) | (other, Type::String)
            if other == &Type::String || other.is_numeric() =>
        {
            Type::String
        }
        _ => return Err(wrong_type(format!("`+` cannot add {a} and {b}"))),
    })
}

fn is_temporal(ty: &Type) -> bool {
    matches!(
        ty,
        Type::Date | Type::LocalTime | Type::LocalDateTime | Type::DateTime
    )
}

/// The type of a predicate whose right operand is of the type `right`.
fn binary_type(operator: BinaryOperator, right: &Type) -> Result<Type> {
    use BinaryOperator as Op;
    match operator {
        Op::In => {
            let fits = matches!(right, Type::List(_));
            expect(operator.as_str(), right, fits, "a list on its right").map(|()| Type::Bool)
        }
        // As openCypher wants, a text predicate of something that is no text is null and not an error.
        Op::RegexMatch | Op::StartsWith | Op::EndsWith | Op::Contains => Ok(Type::Bool),
        Op::Equal
        | Op::NotEqual
        | Op::Less
        | Op::LessOrEqual
        | Op::Greater
        | Op::GreaterOrEqual => Ok(Type::Bool),
    }
}

/// The type of `a operator b`: of one step of a [`LogicalExpr::Arithmetic`].
///
/// # Errors
/// `InvalidQuery` for an operand of the wrong type.
pub fn arithmetic_type(operator: ArithmeticOperator, a: &Type, b: &Type) -> Result<Type> {
    use ArithmeticOperator as Op;
    match operator {
        // A temporal value and a duration, whose type is known only at run time.
        Op::Add | Op::Subtract
            if (is_temporal(a) || is_temporal(b)) && (a == &Type::Any || b == &Type::Any) =>
        {
            Ok(Type::Any)
        }
        Op::Add => addition_type(a, b),
        Op::Subtract | Op::Multiply | Op::Divide | Op::Remainder | Op::Power => {
            for ty in [a, b] {
                expect(operator.as_str(), ty, ty.is_numeric(), "numbers")?;
            }
            Ok(match (operator, a, b) {
                (Op::Power, _, _) => Type::Float64,
                (_, Type::Any, _) | (_, _, Type::Any) => Type::Any,
                (_, Type::Null, Type::Null) => Type::Null,
                (_, Type::Float64, _) | (_, _, Type::Float64) => Type::Float64,
                _ => Type::Int64,
            })
        }
    }
}
