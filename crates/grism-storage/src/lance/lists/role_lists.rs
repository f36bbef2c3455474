//! The incidence lists of one role while they are staged: in a dataset of their own, or, where they are few, in the one
//! that roles share.

use std::collections::BTreeMap;
use std::sync::Arc;

use grism_core::{
    AppendedRows, DegreeCounter, DegreeDistribution, Error, HyperedgeType, Incidence, Result,
    SortedColumns, SortedIncidences, Table, TableId,
};

use crate::lance::history::layout::adjacency_path;
use crate::lance::history::log::AdjacencyEntry;
use crate::lance::lists::adjacency::{AdjacencyTarget, Before};
use crate::lance::lists::shared_lists::{Form, SharedLists};
use crate::lance::place::root::Root;
use crate::lance::place::sync::Unsynced;

/// Incidences from which on a role has a dataset of its own.
pub(in crate::lance) const OWN_INCIDENCES: u64 = 4096;

/// Where the incidence lists of a role go.
pub(in crate::lance) struct RoleLists {
    pub(in crate::lance) root: Root,
    pub(in crate::lance) unsynced: Unsynced,
    pub(in crate::lance) shared: SharedLists,
    /// Segments hold `2^shift` members.
    pub(in crate::lance) shift: u8,
    pub(in crate::lance) table: Arc<Table>,
    pub(in crate::lance) role: String,
}

/// What was added to the lists of a role.
pub(in crate::lance) struct AddedLists {
    pub(in crate::lance) role: String,
    /// Their entry, where they have a dataset of their own.
    pub(in crate::lance) own: Option<AdjacencyEntry>,
    /// Incidences that were added, by the table of the member.
    pub(in crate::lance) members: BTreeMap<TableId, u64>,
    /// How often the rows that were added bind their members.
    pub(in crate::lance) degrees: DegreeDistribution,
    /// Whether the lists held nothing of the segments of these members before.
    pub(in crate::lance) are_apart: bool,
}

impl RoleLists {
    /// Adds the incidences of new hyperedges, the first of which has the offset `first_offset`.
    pub(in crate::lance) async fn appended(
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
    pub(in crate::lance) async fn replaced(
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
    pub(in crate::lance) fn target(&self) -> Result<AdjacencyTarget<'_>> {
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
