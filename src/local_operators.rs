//! `LocalOperators`: what a plan runs as on this machine, made for its first run and kept for those that follow.

use std::sync::{Mutex, PoisonError};

use grism_core::Result;
use grism_engine::{PhysicalPlan, PlannerConfig};
use grism_local::LocalPhysicalPlanner;
use grism_logical::LogicalPlan;

/// The operators of one optimized plan. They hold nothing of a run, so any number of runs may share them.
#[derive(Debug, Default)]
pub(crate) struct LocalOperators {
    /// Those of the last run, and the threads that they were made for.
    last: Mutex<Option<(usize, PhysicalPlan)>>,
}

impl LocalOperators {
    /// The operators of `plan`, always the same one, for so many threads.
    ///
    /// # Errors
    /// Those of [`LocalPhysicalPlanner::plan`].
    pub(crate) fn of(&self, plan: &LogicalPlan, threads: usize) -> Result<PhysicalPlan> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, operators)) = &*last
            && *known == threads
        {
            return Ok(operators.clone());
        }
        let planner = LocalPhysicalPlanner::with_config(PlannerConfig { threads });
        let operators = planner.plan(plan)?;
        *last = Some((threads, operators.clone()));
        Ok(operators)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn runs_with_as_many_threads_share_their_operators() {
        let operators = LocalOperators::default();
        let of = |threads| operators.of(&LogicalPlan::Unit, threads).unwrap().root;
        assert!(Arc::ptr_eq(&of(2), &of(2)));
        assert!(!Arc::ptr_eq(&of(2), &of(1)));
    }
}
