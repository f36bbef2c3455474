//! An expression as text, much as Cypher writes it.

use std::fmt;

use super::{LogicalExpr, UnaryOperator};
use crate::property_column;

impl fmt::Display for LogicalExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(value) => value.fmt(f),
            Self::Column(name) => f.write_str(name),
            Self::Property { entity, key, .. } => f.write_str(&property_column(entity, key)),
            Self::Binary {
                operator,
                left,
                right,
            } => {
                left.fmt_operand(f, operator.precedence())?;
                write!(f, " {} ", operator.as_str())?;
                right.fmt_operand(f, operator.precedence() + 1)
            }
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
                for (index, (key, value)) in entries.iter().enumerate() {
                    write!(f, "{}{key}: {value}", if index > 0 { ", " } else { "" })?;
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
}

impl LogicalExpr {
    fn fmt_operand(&self, f: &mut fmt::Formatter<'_>, outer: u8) -> fmt::Result {
        match self {
            Self::Binary { operator, .. } if operator.precedence() < outer => write!(f, "({self})"),
            Self::Unary {
                operator: UnaryOperator::Not,
                ..
            } if outer > 4 => write!(f, "({self})"),
            _ => write!(f, "{self}"),
        }
    }
}

fn comma(f: &mut fmt::Formatter<'_>, items: &[LogicalExpr]) -> fmt::Result {
    for (index, item) in items.iter().enumerate() {
        write!(f, "{}{item}", if index > 0 { ", " } else { "" })?;
    }
    Ok(())
}
