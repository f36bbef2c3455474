//! `SharedExpr`: an expression that is made step by step, by a caller who keeps every step.

use std::sync::Arc;

use grism_core::with_stack;

use super::{InfixOperator, LogicalExpr};

/// An expression whose steps share their parts.
///
/// `a | b | c | …` in Python makes an object for each operator, and each of them may be used again. As a [`LogicalExpr`] each
/// would hold a copy of all operands before it: the square of the chain's length.
#[derive(Clone, Debug)]
pub struct SharedExpr(Arc<Step>);

#[derive(Debug)]
enum Step {
    Whole(LogicalExpr),
    Infix(SharedExpr, InfixOperator, SharedExpr),
}

impl SharedExpr {
    /// `self operator other`.
    #[must_use]
    pub fn infix(&self, operator: InfixOperator, other: &Self) -> Self {
        Self(Arc::new(Step::Infix(self.clone(), operator, other.clone())))
    }

    /// The expression as plans hold it.
    #[must_use]
    pub fn to_expr(&self) -> LogicalExpr {
        let mut steps = Vec::new();
        let mut leftmost = self;
        let first = loop {
            match &*leftmost.0 {
                Step::Whole(expression) => break expression.clone(),
                Step::Infix(left, operator, right) => {
                    steps.push((*operator, right));
                    leftmost = left;
                }
            }
        };
        steps
            .into_iter()
            .rev()
            .fold(first, |built, (operator, right)| {
                built.infix(operator, with_stack(|| right.to_expr()))
            })
    }
}

impl From<LogicalExpr> for SharedExpr {
    fn from(expression: LogicalExpr) -> Self {
        Self(Arc::new(Step::Whole(expression)))
    }
}

#[cfg(test)]
mod tests {
    use grism_core::Value;

    use super::SharedExpr;
    use crate::{InfixOperator, LogicalExpr};

    fn integer(value: i64) -> SharedExpr {
        LogicalExpr::Literal(Value::Int64(value)).into()
    }

    fn operator(name: &str) -> InfixOperator {
        InfixOperator::from_name(name).expect("an operator")
    }

    #[test]
    fn steps_group_as_they_were_made() {
        let (plus, times) = (operator("+"), operator("*"));
        let sum = integer(1).infix(plus, &integer(2));
        let product = sum.infix(times, &integer(3)).infix(plus, &sum);
        assert_eq!(product.to_expr().to_string(), "(1 + 2) * 3 + (1 + 2)");
        let power = integer(2).infix(operator("^"), &product);
        assert_eq!(power.to_expr().to_string(), "2 ^ ((1 + 2) * 3 + (1 + 2))");
    }

    #[test]
    fn a_long_chain_is_one_node() {
        let mut chain = integer(0);
        for value in 1..10_000 {
            chain = chain.infix(operator("OR"), &integer(value));
        }
        let LogicalExpr::Logic { operands, .. } = chain.to_expr() else {
            panic!("a chain");
        };
        assert_eq!(operands.len(), 10_000);
    }
}
