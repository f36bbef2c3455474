//! Type inference: the type of an expression over the columns it reads.

use grism_core::{Error, Result, Type};

use crate::{BinaryOperator, LogicalExpr, PlanSchema, ScalarFunction, UnaryOperator};

/// The type of `expression` over the columns of `input`.
///
/// # Errors
/// `InvalidQuery` for an operand of the wrong type; `Unsupported` where only a dynamically typed value could hold
/// the result; `Internal` for a column that is not there.
pub fn infer_type(expression: &LogicalExpr, input: &PlanSchema) -> Result<Type> {
    match expression {
        LogicalExpr::Literal(value) => value
            .type_of()
            .ok_or_else(|| Error::unsupported("a list of values of several types")),
        LogicalExpr::Column(name) => input
            .find(name)
            .map(|column| column.ty.clone())
            .ok_or_else(|| Error::internal(format!("the column `{name}` is not in the input"))),
        LogicalExpr::Property { ty, .. } => Ok(ty.clone()),
        LogicalExpr::Binary {
            operator,
            left,
            right,
        } => binary_type(
            *operator,
            &infer_type(left, input)?,
            &infer_type(right, input)?,
        ),
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
                ty = common(&ty, &infer_type(then, input)?, "CASE")?;
            }
            match otherwise {
                Some(otherwise) => common(&ty, &infer_type(otherwise, input)?, "CASE"),
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
                ty = strict_common(&ty, &infer_type(item, input)?, "a list")?;
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
            ))),
        },
        LogicalExpr::Index { base, index } => {
            let position = infer_type(index, input)?;
            expect("[]", &position, position == Type::Int64, "an integer")?;
            match infer_type(base, input)? {
                Type::List(item) => Ok(*item),
                Type::Null => Ok(Type::Null),
                other => Err(Error::invalid_query(format!(
                    "`[…]` needs a list, not {other}"
                ))),
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
        LogicalExpr::TableLookup { ty, .. } => Ok(ty.clone()),
    }
}

fn expect(what: &str, found: &Type, fits: bool, wanted: &str) -> Result<()> {
    if fits || found == &Type::Null {
        return Ok(());
    }
    Err(Error::invalid_query(format!(
        "`{what}` needs {wanted}, not {found}"
    )))
}

fn common(a: &Type, b: &Type, what: &str) -> Result<Type> {
    match (a, b) {
        (Type::Int64, Type::Float64) | (Type::Float64, Type::Int64) => Err(Error::unsupported(
            format!("{what} that mixes integers and floats; convert one with toFloat()"),
        )),
        _ => strict_common(a, b, what),
    }
}

fn strict_common(a: &Type, b: &Type, what: &str) -> Result<Type> {
    a.unify(b)
        .ok_or_else(|| Error::unsupported(format!("{what} that mixes {a} and {b}")))
}

/// The type in which values of two types are compared, or `None` where they are never equal nor ordered.
#[must_use]
pub fn comparison_type(a: &Type, b: &Type) -> Option<Type> {
    match (a, b) {
        (Type::Int64, Type::Float64) | (Type::Float64, Type::Int64) => Some(Type::Float64),
        (Type::List(a), Type::List(b)) => comparison_type(a, b).map(Type::list),
        (Type::Node(_) | Type::Hyperedge(_), Type::Node(_) | Type::Hyperedge(_)) => Some(a.clone()),
        _ => a.unify(b),
    }
}

/// The type of `a + b`.
///
/// # Errors
/// `InvalidQuery` for types that cannot be added.
pub fn addition_type(a: &Type, b: &Type) -> Result<Type> {
    Ok(match (a, b) {
        (Type::Null, other) | (other, Type::Null) => other.clone(),
        (Type::Int64, Type::Int64) => Type::Int64,
        (a, b) if a.is_numeric() && b.is_numeric() => Type::Float64,
        (Type::String, other) | (other, Type::String)
            if other == &Type::String || other.is_numeric() =>
        {
            Type::String
        }
        (Type::List(x), Type::List(y)) => strict_common(x, y, "a list")?.list(),
        (Type::List(x), item) | (item, Type::List(x)) => strict_common(x, item, "a list")?.list(),
        _ => return Err(Error::invalid_query(format!("`+` cannot add {a} and {b}"))),
    })
}

fn binary_type(operator: BinaryOperator, a: &Type, b: &Type) -> Result<Type> {
    use BinaryOperator as Op;
    let name = operator.as_str();
    match operator {
        Op::Or | Op::Xor | Op::And => {
            for ty in [a, b] {
                expect(name, ty, ty == &Type::Bool, "booleans")?;
            }
            Ok(Type::Bool)
        }
        Op::Equal
        | Op::NotEqual
        | Op::Less
        | Op::LessOrEqual
        | Op::Greater
        | Op::GreaterOrEqual => Ok(Type::Bool),
        // As openCypher wants, a text predicate of something that is no text is null and not an error.
        Op::RegexMatch | Op::StartsWith | Op::EndsWith | Op::Contains => Ok(Type::Bool),
        Op::In => {
            expect(name, b, matches!(b, Type::List(_)), "a list on its right").map(|()| Type::Bool)
        }
        Op::Add => addition_type(a, b),
        Op::Subtract | Op::Multiply | Op::Divide | Op::Remainder | Op::Power => {
            for ty in [a, b] {
                expect(name, ty, ty.is_numeric(), "numbers")?;
            }
            Ok(match (operator, a, b) {
                (Op::Power, _, _) => Type::Float64,
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
        | F::Acos
        | F::Asin
        | F::Atan
        | F::Atan2
        | F::Degrees
        | F::Radians => all("a number", &Type::is_numeric).map(|()| Type::Float64),
        F::Pi | F::E => Ok(Type::Float64),
        F::ToUpper | F::ToLower | F::Trim | F::LTrim | F::RTrim | F::Replace => {
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
        F::CharLength => all("text", &text).map(|()| Type::Int64),
        F::ToString => {
            let scalar =
                |ty: &Type| matches!(ty, Type::Bool | Type::Int64 | Type::Float64 | Type::String);
            match first {
                Type::Date | Type::LocalTime | Type::LocalDateTime | Type::DateTime => {
                    Err(Error::unsupported(format!("toString() of {first}")))
                }
                _ => all("a boolean, a number or text", &scalar).map(|()| Type::String),
            }
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
        F::Coalesce => arguments.iter().try_fold(Type::Null, |ty, argument| {
            common(&ty, argument, "coalesce()")
        }),
        F::Head | F::Last => match first {
            Type::List(item) => Ok((**item).clone()),
            Type::Null => Ok(Type::Null),
            other => Err(Error::invalid_query(format!(
                "`{name}()` needs a list, not {other}"
            ))),
        },
        F::Tail => all("a list", &|ty| matches!(ty, Type::List(_))).map(|()| first.clone()),
        F::Range => all("integers", &|ty| ty == &Type::Int64).map(|()| Type::Int64.list()),
        F::Id => all("a node or a hyperedge", &|ty| ty.tables().is_some()).map(|()| Type::Int64),
        F::Keys => all("a node, a hyperedge or a map", &|ty| {
            matches!(ty, Type::Map(_))
        })
        .map(|()| Type::String.list()),
        F::Labels | F::Type | F::Properties | F::Roles | F::Members | F::Arity => Err(
            Error::internal(format!("{name}() is resolved by the binder")),
        ),
    }
}
