//! Both storages, after random commits, against a model that keeps rows in a list.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, ListBuilder, UInt64Array, UInt64Builder};
use arrow::record_batch::RecordBatch;
use futures::TryStreamExt;
use grism_core::{
    Cardinality, ChangeSet, EntityId, HyperedgeType, ID_COLUMN, Role, ScanRequest, SegmentKey,
    Snapshot, SnapshotSelector, Storage, TableId, Type, Value,
};

use super::meetings::{OPTIONS, Random};
use crate::{InMemoryStorage, LanceStorage, check_snapshot};

impl Random {
    fn chosen(&mut self, from: &[usize], most: usize) -> Vec<usize> {
        let count = 1 + self.below(most);
        let chosen = (0..count).map(|_| from[self.below(from.len())]);
        let different: BTreeSet<usize> = chosen.collect();
        different.into_iter().collect()
    }
}

/// A meeting: who is host, who are guests, in order, and a number.
#[derive(Clone, Debug, PartialEq)]
struct Meeting {
    host: usize,
    guests: Vec<usize>,
    number: Option<i64>,
}

/// The rows of both tables by their offsets; `None` for one that is gone.
#[derive(Clone, Debug, Default)]
struct Model {
    people: Vec<Option<i64>>,
    meetings: Vec<Option<Meeting>>,
}

impl Model {
    fn people_there(&self) -> Vec<usize> {
        let all = self.people.iter().enumerate();
        all.filter_map(|(offset, person)| person.map(|_| offset))
            .collect()
    }

    fn meetings_there(&self) -> Vec<(usize, &Meeting)> {
        let all = self.meetings.iter().enumerate();
        all.filter_map(|(offset, meeting)| Some((offset, meeting.as_ref()?)))
            .collect()
    }

    fn is_bound(&self, person: usize) -> bool {
        let mut meetings = self.meetings_there().into_iter();
        meetings.any(|(_, own)| own.host == person || own.guests.contains(&person))
    }

    fn random_meeting(&self, random: &mut Random) -> Meeting {
        let people = self.people_there();
        let mut person = || people[random.below(people.len())];
        let (host, others) = (person(), [person(), person(), person()]);
        // Someone may be a guest twice.
        let guests = others[..random.below(4)].to_vec();
        let number = random.below(3).checked_sub(1).map(|own| own as i64);
        Meeting {
            host,
            guests,
            number,
        }
    }

    /// Who is bound through a role, by which meeting and at which place, in order.
    fn incidences(&self, role: &str) -> Vec<(usize, usize, u32)> {
        let mut found = Vec::new();
        for (offset, meeting) in self.meetings_there() {
            let members = match role {
                "host" => std::slice::from_ref(&meeting.host),
                _ => &meeting.guests[..],
            };
            let numbered = members.iter().enumerate();
            found.extend(numbered.map(|(place, member)| (*member, offset, place as u32)));
        }
        found.sort_unstable();
        found
    }
}

/// The tables of a graph of people and meetings.
#[derive(Clone, Copy)]
struct Tables {
    person: TableId,
    meeting: TableId,
}

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    let columns = columns.into_iter();
    let nullable = columns.map(|(name, column)| (name, column, true));
    RecordBatch::try_from_iter_with_nullable(nullable).unwrap()
}

impl Tables {
    fn ids(table: TableId, offsets: &[usize]) -> ArrayRef {
        let ids = offsets.iter();
        let ids = ids.map(|offset| EntityId::new(table, *offset as u64).raw());
        Arc::new(UInt64Array::from_iter_values(ids))
    }

    fn meetings(self, meetings: &[Meeting]) -> Vec<(&'static str, ArrayRef)> {
        let hosts: Vec<usize> = meetings.iter().map(|own| own.host).collect();
        let mut guests = ListBuilder::new(UInt64Builder::new());
        for meeting in meetings {
            let ids = meeting.guests.iter();
            guests.append_value(ids.map(|own| Some(EntityId::new(self.person, *own as u64).raw())));
        }
        let numbers: Int64Array = meetings.iter().map(|own| own.number).collect();
        vec![
            ("host", Self::ids(self.person, &hosts)),
            ("guest", Arc::new(guests.finish())),
            ("number", Arc::new(numbers)),
        ]
    }

    /// One random commit, to the model and to the changes of the storages.
    fn change(self, random: &mut Random, model: &mut Model, changes: &mut [ChangeSet]) {
        let people = model.people_there();
        let there: Vec<usize> = model.meetings_there().iter().map(|(at, _)| *at).collect();
        let kind = if people.is_empty() {
            0
        } else {
            random.below(6)
        };
        match kind {
            0 => {
                let ages: Vec<i64> = (0..=random.below(4)).map(|age| age as i64).collect();
                model.people.extend(ages.iter().copied().map(Some));
                let ages: ArrayRef = Arc::new(Int64Array::from(ages));
                for own in changes {
                    own.append(self.person, batch(vec![("age", Arc::clone(&ages))]));
                }
            }
            1 | 2 => {
                let count = 1 + random.below(5);
                let meetings: Vec<Meeting> =
                    (0..count).map(|_| model.random_meeting(random)).collect();
                model.meetings.extend(meetings.iter().cloned().map(Some));
                for own in changes {
                    own.append(self.meeting, batch(self.meetings(&meetings)));
                }
            }
            3 if !there.is_empty() => {
                let offsets = random.chosen(&there, 3);
                let meetings: Vec<Meeting> = offsets
                    .iter()
                    .map(|_| model.random_meeting(random))
                    .collect();
                for (offset, meeting) in offsets.iter().zip(&meetings) {
                    model.meetings[*offset] = Some(meeting.clone());
                }
                let mut columns = vec![(ID_COLUMN, Self::ids(self.meeting, &offsets))];
                columns.extend(self.meetings(&meetings));
                for own in changes {
                    own.update(self.meeting, batch(columns.clone()));
                }
            }
            4 if !there.is_empty() => {
                let offsets = random.chosen(&there, 3);
                for offset in &offsets {
                    model.meetings[*offset] = None;
                }
                for own in changes {
                    let gone = offsets.iter().map(|offset| *offset as u64).collect();
                    own.deletes.insert(self.meeting, gone);
                }
            }
            _ => {
                // Who is nowhere bound goes; the others grow older.
                let (bound, free): (Vec<usize>, Vec<usize>) =
                    people.into_iter().partition(|own| model.is_bound(*own));
                let gone: Vec<usize> = free.into_iter().take(1).collect();
                let ages: Vec<i64> = bound.iter().map(|own| 10 + *own as i64).collect();
                for (offset, age) in bound.iter().zip(&ages) {
                    model.people[*offset] = Some(*age);
                }
                for offset in &gone {
                    model.people[*offset] = None;
                }
                let updates = batch(vec![
                    (ID_COLUMN, Self::ids(self.person, &bound)),
                    ("age", Arc::new(Int64Array::from(ages))),
                ]);
                for own in changes {
                    own.update(self.person, updates.clone());
                    if !gone.is_empty() {
                        let gone = gone.iter().map(|offset| *offset as u64).collect();
                        own.deletes.insert(self.person, gone);
                    }
                }
            }
        }
    }

    /// Compares everything that a snapshot says with the model.
    async fn compare(self, snapshot: &dyn Snapshot, model: &Model, case: &str) {
        for role in ["host", "guest"] {
            self.compare_lists(snapshot, model, role, case).await;
        }
        let people: Vec<Option<Vec<Value>>> = model
            .people
            .iter()
            .map(|age| age.map(|age| vec![Value::Int64(age)]))
            .collect();
        compare_rows(snapshot, self.person, &["age"], &people, case).await;
        let id = |offset: usize| Value::node(EntityId::new(self.person, offset as u64).raw());
        let meetings: Vec<Option<Vec<Value>>> = model
            .meetings
            .iter()
            .map(|meeting| {
                let meeting = meeting.as_ref()?;
                let guests = meeting.guests.iter().map(|guest| id(*guest)).collect();
                let number = meeting.number.map_or(Value::Null, Value::Int64);
                Some(vec![id(meeting.host), Value::List(guests), number])
            })
            .collect();
        compare_rows(
            snapshot,
            self.meeting,
            &["host", "guest", "number"],
            &meetings,
            case,
        )
        .await;
    }

    async fn compare_lists(self, snapshot: &dyn Snapshot, model: &Model, role: &str, case: &str) {
        let wanted = model.incidences(role);
        let total = snapshot.statistics().incidences(self.meeting, role);
        assert_eq!(total, wanted.len() as u64, "{case}: incidences of {role}");
        let segments = (model.people.len() >> OPTIONS.segment_shift) as u64;
        let mut found = Vec::new();
        for segment in 0..=segments {
            let key = SegmentKey {
                table: self.person,
                segment,
            };
            let lists = snapshot.incidences(self.meeting, role, key).await.unwrap();
            let degrees = snapshot.degrees(self.meeting, role, key).await.unwrap();
            for local in 0..1 << OPTIONS.segment_shift {
                let range = lists.range(local);
                assert_eq!(
                    degrees.range(local).len(),
                    range.len(),
                    "{case}: degrees of {role}"
                );
                found.extend(range.map(|place| {
                    let member = ((segment as usize) << OPTIONS.segment_shift) + local;
                    let hyperedge = EntityId::from_raw(lists.hyperedges.at(place));
                    assert_eq!(hyperedge.table(), self.meeting, "{case}");
                    let position = lists.positions.get(place).copied().unwrap_or(0);
                    (member, hyperedge.offset() as usize, position)
                }));
            }
        }
        assert_eq!(found, wanted, "{case}: lists of {role}");
    }
}

/// The cell of a column of ids or values.
fn cell(batch: &RecordBatch, column: &str, row: usize) -> Value {
    Value::from_array(batch.column_by_name(column).unwrap(), row).unwrap()
}

async fn compare_rows(
    snapshot: &dyn Snapshot,
    table: TableId,
    columns: &[&str],
    rows: &[Option<Vec<Value>>],
    case: &str,
) {
    let columns: Vec<String> = columns.iter().map(|own| (*own).to_owned()).collect();
    let wanted: BTreeMap<u64, &Vec<Value>> = rows
        .iter()
        .enumerate()
        .filter_map(|(offset, row)| Some((offset as u64, row.as_ref()?)))
        .collect();
    assert_eq!(
        snapshot.statistics().rows(table),
        wanted.len() as u64,
        "{case}: rows"
    );
    let all: Vec<u64> = (0..rows.len() as u64 + 1).collect();
    let alive = snapshot.alive(table, &all).await.unwrap();
    let there: Vec<bool> = all.iter().map(|own| wanted.contains_key(own)).collect();
    assert_eq!(alive, there, "{case}: rows that are there");
    // Backwards, and each twice.
    let offsets: Vec<u64> = wanted.keys().rev().flat_map(|own| [*own, *own]).collect();
    let taken = snapshot.take(table, &offsets, &columns).await.unwrap();
    for (row, offset) in offsets.iter().enumerate() {
        let values: Vec<Value> = columns.iter().map(|own| cell(&taken, own, row)).collect();
        assert_eq!(
            &values, wanted[offset],
            "{case}: row {offset} of table {table}"
        );
    }
    let mut scanned = BTreeMap::new();
    for range in snapshot.scan_ranges(table) {
        let request = ScanRequest {
            columns: columns.clone(),
            predicate: Vec::new(),
            range,
            batch_rows: 2,
        };
        let batches = snapshot.scan(request).await.unwrap();
        for batch in batches.try_collect::<Vec<_>>().await.unwrap() {
            for row in 0..batch.num_rows() {
                let id = cell(&batch, ID_COLUMN, row).entity_id().unwrap();
                let values: Vec<Value> = columns.iter().map(|own| cell(&batch, own, row)).collect();
                let offset = EntityId::from_raw(id).offset();
                assert!(
                    scanned.insert(offset, values).is_none(),
                    "{case}: {offset} comes twice"
                );
            }
        }
    }
    assert!(
        scanned.keys().eq(wanted.keys()),
        "{case}: scanned {scanned:?}"
    );
    assert!(
        scanned.values().eq(wanted.values().copied()),
        "{case}: scanned {scanned:?}"
    );
}

/// A graph in memory and one on disk, with the same tables.
async fn storages(directory: &Path) -> (Vec<Arc<dyn Storage>>, Tables) {
    let lance = LanceStorage::open_or_create(directory.join("g.grism"), OPTIONS);
    let storages: Vec<Arc<dyn Storage>> = vec![
        Arc::new(InMemoryStorage::with_layout(
            OPTIONS.segment_shift,
            OPTIONS.fragment_rows,
        )),
        Arc::new(lance.await.unwrap()),
    ];
    let mut tables = Vec::new();
    for storage in &storages {
        let mut changes = changes(storage).await;
        let schema = &mut changes.schema;
        let person = schema.ensure_node_table(&["Person".to_owned()]).unwrap();
        schema.ensure_property(person, "age", &Type::Int64).unwrap();
        let meeting = schema
            .declare(HyperedgeType {
                name: "MEETING".to_owned(),
                roles: vec![
                    Role::new("host", None, Cardinality::One),
                    Role::new("guest", None, Cardinality::Many),
                ],
                declared: true,
            })
            .unwrap();
        schema
            .ensure_property(meeting, "number", &Type::Int64)
            .unwrap();
        storage.commit(changes).await.unwrap();
        tables.push(Tables { person, meeting });
    }
    (storages, tables[0])
}

async fn changes(storage: &Arc<dyn Storage>) -> ChangeSet {
    let snapshot = storage.snapshot(SnapshotSelector::Newest).await.unwrap();
    ChangeSet::new(snapshot.as_ref(), (**snapshot.schema()).clone())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_commits_leave_what_a_naive_model_holds() {
    const COMMITS: usize = 32;
    let directory = tempfile::tempdir().unwrap();
    let (storages, tables) = storages(directory.path()).await;
    let (mut random, mut model) = (Random(17), Model::default());
    let mut past = Vec::new();
    for number in 0..COMMITS {
        let mut own = Vec::new();
        for storage in &storages {
            own.push(changes(storage).await);
        }
        tables.change(&mut random, &mut model, &mut own);
        let mut ids = Vec::new();
        for ((storage, own), name) in storages.iter().zip(own).zip(["memory", "lance"]) {
            ids.push(storage.commit(own).await.unwrap());
            let snapshot = storage.snapshot(SnapshotSelector::Newest).await.unwrap();
            tables
                .compare(
                    snapshot.as_ref(),
                    &model,
                    &format!("{name}, commit {number}"),
                )
                .await;
        }
        if number % 8 == 7 {
            past.push((ids, model.clone()));
        }
    }
    for (ids, model) in past {
        for (storage, id) in storages.iter().zip(ids) {
            let snapshot = storage.snapshot(id.into()).await.unwrap();
            let case = format!("snapshot {id} later");
            tables.compare(snapshot.as_ref(), &model, &case).await;
        }
    }
    for storage in &storages {
        let snapshot = storage.snapshot(SnapshotSelector::Newest).await.unwrap();
        let report = check_snapshot(&snapshot).await.unwrap();
        assert!(report.is_sound(), "{:?}", report.problems);
    }
    let lance = LanceStorage::open(directory.path().join("g.grism"));
    let opened = lance.await.unwrap();
    let snapshot = opened.snapshot(SnapshotSelector::Newest).await.unwrap();
    tables
        .compare(snapshot.as_ref(), &model, "opened again")
        .await;
}
