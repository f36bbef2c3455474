//! What is shown of a stage, whatever plans and runs it.

use std::sync::Arc;

use grism_engine::{ExchangeMode, OperatorId, PhysicalOperator, Resources};

/// One stage of a query. Stages stand in the order they can run.
#[derive(Debug)]
pub(crate) struct StageDescription {
    pub(crate) stage_id: usize,
    /// What each task runs.
    pub(crate) root: Arc<dyn PhysicalOperator>,
    /// The number of `root` among the operators of all stages; the others follow.
    pub(crate) first_operator: OperatorId,
    pub(crate) tasks: usize,
    /// What a worker must have to run its tasks.
    pub(crate) resources: Resources,
    pub(crate) inputs: Vec<InputDescription>,
    /// How its output is split: `HashPartition(n.id)`, `Result`.
    pub(crate) partitioning: String,
    /// How its output moves on; `None` where it is the result.
    pub(crate) exchange: Option<ExchangeDescription>,
    /// Why exchanges that one might expect here are not needed.
    pub(crate) notes: Vec<String>,
    /// Its lines in the text form that stand before those of a run.
    pub(crate) head: String,
    /// Its lines in the text form that stand after those of a run.
    pub(crate) foot: String,
}

/// What a stage reads of another.
#[derive(Debug)]
pub(crate) struct InputDescription {
    pub(crate) stage_id: usize,
    pub(crate) mode: ExchangeMode,
    /// How it moves: `Shuffle, Hash(n.id)`, `Gather`.
    pub(crate) exchange: String,
}

/// How the output of a stage moves on.
#[derive(Debug)]
pub(crate) struct ExchangeDescription {
    /// `Shuffle, Hash(n.id)`, `Gather`.
    pub(crate) name: String,
    /// Why it is needed.
    pub(crate) reason: String,
}
