//! `Resources`: what a process has beside cores and memory, such as graphics cards, and what an operator needs of it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use grism_core::{Error, Result, with_stack};
use serde::{Deserialize, Serialize};

use crate::PhysicalOperator;

/// Names of resources with their amounts, such as `gpu` 1. Names are the caller's own; Ray's are known by the same names.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Resources(BTreeMap<String, f64>);

impl Resources {
    /// These resources.
    ///
    /// # Errors
    /// `InvalidQuery` for an empty name, and for an amount that is not a number above 0.
    pub fn try_new<N: Into<String>>(amounts: impl IntoIterator<Item = (N, f64)>) -> Result<Self> {
        let mut own = BTreeMap::new();
        for (name, amount) in amounts {
            let name = name.into();
            if name.is_empty() {
                return Err(Error::invalid_query("the name of a resource is empty"));
            }
            if !amount.is_finite() || amount <= 0.0 {
                return Err(Error::invalid_query(format!(
                    "the amount of the resource `{name}` must be a number above 0, not {amount}"
                )));
            }
            own.insert(name, amount);
        }
        Ok(Self(own))
    }

    /// One unit of one resource.
    #[must_use]
    pub fn one(name: impl Into<String>) -> Self {
        Self(BTreeMap::from([(name.into(), 1.0)]))
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first of the needed resources, with its amount, of which there is not enough; `None` where all are there.
    #[must_use]
    pub fn missing<'a>(&self, needed: &'a Self) -> Option<(&'a str, f64)> {
        let mut needed = needed.0.iter();
        let found = needed.find(|(name, amount)| self.0.get(*name).is_none_or(|own| own < amount));
        found.map(|(name, amount)| (name.as_str(), *amount))
    }

    /// The larger amount of each resource.
    #[must_use]
    pub fn most(mut self, other: &Self) -> Self {
        for (name, amount) in &other.0 {
            let own = self.0.entry(name.clone()).or_insert(*amount);
            *own = own.max(*amount);
        }
        self
    }

    /// What a process must have to run the plan that ends at `operator`: of each resource the most that one operator needs.
    #[must_use]
    pub fn needed_by(operator: &Arc<dyn PhysicalOperator>) -> Self {
        let inputs = operator.children().into_iter().chain(operator.subplan());
        inputs.fold(operator.required_resources(), |own, input| {
            own.most(&with_stack(|| Self::needed_by(input)))
        })
    }

    /// Checks that this process has what the plan needs that ends at `operator`.
    ///
    /// # Errors
    /// `Unavailable`, naming the operator and the resource.
    pub fn check(&self, operator: &Arc<dyn PhysicalOperator>) -> Result<()> {
        if let Some((name, amount)) = self.missing(&operator.required_resources()) {
            return Err(Error::unavailable(format!(
                "{} needs the resource `{name}` ({amount}), which this process does not have: run the query on Ray, on a \
                 cluster that has it, or name it among the resources of the runtime settings where it is here",
                operator.describe()
            )));
        }
        let mut inputs = operator.children().into_iter().chain(operator.subplan());
        inputs.try_for_each(|input| with_stack(|| self.check(input)))
    }
}

impl fmt::Display for Resources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (name, amount)) in self.0.iter().enumerate() {
            let comma = if place > 0 { ", " } else { "" };
            write!(f, "{comma}{name} {amount}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resources(amounts: &[(&str, f64)]) -> Resources {
        Resources::try_new(amounts.iter().copied()).unwrap()
    }

    #[test]
    fn a_resource_is_missing_where_it_has_another_name_or_too_small_an_amount() {
        let own = resources(&[("gpu", 1.0), ("license", 0.5)]);
        assert_eq!(own.missing(&resources(&[("gpu", 1.0)])), None);
        assert_eq!(own.missing(&Resources::default()), None);
        let more = resources(&[("gpu", 0.5), ("license", 1.0)]);
        assert_eq!(own.missing(&more), Some(("license", 1.0)));
        assert_eq!(own.missing(&Resources::one("tpu")), Some(("tpu", 1.0)));
        let most = own.most(&resources(&[("gpu", 2.0), ("tpu", 1.0)]));
        assert_eq!(most.to_string(), "gpu 2, license 0.5, tpu 1");
    }

    #[test]
    fn an_amount_is_a_number_above_0_and_a_name_is_not_empty() {
        for (name, amount) in [
            ("", 1.0),
            ("gpu", 0.0),
            ("gpu", -1.0),
            ("gpu", f64::NAN),
            ("gpu", f64::INFINITY),
        ] {
            assert!(Resources::try_new([(name, amount)]).is_err());
        }
    }
}
