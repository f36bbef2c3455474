//! `Exchange`: how the outputs of one stage reach the tasks of the next.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ordering::comma_separated;
use crate::{
    AcceptedPhase, Distribution, InputRequirement, OrderedBy, PartitioningSpec, PlanProperties,
};

/// How data move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExchangeMode {
    /// Every row goes to one of many partitions.
    Shuffle,
    /// Every row goes to every task.
    Broadcast,
    /// Every row goes to the one task there is.
    Gather,
}

impl fmt::Display for ExchangeMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// In which order the outputs of several tasks or threads are read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReadOrder {
    /// One after the other, in the order of the tasks that made them; of threads, in no order.
    Sequential,
    /// Merged by these columns, since each is sorted by them.
    Merged(Vec<OrderedBy>),
}

impl ReadOrder {
    /// Merged by these columns, if there are any.
    #[must_use]
    pub fn of(ordering: &[OrderedBy]) -> Self {
        match ordering {
            [] => Self::Sequential,
            keys => Self::Merged(keys.to_vec()),
        }
    }
}

/// How the outputs of one stage reach the tasks of the next, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// How the rows are split.
    pub partitioning: PartitioningSpec,
    /// How they move.
    pub mode: ExchangeMode,
    /// In which order the outputs of different tasks are read on the other side.
    pub order: ReadOrder,
    /// Why it was inserted.
    pub reason: String,
}

impl Exchange {
    /// What is read on the other side of rows that were as `input` says.
    #[must_use]
    pub fn properties(&self, input: &PlanProperties) -> PlanProperties {
        let distribution = match (self.mode, &self.partitioning) {
            (ExchangeMode::Gather, _) => Distribution::Single,
            (ExchangeMode::Broadcast, _) => Distribution::Replicated,
            (ExchangeMode::Shuffle, PartitioningSpec::Hash { keys, .. }) => {
                Distribution::Hash(keys.clone())
            }
            (ExchangeMode::Shuffle, _) => Distribution::Split,
        };
        self.order.read(input, distribution)
    }
}

impl ReadOrder {
    /// The properties of several outputs like `input` that are read together.
    #[must_use]
    pub fn read(&self, input: &PlanProperties, distribution: Distribution) -> PlanProperties {
        let ordering = self.keys().to_vec();
        // Sorted runs are a whole once they are merged.
        let pending = input.pending.clone();
        let pending = pending.filter(|own| *own != sorted_runs(&ordering));
        PlanProperties {
            ordering,
            pending,
            ..PlanProperties::of(distribution).with_rows(input.rows)
        }
    }

    /// What is required of outputs that are read together.
    #[must_use]
    pub fn requirement(&self) -> InputRequirement {
        InputRequirement::any()
            .ordered(self.keys().to_vec())
            .with_phase(AcceptedPhase::Any)
    }

    fn keys(&self) -> &[OrderedBy] {
        match self {
            Self::Sequential => &[],
            Self::Merged(keys) => keys,
        }
    }
}

/// An input of a stage, as an operator reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StageInput<'a> {
    /// Which input of the stage it is.
    pub number: usize,
    /// In which order the outputs of different tasks are read.
    pub order: &'a ReadOrder,
}

/// The first phase of a sort, which a merge by the same columns finishes.
#[must_use]
pub(crate) fn sorted_runs(ordering: &[OrderedBy]) -> String {
    format!("runs sorted by {}", comma_separated(ordering))
}
