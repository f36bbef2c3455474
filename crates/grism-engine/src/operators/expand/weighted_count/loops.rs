//! Terms that are 0 since no entity has the self-loops that they are made of, which is so for most corrections of most graphs.

use grism_core::{Result, Tables, with_stack};
use grism_logical::{WeightedPlace, WeightedShape, WeightedStep};

use super::pass::Pass;
use super::weights::TableWeights;

/// Whether entities of some tables have a self-loop by a step.
#[derive(Debug, Default)]
pub(super) struct KnownLoops {
    known: Vec<(Tables, WeightedStep, bool)>,
}

/// Whether a pattern has self-loops of a kind that no entity has.
///
/// # Errors
/// Those of the storage; `Cancelled`.
pub(super) async fn lacks_loops(
    shape: &WeightedShape,
    pass: &mut Pass,
    known: &mut KnownLoops,
) -> Result<bool> {
    let mut loops = Vec::new();
    match shape {
        WeightedShape::Tree(root) => collect(root, &mut loops),
        WeightedShape::Cycles(pattern) => {
            pattern
                .places
                .iter()
                .for_each(|own| collect(&own.place, &mut loops));
        }
    }
    for (tables, step) in loops {
        if !known.has(tables, step, pass).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The steps of self-loops of a place and of those below it, each with the tables of its place.
fn collect<'a>(place: &'a WeightedPlace, loops: &mut Vec<(&'a Tables, &'a WeightedStep)>) {
    loops.extend(place.loops.iter().map(|step| (&place.tables, step)));
    for branch in &place.branches {
        with_stack(|| collect(&branch.place, loops));
    }
}

impl KnownLoops {
    async fn has(&mut self, tables: &Tables, step: &WeightedStep, pass: &mut Pass) -> Result<bool> {
        let mut known = self.known.iter();
        if let Some((.., is_there)) = known.find(|own| (&own.0, &own.1) == (tables, step)) {
            return Ok(*is_there);
        }
        let alone = WeightedPlace {
            tables: Tables::clone(tables),
            inputs: Vec::new(),
            loops: vec![step.clone()],
            branches: Vec::new(),
        };
        let weights = pass.weigh(&alone).await?;
        let is_there = weights.tables().iter().any(|(_, own)| match own {
            TableWeights::One => true,
            TableWeights::Each(own) => own.iter().any(|own| *own > 0),
        });
        self.known
            .push((Tables::clone(tables), step.clone(), is_there));
        Ok(is_there)
    }
}
