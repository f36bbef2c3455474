//! An expression as text, much as Cypher writes it.

use std::fmt::{self, Display};

use grism_core::with_stack;

use super::{ArithmeticOperator, BinaryOperator, LogicalExpr, UnaryOperator};
use crate::{NamedExpr, property_column};

impl fmt::Display for LogicalExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        with_stack(|| self.fmt_node(f))
    }
}

impl LogicalExpr {
    fn fmt_node(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(value) => value.fmt(f),
            Self::Column(name) => f.write_str(name),
            Self::Property { entity, key, .. } => f.write_str(&property_column(entity, key)),
            Self::Binary {
                operator,
                left,
                right,
            } => {
                left.fmt_operand(f, BinaryOperator::PRECEDENCE)?;
                write!(f, " {} ", operator.as_str())?;
                right.fmt_operand(f, BinaryOperator::PRECEDENCE + 1)
            }
            Self::Logic { operator, operands } => {
                for (index, operand) in operands.iter().enumerate() {
                    if index > 0 {
                        write!(f, " {} ", operator.as_str())?;
                    }
                    operand.fmt_operand(f, operator.precedence() + 1)?;
                }
                Ok(())
            }
            Self::Arithmetic { first, rest } => fmt_arithmetic(f, first, rest),
            Self::Unary { operator, operand } => fmt_unary(f, *operator, operand),
            Self::Case {
                branches,
                otherwise,
            } => fmt_case(f, branches, otherwise.as_deref()),
            Self::Function {
                function,
                arguments,
            } => {
                write!(f, "{}(", function.name())?;
                separated(f, arguments)?;
                f.write_str(")")
            }
            Self::List(items) => {
                f.write_str("[")?;
                separated(f, items)?;
                f.write_str("]")
            }
            Self::Map(entries) => {
                f.write_str("{")?;
                separated(f, entries.iter().map(Entry))?;
                f.write_str("}")
            }
            Self::Field { base, key } => write!(f, "{base}.{key}"),
            Self::Index { base, index } => write!(f, "{base}[{index}]"),
            Self::Slice { base, lower, upper } => {
                write!(f, "{base}[")?;
                optional(f, "", lower.as_deref())?;
                f.write_str("..")?;
                optional(f, "", upper.as_deref())?;
                f.write_str("]")
            }
            Self::TableIn { entity, tables } => {
                write!(f, "{entity} in tables [")?;
                separated(f, tables.iter())?;
                f.write_str("]")
            }
            Self::TableLookup { entity, .. } => write!(f, "lookup({entity})"),
            Self::Convert { operand, .. } => operand.fmt(f),
            Self::Transform {
                list,
                variable,
                predicate,
                projection,
            } => {
                write!(f, "[{variable} IN {list}")?;
                optional(f, " WHERE ", predicate.as_deref())?;
                optional(f, " | ", projection.as_deref())?;
                f.write_str("]")
            }
            Self::Quantified {
                quantifier,
                list,
                variable,
                predicate,
            } => write!(
                f,
                "{}({variable} IN {list} WHERE {predicate})",
                quantifier.as_str()
            ),
            Self::Reduce {
                accumulator,
                initial,
                variable,
                list,
                step,
                ..
            } => write!(
                f,
                "reduce({accumulator} = {initial}, {variable} IN {list} | {step})"
            ),
        }
    }

    /// The expression as an operand of an operator that binds as tightly as `outer`.
    fn fmt_operand(&self, f: &mut fmt::Formatter<'_>, outer: u8) -> fmt::Result {
        if self.precedence() < outer {
            write!(f, "({self})")
        } else {
            write!(f, "{self}")
        }
    }

    /// How tightly the outermost operator binds.
    fn precedence(&self) -> u8 {
        match self {
            Self::Logic { operator, .. } => operator.precedence(),
            Self::Unary {
                operator: UnaryOperator::Not,
                ..
            } => 4,
            Self::Binary { .. } => BinaryOperator::PRECEDENCE,
            Self::Arithmetic { rest, .. } => {
                let last = rest.last().map(|(operator, _)| operator.precedence());
                last.unwrap_or(u8::MAX)
            }
            _ => u8::MAX,
        }
    }
}

/// A chain from left to right: the value so far is put in brackets before an operator that binds tighter.
fn fmt_arithmetic(
    f: &mut fmt::Formatter<'_>,
    first: &LogicalExpr,
    rest: &[(ArithmeticOperator, LogicalExpr)],
) -> fmt::Result {
    let closes = |index: usize| {
        let (before, here) = (rest[index - 1].0, rest[index].0);
        before.precedence() < here.precedence()
    };
    let brackets = (1..rest.len()).filter(|index| closes(*index)).count();
    f.write_str(&"(".repeat(brackets))?;
    let precedence = rest
        .first()
        .map_or(0, |(operator, _)| operator.precedence());
    first.fmt_operand(f, precedence)?;
    for (index, (operator, operand)) in rest.iter().enumerate() {
        if index > 0 && closes(index) {
            f.write_str(")")?;
        }
        write!(f, " {} ", operator.as_str())?;
        operand.fmt_operand(f, operator.precedence() + 1)?;
    }
    Ok(())
}

fn fmt_unary(
    f: &mut fmt::Formatter<'_>,
    operator: UnaryOperator,
    operand: &LogicalExpr,
) -> fmt::Result {
    match operator {
        UnaryOperator::Not => {
            f.write_str("NOT ")?;
            operand.fmt_operand(f, 4)
        }
        UnaryOperator::Negate => {
            f.write_str("-")?;
            operand.fmt_operand(f, 9)
        }
        UnaryOperator::IsNull => {
            operand.fmt_operand(f, 6)?;
            f.write_str(" IS NULL")
        }
        UnaryOperator::IsNotNull => {
            operand.fmt_operand(f, 6)?;
            f.write_str(" IS NOT NULL")
        }
    }
}

fn fmt_case(
    f: &mut fmt::Formatter<'_>,
    branches: &[(LogicalExpr, LogicalExpr)],
    otherwise: Option<&LogicalExpr>,
) -> fmt::Result {
    f.write_str("CASE")?;
    for (when, then) in branches {
        write!(f, " WHEN {when} THEN {then}")?;
    }
    optional(f, " ELSE ", otherwise)?;
    f.write_str(" END")
}

/// The items with commas between them.
fn separated<T: Display>(
    f: &mut fmt::Formatter<'_>,
    items: impl IntoIterator<Item = T>,
) -> fmt::Result {
    for (index, item) in items.into_iter().enumerate() {
        write!(f, "{}{item}", if index > 0 { ", " } else { "" })?;
    }
    Ok(())
}

/// A part behind `before`; nothing where there is no such part.
fn optional(f: &mut fmt::Formatter<'_>, before: &str, part: Option<&LogicalExpr>) -> fmt::Result {
    match part {
        Some(part) => write!(f, "{before}{part}"),
        None => Ok(()),
    }
}

/// One entry of a map.
struct Entry<'e>(&'e NamedExpr);

impl Display for Entry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.name, self.0.expression)
    }
}

#[cfg(test)]
mod tests {
    use crate::{ArithmeticOperator as Op, LogicOperator, LogicalExpr, UnaryOperator};

    fn column(name: &str) -> LogicalExpr {
        LogicalExpr::column(name)
    }

    #[test]
    fn brackets_stand_where_the_grouping_needs_them() {
        let (a, b, c) = (|| column("a"), || column("b"), || column("c"));
        let text = |expression: LogicalExpr| expression.to_string();
        let sum = || a().arithmetic(Op::Add, b());
        assert_eq!(text(sum().arithmetic(Op::Subtract, c())), "a + b - c");
        assert_eq!(text(sum().arithmetic(Op::Multiply, c())), "(a + b) * c");
        assert_eq!(text(c().arithmetic(Op::Subtract, sum())), "c - (a + b)");
        let product = a().arithmetic(Op::Multiply, b());
        assert_eq!(text(product.arithmetic(Op::Add, c())), "a * b + c");
        let steps = [
            (Op::Add, b()),
            (Op::Multiply, c()),
            (Op::Add, b()),
            (Op::Power, c()),
        ];
        assert_eq!(text(a().arithmetic_chain(steps)), "((a + b) * c + b) ^ c");
        let or = || LogicalExpr::any([a(), b()]);
        assert_eq!(text(LogicalExpr::all([or(), c()])), "(a OR b) AND c");
        assert_eq!(
            text(LogicalExpr::any([LogicalExpr::all([a(), b()]), c()])),
            "a AND b OR c"
        );
        assert_eq!(text(or().unary(UnaryOperator::Not)), "NOT (a OR b)");
    }

    #[test]
    fn chains_of_one_operator_are_one_node() {
        let (a, b, c, d) = (column("a"), column("b"), column("c"), column("d"));
        let nested = LogicalExpr::any([a, LogicalExpr::any([b, LogicalExpr::any([c, d])])]);
        let LogicalExpr::Logic { operator, operands } = &nested else {
            panic!("a chain");
        };
        assert_eq!((*operator, operands.len()), (LogicOperator::Or, 4));
        assert_eq!(LogicalExpr::all([]).to_string(), "true");
        assert_eq!(LogicalExpr::any([column("a")]).to_string(), "a");
        let conjuncts = LogicalExpr::all([column("a"), column("b")]).conjuncts();
        assert_eq!(conjuncts, [column("a"), column("b")]);
    }
}
