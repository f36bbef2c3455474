//! The parts of an expression: how they are visited and rewritten.

use grism_core::{Value, with_stack};

use super::LogicalExpr;
use crate::NamedExpr;

impl LogicalExpr {
    /// The direct parts of the expression.
    #[must_use]
    pub fn children(&self) -> Vec<&Self> {
        match self {
            Self::Literal(_) | Self::Column(_) | Self::Property { .. } => Vec::new(),
            Self::Logic { operands, .. } => operands.iter().collect(),
            Self::Arithmetic { first, rest } => {
                let steps = rest.iter().map(|(_, operand)| operand);
                std::iter::once(&**first).chain(steps).collect()
            }
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
            Self::Map(entries) => entries.iter().map(|own| &own.expression).collect(),
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
        match self {
            Self::Literal(_) | Self::Column(_) | Self::Property { .. } => Vec::new(),
            Self::Logic { operands, .. } => operands.iter_mut().collect(),
            Self::Arithmetic { first, rest } => {
                let steps = rest.iter_mut().map(|(_, operand)| operand);
                std::iter::once(&mut **first).chain(steps).collect()
            }
            Self::Binary { left, right, .. } => vec![left, right],
            Self::Unary { operand, .. } | Self::Convert { operand, .. } => vec![operand],
            Self::Case {
                branches,
                otherwise,
            } => {
                let parts = branches.iter_mut().flat_map(|(when, then)| [when, then]);
                parts.chain(otherwise.as_deref_mut()).collect()
            }
            Self::Function { arguments, .. } => arguments.iter_mut().collect(),
            Self::List(items) => items.iter_mut().collect(),
            Self::Map(entries) => {
                let entries = entries.iter_mut();
                entries.map(|own| &mut own.expression).collect()
            }
            Self::Field { base, .. } => vec![base],
            Self::Index { base, index } => vec![base, index],
            Self::Slice { base, lower, upper } => {
                let bounds = lower.as_deref_mut().into_iter().chain(upper.as_deref_mut());
                std::iter::once(&mut **base).chain(bounds).collect()
            }
            Self::TableIn { entity, .. } | Self::TableLookup { entity, .. } => vec![entity],
            Self::Transform {
                list,
                predicate,
                projection,
                ..
            } => {
                let parts = predicate.as_deref_mut().into_iter();
                let parts = parts.chain(projection.as_deref_mut());
                std::iter::once(&mut **list).chain(parts).collect()
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
