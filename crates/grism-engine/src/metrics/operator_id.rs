//! `OperatorId`: the number of an operator within its plan.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use grism_core::with_stack;
use serde::{Deserialize, Serialize};

use crate::PhysicalOperator;

/// The number of an operator within its plan, by which every process knows it.
///
/// Operators are numbered from the root down: an operator, its inputs in order, then the plan within it. A plan keeps the
/// numbers when it travels, since it travels whole. Of a plan in stages each stage numbers on from the one before.
///
/// ```text
/// 0 Sort ── 1 Apply ─┬─ 2 NodeScan         the input
///                    └─ 3 Expand ── 4 …    the plan within
/// ```
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct OperatorId(pub u32);

impl fmt::Display for OperatorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The numbers of the operators of one plan.
#[derive(Debug)]
pub struct OperatorIds {
    first: u32,
    /// By the address of the operator, which `operators` keeps in place.
    ids: HashMap<usize, OperatorId>,
    /// By their numbers, from the first one on.
    operators: Vec<Arc<dyn PhysicalOperator>>,
}

impl OperatorIds {
    /// Numbers the operators of the plan that ends at `root`, from `first` on.
    #[must_use]
    pub fn of(root: &Arc<dyn PhysicalOperator>, first: OperatorId) -> Self {
        let mut numbered = Self {
            first: first.0,
            ids: HashMap::new(),
            operators: Vec::new(),
        };
        numbered.number(root);
        numbered
    }

    fn number(&mut self, operator: &Arc<dyn PhysicalOperator>) {
        let id = self.next();
        self.ids.entry(address(operator)).or_insert(id);
        self.operators.push(Arc::clone(operator));
        for input in operator.children().into_iter().chain(operator.subplan()) {
            with_stack(|| self.number(input));
        }
    }

    /// The number of an operator of the plan; `None` for another one.
    #[must_use]
    pub fn id(&self, operator: &Arc<dyn PhysicalOperator>) -> Option<OperatorId> {
        self.ids.get(&address(operator)).copied()
    }

    /// The operators with their numbers, which ascend.
    pub fn operators(&self) -> impl Iterator<Item = (OperatorId, &Arc<dyn PhysicalOperator>)> {
        (self.first..).map(OperatorId).zip(&self.operators)
    }

    /// The number behind the last one.
    #[must_use]
    pub fn next(&self) -> OperatorId {
        OperatorId(self.first + self.operators.len() as u32)
    }

    /// The place of a number among those of the plan.
    pub(super) fn place(&self, id: OperatorId) -> usize {
        (id.0 - self.first) as usize
    }
}

fn address(operator: &Arc<dyn PhysicalOperator>) -> usize {
    Arc::as_ptr(operator).cast::<()>() as usize
}

#[cfg(test)]
mod tests {
    use grism_logical::PlanSchema;

    use super::*;
    use crate::operators::{EmptyExec, LimitExec, UnionExec};
    use crate::{Leaf, PhysicalSchema, UnaryExec};

    #[test]
    fn operators_are_numbered_from_the_root_down() {
        let schema = PhysicalSchema::from(PlanSchema::default());
        let leaf = || EmptyExec::new(schema.clone()).into_operator();
        let limited = UnaryExec::over(leaf(), LimitExec::new(0, Some(1))).unwrap();
        let second = leaf();
        let inputs = vec![Arc::clone(&limited), Arc::clone(&second)];
        let root: Arc<dyn PhysicalOperator> = Arc::new(UnionExec::new(inputs, schema.clone()));
        let ids = OperatorIds::of(&root, OperatorId(5));
        let known = [&root, &limited, &second].map(|own| ids.id(own));
        assert_eq!(known, [5, 6, 8].map(|id| Some(OperatorId(id))));
        assert_eq!(ids.next(), OperatorId(9));
        assert_eq!(ids.id(&leaf()), None);
        let names: Vec<&str> = ids.operators().map(|(_, own)| own.name()).collect();
        assert_eq!(names, ["UnionExec", "LimitExec", "EmptyExec", "EmptyExec"]);
    }
}
