//! `Rewrites`: which rules of the optimizer run.

use std::collections::BTreeSet;

use grism_core::{Error, Result, nearest};

use super::rule_change::{RuleChange, change_between};
use super::{Facts, Necessity, RULES, Rule};
use crate::LogicalPlan;

/// The word that leaves out every rule that can be left out.
const NONE: &str = "none";

/// The rules that run: all of them, or all but some. Without a rule the answer is the same, and may take longer; so tests find
/// what a rule does wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rewrites {
    left_out: BTreeSet<&'static str>,
}

impl Rewrites {
    /// All rules but those called so. `none` leaves out every one that can be left out.
    ///
    /// ```
    /// use grism_logical::optimizer::Rewrites;
    ///
    /// assert!(Rewrites::without(["weigh_patterns"]).is_ok());
    /// assert!(Rewrites::without(["prune_columns"]).is_err());
    /// ```
    ///
    /// # Errors
    /// `InvalidQuery` for a name of no rule that can be left out.
    pub fn without(names: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Self> {
        let mut left_out = BTreeSet::new();
        for name in names {
            match name.as_ref() {
                NONE => left_out.extend(optional()),
                name => {
                    let own = optional().find(|own| *own == name);
                    left_out.insert(own.ok_or_else(|| unknown(name))?);
                }
            }
        }
        Ok(Self { left_out })
    }

    /// The names of the rules that do not run, in order.
    pub fn left_out(&self) -> impl Iterator<Item = &'static str> {
        self.left_out.iter().copied()
    }

    /// Runs every rule once that is not left out.
    ///
    /// # Errors
    /// Those of the rules, which are errors of type inference.
    pub fn optimize(&self, plan: LogicalPlan, facts: Facts<'_>) -> Result<LogicalPlan> {
        self.rules()
            .try_fold(plan, |plan, rule| (rule.apply)(plan, facts))
    }

    /// As [`Self::optimize`], and says what those rules changed that changed anything.
    ///
    /// # Errors
    /// As [`Self::optimize`].
    pub fn optimize_verbosely(
        &self,
        mut plan: LogicalPlan,
        facts: Facts<'_>,
    ) -> Result<(LogicalPlan, Vec<RuleChange>)> {
        let mut changes = Vec::new();
        for rule in self.rules() {
            let before = plan.to_string();
            plan = (rule.apply)(plan, facts)?;
            changes.extend(change_between(rule.name, &before, &plan.to_string()));
        }
        Ok((plan, changes))
    }

    fn rules(&self) -> impl Iterator<Item = &'static Rule> {
        let rules = RULES.iter();
        rules.filter(|rule| !self.left_out.contains(rule.name))
    }
}

fn optional() -> impl Iterator<Item = &'static str> {
    let rules = RULES.iter();
    let rules = rules.filter(|rule| rule.necessity == Necessity::Optional);
    rules.map(|rule| rule.name)
}

fn unknown(name: &str) -> Error {
    let hint = match nearest(name, optional().chain([NONE])) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!(
            "there are {}, and {NONE} for all of them",
            optional().collect::<Vec<_>>().join(", ")
        ),
    };
    Error::invalid_query(format!(
        "there is no rewrite `{name}` that can be left out; {hint}"
    ))
}

#[cfg(test)]
mod tests {
    use super::Rewrites;

    #[test]
    fn rules_that_plans_need_stay() {
        let rewrites = Rewrites::without(["none"]).unwrap();
        let left: Vec<_> = rewrites.rules().map(|rule| rule.name).collect();
        assert!(left.contains(&"push_filters") && left.contains(&"prune_columns"));
        assert!(!left.contains(&"weigh_patterns") && !left.contains(&"count_expansions"));
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_nearest() {
        let error = Rewrites::without(["weigh_pattern"]).unwrap_err();
        assert!(error.message().contains("did you mean `weigh_patterns`?"));
        assert!(Rewrites::without(["prune_columns"]).is_err());
    }
}
