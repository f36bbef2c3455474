//! The incidence lists of one role while they are staged: in a dataset of their own, or, where they are few, in the one
//! that roles share.

use std::collections::BTreeMap;
use std::sync::Arc;

use grism_core::{
    AppendedRows, DegreeCounter, DegreeDistribution, Error, HyperedgeType, Incidence, Result,
    SortedColumns, SortedIncidences, Table, TableId,
};

use super::adjacency::{AdjacencyTarget, Before};
use super::layout::adjacency_path;
use super::log::AdjacencyEntry;
use super::root::Root;
use super::shared_lists::{Form, SharedLists};
use super::sync::Unsynced;

/// Incidences from which on a role has a dataset of its own.
pub(super) const OWN_INCIDENCES: u64 = 4096;

/// Where the incidence lists of a role go.
pub(super) struct RoleLists {
    pub(super) root: Root,
    pub(super) unsynced: Unsynced,
    pub(super) shared: SharedLists,
    /// Segments hold `2^shift` members.
    pub(super) shift: u8,
    pub(super) table: Arc<Table>,
    pub(super) role: String,
}

/// What was added to the lists of a role.
pub(super) struct AddedLists {
    pub(super) role: String,
    /// Their entry, where they have a dataset of their own.
    pub(super) own: Option<AdjacencyEntry>,
    /// Incidences that were added, by the table of the member.
    pub(super) members: BTreeMap<TableId, u64>,
    /// How often the rows that were added bind their members.
    pub(super) degrees: DegreeDistribution,
    /// Whether the lists held nothing of the segments of these members before.
    pub(super) are_apart: bool,
}

impl RoleLists {
    /// Adds the incidences of new hyperedges, the first of which has the offset `first_offset`.
    pub(super) async fn appended(
        self,
        before: Before,
        pieces: Vec<AppendedRows>,
        first_offset: u64,
    ) -> Result<AddedLists> {
        let sorted = SortedIncidences::count(
            self.table.id,
            self.hyperedge_type()?,
            &self.role,
            pieces,
            first_offset,
            self.shift,
            self.root.resources().shares().sort_bytes(),
        )?;
        let members = sorted.by_table();
        let count: u64 = members.values().sum();
        if count >= OWN_INCIDENCES || matches!(before, Before::Own(_)) {
            let target = self.target()?;
            let lists = target.append_sorted(before, sorted).await?;
            return Ok(AddedLists {
                own: Some(lists.entry),
                members,
                degrees: lists.degrees,
                are_apart: lists.are_apart,
                role: self.role,
            });
        }
        let are_apart = matches!(before, Before::None);
        if let Before::Shared(entry) = before {
            self.shared.put_back(entry).await;
        }
        let (incidences, degrees) = few(sorted)?;
        let added = self
            .shared
            .add(self.table.id, &self.role, incidences, Form::Delta);
        added.await?;
        Ok(AddedLists {
            own: None,
            members,
            degrees,
            are_apart,
            role: self.role,
        })
    }

    /// Puts lists that are sorted anew in the place of all that there were; their entry, where they have a dataset of their
    /// own, and their degrees.
    pub(super) async fn replaced(
        &self,
        sorted: SortedIncidences,
    ) -> Result<(Option<AdjacencyEntry>, DegreeDistribution)> {
        let count: u64 = sorted.by_table().values().sum();
        if count >= OWN_INCIDENCES {
            let lists = self.target()?.append_sorted(Before::None, sorted).await?;
            return Ok((Some(lists.entry), lists.degrees));
        }
        let (incidences, degrees) = few(sorted)?;
        let form = Form::Runs { shift: self.shift };
        self.shared
            .add(self.table.id, &self.role, incidences, form)
            .await?;
        Ok((None, degrees))
    }

    /// The dataset of the role's own.
    pub(super) fn target(&self) -> Result<AdjacencyTarget<'_>> {
        Ok(AdjacencyTarget {
            root: &self.root,
            stem: adjacency_path(&self.table, &self.role),
            table: self.table.id,
            role: self.role.clone(),
            binary: self.hyperedge_type()?.is_binary(),
            unsynced: &self.unsynced,
        })
    }

    fn hyperedge_type(&self) -> Result<&HyperedgeType> {
        let ty = self.table.hyperedge_type();
        ty.ok_or_else(|| Error::internal("roles of a table of nodes"))
    }
}

/// Sorted incidences as a list, and their degrees.
fn few(sorted: SortedIncidences) -> Result<(Vec<Incidence>, DegreeDistribution)> {
    let mut counter = DegreeCounter::default();
    let mut incidences = Vec::new();
    for columns in sorted.batches() {
        let columns: SortedColumns = columns?;
        counter.add(&columns.members);
        incidences.extend((0..columns.members.len()).map(|row| Incidence {
            member: columns.members[row],
            hyperedge: columns.hyperedges[row],
            position: columns.positions.get(row).copied().unwrap_or_default(),
            opposite: columns.opposites.get(row).copied().unwrap_or_default(),
        }));
    }
    Ok((incidences, counter.finish()))
}
