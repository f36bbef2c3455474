//! The origin of an expression: what a variable becomes that is bound to it.

use super::known::Known;
use super::origin::Origin;
use super::query::Checker;
use crate::syntax::{Expr, ExprKind, FunctionCall};

impl Checker<'_> {
    pub(super) fn origin(self, known: &Known, expression: &Expr) -> Origin {
        match &expression.kind {
            ExprKind::Variable(name) => known.find(&name.text).cloned().unwrap_or(Origin::Value),
            ExprKind::Parenthesized(inner) => self.origin(known, inner),
            ExprKind::List(items) => self.common(known, items).list(),
            ExprKind::Index { base, .. } => self.origin(known, base).item(),
            ExprKind::Slice { base, .. } => self.origin(known, base),
            ExprKind::Case(case) => {
                let then = case.alternatives.iter().map(|own| &own.then);
                self.common(known, then.chain(case.otherwise.as_deref()))
            }
            ExprKind::ListComprehension(own) => {
                let list = self.origin(known, &own.list);
                match &own.projection {
                    None => list,
                    Some(projection) => {
                        let inner = known.clone().and(&own.variable.text, list.item());
                        self.origin(&inner, projection).list()
                    }
                }
            }
            ExprKind::PatternComprehension(own) => {
                let inner = self.matched(known, std::slice::from_ref(&own.pattern));
                let item =
                    inner.map_or(Origin::Value, |inner| self.origin(&inner, &own.projection));
                item.list()
            }
            ExprKind::Function(call) => self.result(known, call),
            _ => Origin::Value,
        }
    }

    /// What a function gives.
    fn result(self, known: &Known, call: &FunctionCall) -> Origin {
        let Some(first) = call.arguments.first() else {
            return Origin::Value;
        };
        match call.name.text.to_ascii_lowercase().as_str() {
            "nodes" => Origin::Node.list(),
            "relationships" => Origin::Relationship(None).list(),
            "startnode" | "endnode" => Origin::Node,
            "collect" => self.origin(known, first).list(),
            "head" | "last" => self.origin(known, first).item(),
            "tail" | "reverse" => self.origin(known, first),
            "coalesce" => self.common(known, &call.arguments),
            _ => Origin::Value,
        }
    }

    /// What all of the expressions are; a null is anything.
    fn common<'e>(self, known: &Known, all: impl IntoIterator<Item = &'e Expr>) -> Origin {
        let origins = all.into_iter().map(|own| self.origin(known, own));
        origins.reduce(Origin::or).unwrap_or(Origin::Value)
    }
}
