//! Patterns whose steps may be edges or roles: each choice is planned by itself, and the rows of all are put together.

use std::sync::Arc;

use grism_core::{Error, Result};
use grism_logical::{Apply, ApplyKind, LogicalPlan};

use super::Binder;
use super::pattern::Elements;
use super::steps::Choice;
use crate::syntax::Expr;
use crate::warning::Warning;

impl Binder<'_> {
    /// Plans a pattern on top of the current plan, once for each choice.
    pub(super) fn match_choices(
        &mut self,
        elements: &Elements<'_>,
        choices: Vec<Choice>,
        predicate: Option<&Expr>,
    ) -> Result<()> {
        self.flush_pending()?;
        let outer = std::mem::replace(&mut self.plan, LogicalPlan::Unit);
        let schema = outer.schema()?;
        // What runs again for each choice is nothing but a leaf that gives the same rows each time.
        let is_leaf = matches!(outer, LogicalPlan::Unit | LogicalPlan::Argument(_));
        let start = match is_leaf {
            true => outer.clone(),
            false => LogicalPlan::Argument(schema.clone()),
        };
        let bound = self.bind_choices(elements, &choices, predicate, &start);
        // A predicate that some kinds of relationship do not bear is evaluated when the kind of each is known.
        let (branches, later) = match (bound, predicate) {
            (Ok(branches), _) => (branches, None),
            (Err(error), Some(predicate)) => {
                match self.bind_choices(elements, &choices, None, &start) {
                    Ok(branches) => (branches, Some(predicate)),
                    Err(_) => return Err(error),
                }
            }
            (Err(error), None) => return Err(error),
        };
        let mut names: Vec<String> = schema.names().map(str::to_owned).collect();
        let Some(first) = branches.first() else {
            return Err(Error::internal("a pattern without a choice"));
        };
        self.scope = first.scope.clone();
        for variable in &self.scope.variables {
            if !names.contains(&variable.column) {
                names.push(variable.column.clone());
            }
        }
        self.warnings.extend(common_warnings(&branches));
        let mut inputs = Vec::new();
        for branch in branches {
            self.volatile |= branch.volatile;
            inputs.push(Arc::new(branch.plan.keep_columns(&names)?));
        }
        let union = LogicalPlan::Union {
            inputs: LogicalPlan::same_types(inputs)?,
        };
        self.plan = match is_leaf {
            true => union,
            false => LogicalPlan::Apply(Apply {
                input: Arc::new(outer),
                subplan: Arc::new(union),
                kind: ApplyKind::Inner,
            }),
        };
        let columns = self.plan.schema()?;
        for variable in &mut self.scope.variables {
            if let Some(column) = columns.find(&variable.column) {
                variable.ty = column.ty.clone();
            }
        }
        match later {
            Some(predicate) => self.filter(predicate),
            None => Ok(()),
        }
    }

    /// A binder for each choice, with its plan.
    fn bind_choices(
        &mut self,
        elements: &Elements<'_>,
        choices: &[Choice],
        predicate: Option<&Expr>,
        start: &LogicalPlan,
    ) -> Result<Vec<Self>> {
        let mut branches = Vec::new();
        for choice in choices {
            let mut inner = Binder::new(self.query);
            inner.plan = start.clone();
            inner.scope = self.scope.clone();
            inner.counter = self.counter;
            inner.setting.clone_from(&self.setting);
            let elements = Elements {
                entities: choice.entities.clone(),
                ..elements.clone()
            };
            inner.match_elements(elements, &choice.kinds, predicate, false)?;
            self.counter = inner.counter;
            branches.push(inner);
        }
        Ok(branches)
    }
}

/// What is odd about every choice: what holds of some of them only is no slip.
fn common_warnings(branches: &[Binder<'_>]) -> Vec<Warning> {
    let Some((first, others)) = branches.split_first() else {
        return Vec::new();
    };
    let in_all = |warning: &&Warning| {
        let mut others = others.iter();
        others.all(|branch| branch.warnings.contains(warning))
    };
    first.warnings.iter().filter(in_all).cloned().collect()
}
