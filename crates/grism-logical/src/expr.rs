//! Logical expressions.

use std::collections::BTreeSet;
use std::fmt;

use grism_core::{ComparisonOperator, TableId, Tables, Type, Value};
use serde::{Deserialize, Serialize};

use crate::{ScalarFunction, property_column};

/// An infix operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum BinaryOperator {
    /// Three-valued `OR`.
    Or,
    /// Three-valued `XOR`.
    Xor,
    /// Three-valued `AND`.
    And,
    /// `=`
    Equal,
    /// `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `=~`, the whole text.
    RegexMatch,
    /// `IN`, a list on the right.
    In,
    /// `STARTS WITH`
    StartsWith,
    /// `ENDS WITH`
    EndsWith,
    /// `CONTAINS`
    Contains,
    /// `+` of numbers, texts and lists.
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`; of integers it truncates.
    Divide,
    /// `%`
    Remainder,
    /// `^`, always a float.
    Power,
}

impl BinaryOperator {
    /// The operator as Cypher writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Or => "OR",
            Self::Xor => "XOR",
            Self::And => "AND",
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::RegexMatch => "=~",
            Self::In => "IN",
            Self::StartsWith => "STARTS WITH",
            Self::EndsWith => "ENDS WITH",
            Self::Contains => "CONTAINS",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
            Self::Power => "^",
        }
    }

    /// Whether the operator compares two values.
    #[must_use]
    pub const fn is_comparison(self) -> bool {
        matches!(
            self,
            Self::Equal
                | Self::NotEqual
                | Self::Less
                | Self::LessOrEqual
                | Self::Greater
                | Self::GreaterOrEqual
        )
    }

    /// How a column on the left is compared with a value on the right, or the other way round where `flipped`; `None` for
    /// an operator that does not compare.
    #[must_use]
    pub const fn comparison(self, flipped: bool) -> Option<ComparisonOperator> {
        Some(match (self, flipped) {
            (Self::Equal, _) => ComparisonOperator::Equal,
            (Self::NotEqual, _) => ComparisonOperator::NotEqual,
            (Self::Less, false) | (Self::Greater, true) => ComparisonOperator::Less,
            (Self::LessOrEqual, false) | (Self::GreaterOrEqual, true) => {
                ComparisonOperator::LessOrEqual
            }
            (Self::Greater, false) | (Self::Less, true) => ComparisonOperator::Greater,
            (Self::GreaterOrEqual, false) | (Self::LessOrEqual, true) => {
                ComparisonOperator::GreaterOrEqual
            }
            _ => return None,
        })
    }

    const fn precedence(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::Xor => 2,
            Self::And => 3,
            Self::Equal
            | Self::NotEqual
            | Self::Less
            | Self::LessOrEqual
            | Self::Greater
            | Self::GreaterOrEqual
            | Self::RegexMatch
            | Self::In
            | Self::StartsWith
            | Self::EndsWith
            | Self::Contains => 5,
            Self::Add | Self::Subtract => 6,
            Self::Multiply | Self::Divide | Self::Remainder => 7,
            Self::Power => 8,
        }
    }
}

/// A prefix or postfix operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum UnaryOperator {
    /// Three-valued `NOT`.
    Not,
    /// `-`
    Negate,
    /// `IS NULL`
    IsNull,
    /// `IS NOT NULL`
    IsNotNull,
}

/// For how many elements of a list a predicate must be true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Quantifier {
    /// For all.
    All,
    /// For at least one.
    Any,
    /// For none.
    None,
    /// For exactly one.
    Single,
}

impl Quantifier {
    /// The quantifier as Cypher writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Any => "any",
            Self::None => "none",
            Self::Single => "single",
        }
    }
}

/// An expression over the columns of a plan's input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum LogicalExpr {
    /// A constant.
    Literal(Value),
    /// An input column.
    Column(String),
    /// A property of the entity in a column; the optimizer turns it into the column that holds it.
    Property {
        /// The column of the entity.
        entity: String,
        /// The property's key.
        key: String,
        /// The property's type.
        ty: Type,
    },
    /// An infix operator.
    Binary {
        /// The operator.
        operator: BinaryOperator,
        /// Left operand.
        left: Box<LogicalExpr>,
        /// Right operand.
        right: Box<LogicalExpr>,
    },
    /// A prefix or postfix operator.
    Unary {
        /// The operator.
        operator: UnaryOperator,
        /// The operand.
        operand: Box<LogicalExpr>,
    },
    /// `CASE`: the value of the first condition that is true.
    Case {
        /// Conditions and values.
        branches: Vec<(LogicalExpr, LogicalExpr)>,
        /// The value where no condition is true; `None` is null.
        otherwise: Option<Box<LogicalExpr>>,
    },
    /// A scalar function.
    Function {
        /// The function.
        function: ScalarFunction,
        /// Its arguments.
        arguments: Vec<LogicalExpr>,
    },
    /// A list of the elements.
    List(Vec<LogicalExpr>),
    /// A map of the entries.
    Map(Vec<(String, LogicalExpr)>),
    /// One entry of a map, or one part of an incidence.
    Field {
        /// The map.
        base: Box<LogicalExpr>,
        /// The key.
        key: String,
    },
    /// One element of a list, counted from 0, or from the end where negative.
    Index {
        /// The list.
        base: Box<LogicalExpr>,
        /// The position.
        index: Box<LogicalExpr>,
    },
    /// A part of a list, the lower bound included and the upper not.
    Slice {
        /// The list.
        base: Box<LogicalExpr>,
        /// Lower bound.
        lower: Option<Box<LogicalExpr>>,
        /// Upper bound.
        upper: Option<Box<LogicalExpr>>,
    },
    /// Whether the entity comes from one of the tables: a label or type test. Null for null.
    TableIn {
        /// The entity.
        entity: Box<LogicalExpr>,
        /// The tables.
        tables: Tables,
    },
    /// A value as a wider type, or a dynamically typed one as the type it is known to have.
    Convert {
        /// The value.
        operand: Box<LogicalExpr>,
        /// The type.
        ty: Type,
    },
    /// A list of what becomes of the elements of another, or of those of them that pass.
    Transform {
        /// The list.
        list: Box<LogicalExpr>,
        /// The column that holds the element within `predicate` and `projection`.
        variable: String,
        /// Elements that pass; `None` passes all.
        predicate: Option<Box<LogicalExpr>>,
        /// What becomes of an element; `None` keeps it.
        projection: Option<Box<LogicalExpr>>,
    },
    /// For how many elements of a list a predicate is true.
    Quantified {
        /// For how many.
        quantifier: Quantifier,
        /// The list.
        list: Box<LogicalExpr>,
        /// The column that holds the element within the predicate.
        variable: String,
        /// The predicate.
        predicate: Box<LogicalExpr>,
    },
    /// A value that each element of a list changes in turn.
    Reduce {
        /// The column that holds the value so far.
        accumulator: String,
        /// The value before the first element.
        initial: Box<LogicalExpr>,
        /// The column that holds the element.
        variable: String,
        /// The list.
        list: Box<LogicalExpr>,
        /// The next value.
        step: Box<LogicalExpr>,
        /// The type of the value.
        ty: Type,
    },
    /// A constant that hangs on the entity's table, such as its labels.
    TableLookup {
        /// The entity.
        entity: Box<LogicalExpr>,
        /// The constants; an entity of no listed table gives null.
        values: Vec<(TableId, Value)>,
        /// The type of the constants.
        ty: Type,
    },
}

impl LogicalExpr {
    /// A column.
    pub fn column(name: impl Into<String>) -> Self {
        Self::Column(name.into())
    }

    /// `self operator other`.
    #[must_use]
    pub fn binary(self, operator: BinaryOperator, other: Self) -> Self {
        Self::Binary {
            operator,
            left: Box::new(self),
            right: Box::new(other),
        }
    }

    /// `operator self`.
    #[must_use]
    pub fn unary(self, operator: UnaryOperator) -> Self {
        Self::Unary {
            operator,
            operand: Box::new(self),
        }
    }

    /// The conjunction of all; true for none.
    pub fn all(conjuncts: impl IntoIterator<Item = Self>) -> Self {
        conjuncts
            .into_iter()
            .reduce(|a, b| a.binary(BinaryOperator::And, b))
            .unwrap_or(Self::Literal(Value::Bool(true)))
    }

    /// The parts of a conjunction.
    #[must_use]
    pub fn conjuncts(self) -> Vec<Self> {
        match self {
            Self::Binary {
                operator: BinaryOperator::And,
                left,
                right,
            } => {
                let mut parts = left.conjuncts();
                parts.extend(right.conjuncts());
                parts
            }
            other => vec![other],
        }
    }

    /// The direct parts of the expression.
    #[must_use]
    pub fn children(&self) -> Vec<&Self> {
        match self {
            Self::Literal(_) | Self::Column(_) | Self::Property { .. } => Vec::new(),
            Self::Binary { left, right, .. } => vec![left, right],
            Self::Unary { operand, .. } => vec![operand],
            Self::Case {
                branches,
                otherwise,
            } => {
                let mut parts: Vec<&Self> = branches
                    .iter()
                    .flat_map(|(when, then)| [when, then])
                    .collect();
                parts.extend(otherwise.as_deref());
                parts
            }
            Self::Function { arguments, .. } => arguments.iter().collect(),
            Self::List(items) => items.iter().collect(),
            Self::Map(entries) => entries.iter().map(|(_, value)| value).collect(),
            Self::Field { base, .. } => vec![base],
            Self::Index { base, index } => vec![base, index],
            Self::Slice { base, lower, upper } => {
                let mut parts: Vec<&Self> = vec![base];
                parts.extend(lower.as_deref());
                parts.extend(upper.as_deref());
                parts
            }
            Self::TableIn { entity, .. } | Self::TableLookup { entity, .. } => vec![entity],
            Self::Convert { operand, .. } => vec![operand],
            Self::Transform {
                list,
                predicate,
                projection,
                ..
            } => {
                let mut parts: Vec<&Self> = vec![list];
                parts.extend(predicate.as_deref());
                parts.extend(projection.as_deref());
                parts
            }
            Self::Quantified {
                list, predicate, ..
            } => vec![list, predicate],
            Self::Reduce {
                initial,
                list,
                step,
                ..
            } => vec![initial, list, step],
        }
    }

    /// The same expression with each direct part rewritten.
    #[must_use]
    pub fn map_children(&self, mut rewrite: impl FnMut(&Self) -> Self) -> Self {
        let mut boxed = |inner: &Self| Box::new(rewrite(inner));
        match self {
            Self::Literal(_) | Self::Column(_) | Self::Property { .. } => self.clone(),
            Self::Binary {
                operator,
                left,
                right,
            } => Self::Binary {
                operator: *operator,
                left: boxed(left),
                right: boxed(right),
            },
            Self::Unary { operator, operand } => Self::Unary {
                operator: *operator,
                operand: boxed(operand),
            },
            Self::Case {
                branches,
                otherwise,
            } => Self::Case {
                branches: branches
                    .iter()
                    .map(|(when, then)| (*boxed(when), *boxed(then)))
                    .collect(),
                otherwise: otherwise.as_deref().map(boxed),
            },
            Self::Function {
                function,
                arguments,
            } => Self::Function {
                function: *function,
                arguments: arguments.iter().map(rewrite).collect(),
            },
            Self::List(items) => Self::List(items.iter().map(rewrite).collect()),
            Self::Map(entries) => Self::Map(
                entries
                    .iter()
                    .map(|(key, value)| (key.clone(), rewrite(value)))
                    .collect(),
            ),
            Self::Field { base, key } => Self::Field {
                base: boxed(base),
                key: key.clone(),
            },
            Self::Index { base, index } => Self::Index {
                base: boxed(base),
                index: boxed(index),
            },
            Self::Slice { base, lower, upper } => Self::Slice {
                base: boxed(base),
                lower: lower.as_deref().map(&mut boxed),
                upper: upper.as_deref().map(&mut boxed),
            },
            Self::TableIn { entity, tables } => Self::TableIn {
                entity: boxed(entity),
                tables: tables.clone(),
            },
            Self::TableLookup { entity, values, ty } => Self::TableLookup {
                entity: boxed(entity),
                values: values.clone(),
                ty: ty.clone(),
            },
            Self::Convert { operand, ty } => Self::Convert {
                operand: boxed(operand),
                ty: ty.clone(),
            },
            Self::Transform {
                list,
                variable,
                predicate,
                projection,
            } => Self::Transform {
                list: boxed(list),
                variable: variable.clone(),
                predicate: predicate.as_deref().map(&mut boxed),
                projection: projection.as_deref().map(&mut boxed),
            },
            Self::Quantified {
                quantifier,
                list,
                variable,
                predicate,
            } => Self::Quantified {
                quantifier: *quantifier,
                list: boxed(list),
                variable: variable.clone(),
                predicate: boxed(predicate),
            },
            Self::Reduce {
                accumulator,
                initial,
                variable,
                list,
                step,
                ty,
            } => Self::Reduce {
                accumulator: accumulator.clone(),
                initial: boxed(initial),
                variable: variable.clone(),
                list: boxed(list),
                step: boxed(step),
                ty: ty.clone(),
            },
        }
    }

    /// Rewrites the expression from its leaves up.
    #[must_use]
    pub fn transform(self, rewrite: &mut impl FnMut(Self) -> Self) -> Self {
        let rebuilt = self.map_children(|child| child.clone().transform(rewrite));
        rewrite(rebuilt)
    }

    /// Whether another evaluation over the same row may give another value.
    #[must_use]
    pub fn is_volatile(&self) -> bool {
        let mut volatile = false;
        let _ = self.clone().transform(&mut |node| {
            volatile |= matches!(
                node,
                Self::Function {
                    function: ScalarFunction::Rand,
                    ..
                }
            );
            node
        });
        volatile
    }

    /// Adds the columns the expression reads to `columns`; a property counts as its entity's column.
    pub fn collect_columns(&self, columns: &mut BTreeSet<String>) {
        match self {
            Self::Column(name) | Self::Property { entity: name, .. } => {
                columns.insert(name.clone());
            }
            other => {
                let mut own = BTreeSet::new();
                for child in other.children() {
                    child.collect_columns(&mut own);
                }
                // What an expression binds itself is no column of the input; names are unique within a query.
                for bound in other.bound_columns() {
                    own.remove(bound);
                }
                columns.append(&mut own);
            }
        }
    }

    /// The columns that the expression binds for its own parts.
    #[must_use]
    pub fn bound_columns(&self) -> Vec<&str> {
        match self {
            Self::Transform { variable, .. } | Self::Quantified { variable, .. } => vec![variable],
            Self::Reduce {
                accumulator,
                variable,
                ..
            } => vec![accumulator, variable],
            _ => Vec::new(),
        }
    }

    /// A call of a scalar function.
    #[must_use]
    pub fn call(function: ScalarFunction, arguments: Vec<Self>) -> Self {
        Self::Function {
            function,
            arguments,
        }
    }

    /// The expression as the type `ty`; itself where it has that type already.
    #[must_use]
    pub fn convert(self, from: &Type, ty: &Type) -> Self {
        if from == ty {
            return self;
        }
        Self::Convert {
            operand: Box::new(self),
            ty: ty.clone(),
        }
    }

    /// The columns the expression reads.
    #[must_use]
    pub fn columns(&self) -> BTreeSet<String> {
        let mut columns = BTreeSet::new();
        self.collect_columns(&mut columns);
        columns
    }

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
