//! A generated graph whose degrees are skewed and whose properties depend on each other.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, ListArray, StringArray};
use arrow::datatypes::Int64Type;
use arrow::record_batch::RecordBatch;
use grism::{Graph, InMemoryStorage, MissingMember, QueryOptions, RoleSource};

const PERSONS: u64 = 800;
const CITIES: u64 = 40;
const COUNTRIES: u64 = 5;
const COMPANIES: u64 = 60;
const TOPICS: u64 = 50;
const ITEMS: u64 = 200;

/// Numbers that are always the same.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> i64 {
        (self.share() * bound as f64) as i64
    }

    /// A number below `bound`, of which the first are the most frequent; the more so the greater `power` is.
    fn skewed(&mut self, bound: u64, power: i32) -> i64 {
        (self.share().powi(power) * bound as f64) as i64
    }

    fn share(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Persons who know each other, like topics, work, live in cities of countries, meet, and buy what companies sell.
pub(super) async fn graph() -> Graph {
    let graph = Graph::over(Arc::new(InMemoryStorage::default()));
    let mut numbers = Numbers(7);
    nodes(&graph, &mut numbers).await;
    edges(&graph, &mut numbers).await;
    hyperedges(&graph, &mut numbers).await;
    graph
}

async fn nodes(graph: &Graph, numbers: &mut Numbers) {
    // The zip code tells the city, and few persons have a nickname.
    let zips: Vec<i64> = (0..PERSONS).map(|_| numbers.skewed(200, 2)).collect();
    let cities = zips.iter().map(|zip| Some(format!("c{}", zip / 5)));
    let nicknames = (0..PERSONS).map(|id| (id % 97 == 3).then(|| format!("n{id}")));
    let persons = vec![
        ("id", integers((0..PERSONS as i64).collect())),
        ("name", names("p", PERSONS)),
        (
            "age",
            integers((0..PERSONS).map(|_| numbers.below(90)).collect()),
        ),
        (
            "city",
            Arc::new(cities.collect::<StringArray>()) as ArrayRef,
        ),
        ("zip", integers(zips)),
        ("nickname", Arc::new(nicknames.collect::<StringArray>())),
    ];
    load_nodes(graph, "Person", persons).await;
    let others = [
        ("City", CITIES),
        ("Country", COUNTRIES),
        ("Company", COMPANIES),
        ("Topic", TOPICS),
        ("Item", ITEMS),
    ];
    for (label, count) in others {
        let prefix = label.to_lowercase();
        let columns = vec![
            ("id", integers((0..count as i64).collect())),
            ("name", names(&prefix, count)),
            (
                "kind",
                integers((0..count).map(|_| numbers.skewed(8, 3)).collect()),
            ),
        ];
        load_nodes(graph, label, columns).await;
    }
}

async fn edges(graph: &Graph, numbers: &mut Numbers) {
    let mut ends = |count: u64, source: (u64, i32), target: (u64, i32)| {
        let pairs = (0..count).map(|_| {
            let pair = (
                numbers.skewed(source.0, source.1),
                numbers.skewed(target.0, target.1),
            );
            (pair, numbers.skewed(30, 2))
        });
        pairs.collect::<Vec<_>>()
    };
    // The number of edges, and the bound and the skew of either end.
    let knows = ends(4_000, (PERSONS, 2), (PERSONS, 3));
    let likes = ends(3_000, (PERSONS, 1), (TOPICS, 4));
    let works = ends(PERSONS, (PERSONS, 1), (COMPANIES, 3));
    let about = ends(150, (COMPANIES, 2), (TOPICS, 1));
    let follows_persons = ends(2_000, (PERSONS, 2), (PERSONS, 2));
    let follows_companies = ends(60, (PERSONS, 1), (COMPANIES, 1));
    let owned = ends(40, (COMPANIES, 1), (COMPANIES, 2));
    let lives = (0..PERSONS as i64).map(|person| ((person, numbers.skewed(CITIES, 2)), 0));
    let lives: Vec<_> = lives.collect();
    let part = (0..CITIES as i64).map(|city| ((city, numbers.skewed(COUNTRIES, 2)), 0));
    let part: Vec<_> = part.collect();
    let loads = [
        ("KNOWS", "Person", "Person", knows),
        ("LIKES", "Person", "Topic", likes),
        ("WORKS_AT", "Person", "Company", works),
        ("ABOUT", "Company", "Topic", about),
        ("FOLLOWS", "Person", "Person", follows_persons),
        ("FOLLOWS", "Person", "Company", follows_companies),
        ("FOLLOWS", "Company", "Company", owned),
        ("LIVES_IN", "Person", "City", lives),
        ("PART_OF", "City", "Country", part),
    ];
    for (name, source, target, pairs) in loads {
        let columns = vec![
            ("a", integers(pairs.iter().map(|((a, _), _)| *a).collect())),
            ("b", integers(pairs.iter().map(|((_, b), _)| *b).collect())),
            (
                "since",
                integers(pairs.iter().map(|(_, since)| *since).collect()),
            ),
        ];
        load_hyperedges(
            graph,
            name,
            columns,
            &[("source", source, "a"), ("target", target, "b")],
        )
        .await;
    }
}

async fn hyperedges(graph: &Graph, numbers: &mut Numbers) {
    let declared = "CREATE HYPEREDGE TYPE MEETING (organizer Person, attendee Person*, topic Topic); \
         CREATE HYPEREDGE TYPE SALE (seller Company, buyer Person, item Item)";
    for statement in declared.split(';') {
        graph
            .execute(statement, &QueryOptions::default())
            .await
            .unwrap();
    }
    // Few persons organize, and most meetings are of one kind.
    let (mut organizers, mut attendees, mut topics, mut kinds) = (vec![], vec![], vec![], vec![]);
    for _ in 0..600 {
        organizers.push(numbers.skewed(60, 2));
        let own = 1 + numbers.skewed(6, 2);
        attendees.push(Some(
            (0..own)
                .map(|_| Some(numbers.skewed(PERSONS, 2)))
                .collect::<Vec<_>>(),
        ));
        topics.push(numbers.skewed(TOPICS, 2));
        kinds.push(numbers.skewed(20, 6));
    }
    let columns = vec![
        ("organizer", integers(organizers)),
        (
            "attendee",
            Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(attendees)) as ArrayRef,
        ),
        ("topic", integers(topics)),
        ("kind", integers(kinds)),
    ];
    let roles = [
        ("organizer", "Person", "organizer"),
        ("attendee", "Person", "attendee"),
        ("topic", "Topic", "topic"),
    ];
    load_hyperedges(graph, "MEETING", columns, &roles).await;
    // Three companies sell nearly everything, some items far more often than others.
    let count = 3_000;
    let mut of =
        |bound, power| integers((0..count).map(|_| numbers.skewed(bound, power)).collect());
    let columns = vec![
        ("seller", of(4, 2)),
        ("buyer", of(PERSONS, 2)),
        ("item", of(ITEMS, 3)),
        ("month", of(12, 1)),
        ("price", of(1_000, 2)),
    ];
    let roles = [
        ("seller", "Company", "seller"),
        ("buyer", "Person", "buyer"),
        ("item", "Item", "item"),
    ];
    load_hyperedges(graph, "SALE", columns, &roles).await;
}

async fn load_nodes(graph: &Graph, label: &str, columns: Vec<(&str, ArrayRef)>) {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    graph.load_nodes(label, vec![batch], "id").await.unwrap();
}

/// Loads hyperedges, whose roles are given by name, label and column.
async fn load_hyperedges(
    graph: &Graph,
    name: &str,
    columns: Vec<(&str, ArrayRef)>,
    roles: &[(&str, &str, &str)],
) {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let source = |(role, label, column): &(&str, &str, &str)| {
        let label = Some((*label).to_owned());
        let column = (*column).to_owned();
        ((*role).to_owned(), RoleSource { label, column })
    };
    let roles: BTreeMap<String, RoleSource> = roles.iter().map(source).collect();
    let loaded = graph.load_hyperedges(name, vec![batch], &roles, MissingMember::Error);
    loaded.await.unwrap();
}

fn integers(values: Vec<i64>) -> ArrayRef {
    Arc::new(Int64Array::from(values))
}

fn names(prefix: &str, count: u64) -> ArrayRef {
    let names = (0..count).map(|id| Some(format!("{prefix}{id}")));
    Arc::new(names.collect::<StringArray>())
}
