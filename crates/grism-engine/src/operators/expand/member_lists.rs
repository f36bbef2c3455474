//! The incidence lists of an operator that follows many types or roles, and which of them a member occurs in.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::UInt64Array;
use grism_core::{EntityId, ListDirectory, NumberMap, Result, SegmentKey, Snapshot, TableId};

use super::expansion::IncidenceReader;

/// Lists up to which it costs less to look into each of them than to ask which ones are not empty.
const FEW: usize = 16;

/// One list of each member.
#[derive(Clone, Debug)]
pub(crate) struct MemberList {
    pub(crate) table: TableId,
    /// The number of the role within the operator.
    pub(crate) role: usize,
    pub(crate) name: String,
}

/// The lists of an operator, and of the members met so far those that are not empty.
///
/// ```text
/// (n)<-[r]-(h)   487 types, 200 roles ─▶ 1,100 lists, of which a member is in a handful
/// ```
#[derive(Debug)]
pub(crate) struct MemberLists {
    snapshot: Arc<dyn Snapshot>,
    lists: Vec<MemberList>,
    /// By segment, where the lists are many.
    segments: NumberMap<SegmentKey, SegmentLists>,
}

/// The lists of one segment.
#[derive(Debug)]
struct SegmentLists {
    directory: Arc<ListDirectory>,
    /// For each list of the directory, its number within the operator.
    numbers: Vec<Option<u32>>,
}

impl MemberLists {
    /// The lists of `roles`, by their numbers, of the hyperedges in `tables`; a type without a role has no list of it.
    ///
    /// # Errors
    /// `Internal` for a table that the schema does not know.
    pub(crate) fn new(
        snapshot: &Arc<dyn Snapshot>,
        tables: &[TableId],
        roles: &[String],
    ) -> Result<Self> {
        let numbers: HashMap<&str, usize> = roles
            .iter()
            .enumerate()
            .map(|(number, role)| (role.as_str(), number))
            .collect();
        let mut lists = Vec::new();
        for table in tables {
            let Some(ty) = snapshot.schema().table(*table)?.hyperedge_type() else {
                continue;
            };
            let mut own: Vec<MemberList> = ty
                .roles
                .iter()
                .filter_map(|role| {
                    Some(MemberList {
                        table: *table,
                        role: *numbers.get(role.name.as_str())?,
                        name: role.name.clone(),
                    })
                })
                .collect();
            own.sort_unstable_by_key(|list| list.role);
            lists.append(&mut own);
        }
        Ok(Self {
            snapshot: Arc::clone(snapshot),
            lists,
            segments: NumberMap::default(),
        })
    }

    /// All of them.
    pub(crate) fn all(&self) -> &[MemberList] {
        &self.lists
    }

    /// Loads the lists that the members in `ids` occur in; called once for each batch, before [`Self::of_member`].
    ///
    /// # Errors
    /// Those of the storage.
    pub(crate) async fn load(
        &mut self,
        reader: &mut IncidenceReader,
        ids: &UInt64Array,
    ) -> Result<()> {
        reader.begin_batch(ids);
        if self.lists.len() <= FEW {
            for (number, list) in self.lists.iter().enumerate() {
                reader.load(number, list.table, &list.name, ids).await?;
            }
            return Ok(());
        }
        let shift = self.snapshot.segment_shift();
        let mut wanted: NumberMap<(SegmentKey, u32), ()> = NumberMap::default();
        let mut found = Vec::new();
        for id in ids.iter().flatten() {
            let key = SegmentKey::of(EntityId::from_raw(id), shift);
            if !self.segments.contains_key(&key) {
                let directory = self.snapshot.list_directory(key).await?;
                self.segments.insert(key, self.numbered(directory));
            }
            self.of_member(id, &mut found);
            for number in &found {
                wanted.insert((key, *number), ());
            }
        }
        for (key, number) in wanted.into_keys() {
            let (number, list) = (number as usize, &self.lists[number as usize]);
            reader
                .load_segment(number, list.table, &list.name, key)
                .await?;
        }
        Ok(())
    }

    fn numbered(&self, directory: Arc<ListDirectory>) -> SegmentLists {
        let own: HashMap<(TableId, &str), u32> = (0..)
            .zip(&self.lists)
            .map(|(number, list)| ((list.table, list.name.as_str()), number))
            .collect();
        let numbers = directory.lists().iter();
        let numbers = numbers.map(|(table, role)| own.get(&(*table, role.as_str())).copied());
        SegmentLists {
            numbers: numbers.collect(),
            directory,
        }
    }

    /// The numbers of the lists that may hold incidences of `member`, ascending, in place of what is in `found`: nothing, or what
    /// was found for another member.
    pub(crate) fn of_member(&self, member: u64, found: &mut Vec<u32>) {
        if self.lists.len() <= FEW {
            // They are the same for all members.
            if found.is_empty() {
                found.extend(0..self.lists.len() as u32);
            }
            return;
        }
        found.clear();
        let shift = self.snapshot.segment_shift();
        let id = EntityId::from_raw(member);
        let Some(segment) = self.segments.get(&SegmentKey::of(id, shift)) else {
            return;
        };
        let local = (id.offset() & ((1 << shift) - 1)) as usize;
        let own = segment.directory.of_member(local).iter();
        found.extend(own.filter_map(|number| segment.numbers[*number as usize]));
        found.sort_unstable();
    }
}
