//! The parts of an expression: how they are visited and rewritten.

use grism_core::{Value, with_stack};

use super::LogicalExpr;
use crate::NamedExpr;

/// The direct parts of an expression in a vector, in order; the words after it are the methods that borrow them.
macro_rules! parts_of {
    ($expression:expr, $iter:ident, $borrow:ident, $borrow_optional:ident) => {
        match $expression {
            LogicalExpr::Literal(_) | LogicalExpr::Column(_) | LogicalExpr::Property { .. } => {
                Vec::new()
            }
            LogicalExpr::Logic { operands, .. } => operands.$iter().collect(),
            LogicalExpr::Arithmetic { first, rest } => {
                let mut parts = vec![first.$borrow()];
                parts.extend(rest.$iter().map(|(_, operand)| operand));
                parts
            }
            LogicalExpr::Binary { left, right, .. } => vec![left, right],
            LogicalExpr::Unary { operand, .. } | LogicalExpr::Convert { operand, .. } => {
                vec![operand]
            }
            LogicalExpr::Case {
                branches,
                otherwise,
            } => {
                let branches = branches.$iter();
                let parts = branches.flat_map(|(when, then)| [when, then]);
                parts.chain(otherwise.$borrow_optional()).collect()
            }
            LogicalExpr::Function { arguments, .. } => arguments.$iter().collect(),
            LogicalExpr::List(items) => items.$iter().collect(),
            LogicalExpr::Map(entries) => {
                let entries = entries.$iter();
                entries
                    .map(|NamedExpr { expression, .. }| expression)
                    .collect()
            }
            LogicalExpr::Field { base, .. } => vec![base],
            LogicalExpr::Index { base, index } => vec![base, index],
            LogicalExpr::Slice { base, lower, upper } => {
                let mut parts = vec![base.$borrow()];
                parts.extend(lower.$borrow_optional());
                parts.extend(upper.$borrow_optional());
                parts
            }
            LogicalExpr::TableIn { entity, .. } | LogicalExpr::TableLookup { entity, .. } => {
                vec![entity]
            }
            LogicalExpr::Transform {
                list,
                predicate,
                projection,
                ..
            } => {
                let mut parts = vec![list.$borrow()];
                parts.extend(predicate.$borrow_optional());
                parts.extend(projection.$borrow_optional());
                parts
            }
            LogicalExpr::Quantified {
                list, predicate, ..
            } => vec![list, predicate],
            LogicalExpr::Reduce {
                initial,
                list,
                step,
                ..
            } => vec![initial, list, step],
        }
    };
}

impl LogicalExpr {
    /// The direct parts of the expression.
    #[must_use]
    pub fn children(&self) -> Vec<&Self> {
        parts_of!(self, iter, as_ref, as_deref)
    }

    /// The same expression with each direct part rewritten.
    #[must_use]
    pub fn map_children(&self, mut rewrite: impl FnMut(&Self) -> Self) -> Self {
        let mut rewrite = |inner: &Self| with_stack(|| rewrite(inner));
        let mut boxed = |inner: &Self| Box::new(rewrite(inner));
        match self {
            Self::Literal(value) => Self::Literal(value.clone()),
            Self::Column(name) => Self::Column(name.clone()),
            Self::Property { entity, key, ty } => {
                let (entity, key, ty) = (entity.clone(), key.clone(), ty.clone());
                Self::Property { entity, key, ty }
            }
            Self::Logic { operator, operands } => Self::Logic {
                operator: *operator,
                operands: operands.iter().map(rewrite).collect(),
            },
            Self::Arithmetic { first, rest } => {
                let first = boxed(first);
                let step = |(operator, operand): &(_, Self)| (*operator, rewrite(operand));
                let rest = rest.iter().map(step).collect();
                Self::Arithmetic { first, rest }
            }
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
                function: function.clone(),
                arguments: arguments.iter().map(rewrite).collect(),
            },
            Self::List(items) => Self::List(items.iter().map(rewrite).collect()),
            Self::Map(entries) => {
                let entry = |own: &NamedExpr| rewrite(&own.expression).named(&own.name);
                Self::Map(entries.iter().map(entry).collect())
            }
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

    /// The direct parts of the expression, to be changed in place. Whoever changes the operator of a part sees to it that
    /// chains stay flat: see [`LogicalExpr::flattened`].
    fn children_mut(&mut self) -> Vec<&mut Self> {
        parts_of!(self, iter_mut, as_mut, as_deref_mut)
    }

    /// The expression with chains among its direct parts made a part of its own, where it is a chain.
    fn flattened(self) -> Self {
        match self {
            Self::Logic { operator, operands } => {
                let nested = |operand: &Self| matches!(operand, Self::Logic { operator: inner, .. } if *inner == operator);
                if operands.iter().any(nested) {
                    Self::logic(operator, operands)
                } else {
                    Self::Logic { operator, operands }
                }
            }
            Self::Arithmetic { first, rest } if matches!(*first, Self::Arithmetic { .. }) => {
                first.arithmetic_chain(rest)
            }
            other => other,
        }
    }

    /// Rewrites the expression from its leaves up.
    #[must_use]
    pub fn transform(mut self, rewrite: &mut impl FnMut(Self) -> Self) -> Self {
        for child in self.children_mut() {
            let own = std::mem::replace(child, Self::Literal(Value::Null));
            *child = with_stack(|| own.transform(rewrite));
        }
        rewrite(self.flattened())
    }

    /// Whether another evaluation over the same row may give another value.
    #[must_use]
    pub fn is_volatile(&self) -> bool {
        let own = matches!(self, Self::Function { function, .. } if function.is_volatile());
        own || self
            .children()
            .into_iter()
            .any(|child| with_stack(|| child.is_volatile()))
    }
}
