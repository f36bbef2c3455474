//! The form in which tasks travel to workers, and plans to the Ray driver: MessagePack with names, and a plan as the list of its
//! operators.
//!
//! A plan nests as deeply as its query. Written as it nests it could be read only as far as a stack reaches, and readers of JSON
//! stop at 128 levels; and since every operator is read through a layer of its own, reading would take the square of the depth.
//!
//! ```text
//! Filter ── Project ── Scan    travels as    0: Scan   1: Project of 0   2: Filter of 1
//! ```

use std::sync::Arc;

use grism_core::{Error, Result, with_stack};
use grism_engine::PhysicalOperator;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::input_place::InputPlaceExec;
use crate::{DistributedPlan, ExecutionStage, TaskSpec};

/// A task whose plan is a list.
#[derive(Serialize, Deserialize)]
struct TravellingTask {
    /// The task, with the place of a plan.
    task: TaskSpec,
    /// The plan's operators, inputs before those that read them; the last one is the root.
    operators: Vec<Listed>,
}

/// A plan in stages, each of which is a list.
#[derive(Serialize, Deserialize)]
struct TravellingPlan {
    /// The plan, with the places of its stages' operators.
    plan: DistributedPlan,
    /// The operators of each stage.
    stages: Vec<Vec<Listed>>,
}

/// An operator with the places of its inputs.
#[derive(Serialize, Deserialize)]
struct Listed {
    operator: Arc<dyn PhysicalOperator>,
    /// Which operators of the list its inputs are.
    inputs: Vec<usize>,
    /// Which operator of the list the root of its subplan is.
    subplan: Option<usize>,
}

impl TaskSpec {
    /// The task as bytes, for a worker of the same version.
    ///
    /// # Errors
    /// `Internal` for an operator that cannot be written.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut task = self.clone();
        let operators = taken_apart(&mut task.stage)?;
        written(&TravellingTask { task, operators })
    }

    /// The task that [`TaskSpec::to_bytes`] made the bytes of.
    ///
    /// # Errors
    /// `Unsupported` for other bytes, and for an operator that this process does not know.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let mut travelling: TravellingTask = read(bytes)?;
        travelling.task.stage.plan.root = put_together(travelling.operators)?;
        Ok(travelling.task)
    }
}

impl DistributedPlan {
    /// The plan as bytes, for a process of the same version.
    ///
    /// # Errors
    /// `Internal` for an operator that cannot be written.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut plan = self.clone();
        let stages = plan.stages.iter_mut().map(taken_apart);
        let stages = stages.collect::<Result<_>>()?;
        written(&TravellingPlan { plan, stages })
    }

    /// The plan that [`DistributedPlan::to_bytes`] made the bytes of.
    ///
    /// # Errors
    /// `Unsupported` for other bytes, and for an operator that this process does not know.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let mut travelling: TravellingPlan = read(bytes)?;
        let stages = travelling.plan.stages.iter_mut();
        for (stage, operators) in stages.zip(travelling.stages) {
            stage.plan.root = put_together(operators)?;
        }
        Ok(travelling.plan)
    }
}

/// Takes the operators out of a stage, whose root is a place then.
fn taken_apart(stage: &mut ExecutionStage) -> Result<Vec<Listed>> {
    let mut operators = Vec::new();
    list(&stage.plan.root, &mut operators)?;
    stage.plan.root = InputPlaceExec::of(&stage.plan.root);
    Ok(operators)
}

fn written(travelling: &impl Serialize) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut writer = rmp_serde::Serializer::new(&mut bytes).with_struct_map();
    travelling
        .serialize(serde_stacker::Serializer::new(&mut writer))
        .map_err(|error| Error::internal(format!("a plan that cannot be sent: {error}")))?;
    Ok(bytes)
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    let mut reader = rmp_serde::Deserializer::from_read_ref(bytes);
    // Expressions nest within an operator as deeply as the query's brackets.
    reader.set_max_depth(usize::MAX);
    T::deserialize(serde_stacker::Deserializer::new(&mut reader))
        .map_err(|error| unknown_operator(&error))
}

fn unknown_operator(error: &impl std::fmt::Display) -> Error {
    Error::unsupported(format!(
        "the plan of the query cannot be read here: {error}; where it has operators of another crate, workers must import the \
         module that links them: name it as worker_module"
    ))
}

/// Adds an operator after all that it reads; returns its number.
fn list(operator: &Arc<dyn PhysicalOperator>, listed: &mut Vec<Listed>) -> Result<usize> {
    let inputs = operator.children();
    let numbers = inputs
        .iter()
        .map(|input| with_stack(|| list(input, listed)))
        .collect::<Result<Vec<_>>>()?;
    let subplan = operator
        .subplan()
        .map(|subplan| with_stack(|| list(subplan, listed)))
        .transpose()?;
    let mut alone = Arc::clone(operator);
    let places = inputs.into_iter().map(InputPlaceExec::of).collect();
    alone = alone.over_inputs(places)?;
    if let Some(subplan) = operator.subplan() {
        alone = alone.with_new_subplan(InputPlaceExec::of(subplan))?;
    }
    listed.push(Listed {
        operator: alone,
        inputs: numbers,
        subplan,
    });
    Ok(listed.len() - 1)
}

/// The root of the plan that was listed.
fn put_together(listed: Vec<Listed>) -> Result<Arc<dyn PhysicalOperator>> {
    let mut whole: Vec<Arc<dyn PhysicalOperator>> = Vec::with_capacity(listed.len());
    for Listed {
        mut operator,
        inputs,
        subplan,
    } in listed
    {
        let known = |number: usize| {
            let operator = whole.get(number).map(Arc::clone);
            operator.ok_or_else(|| Error::internal("a task reads an operator that it has not"))
        };
        let inputs = inputs.into_iter().map(known).collect::<Result<_>>()?;
        operator = operator.over_inputs(inputs)?;
        if let Some(subplan) = subplan {
            operator = operator.with_new_subplan(known(subplan)?)?;
        }
        whole.push(operator);
    }
    let root = whole.pop();
    root.ok_or_else(|| Error::internal("a task without a plan"))
}
