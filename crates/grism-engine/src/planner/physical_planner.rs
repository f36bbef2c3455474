//! `PhysicalPlanner`: what a runtime makes of a logical plan.

use grism_core::Result;
use grism_logical::LogicalPlan;

use crate::PhysicalPlan;

/// Makes physical plans.
pub trait PhysicalPlanner {
    /// The physical plan of an optimized logical plan.
    ///
    /// # Errors
    /// `InvalidQuery` for a type error; `Internal` for a logical plan that was not optimized.
    fn plan(&self, logical: &LogicalPlan) -> Result<PhysicalPlan>;
}
