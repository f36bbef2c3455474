//! `LogicalExpr`: an expression over the columns of a plan's input, and how one is made.

use grism_core::{TableId, Tables, Type, Value};
use grism_functions::FunctionRef;
use serde::{Deserialize, Serialize};

use crate::NamedExpr;

use super::{
    ArithmeticOperator, BinaryOperator, InfixOperator, LogicOperator, Quantifier, UnaryOperator,
};

/// An expression over the columns of a plan's input.
///
/// What a query writes as a chain is one node however long the chain is: [`LogicalExpr::Logic`] and
/// [`LogicalExpr::Arithmetic`]. The depth of an expression is thus the depth of its brackets.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
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
    /// `AND`, `OR` or `XOR` over at least two operands, none of which is of the same operator. An operand is evaluated
    /// only where those before it have not settled the value.
    Logic {
        /// The operator between all operands.
        operator: LogicOperator,
        /// The operands, in the order they are evaluated.
        operands: Vec<LogicalExpr>,
    },
    /// Arithmetic from left to right: `a + b - c` is `(a + b) - c`. The first operand is no such chain itself.
    Arithmetic {
        /// The leftmost operand.
        first: Box<LogicalExpr>,
        /// At least one step: what the value so far is combined with, and how.
        rest: Vec<(ArithmeticOperator, LogicalExpr)>,
    },
    /// An infix operator of two operands.
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
        function: FunctionRef,
        /// Its arguments.
        arguments: Vec<LogicalExpr>,
    },
    /// A list of the elements.
    List(Vec<LogicalExpr>),
    /// A map of the entries, each under its key.
    Map(Vec<NamedExpr>),
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

    /// `self operator other`; a chain of the operator goes on.
    #[must_use]
    pub fn infix(self, operator: InfixOperator, other: Self) -> Self {
        match operator {
            InfixOperator::Logic(operator) => Self::logic(operator, [self, other]),
            InfixOperator::Arithmetic(operator) => self.arithmetic(operator, other),
            InfixOperator::Binary(operator) => self.binary(operator, other),
        }
    }

    /// The operands joined by `operator`; its identity where there are none, and the operand itself where there is one.
    ///
    /// Chains of the same operator among the operands become parts of this one, so that a chain may be made step by step.
    #[must_use]
    pub fn logic(operator: LogicOperator, operands: impl IntoIterator<Item = Self>) -> Self {
        let mut joined: Vec<Self> = Vec::new();
        for operand in operands {
            match operand {
                Self::Logic {
                    operator: inner,
                    operands,
                } if inner == operator => {
                    if joined.is_empty() {
                        joined = operands;
                    } else {
                        joined.extend(operands);
                    }
                }
                other => joined.push(other),
            }
        }
        match joined.len() {
            0 => Self::Literal(Value::Bool(operator.identity())),
            1 => joined.swap_remove(0),
            _ => Self::Logic {
                operator,
                operands: joined,
            },
        }
    }

    /// `self operator other`; a chain goes on where `self` is one.
    #[must_use]
    pub fn arithmetic(self, operator: ArithmeticOperator, other: Self) -> Self {
        self.arithmetic_chain([(operator, other)])
    }

    /// `self`, then each step from left to right; `self` where there are none.
    #[must_use]
    pub fn arithmetic_chain(
        self,
        steps: impl IntoIterator<Item = (ArithmeticOperator, Self)>,
    ) -> Self {
        let (first, mut rest) = match self {
            Self::Arithmetic { first, rest } => (first, rest),
            other => (Box::new(other), Vec::new()),
        };
        rest.extend(steps);
        if rest.is_empty() {
            return *first;
        }
        Self::Arithmetic { first, rest }
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
    pub fn call(function: impl Into<FunctionRef>, arguments: Vec<Self>) -> Self {
        Self::Function {
            function: function.into(),
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
        Self::logic(LogicOperator::And, conjuncts)
    }

    /// The disjunction of all; false for none.
    pub fn any(alternatives: impl IntoIterator<Item = Self>) -> Self {
        Self::logic(LogicOperator::Or, alternatives)
    }

    /// The parts of a conjunction.
    #[must_use]
    pub fn conjuncts(self) -> Vec<Self> {
        match self {
            Self::Logic {
                operator: LogicOperator::And,
                operands,
            } => operands,
            other => vec![other],
        }
    }
}

impl Clone for LogicalExpr {
    fn clone(&self) -> Self {
        self.map_children(Self::clone)
    }
}
