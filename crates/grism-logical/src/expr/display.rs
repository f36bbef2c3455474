//! An expression as text, much as Cypher writes it.

use std::fmt::{self, Display};

use grism_core::with_stack;

use super::{ArithmeticOperator, BinaryOperator, LogicalExpr, UnaryOperator};
use crate::property_column;

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
            Self::Unary { operator, operand } => match operator {
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
            },
            Self::Case {
                branches,
                otherwise,
            } => {
                f.write_str("CASE")?;
                for (when, then) in branches {
                    write!(f, " WHEN {when} THEN {then}")?;
                }
                if let Some(otherwise) = otherwise {
                    write!(f, " ELSE {otherwise}")?;
                }
                f.write_str(" END")
            }
            Self::Function {
                function,
                arguments,
            } => {
                write!(f, "{}(", function.name())?;
                comma(f, arguments)?;
                f.write_str(")")
            }
            Self::List(items) => {
                f.write_str("[")?;
                comma(f, items)?;
                f.write_str("]")
            }
            Self::Map(entries) => {
                f.write_str("{")?;
                for (index, own) in entries.iter().enumerate() {
                    let before = if index > 0 { ", " } else { "" };
                    write!(f, "{before}{}: {}", own.name, own.expression)?;
                }
                f.write_str("}")
            }
            Self::Field { base, key } => write!(f, "{base}.{key}"),
            Self::Index { base, index } => write!(f, "{base}[{index}]"),
            Self::Slice { base, lower, upper } => {
                write!(f, "{base}[")?;
                if let Some(lower) = lower {
                    write!(f, "{lower}")?;
                }
                f.write_str("..")?;
                if let Some(upper) = upper {
                    write!(f, "{upper}")?;
                }
                f.write_str("]")
            }
            Self::TableIn { entity, tables } => {
                write!(f, "{entity} in tables [")?;
                for (index, table) in tables.iter().enumerate() {
                    write!(f, "{}{table}", if index > 0 { ", " } else { "" })?;
                }
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
                if let Some(predicate) = predicate {
                    write!(f, " WHERE {predicate}")?;
                }
                if let Some(projection) = projection {
                    write!(f, " | {projection}")?;
                }
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

fn comma(f: &mut fmt::Formatter<'_>, items: &[LogicalExpr]) -> fmt::Result {
    for (index, item) in items.iter().enumerate() {
        write!(f, "{}{item}", if index > 0 { ", " } else { "" })?;
    }
    Ok(())
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
