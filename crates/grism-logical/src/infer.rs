//! Type inference: the type of an expression over the columns it reads.
//!
//! Where the type of an operand is known only at run time it is taken to fit; the evaluator checks it then.

use grism_core::{Error, Result, Type, with_stack};

use crate::{
    ArithmeticOperator, BinaryOperator, Column, LogicalExpr, PlanSchema, ScalarFunction,
    UnaryOperator,
};

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
        LogicalExpr::Column(name) => input
            .find(name)
            .map(|column| column.ty.clone())
            .ok_or_else(|| Error::internal(format!("the column `{name}` is not in the input"))),
        LogicalExpr::Property { ty, .. } => Ok(ty.clone()),
        LogicalExpr::Logic { operator, operands } => {
            for operand in operands {
                let ty = infer_type(operand, input)?;
                expect(operator.as_str(), &ty, ty == Type::Bool, "booleans")?;
            }
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
            let ty = infer_type(operand, input)?;
            match operator {
                UnaryOperator::IsNull | UnaryOperator::IsNotNull => Ok(Type::Bool),
                UnaryOperator::Not => {
                    expect("NOT", &ty, ty == Type::Bool, "a boolean").map(|()| Type::Bool)
                }
                UnaryOperator::Negate => expect("-", &ty, ty.is_numeric(), "a number").map(|()| ty),
            }
        }
        LogicalExpr::Case {
            branches,
            otherwise,
        } => {
            let mut ty = Type::Null;
            for (when, then) in branches {
                let condition = infer_type(when, input)?;
                expect(
                    "CASE WHEN",
                    &condition,
                    condition == Type::Bool,
                    "a boolean",
                )?;
                ty = ty.unify(&infer_type(then, input)?);
            }
            match otherwise {
                Some(otherwise) => Ok(ty.unify(&infer_type(otherwise, input)?)),
                None => Ok(ty),
            }
        }
        LogicalExpr::Function {
            function,
            arguments,
        } => {
            let types = arguments
                .iter()
                .map(|argument| infer_type(argument, input))
                .collect::<Result<Vec<_>>>()?;
            function_type(*function, &types)
        }
        LogicalExpr::List(items) => {
            let mut ty = Type::Null;
            for item in items {
                ty = ty.unify(&infer_type(item, input)?);
            }
            Ok(ty.list())
        }
        LogicalExpr::Map(entries) => Ok(Type::Map(
            entries
                .iter()
                .map(|(key, value)| Ok((key.clone(), infer_type(value, input)?)))
                .collect::<Result<_>>()?,
        )),
        LogicalExpr::Field { base, key } => match infer_type(base, input)? {
            Type::Map(fields) => Ok(fields
                .into_iter()
                .find(|(name, _)| name == key)
                .map_or(Type::Null, |(_, ty)| ty)),
            Type::Null => Ok(Type::Null),
            Type::Incidence => match key.as_str() {
                "role" => Ok(Type::String),
                "position" => Ok(Type::Int64),
                other => Err(Error::internal(format!(
                    "an incidence has no part `{other}`"
                ))),
            },
            other => Err(Error::invalid_query(format!(
                "`.{key}` needs a node, a hyperedge or a map, not {other}"
            ))
            .with_code("TypeError:InvalidArgumentType")),
        },
        LogicalExpr::Index { base, index } => {
            let position = infer_type(index, input)?;
            match infer_type(base, input)? {
                Type::Any => Ok(Type::Any),
                Type::List(item) => {
                    expect("[]", &position, position == Type::Int64, "an integer")?;
                    Ok(*item)
                }
                Type::Map(fields) => {
                    expect("[]", &position, position == Type::String, "a key")?;
                    let types = fields.iter().map(|(_, ty)| ty);
                    Ok(types.fold(Type::Null, |all, ty| all.unify(ty)))
                }
                Type::Null => Ok(Type::Null),
                other => Err(Error::invalid_query(format!(
                    "`[…]` needs a list or a map, not {other}"
                ))
                .with_code("TypeError:InvalidArgumentType")),
            }
        }
        LogicalExpr::Slice { base, lower, upper } => {
            for bound in [lower, upper].into_iter().flatten() {
                let ty = infer_type(bound, input)?;
                expect("[..]", &ty, ty == Type::Int64, "an integer")?;
            }
            let ty = infer_type(base, input)?;
            expect("[..]", &ty, matches!(ty, Type::List(_)), "a list").map(|()| ty)
        }
        LogicalExpr::TableIn { .. } => Ok(Type::Bool),
        LogicalExpr::TableLookup { ty, .. } | LogicalExpr::Convert { ty, .. } => Ok(ty.clone()),
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
                let ty = infer_type(predicate, &inner)?;
                expect("WHERE", &ty, ty == Type::Bool, "a boolean")?;
            }
            Ok(match projection {
                Some(projection) => infer_type(projection, &inner)?,
                None => item,
            }
            .list())
        }
        LogicalExpr::Quantified {
            quantifier,
            list,
            variable,
            predicate,
        } => {
            let Some(item) = element_type(&infer_type(list, input)?)? else {
                return Ok(Type::Bool);
            };
            let ty = infer_type(predicate, &with_column(input, variable, item))?;
            let name = format!("{}()", quantifier.as_str());
            expect(&name, &ty, ty == Type::Bool, "a boolean").map(|()| Type::Bool)
        }
        LogicalExpr::Reduce { ty, .. } => Ok(ty.clone()),
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
        other => Err(wrong(format!("a list is needed, not {other}"))),
    }
}

fn wrong(message: String) -> Error {
    Error::invalid_query(message).with_code("SyntaxError:InvalidArgumentType")
}

fn expect(what: &str, found: &Type, fits: bool, wanted: &str) -> Result<()> {
    if fits || matches!(found, Type::Null | Type::Any) {
        return Ok(());
    }
    Err(wrong(format!("`{what}` needs {wanted}, not {found}")))
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
        _ => return Err(wrong(format!("`+` cannot add {a} and {b}"))),
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

fn function_type(function: ScalarFunction, arguments: &[Type]) -> Result<Type> {
    use ScalarFunction as F;
    let name = function.name();
    let first = arguments.first().unwrap_or(&Type::Null);
    let all = |wanted: &str, fits: &dyn Fn(&Type) -> bool| -> Result<()> {
        arguments
            .iter()
            .try_for_each(|ty| expect(&format!("{name}()"), ty, fits(ty), wanted))
    };
    let text = |ty: &Type| ty == &Type::String;
    let list = |ty: &Type| matches!(ty, Type::List(_));
    let scalar = |ty: &Type| {
        matches!(ty, Type::Bool | Type::Int64 | Type::Float64 | Type::String) || is_temporal(ty)
    };
    match function {
        F::Abs => all("a number", &Type::is_numeric).map(|()| first.clone()),
        F::Sign => all("a number", &Type::is_numeric).map(|()| Type::Int64),
        F::Ceil
        | F::Floor
        | F::Round
        | F::Sqrt
        | F::Exp
        | F::Log
        | F::Log10
        | F::Sin
        | F::Cos
        | F::Tan
        | F::Cot
        | F::Haversin
        | F::Acos
        | F::Asin
        | F::Atan
        | F::Atan2
        | F::Degrees
        | F::Radians => all("a number", &Type::is_numeric).map(|()| Type::Float64),
        F::Pi | F::E | F::Rand => Ok(Type::Float64),
        F::RandomUuid => Ok(Type::String),
        F::IsNan => all("a number", &Type::is_numeric).map(|()| Type::Bool),
        F::ToUpper | F::ToLower | F::Trim | F::LTrim | F::RTrim | F::BTrim | F::Replace => {
            all("text", &text).map(|()| Type::String)
        }
        F::Split => all("text", &text).map(|()| Type::String.list()),
        F::Left | F::Right | F::Substring => {
            expect(&format!("{name}()"), first, text(first), "text first")?;
            for ty in &arguments[1..] {
                expect(
                    &format!("{name}()"),
                    ty,
                    ty == &Type::Int64,
                    "integers after the text",
                )?;
            }
            Ok(Type::String)
        }
        F::Reverse => all("text or a list", &|ty| {
            matches!(ty, Type::String | Type::List(_))
        })
        .map(|()| first.clone()),
        F::Size => all("text or a list", &|ty| {
            matches!(ty, Type::String | Type::List(_))
        })
        .map(|()| Type::Int64),
        F::IsEmpty => all("text, a list or a map", &|ty| {
            matches!(ty, Type::String | Type::List(_) | Type::Map(_))
        })
        .map(|()| Type::Bool),
        F::CharLength => all("text", &text).map(|()| Type::Int64),
        F::ToString => {
            all("a boolean, a number, text or a temporal value", &scalar).map(|()| Type::String)
        }
        F::ToInteger => all("a number, a boolean or text", &|ty| {
            matches!(ty, Type::Int64 | Type::Float64 | Type::String | Type::Bool)
        })
        .map(|()| Type::Int64),
        F::ToFloat => all("a number or text", &|ty| {
            matches!(ty, Type::Int64 | Type::Float64 | Type::String)
        })
        .map(|()| Type::Float64),
        F::ToBoolean => all("a boolean, an integer or text", &|ty| {
            matches!(ty, Type::Bool | Type::String | Type::Int64)
        })
        .map(|()| Type::Bool),
        F::ToStringOrNull => Ok(Type::String),
        F::ToIntegerOrNull => Ok(Type::Int64),
        F::ToFloatOrNull => Ok(Type::Float64),
        F::ToBooleanOrNull => Ok(Type::Bool),
        F::ToStringList => all("a list", &list).map(|()| Type::String.list()),
        F::ToIntegerList => all("a list", &list).map(|()| Type::Int64.list()),
        F::ToFloatList => all("a list", &list).map(|()| Type::Float64.list()),
        F::ToBooleanList => all("a list", &list).map(|()| Type::Bool.list()),
        F::NullIf => Ok(first.clone()),
        F::Coalesce => Ok(arguments
            .iter()
            .fold(Type::Null, |ty, argument| ty.unify(argument))),
        F::Head | F::Last => match first {
            Type::List(item) => Ok((**item).clone()),
            Type::Null | Type::Any => Ok(first.clone()),
            other => Err(wrong(format!("`{name}()` needs a list, not {other}"))),
        },
        F::Tail => all("a list", &list).map(|()| first.clone()),
        F::Range => all("integers", &|ty| ty == &Type::Int64).map(|()| Type::Int64.list()),
        F::Id => all("a node or a hyperedge", &|ty| ty.tables().is_some()).map(|()| Type::Int64),
        F::ElementId => {
            all("a node or a hyperedge", &|ty| ty.tables().is_some()).map(|()| Type::String)
        }
        F::Keys => all("a node, a hyperedge or a map", &|ty| {
            matches!(ty, Type::Map(_)) || ty.tables().is_some()
        })
        .map(|()| Type::String.list()),
        F::Labels => all("a node", &|ty| ty.tables().is_some()).map(|()| Type::String.list()),
        F::Type => all("a relationship or a hyperedge", &|ty| {
            matches!(ty, Type::Hyperedge(_) | Type::Incidence)
        })
        .map(|()| Type::String),
        F::Properties | F::PropertyMap => all("a node, a hyperedge or a map", &|ty| {
            matches!(ty, Type::Map(_)) || ty.tables().is_some()
        })
        .map(|()| Type::Any),
        F::Length => all("a path", &|ty| ty == &Type::Path).map(|()| Type::Int64),
        F::Nodes | F::Relationships => {
            all("a path", &|ty| ty == &Type::Path).map(|()| Type::Any.list())
        }
        F::StartNode | F::EndNode => all("a relationship", &|ty| {
            matches!(ty, Type::Hyperedge(_) | Type::Incidence)
        })
        .map(|()| Type::Any),
        F::Roles => all("a node or a hyperedge", &Type::is_entity).map(|()| Type::String.list()),
        F::Arity => all("a node or a hyperedge", &Type::is_entity).map(|()| Type::Int64),
        F::Members => {
            expect(
                "members()",
                first,
                first.is_entity(),
                "a node or a hyperedge",
            )?;
            Ok(Type::Any.list())
        }
        F::Date
        | F::LocalTime
        | F::Time
        | F::LocalDateTime
        | F::DateTime
        | F::Duration
        | F::DateTruncate
        | F::LocalTimeTruncate
        | F::TimeTruncate
        | F::LocalDateTimeTruncate
        | F::DateTimeTruncate
        | F::DateTimeFromEpoch
        | F::DateTimeFromEpochMillis
        | F::DurationBetween
        | F::DurationInMonths
        | F::DurationInDays
        | F::DurationInSeconds
        | F::SumOf
        | F::AvgOf
        | F::PercentileDisc
        | F::Merge
        | F::Get => Ok(Type::Any),
        F::Path => Ok(Type::Path),
        F::PercentileCont | F::StDev | F::StDevP | F::FloatKey => Ok(Type::Float64),
        F::DistinctOf => Ok(first.clone()),
        F::Key => Ok(Type::Any),
        F::AsList => Ok(Type::Any.list()),
        F::HasLabels => Ok(Type::Bool),
        F::Entity => Ok(Type::Any),
        F::Kind => all("a node, a relationship or a hyperedge", &|ty| {
            ty.is_entity() || ty == &Type::Incidence
        })
        .map(|()| Type::String),
        F::Position => all("an incidence", &|ty| ty == &Type::Incidence).map(|()| Type::Int64),
    }
}
