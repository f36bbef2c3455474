//! One clause, whatever it is: the variables that it names, and those that it binds.

use grism_core::{Error, Result};

use super::expression::Aggregates;
use super::known::Known;
use super::origin::Origin;
use super::query::{Checker, Ending};
use crate::binder::{imported_names, unknown_variable};
use crate::syntax::{
    Clause, ClauseKind, Expr, Name, RemoveItemKind, SetItem, SetItemKind, SubqueryClause,
};

impl Checker<'_> {
    /// Checks a clause other than RETURN; `known` has the variables after it then.
    pub(super) fn clause(self, known: &mut Known, clause: &Clause) -> Result<()> {
        match &clause.kind {
            ClauseKind::Match(matched) => {
                *known = self.matched(known, &matched.pattern.paths)?;
                self.values(known, &matched.predicate)
            }
            ClauseKind::Unwind(unwind) => {
                self.value(known, &unwind.expression)?;
                let item = self.origin(known, &unwind.expression).item();
                self.bind(known, &unwind.variable, item)
            }
            ClauseKind::With(with) => {
                *known = self.projection(known, &with.projection, with.predicate.as_ref())?;
                Ok(())
            }
            ClauseKind::Return(projection) => {
                *known = self.projection(known, projection, None)?;
                Ok(())
            }
            ClauseKind::Call(call) => {
                self.values(known, call.target.arguments.iter().flatten())?;
                let Some(yields) = &call.yields else {
                    return Ok(());
                };
                for item in yields.items.iter().flatten() {
                    let name = item.alias.as_ref().unwrap_or(&item.column);
                    self.bind(known, name, Origin::Value)?;
                }
                match &yields.items {
                    Some(_) => self.values(known, &yields.predicate),
                    None => Ok(()),
                }
            }
            ClauseKind::Subquery(subquery) => self.subquery(known, subquery),
            ClauseKind::LoadRows(load) => {
                self.value(known, &load.source)?;
                self.bind(known, &load.variable, Origin::Value)
            }
            ClauseKind::Create(pattern) => {
                for path in &pattern.paths {
                    self.created(known, path)?;
                }
                Ok(())
            }
            ClauseKind::Merge(merge) => {
                self.merged(known, &merge.path)?;
                let mut actions = merge.actions.iter();
                actions.try_for_each(|action| self.set_items(known, &action.items))
            }
            ClauseKind::Set(items) => self.set_items(known, items),
            ClauseKind::Remove(items) => {
                let mut items = items.iter();
                items.try_for_each(|item| match &item.kind {
                    RemoveItemKind::Property(target) => self.value(known, target),
                    RemoveItemKind::Labels { target, .. } => self.variable(known, target),
                })
            }
            ClauseKind::Delete(delete) => self.values(known, &delete.expressions),
            ClauseKind::Foreach(foreach) => {
                self.value(known, &foreach.list)?;
                let item = self.origin(known, &foreach.list).item();
                let mut inner = known.clone();
                self.bind(&mut inner, &foreach.variable, item)?;
                let mut clauses = foreach.clauses.iter();
                clauses.try_for_each(|clause| self.clause(&mut inner, clause))
            }
        }
    }

    fn set_items(self, known: &Known, items: &[SetItem]) -> Result<()> {
        for item in items {
            match &item.kind {
                SetItemKind::Property { target, value } => {
                    self.value(known, target)?;
                    self.value(known, value)?;
                }
                SetItemKind::ReplaceProperties { target, value }
                | SetItemKind::MergeProperties { target, value } => {
                    self.variable(known, target)?;
                    self.value(known, value)?;
                }
                SetItemKind::Labels { target, .. } => self.variable(known, target)?,
            }
        }
        Ok(())
    }

    /// `CALL { … }`: what it returns is bound beside what was there.
    fn subquery(self, known: &mut Known, subquery: &SubqueryClause) -> Result<()> {
        let mut returned: Option<Known> = None;
        for branch in subquery.query.branches() {
            let (names, imports) = imported_names(subquery, branch);
            let inner = match names {
                None => known.clone(),
                Some(names) => self.imported(known, &names)?,
            };
            let clauses = &branch.clauses[imports..];
            let own = self.branch(inner, branch, clauses, Ending::Complete)?;
            returned = Some(match returned {
                None => own,
                Some(before) => united(before, &own),
            });
        }
        self.unions(&subquery.query)?;
        if super::query::returns(subquery) {
            for (name, origin) in returned.unwrap_or_default().iter() {
                // What is returned and bound already is refused by the binder, which knows the columns of `*`.
                if !known.has(name) {
                    known.put(name, origin.clone());
                }
            }
        }
        Ok(())
    }

    fn imported(self, outer: &Known, names: &[&Name]) -> Result<Known> {
        let mut inner = Known::default();
        for name in names {
            match outer.find(&name.text) {
                Some(origin) => inner.put(&name.text, origin.clone()),
                None => return Err(self.unknown(outer, name)),
            }
        }
        Ok(inner)
    }

    /// Binds a variable that is new.
    fn bind(self, known: &mut Known, name: &Name, origin: Origin) -> Result<()> {
        if known.has(&name.text) {
            return Err(self.bound_already(name));
        }
        known.put(&name.text, origin);
        Ok(())
    }

    /// A variable that must be known.
    pub(super) fn variable(self, known: &Known, name: &Name) -> Result<()> {
        match known.has(&name.text) {
            true => Ok(()),
            false => Err(self.unknown(known, name)),
        }
    }

    /// Expressions in which no aggregate may stand.
    pub(super) fn values<'e>(
        self,
        known: &Known,
        expressions: impl IntoIterator<Item = &'e Expr>,
    ) -> Result<()> {
        let mut expressions = expressions.into_iter();
        expressions.try_for_each(|expression| self.value(known, expression))
    }

    /// An expression in which no aggregate may stand.
    pub(super) fn value(self, known: &Known, expression: &Expr) -> Result<()> {
        self.expression(known, expression, Aggregates::Forbidden)
    }

    pub(super) fn unknown(self, known: &Known, name: &Name) -> Error {
        unknown_variable(self.source, (&name.text, name.span), known.names())
    }

    pub(super) fn bound_already(self, name: &Name) -> Error {
        let message = format!("the variable `{}` is bound already", name.text);
        self.source
            .invalid(message, name.span)
            .with_code("SyntaxError:VariableAlreadyBound")
    }
}

/// What the columns of two branches are.
fn united(first: Known, second: &Known) -> Known {
    let mut united = Known::default();
    for (name, origin) in first.iter() {
        let other = second.find(name).cloned().unwrap_or(Origin::Value);
        united.put(name, origin.clone().or(other));
    }
    united
}
