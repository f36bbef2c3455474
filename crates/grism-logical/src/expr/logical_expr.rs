//! `LogicalExpr`: an expression over the columns of a plan's input, and how one is made.

use grism_core::{TableId, Tables, Type, Value};
use serde::{Deserialize, Serialize};

use super::{BinaryOperator, Quantifier, UnaryOperator};
use crate::ScalarFunction;

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
}
