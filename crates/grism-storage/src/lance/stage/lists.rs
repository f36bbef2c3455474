//! Staging of incidence lists: what rows that change or go leave behind, and small additions.

use std::collections::{BTreeMap, BTreeSet};

use arrow::record_batch::RecordBatch;
use grism_core::{HyperedgeType, Incidence, Result, Table};

use super::table::{StagedTable, TableContext};
use crate::columns::with_role_columns;
use crate::incidences::{collect_incidences, members_of};
use crate::lance::history::log::AdjacencyEntry;
use crate::lance::lists::adjacency::{Before, TAKEN_BACK};
use crate::lance::lists::shared_lists::Form;

/// Incidences that are taken back and that come instead, by role, until they are staged.
#[derive(Default)]
pub(super) struct Replaced {
    before: BTreeMap<String, Vec<Incidence>>,
    after: BTreeMap<String, Vec<Incidence>>,
}

impl Replaced {
    /// Adds the incidences of some hyperedges as they were, and as they are afterwards.
    pub(super) fn add(
        &mut self,
        table: &Table,
        ty: &HyperedgeType,
        offsets: &[u64],
        before: &RecordBatch,
        after: Option<&RecordBatch>,
    ) -> Result<()> {
        for (batch, all) in [(Some(before), &mut self.before), (after, &mut self.after)] {
            let Some(batch) = batch else {
                continue;
            };
            let batch = [with_role_columns(batch, table)?];
            for (role, found) in collect_incidences(table.id, ty, &batch, &|row| offsets[row])? {
                all.entry(role).or_default().extend(found);
            }
        }
        Ok(())
    }

    fn len(&self) -> usize {
        let all = self.before.values().chain(self.after.values());
        all.map(Vec::len).sum()
    }
}

impl StagedTable {
    /// Stages what is replaced, where there are more than `most` incidences of it.
    pub(super) async fn replace(
        &mut self,
        context: &TableContext,
        replaced: &mut Replaced,
        most: usize,
    ) -> Result<()> {
        if replaced.len() <= most {
            return Ok(());
        }
        let Replaced {
            mut before,
            mut after,
        } = std::mem::take(replaced);
        let lists = before.values_mut().chain(after.values_mut());
        lists.for_each(|incidences| incidences.sort_unstable());
        let roles: BTreeSet<String> = before.keys().chain(after.keys()).cloned().collect();
        for role in roles {
            let members = |of: &BTreeMap<String, Vec<Incidence>>| {
                members_of(of.get(&role).map_or(&[][..], Vec::as_slice))
            };
            let (old, new) = (members(&before), members(&after));
            let counts = self.statistics.roles.entry(role);
            counts.or_default().replace(&old, &new);
        }
        for incidence in before.values_mut().flatten() {
            incidence.position = TAKEN_BACK;
        }
        for (role, incidences) in before.into_iter().chain(after) {
            add_delta(context, &mut self.adjacency, &role, incidences).await?;
        }
        Ok(())
    }
}

/// Takes the lists of a role, to put others in their place.
pub(super) async fn take_lists(
    context: &TableContext,
    adjacency: &mut Vec<AdjacencyEntry>,
    role: &str,
) -> Before {
    let place = adjacency.iter().position(|own| own.role == role);
    match place {
        Some(place) => Before::Own(adjacency.swap_remove(place)),
        None => match context.shared.remove(context.table.id, role).await {
            Some(shared) => Before::Shared(shared),
            None => Before::None,
        },
    }
}

/// Stages incidences of a small commit, or rows that take some back.
pub(super) async fn add_delta(
    context: &TableContext,
    adjacency: &mut [AdjacencyEntry],
    role: &str,
    incidences: Vec<Incidence>,
) -> Result<()> {
    let Some(own) = adjacency.iter_mut().find(|own| own.role == role) else {
        let shared = &context.shared;
        let added = shared.add(context.table.id, role, incidences, Form::Delta);
        return added.await;
    };
    if !incidences.is_empty() {
        let lists = context.role_lists(role);
        *own = lists.target()?.append_delta(own, &incidences).await?;
    }
    Ok(())
}
