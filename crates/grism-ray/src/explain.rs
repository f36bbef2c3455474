//! `EXPLAIN DISTRIBUTED`: stages, the exchanges between them, and why each is there.

use std::fmt::Write as _;
use std::sync::Arc;

use grism_core::with_stack;
use grism_engine::{ExchangeMode, PartitioningSpec, PhysicalOperator};

use crate::{DistributedPlan, ExecutionStage};

/// The plan as text, stage by stage, with the lines that `notes` has for each.
#[must_use]
pub fn explain_distributed(
    plan: &DistributedPlan,
    notes: &dyn Fn(&ExecutionStage) -> Vec<String>,
) -> String {
    let mut text = String::new();
    for stage in &plan.stages {
        let _ = writeln!(text, "Stage {}:", stage.stage_id);
        let _ = writeln!(text, "  {}", pipeline(&stage.plan.root));
        for input in &stage.inputs {
            let _ = writeln!(
                text,
                "  Input: stage {} by {}",
                input.stage_id,
                exchange_name(input.mode, &input.partitioning)
            );
        }
        let _ = writeln!(text, "  Parallelism: {}", stage.tasks);
        if !stage.resources.is_empty() {
            let _ = writeln!(text, "  Resources: {}", stage.resources);
        }
        let _ = writeln!(text, "  Output: {}", output_name(stage));
        for note in &stage.notes {
            let _ = writeln!(text, "  Note: {note}");
        }
        for note in notes(stage) {
            let _ = writeln!(text, "  {note}");
        }
        match &stage.output {
            Some(output) => {
                let _ = writeln!(
                    text,
                    "\n    ↓ Exchange({})",
                    exchange_name(output.mode, &output.partitioning)
                );
                let _ = writeln!(text, "      because {}\n", output.reason);
            }
            None => {
                let _ = writeln!(
                    text,
                    "\n    ↓ Exchange(Gather)\n      because the caller reads the result\n\nCollect"
                );
            }
        }
    }
    text
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
