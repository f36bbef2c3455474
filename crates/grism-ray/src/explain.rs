//! `EXPLAIN DISTRIBUTED`: stages, the exchanges between them, and why each is there.

use std::fmt::Write as _;
use std::sync::Arc;

use grism_core::with_stack;
use grism_engine::{ExchangeMode, PartitioningSpec, PhysicalOperator};

use crate::{DistributedPlan, ExecutionStage};

/// A stage as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StageText {
    /// Its operators, its inputs, its tasks and its output: lines that end with a line break.
    pub head: String,
    /// The exchange that its output goes through.
    pub foot: String,
}

/// The plan as text, stage by stage.
#[must_use]
pub fn explain_distributed(plan: &DistributedPlan) -> String {
    let stages = plan.stages.iter().map(stage_text);
    stages.map(|stage| stage.head + &stage.foot).collect()
}

/// One stage as text. What else is known of it stands between the two parts.
#[must_use]
pub fn stage_text(stage: &ExecutionStage) -> StageText {
    let mut head = String::new();
    let _ = writeln!(head, "Stage {}:", stage.stage_id);
    let _ = writeln!(head, "  {}", pipeline(&stage.plan.root));
    for input in &stage.inputs {
        let _ = writeln!(
            head,
            "  Input: stage {} by {}",
            input.stage_id,
            exchange_name(input.mode, &input.partitioning)
        );
    }
    let _ = writeln!(head, "  Parallelism: {}", stage.tasks);
    if !stage.resources.is_empty() {
        let _ = writeln!(head, "  Resources: {}", stage.resources);
    }
    let _ = writeln!(head, "  Output: {}", output_name(stage));
    for note in &stage.notes {
        let _ = writeln!(head, "  Note: {note}");
    }
    let foot = match &stage.output {
        Some(output) => format!(
            "\n    ↓ Exchange({})\n      because {}\n\n",
            exchange_name(output.mode, &output.partitioning),
            output.reason
        ),
        None => "\n    ↓ Exchange(Gather)\n      because the caller reads the result\n\nCollect\n"
            .to_owned(),
    };
    StageText { head, foot }
}

/// `Shuffle, Hash(n.id)`, `Gather`.
#[must_use]
pub fn exchange_name(mode: ExchangeMode, partitioning: &PartitioningSpec) -> String {
    match mode {
        ExchangeMode::Shuffle => format!("{mode}, {partitioning}"),
        _ => mode.to_string(),
    }
}

/// `HashPartition(n.id)`, `Gather`, `Result`.
#[must_use]
pub fn output_name(stage: &ExecutionStage) -> String {
    match &stage.output {
        None => "Result".to_owned(),
        Some(output) => match (&output.mode, &output.partitioning) {
            (ExchangeMode::Shuffle, PartitioningSpec::Hash { keys, .. }) => {
                format!("HashPartition({})", keys.join(", "))
            }
            (ExchangeMode::Shuffle, other) => other.to_string(),
            (mode, _) => mode.to_string(),
        },
    }
}

/// A chain of operators from its source on; the inputs of a join stand in brackets.
fn pipeline(operator: &Arc<dyn PhysicalOperator>) -> String {
    let mut text = String::new();
    write_pipeline(operator, &mut text);
    text
}

fn write_pipeline(operator: &Arc<dyn PhysicalOperator>, text: &mut String) {
    match &operator.children()[..] {
        [] => {}
        [child] => {
            with_stack(|| write_pipeline(child, text));
            text.push_str(" → ");
        }
        children => {
            for (index, child) in children.iter().enumerate() {
                text.push_str(if index > 0 { " + [" } else { "[" });
                with_stack(|| write_pipeline(child, text));
                text.push(']');
            }
            text.push_str(" → ");
        }
    }
    text.push_str(&operator.describe());
    if let Some(subplan) = operator.subplan() {
        text.push('[');
        with_stack(|| write_pipeline(subplan, text));
        text.push(']');
    }
}
