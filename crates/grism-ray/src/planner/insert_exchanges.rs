//! Inserts exchanges from the leaves up, where what an operator requires is not what its inputs are.

use std::sync::Arc;

use grism_core::{Result, with_stack};
use grism_engine::{
    Distribution, InputRequirement, PhysicalOperator, PlanProperties, RequiredDistribution,
    StageTasks, unmet_requirement,
};

use super::DistributedPlanner;
use super::placed::Placed;

impl DistributedPlanner {
    pub(super) fn insert_exchanges(&self, operator: &Arc<dyn PhysicalOperator>) -> Result<Placed> {
        with_stack(|| self.place(operator))
    }

    fn place(&self, operator: &Arc<dyn PhysicalOperator>) -> Result<Placed> {
        let inputs = operator.children().into_iter();
        let inputs: Vec<Placed> = inputs
            .map(|child| self.insert_exchanges(child))
            .collect::<Result<_>>()?;
        if inputs.iter().all(Placed::is_at_one_place) {
            return Placed::over(operator, inputs, &self.statistics);
        }
        let given: Vec<PlanProperties> = inputs
            .iter()
            .map(|input| input.properties.clone())
            .collect();
        let is_met = unmet_requirement(operator.as_ref(), &given, StageTasks::Several).is_none();
        if !is_met && let [input] = &inputs[..] {
            let over = operator.over_inputs(vec![Arc::clone(&input.operator)])?;
            if let Some(phases) = over.phases()? {
                let local = phases.local.properties(&given, &self.statistics);
                let local = Placed {
                    // The first phase may be the input itself.
                    properties: match Arc::ptr_eq(&phases.local, &input.operator) {
                        true => input.properties.clone(),
                        false => local,
                    },
                    operator: phases.local,
                };
                let moved = self.moved(local, &phases.between);
                return match &phases.global {
                    Some(global) => Placed::over(global, vec![moved], &self.statistics),
                    None => Ok(moved),
                };
            }
        }
        let requirements = self.cheapest(operator.alternatives(), &inputs);
        // Where what is spread over tasks is at one place in truth, so is the rest.
        let is_one_place = requirements.len() > 1
            && spread_inputs(&requirements, &inputs).all(Placed::is_at_one_place);
        let moved = inputs.into_iter().zip(&requirements);
        let moved = moved.map(|(input, requirement)| match requirement.distribution {
            RequiredDistribution::Replicated if is_one_place => self.gathered(input),
            RequiredDistribution::Disjoint if is_one_place => input,
            _ => self.moved(input, requirement),
        });
        Placed::over(operator, moved.collect(), &self.statistics)
    }

    /// The first of the alternatives that replicates nothing large; the last one is always possible.
    fn cheapest(
        &self,
        mut alternatives: Vec<Vec<InputRequirement>>,
        inputs: &[Placed],
    ) -> Vec<InputRequirement> {
        let last = alternatives.pop().unwrap_or_default();
        let is_cheap = |requirements: &Vec<InputRequirement>| {
            let is_spread =
                spread_inputs(requirements, inputs).any(|input| !input.is_at_one_place());
            let mut pairs = requirements.iter().zip(inputs);
            is_spread
                && pairs.all(|(requirement, input)| {
                    requirement.distribution != RequiredDistribution::Replicated
                        || self.is_small(input)
                })
        };
        alternatives.into_iter().find(is_cheap).unwrap_or(last)
    }

    fn is_small(&self, input: &Placed) -> bool {
        let rows = input.properties.rows;
        input.is_at_one_place()
            || input.properties.distribution == Distribution::Replicated
            || rows.is_some_and(|rows| rows <= self.config.broadcast_rows)
    }
}

/// The inputs whose rows may be spread over tasks.
fn spread_inputs<'a>(
    requirements: &'a [InputRequirement],
    inputs: &'a [Placed],
) -> impl Iterator<Item = &'a Placed> {
    let pairs = requirements.iter().zip(inputs);
    let spread = pairs.filter(|(own, _)| own.distribution != RequiredDistribution::Replicated);
    spread.map(|(_, input)| input)
}
