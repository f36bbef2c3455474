//! The children that an operator is given in place of its own, checked by number.

use std::sync::Arc;

use grism_core::{Error, Result};

use crate::PhysicalOperator;

/// The only child of an operator that has one.
pub(crate) fn only_child(
    children: Vec<Arc<dyn PhysicalOperator>>,
) -> Result<Arc<dyn PhysicalOperator>> {
    let [child] = <[_; 1]>::try_from(children).map_err(|children| {
        Error::internal(format!("one child expected, not {}", children.len()))
    })?;
    Ok(child)
}

/// Checks that a leaf is given no children.
pub(crate) fn no_child(children: &[Arc<dyn PhysicalOperator>]) -> Result<()> {
    if children.is_empty() {
        Ok(())
    } else {
        Err(Error::internal("a leaf was given children"))
    }
}
