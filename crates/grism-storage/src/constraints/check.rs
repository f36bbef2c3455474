//! `Checks`: whether a commit keeps the constraints.

use grism_core::{ChangeSet, Constraint, Error, Result, Snapshot};

use super::compare::Rows;
use super::covered::{constraint_bytes, has_rows};
use super::key_cache::{History, KeyCache};
use super::new_keys::NewKeys;
use super::touched::Touched;
use super::whole::violations;

/// Whether what a writer verified itself counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// The changes are committed on the snapshot they were made on.
    Verified,
    /// They were moved onto another one.
    Nothing,
}

/// The constraints that a commit touches.
#[derive(Debug)]
pub(super) struct Checks<'a> {
    checks: Vec<Check<'a>>,
    new_keys: NewKeys,
}

#[derive(Debug)]
struct Check<'a> {
    constraint: &'a Constraint,
    kind: CheckKind<'a>,
}

#[derive(Debug)]
enum CheckKind<'a> {
    /// The constraint is new, and there are rows that it is of.
    Whole,
    /// These rows are new, or change.
    Rows(Touched<'a>),
}

impl<'a> Checks<'a> {
    /// What must be checked of steps on top of `before`, beside what earlier steps of the same commit left in `earlier`.
    ///
    /// # Errors
    /// Those of rows that are kept in files.
    pub(super) fn of(
        before: &dyn Snapshot,
        steps: &'a [ChangeSet],
        trust: Trust,
        earlier: Option<&NewKeys>,
    ) -> Result<Self> {
        let mut found = Self {
            checks: Vec::new(),
            new_keys: NewKeys::staged(earlier),
        };
        let Some(schema) = steps.last().map(|step| &step.schema) else {
            return Ok(found);
        };
        for constraint in schema.constraints() {
            let mut known = before.schema().constraints().iter();
            let is_new = !known.any(|own| own.is_same_rule(constraint));
            if is_new && has_rows(before, constraint) {
                found.new_keys.forget(constraint);
                let kind = CheckKind::Whole;
                found.checks.push(Check { constraint, kind });
                continue;
            }
            let Some(touched) = Touched::of(constraint, schema, before, steps)? else {
                continue;
            };
            // Earlier steps may have added keys since the writer looked.
            let is_verified = trust == Trust::Verified
                && !found.new_keys.concerns(constraint)
                && !touched.has_changed()
                && steps
                    .iter()
                    .all(|step| step.verified.contains(&constraint.name));
            if is_verified {
                found.new_keys.forget(constraint);
                continue;
            }
            let kind = CheckKind::Rows(touched);
            found.checks.push(Check { constraint, kind });
        }
        Ok(found)
    }

    /// Whether the graph after the commit is read.
    pub(super) fn read_after(&self) -> bool {
        self.checks.iter().any(|check| match &check.kind {
            CheckKind::Whole => true,
            CheckKind::Rows(touched) => touched.has_changed(),
        })
    }

    /// Checks everything; the keys that come with the commit.
    ///
    /// # Errors
    /// `InvalidData` for the first row that a constraint does not allow; those of the storage.
    pub(super) async fn run(
        self,
        before: &dyn Snapshot,
        after: Option<&dyn Snapshot>,
        cache: &KeyCache,
        history: &dyn History,
    ) -> Result<NewKeys> {
        let mut new_keys = self.new_keys;
        for check in &self.checks {
            let constraint = check.constraint;
            match &check.kind {
                CheckKind::Whole => {
                    let after = after.ok_or_else(not_read)?;
                    violations(after, constraint).await?.into_result()?;
                }
                CheckKind::Rows(touched) => {
                    let rows = Rows {
                        constraint,
                        touched,
                        before,
                        after,
                    };
                    rows.check_missing().await?;
                    if !constraint.rule.is_unique() {
                        continue;
                    }
                    let own = rows.check_unique(&new_keys, cache, history).await?;
                    new_keys.add(constraint, own, constraint_bytes(before));
                }
            }
        }
        Ok(new_keys)
    }
}

fn not_read() -> Error {
    Error::internal("a graph that a constraint is checked in is not read")
}
