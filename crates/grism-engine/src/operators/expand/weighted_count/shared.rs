//! Factors that several terms of a count have in common, and that are computed once.

use std::sync::Arc;

use grism_core::{Tables, with_stack};
use grism_logical::{WeightedBranch, WeightedCount, WeightedPlace, WeightedShape, WeightedStep};

use super::weights::Weights;

/// One of the factors of a place's weights.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Factor<'a> {
    Loops(&'a WeightedStep),
    Branch(&'a WeightedBranch),
}

impl<'a> Factor<'a> {
    /// The factors of a place.
    pub(super) fn of(place: &'a WeightedPlace) -> impl Iterator<Item = Self> {
        let loops = place.loops.iter().map(Self::Loops);
        loops.chain(place.branches.iter().map(Self::Branch))
    }

    fn is(self, own: &OwnedFactor) -> bool {
        match (self, own) {
            (Self::Loops(step), OwnedFactor::Loops(own)) => step == own,
            (Self::Branch(branch), OwnedFactor::Branch(own)) => branch == own,
            _ => false,
        }
    }
}

/// Every factor of a count once.
#[derive(Debug, Default)]
pub(super) struct SharedFactors {
    factors: Vec<SharedFactor>,
}

#[derive(Debug)]
struct SharedFactor {
    /// The tables of the place.
    tables: Tables,
    factor: OwnedFactor,
    uses: usize,
    /// Uses that are still to come.
    left: usize,
    /// Until its last use.
    sums: Option<Arc<Weights>>,
}

#[derive(Debug)]
enum OwnedFactor {
    Loops(WeightedStep),
    Branch(WeightedBranch),
}

impl SharedFactors {
    /// The factors of all terms.
    pub(super) fn of(count: &WeightedCount) -> Self {
        let mut shared = Self::default();
        for term in &count.terms {
            match &term.shape {
                WeightedShape::Tree(root) => shared.add(root),
                WeightedShape::Cycles(pattern) => {
                    pattern.places.iter().for_each(|own| shared.add(&own.place));
                }
            }
        }
        shared
    }

    fn add(&mut self, place: &WeightedPlace) {
        for factor in Factor::of(place) {
            if let Some(known) = self.find(place, factor) {
                known.uses += 1;
                known.left += 1;
                // What lies below it is computed with it, once.
                continue;
            }
            self.factors.push(SharedFactor {
                tables: Tables::clone(&place.tables),
                factor: match factor {
                    Factor::Loops(step) => OwnedFactor::Loops(step.clone()),
                    Factor::Branch(branch) => OwnedFactor::Branch(branch.clone()),
                },
                uses: 1,
                left: 1,
                sums: None,
            });
            if let Factor::Branch(branch) = factor {
                with_stack(|| self.add(&branch.place));
            }
        }
    }

    fn find(&mut self, place: &WeightedPlace, factor: Factor<'_>) -> Option<&mut SharedFactor> {
        let mut factors = self.factors.iter_mut();
        factors.find(|own| own.tables == place.tables && factor.is(&own.factor))
    }

    /// How often a factor is used in all.
    pub(super) fn uses(&mut self, place: &WeightedPlace, factor: Factor<'_>) -> usize {
        self.find(place, factor).map_or(1, |own| own.uses)
    }

    /// The sums of a factor, where they are known.
    pub(super) fn take(
        &mut self,
        place: &WeightedPlace,
        factor: Factor<'_>,
    ) -> Option<Arc<Weights>> {
        let own = self.find(place, factor)?;
        own.left = own.left.saturating_sub(1);
        match own.left {
            0 => own.sums.take(),
            _ => own.sums.clone(),
        }
    }

    /// Keeps the sums of a factor for its other uses.
    pub(super) fn put(&mut self, place: &WeightedPlace, factor: Factor<'_>, sums: &Arc<Weights>) {
        if let Some(own) = self.find(place, factor).filter(|own| own.left > 0) {
            own.sums = Some(Arc::clone(sums));
        }
    }
}
