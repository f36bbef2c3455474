//! From a plan with exchanges to stages: a new stage starts at every exchange, and nowhere else.

use std::sync::Arc;

use grism_core::{GraphStatistics, Result, with_stack};
use grism_engine::operators::StageInputExec;
use grism_engine::{
    Distribution, Exchange, ExchangeMode, Leaf, OperatorId, PartitioningSpec, PhysicalOperator,
    PhysicalPlan, RequiredDistribution, Resources, derive_properties,
};

use crate::{ExecutionStage, PhysicalSubPlan, StageInputSpec, StageOutput};

/// Cuts `plan` at its exchanges. Stages that read tables get `partitions` tasks.
///
/// # Errors
/// `Internal` for a plan whose operators do not fit together.
pub fn split_into_stages(plan: &PhysicalPlan, partitions: usize) -> Result<Vec<ExecutionStage>> {
    let mut splitter = Splitter {
        stages: Vec::new(),
        partitions,
    };
    splitter.stage(&plan.root, None)?;
    Ok(splitter.stages)
}

struct Splitter {
    stages: Vec<ExecutionStage>,
    partitions: usize,
}

impl Splitter {
    /// Adds the stage whose plan ends at `root`, after those it reads; returns its number.
    fn stage(
        &mut self,
        root: &Arc<dyn PhysicalOperator>,
        output: Option<StageOutput>,
    ) -> Result<usize> {
        let mut inputs = Vec::new();
        let root = self.cut(root, &mut inputs)?;
        let shuffled = inputs
            .iter()
            .find(|input: &&StageInputSpec| input.mode == ExchangeMode::Shuffle);
        let input_partitioning = shuffled
            .or(inputs.first())
            .map(|input: &StageInputSpec| input.partitioning.clone());
        let tasks = if reads_tables(&root) || shuffled.is_some() {
            self.partitions
        } else {
            1
        };
        let mut notes = Vec::new();
        collect_notes(&root, &input_partitioning, &mut notes);
        let (stage_id, resources) = (self.stages.len(), Resources::needed_by(&root));
        let before = self.stages.last();
        let first_operator =
            before.map_or_else(OperatorId::default, |stage| stage.operator_ids().next());
        self.stages.push(ExecutionStage {
            stage_id,
            plan: PhysicalSubPlan { root },
            first_operator,
            inputs,
            input_partitioning,
            output_partitioning: output.as_ref().map(|output| output.partitioning.clone()),
            output,
            tasks,
            resources,
            notes,
        });
        Ok(stage_id)
    }

    /// The same plan with a stage input for each exchange.
    fn cut(
        &mut self,
        operator: &Arc<dyn PhysicalOperator>,
        inputs: &mut Vec<StageInputSpec>,
    ) -> Result<Arc<dyn PhysicalOperator>> {
        if let (Some(exchange), [child]) = (operator.exchange(), &operator.children()[..]) {
            let Exchange {
                mode,
                partitioning,
                order,
                reason,
            } = exchange.clone();
            let output = StageOutput {
                mode,
                partitioning: partitioning.clone(),
                reason,
            };
            let stage_id = with_stack(|| self.stage(child, Some(output)))?;
            inputs.push(StageInputSpec {
                stage_id,
                mode,
                partitioning,
            });
            let input = StageInputExec::new(inputs.len() - 1, operator.schema().clone(), order);
            return Ok(input.into_operator());
        }
        let children = operator
            .children()
            .into_iter()
            .map(|child| with_stack(|| self.cut(child, inputs)))
            .collect::<Result<Vec<_>>>()?;
        operator.over_inputs(children)
    }
}

/// Whether a leaf deals its rows out to tasks.
fn reads_tables(operator: &Arc<dyn PhysicalOperator>) -> bool {
    let children = operator.children();
    if children.is_empty() && operator.stage_input().is_none() {
        let own = operator.properties(&[], &GraphStatistics::default());
        return matches!(
            own.distribution,
            Distribution::Split | Distribution::Together(_)
        );
    }
    children
        .into_iter()
        .any(|child| with_stack(|| reads_tables(child)))
}

/// Whether rows that an operator requires together are so as they were scanned.
fn groups_what_it_scans(operator: &Arc<dyn PhysicalOperator>) -> bool {
    let requirements = operator.required_inputs();
    let by_keys = requirements
        .iter()
        .any(|own| matches!(own.distribution, RequiredDistribution::Hash(_)));
    let is_together = |child: &Arc<dyn PhysicalOperator>| {
        let own = derive_properties(child, &GraphStatistics::default());
        matches!(own.distribution, Distribution::Together(_))
    };
    matches!(operator.children()[..], [child] if by_keys && is_together(child))
}

fn collect_notes(
    operator: &Arc<dyn PhysicalOperator>,
    input: &Option<PartitioningSpec>,
    notes: &mut Vec<String>,
) {
    let mut requirements = operator.required_inputs().into_iter();
    let expands =
        requirements.any(|own| matches!(own.distribution, RequiredDistribution::Adjacency { .. }));
    let routed = matches!(input, Some(PartitioningSpec::Adjacency { .. }));
    if expands && !routed {
        let note =
            "no exchange before the expansion: the adjacency is small enough to be read everywhere"
                .to_owned();
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
    if groups_what_it_scans(operator) {
        let note = "no exchange before the groups: a task has all rows of what it scans".to_owned();
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
    operator
        .children()
        .into_iter()
        .for_each(|child| with_stack(|| collect_notes(child, input, notes)));
}
