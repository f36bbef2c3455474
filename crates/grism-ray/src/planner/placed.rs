//! `Placed`: an operator with exchanges below it, and the exchanges that make one.

use std::sync::Arc;

use grism_engine::operators::StageInputOrder;
use grism_engine::{PartitioningSpec, PhysicalOperator};

use crate::{ExchangeExec, ExchangeMode};

/// An operator with exchanges below it, and how its output is spread.
pub(super) struct Placed {
    pub(super) operator: Arc<dyn PhysicalOperator>,
    pub(super) spread: Spread,
}

/// How rows are spread over tasks.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Spread {
    /// All in one task.
    Single,
    /// Over many, those that are equal in these columns together.
    Split(Option<Vec<String>>),
}

pub(super) fn exchange(
    child: Arc<dyn PhysicalOperator>,
    mode: ExchangeMode,
    partitioning: PartitioningSpec,
    order: StageInputOrder,
    reason: String,
) -> Placed {
    let spread = match (&mode, &partitioning) {
        (ExchangeMode::Gather, _) => Spread::Single,
        (_, PartitioningSpec::Hash { keys, .. }) => Spread::Split(Some(keys.clone())),
        _ => Spread::Split(None),
    };
    Placed {
        operator: Arc::new(ExchangeExec {
            partitioning,
            mode,
            child,
            order,
            reason,
        }),
        spread,
    }
}

pub(super) fn gather(
    child: Arc<dyn PhysicalOperator>,
    order: StageInputOrder,
    reason: String,
) -> Placed {
    exchange(
        child,
        ExchangeMode::Gather,
        PartitioningSpec::Single,
        order,
        reason,
    )
}

pub(super) fn broadcast(
    child: Arc<dyn PhysicalOperator>,
    reason: String,
) -> Arc<dyn PhysicalOperator> {
    exchange(
        child,
        ExchangeMode::Broadcast,
        PartitioningSpec::Single,
        StageInputOrder::Sequential,
        reason,
    )
    .operator
}
