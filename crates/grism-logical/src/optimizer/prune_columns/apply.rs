//! A subplan that runs for each row, and the rows it runs for.

use grism_core::Result;
use std::collections::BTreeSet;

use super::Pruner;
use super::inputs::with_argument;
use super::needs::Needs;
use crate::{Apply, ApplyKind, Internal, LogicalPlan, SharedPlan};

impl Pruner<'_> {
    pub(super) fn prune_apply(&self, apply: &Apply, needs: Needs) -> Result<LogicalPlan> {
        let outer = apply.input.schema()?;
        let inner = apply.subplan.schema()?;
        let mut below = needs.clone();
        match &apply.kind {
            ApplyKind::Mark(name) | ApplyKind::Count(name) => {
                below.columns.remove(name);
            }
            ApplyKind::Collect { into, .. } => {
                below.columns.remove(into);
            }
            ApplyKind::Inner | ApplyKind::Optional => {
                below.columns.retain(|name| outer.contains(name));
                below.lengths.retain(|name| outer.contains(name));
            }
            ApplyKind::Semi | ApplyKind::Anti => {}
        }
        let wanted = match &apply.kind {
            ApplyKind::Inner | ApplyKind::Optional => needs
                .columns
                .iter()
                .filter(|name| inner.contains(name) && !outer.contains(name))
                .cloned()
                .collect(),
            ApplyKind::Collect { value, .. } => [value.clone()].into(),
            _ => BTreeSet::new(),
        };
        let mut names: Vec<String> = wanted.iter().cloned().collect();
        let mut inside = Needs::of(wanted);
        if matches!(apply.kind, ApplyKind::Inner | ApplyKind::Optional) {
            let lengths = needs.lengths.iter();
            let own = lengths.filter(|name| inner.contains(name) && !outer.contains(name));
            inside.lengths.extend(own.cloned());
        }
        let lengths = inside.lengths.clone();
        let mut subplan = self.prune(&apply.subplan, inside)?;
        let made = subplan.schema()?;
        for column in lengths {
            if names.contains(&column) {
                continue;
            }
            let length = Internal::LengthOf(&column).column();
            names.push(match made.contains(&length) {
                true => length,
                false => column,
            });
        }
        if matches!(
            apply.kind,
            ApplyKind::Inner | ApplyKind::Optional | ApplyKind::Collect { .. }
        ) {
            // What the subplan fetched of outer entities for itself is null where it found nothing, and must not be
            // taken for the outer row's own.
            subplan = subplan.keep_columns(&names)?;
        }
        below.columns.extend(subplan.argument_columns());
        let input = self.prune_and_trim(&apply.input, below)?;
        let subplan = SharedPlan::new(with_argument(&subplan, &input.schema()?.columns)?);
        Ok(LogicalPlan::Apply(Apply {
            input,
            subplan,
            kind: apply.kind.clone(),
        }))
    }
}
