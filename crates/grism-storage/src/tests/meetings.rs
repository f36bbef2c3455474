//! Graphs of people and meetings, in memory and on disk, and everything that a snapshot of one holds.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use futures::TryStreamExt;
use grism_core::{
    Cardinality, ChangeSet, EntityId, GraphSchema, HyperedgeType, ID_COLUMN, LABELS_COLUMN, Result,
    Role, SegmentKey, Snapshot, SnapshotId, SnapshotSelector, Storage, TableId, Value,
};

use crate::all_rows::all_rows;
use crate::{GraphOptions, InMemoryStorage, LanceStorage, Transaction};

/// Small, so that a small graph has many segments and fragments.
pub(super) const OPTIONS: GraphOptions = GraphOptions {
    segment_shift: 2,
    fragment_rows: 3,
};

/// Numbers that look random, the same in every run.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }

    /// One of `from`.
    pub(super) fn one_of<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

/// A graph where `MEETING(host Person, guest Person*, room Room?)` and `CLAIM(about MEETING)` are declared.
pub(super) struct Meetings {
    /// `memory` or `disk`, for messages.
    pub(super) name: &'static str,
    pub(super) storage: Arc<dyn Storage>,
}

impl Meetings {
    /// Two such graphs, the second one in `directory`.
    pub(super) async fn both(directory: &Path) -> [Self; 2] {
        let memory = InMemoryStorage::with_layout(OPTIONS.segment_shift, OPTIONS.fragment_rows);
        [
            Self::over("memory", Arc::new(memory)).await,
            Self::on_disk(directory).await.0,
        ]
    }

    /// Such a graph in `directory`, and its storage as what it is.
    pub(super) async fn on_disk(directory: &Path) -> (Self, LanceStorage) {
        let lance = LanceStorage::open_or_create(directory.join("g.grism"), OPTIONS);
        let lance = lance.await.unwrap();
        let meetings = Self::over("disk", Arc::new(lance.clone())).await;
        (meetings, lance)
    }

    async fn over(name: &'static str, storage: Arc<dyn Storage>) -> Self {
        let meetings = Self { name, storage };
        let declared = meetings.altered(|schema| {
            let member = |name: &str| Some(name.to_owned());
            let meeting = vec![
                Role::new("host", member("Person"), Cardinality::One),
                Role::new("guest", member("Person"), Cardinality::Many),
                Role::new("room", member("Room"), Cardinality::Optional),
            ];
            let claim = vec![Role::new("about", member("MEETING"), Cardinality::One)];
            for (name, roles) in [("MEETING", meeting), ("CLAIM", claim)] {
                let name = name.to_owned();
                let declared = true;
                schema
                    .declare(HyperedgeType {
                        name,
                        roles,
                        declared,
                    })
                    .unwrap();
            }
        });
        declared.await.unwrap();
        meetings
    }

    pub(super) async fn newest(&self) -> Arc<dyn Snapshot> {
        let newest = self.storage.snapshot(SnapshotSelector::Newest);
        newest.await.unwrap()
    }

    pub(super) async fn begin(&self) -> Transaction {
        Transaction::new(self.newest().await)
    }

    pub(super) async fn commit(&self, transaction: Transaction) -> Result<SnapshotId> {
        self.storage.commit(transaction.finish()?).await
    }

    /// Commits changes of the schema.
    pub(super) async fn altered(
        &self,
        change: impl FnOnce(&mut GraphSchema),
    ) -> Result<SnapshotId> {
        let newest = self.newest().await;
        let mut changes = ChangeSet::new(newest.as_ref(), (**newest.schema()).clone());
        change(&mut changes.schema);
        self.storage.commit(changes).await
    }

    /// Everything that the newest snapshot holds.
    pub(super) async fn contents(&self) -> Contents {
        contents(self.newest().await.as_ref()).await
    }

    /// Commits so many people, whose property `number` counts up from 0, and gives their ids.
    pub(super) async fn with_people(&self, count: usize) -> Vec<u64> {
        let mut transaction = self.begin().await;
        let people: Vec<u64> = (0..count)
            .map(|number| person(&mut transaction, number as i64))
            .collect();
        self.commit(transaction).await.unwrap();
        people
    }
}

/// Creates a person.
pub(super) fn person(transaction: &mut Transaction, number: i64) -> u64 {
    let id = transaction.create_node(&texts(&["Person"])).unwrap();
    let number = Value::Int64(number);
    transaction.set_property(id, "number", number).unwrap();
    id
}

/// Creates a meeting.
pub(super) async fn meeting(transaction: &mut Transaction, host: u64, guests: &[u64]) -> u64 {
    let id = transaction.create_hyperedge("MEETING").unwrap();
    transaction.bind(id, "host", host).await.unwrap();
    for guest in guests {
        transaction.bind(id, "guest", *guest).await.unwrap();
    }
    id
}

pub(super) fn texts(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// A member, a hyperedge that binds it and its place there, by the type and the role.
type Lists = BTreeMap<(String, String), BTreeSet<(u64, u64, u32)>>;

/// What a snapshot holds.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Contents {
    /// The properties, members and changed labels of each entity, where they are not null.
    pub(super) entities: BTreeMap<u64, BTreeMap<String, Value>>,
    pub(super) lists: Lists,
}

/// Reads everything: the rows by scans, and incidence lists segment by segment.
pub(super) async fn contents(snapshot: &dyn Snapshot) -> Contents {
    let mut found = Contents::default();
    let tables: Vec<TableId> = snapshot.schema().tables().map(|table| table.id).collect();
    for table in &tables {
        found.entities.extend(entities_of(snapshot, *table).await);
    }
    for (table, ty) in snapshot.schema().hyperedge_tables() {
        for role in &ty.roles {
            let mut list = BTreeSet::new();
            for member in &tables {
                list.extend(list_of(snapshot, table.id, &role.name, *member).await);
            }
            let key = (ty.name.clone(), role.name.clone());
            found.lists.insert(key, list);
        }
    }
    found
}

async fn entities_of(
    snapshot: &dyn Snapshot,
    table: TableId,
) -> BTreeMap<u64, BTreeMap<String, Value>> {
    let own = snapshot.schema().table(table).unwrap();
    // What a column holds, by the name that users know.
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for property in &own.properties {
        names.insert(property.column().to_owned(), property.name.clone());
    }
    for role in own.hyperedge_type().iter().flat_map(|ty| &ty.roles) {
        names.insert(role.column().into_owned(), role.name.clone());
    }
    if !own.changed_labels.is_empty() {
        names.insert(LABELS_COLUMN.to_owned(), LABELS_COLUMN.to_owned());
    }
    let columns: Vec<String> = names.keys().cloned().collect();
    let batches = all_rows(snapshot, table, &columns);
    let mut entities = BTreeMap::new();
    for batch in batches.try_collect::<Vec<_>>().await.unwrap() {
        for row in 0..batch.num_rows() {
            let cell = |column: &str| {
                Value::from_array(batch.column_by_name(column).unwrap(), row).unwrap()
            };
            let id = cell(ID_COLUMN).entity_id().unwrap();
            let cells = names
                .iter()
                .map(|(column, name)| (name.clone(), cell(column)));
            let cells = cells.filter(|(_, value)| !value.is_null());
            let before = entities.insert(id, cells.collect());
            assert!(before.is_none(), "{id} comes twice");
        }
    }
    entities
}

/// The incidences of a role whose members are of one table.
async fn list_of(
    snapshot: &dyn Snapshot,
    table: TableId,
    role: &str,
    members: TableId,
) -> Vec<(u64, u64, u32)> {
    let shift = snapshot.segment_shift();
    let statistics = snapshot.statistics().tables.get(&members);
    let next = statistics.map_or(0, |statistics| statistics.next_offset);
    let mut found = Vec::new();
    for segment in 0..=next >> shift {
        let key = SegmentKey {
            table: members,
            segment,
        };
        let lists = snapshot.incidences(table, role, key).await.unwrap();
        for local in 0..1usize << shift {
            let member = EntityId::new(members, (segment << shift) + local as u64);
            found.extend(lists.range(local).map(|place| {
                let position = lists.positions.get(place).copied().unwrap_or(0);
                (member.raw(), lists.hyperedges.at(place), position)
            }));
        }
    }
    found
}
