//! The patterns whose orders are compared: chains, stars, cycles and hyperedges, with predicates at every place.
//!
//! Where both ends of a pattern are asked for by a value, these are values about as frequent as others: statistics tell how
//! many values a property has, within which bounds, and how many incidences members have, and not that a certain value or
//! member is a hundred times as frequent.

/// Patterns, each with the variables whose ids it returns.
pub(super) const PATTERNS: &[(&str, &[&str])] = &[
    // Chains that are selective at one end, at the other, at both, or in the middle.
    (
        "MATCH (a:Person {name: 'p7'})-[:KNOWS]->(b:Person)-[:KNOWS]->(c:Person)",
        &["a", "b", "c"],
    ),
    (
        "MATCH (a:Person)-[:KNOWS]->(b:Person)-[:KNOWS]->(c:Person {name: 'p400'})",
        &["a", "b", "c"],
    ),
    (
        "MATCH (a:Person)-[:KNOWS]->(b:Person)-[:KNOWS]->(c:Person) WHERE a.age < 5 AND c.name = 'p3'",
        &["a", "b", "c"],
    ),
    (
        "MATCH (a:Person)-[:KNOWS]->(b:Person {id: 5})-[:KNOWS]->(c:Person)",
        &["a", "b", "c"],
    ),
    (
        "MATCH (a:Person {name: 'p9'})-[:KNOWS]->(b:Person)-[:KNOWS]->(c:Person)-[:LIKES]->(t:Topic {name: 'topic40'})",
        &["a", "b", "c", "t"],
    ),
    (
        "MATCH (t:Topic {name: 'topic7'})<-[:LIKES]-(a:Person)-[:KNOWS]->(b:Person)-[:LIKES]->(u:Topic {name: 'topic11'})",
        &["a", "b", "t", "u"],
    ),
    (
        "MATCH (a:Person)-[:WORKS_AT]->(c:Company {name: 'company11'})<-[:WORKS_AT]-(b:Person)-[:LIKES]->(t:Topic {name: 'topic7'})",
        &["a", "b", "c", "t"],
    ),
    (
        "MATCH (x:City {name: 'city17'})<-[:LIVES_IN]-(a:Person)-[:KNOWS]->(b:Person)-[:LIVES_IN]->(y:City {name: 'city13'})",
        &["x", "a", "b", "y"],
    ),
    (
        "MATCH (co:Country {name: 'country0'})<-[:PART_OF]-(ci:City)<-[:LIVES_IN]-(a:Person)-[:LIKES]->(t:Topic {name: 'topic25'})",
        &["co", "ci", "a", "t"],
    ),
    (
        "MATCH (co:Country {name: 'country4'})<-[:PART_OF]-(ci:City)<-[:LIVES_IN]-(a:Person)-[:KNOWS]->(b:Person {name: 'p1'})",
        &["co", "ci", "a", "b"],
    ),
    (
        "MATCH (a:Person {name: 'p369'})-[:KNOWS]-(b:Person)-[:KNOWS]-(c:Person) WHERE c.age = 40",
        &["a", "b", "c"],
    ),
    (
        "MATCH (a:Person)-[:KNOWS]-(b:Person)-[:LIKES]->(t:Topic) WHERE a.age = 40 AND t.kind = 6",
        &["a", "b", "t"],
    ),
    // Predicates of other kinds.
    (
        "MATCH (a:Person)-[:KNOWS]->(b:Person)-[:KNOWS]->(c:Person) WHERE a.city = 'c20' AND a.zip = 101 AND c.age < 4",
        &["a", "b", "c"],
    ),
    (
        "MATCH (a:Person)-[:KNOWS]->(b:Person)-[:LIKES]->(t:Topic) WHERE a.zip = 3 AND a.city = 'c0' AND a.age < 80 AND t.name = 'topic3'",
        &["a", "b", "t"],
    ),
    (
        "MATCH (a:Person)-[:KNOWS]->(b:Person)-[:KNOWS]->(c:Person) WHERE (a.name = 'p1' OR a.name = 'p2') AND c.age > 80",
        &["a", "b", "c"],
    ),
    (
        "MATCH (a:Person)-[:KNOWS]->(b:Person)-[:KNOWS]->(c:Person) WHERE a.age > 20 AND c.id IN [31, 32, 33]",
        &["a", "b", "c"],
    ),
    (
        "MATCH (a:Person)-[:KNOWS]->(b:Person)-[:KNOWS]->(c:Person) WHERE a.age < 60 AND c.nickname IS NOT NULL",
        &["a", "b", "c"],
    ),
    (
        "MATCH (a:Person)-[:KNOWS]->(b:Person)-[:LIKES]->(t:Topic) WHERE a.age >= 30 AND a.age < 32 AND t.kind < 3",
        &["a", "b", "t"],
    ),
    (
        "MATCH (a:Person)-[:KNOWS]->(b:Person)-[:KNOWS]->(c:Person) WHERE 50 < a.age < 53 AND c.age < 10",
        &["a", "b", "c"],
    ),
    (
        "MATCH (a:Person WHERE a.age < 3)-[:KNOWS]->(b:Person)-[:KNOWS]->(c:Person WHERE c.age < 40)",
        &["a", "b", "c"],
    ),
    (
        "MATCH (a:Person)-[k:KNOWS]->(b:Person)-[:KNOWS]->(c:Person) WHERE a.age < 40 AND k.since = 28 AND c.age < 30",
        &["a", "b", "c"],
    ),
    (
        "MATCH (a:Person)-[:LIKES]->(t:Topic {name: 'topic5'})<-[l:LIKES]-(b:Person)-[:KNOWS]->(c:Person) WHERE l.since > 27",
        &["a", "b", "c", "t"],
    ),
    (
        "MATCH (a:Person)-[:LIKES]->(t:Topic)<-[:LIKES]-(b:Person)-[:KNOWS]->(c:Person) WHERE t.name = 'topic20' AND a.zip = b.zip",
        &["a", "b", "c", "t"],
    ),
    (
        "MATCH (a:Person)-[:KNOWS]->(b:Person)-[:KNOWS]->(c:Person) WHERE a.name = 'p30' AND b.age < a.age AND c.zip = b.zip",
        &["a", "b", "c"],
    ),
    // Edges of one type between several labels.
    (
        "MATCH (a:Person)-[:FOLLOWS]->(c:Company)-[:FOLLOWS]->(d:Company)",
        &["a", "c", "d"],
    ),
    (
        "MATCH (b:Person)-[:KNOWS]->(a:Person)-[:FOLLOWS]->(c:Company)-[:ABOUT]->(t:Topic)",
        &["a", "b", "c", "t"],
    ),
    (
        "MATCH (b:Person)<-[:FOLLOWS]-(a:Person)-[:FOLLOWS]->(c:Company)<-[:WORKS_AT]-(d:Person)",
        &["a", "b", "c", "d"],
    ),
    (
        "MATCH (a:Person)-[:FOLLOWS]->(c:Company {name: 'company7'}), (a)-[:FOLLOWS]->(b:Person)-[:LIKES]->(t:Topic)",
        &["a", "b", "c", "t"],
    ),
    // Stars.
    (
        "MATCH (p:Person)-[:LIKES]->(t:Topic {name: 'topic1'}), (p)-[:WORKS_AT]->(c:Company {name: 'company9'}), (p)-[:LIVES_IN]->(ci:City {name: 'city12'})",
        &["p", "t", "c", "ci"],
    ),
    (
        "MATCH (p:Person)-[:LIKES]->(t:Topic), (p)-[:WORKS_AT]->(c:Company), (p)-[:KNOWS]->(q:Person) WHERE c.kind = 7",
        &["p", "t", "c", "q"],
    ),
    (
        "MATCH (p:Person)-[:LIKES]->(t:Topic), (p)-[:KNOWS]->(q:Person), (p)-[:LIVES_IN]->(ci:City) WHERE q.name = 'p300' AND t.kind = 0",
        &["p", "t", "q", "ci"],
    ),
    (
        "MATCH (p:Person)-[:LIKES]->(t:Topic), (p)-[:KNOWS]->(q:Person), (p)<-[:KNOWS]-(r:Person), (p)-[:LIVES_IN]->(ci:City) WHERE ci.name = 'city38' AND t.kind = 3",
        &["p", "t", "q", "r", "ci"],
    ),
    // Cycles.
    (
        "MATCH (a:Person {name: 'p11'})-[:KNOWS]->(b:Person)-[:KNOWS]->(c:Person), (a)-[:KNOWS]->(c)",
        &["a", "b", "c"],
    ),
    (
        "MATCH (a:Person)-[:KNOWS]->(b:Person)-[:KNOWS]->(c:Person)-[:KNOWS]->(a) WHERE c.age < 5",
        &["a", "b", "c"],
    ),
    (
        "MATCH (a:Person)-[:KNOWS]->(b:Person)-[:KNOWS]->(c:Person), (a)-[:KNOWS]->(c)",
        &["a", "b", "c"],
    ),
    (
        "MATCH (a:Person)-[:KNOWS]->(b:Person), (a)-[:LIKES]->(t:Topic)<-[:LIKES]-(b)",
        &["a", "b", "t"],
    ),
    (
        "MATCH (a:Person)-[:KNOWS]->(b:Person), (a)-[:LIKES]->(t:Topic {name: 'topic33'})<-[:LIKES]-(b)",
        &["a", "b", "t"],
    ),
    (
        "MATCH (a:Person)-[:KNOWS]->(b:Person), (a)-[:LIVES_IN]->(ci:City)<-[:LIVES_IN]-(b) WHERE ci.name = 'city9'",
        &["a", "b", "ci"],
    ),
    (
        "MATCH (a:Person)-[:KNOWS]->(b:Person)-[:KNOWS]->(d:Person), (a)-[:KNOWS]->(c:Person)-[:KNOWS]->(d) WHERE a.age < 3 AND d.name = 'p2'",
        &["a", "b", "c", "d"],
    ),
    (
        "MATCH (co:Country)<-[:PART_OF]-(x:City)<-[:LIVES_IN]-(a:Person)-[:KNOWS]->(b:Person)-[:LIVES_IN]->(y:City)-[:PART_OF]->(co) WHERE co.name = 'country4'",
        &["co", "x", "y", "a", "b"],
    ),
    (
        "MATCH (x:Company)-[:ABOUT]->(t:Topic)<-[:LIKES]-(p:Person)-[:WORKS_AT]->(x)",
        &["x", "t", "p"],
    ),
    (
        "MATCH (a:Person)-[:KNOWS*1..2]->(b:Person)-[:LIKES]->(t:Topic {name: 'topic44'}) WHERE a.name = 'p60'",
        &["a", "b", "t"],
    ),
    // Hyperedges.
    (
        "MATCH (s:SALE)-[:seller]->(c:Company {name: 'company0'}), (s)-[:buyer]->(p:Person {name: 'p5'}), (s)-[:item]->(i:Item {name: 'item3'}) WHERE s.month = 7",
        &["s", "c", "p", "i"],
    ),
    (
        "MATCH (s:SALE)-[:seller]->(c:Company {name: 'company3'}), (s)-[:item]->(i:Item {name: 'item0'})",
        &["s", "c", "i"],
    ),
    (
        "MATCH (s:SALE)-[:seller]->(c:Company {name: 'company1'}), (s)-[:item]->(i:Item) WHERE s.month < 2 AND i.kind = 1",
        &["s", "c", "i"],
    ),
    (
        "MATCH (i:Item {name: 'item100'})<-[:item]-(s:SALE)-[:buyer]->(p:Person)-[:LIVES_IN]->(ci:City {name: 'city0'})",
        &["i", "s", "p", "ci"],
    ),
    (
        "MATCH (s:SALE)-[:buyer]->(p:Person)-[:KNOWS]->(q:Person) WHERE s.price > 990 AND q.age < 30",
        &["s", "p", "q"],
    ),
    (
        "MATCH (i:Item {name: 'item35'})<-[:item]-(s:SALE)-[:buyer]->(p:Person)<-[:buyer]-(z:SALE)-[:item]->(j:Item {name: 'item110'})",
        &["i", "s", "p", "z", "j"],
    ),
    (
        "MATCH (s:SALE)-[:seller]->(c:Company)<-[:WORKS_AT]-(p:Person)<-[:buyer]-(s)",
        &["s", "c", "p"],
    ),
    (
        "MATCH (a:Person {name: 'p40'})<-[:attendee]-(m:MEETING)-[:attendee]->(b:Person) WHERE b.age > 60",
        &["a", "m", "b"],
    ),
    (
        "MATCH (a:Person)<-[:organizer]-(m:MEETING)-[:attendee]->(b:Person), (a)-[:KNOWS]->(b)",
        &["a", "m", "b"],
    ),
    (
        "MATCH (t:Topic)<-[:topic]-(m:MEETING)-[:organizer]->(a:Person)-[:KNOWS]->(b:Person) WHERE m.kind > 12 AND t.kind < 2",
        &["t", "m", "a", "b"],
    ),
    (
        "MATCH (t:Topic {name: 'topic15'})<-[:topic]-(m:MEETING)-[:organizer]->(a:Person)-[:LIVES_IN]->(ci:City {name: 'city17'})",
        &["t", "m", "a", "ci"],
    ),
    (
        "MATCH (a:Person {name: 'p219'})<-[:attendee]-(m:MEETING)-[:topic]->(t:Topic)<-[:topic]-(n:MEETING)-[:organizer]->(b:Person {name: 'p16'})",
        &["a", "m", "t", "n", "b"],
    ),
    (
        "MATCH (m:MEETING)-[:attendee]->(a:Person)<-[:buyer]-(s:SALE)-[:item]->(i:Item) WHERE m.kind = 19 AND i.name = 'item2'",
        &["m", "a", "s", "i"],
    ),
    (
        "MATCH (m:MEETING)-[:attendee]->(a:Person)-[:WORKS_AT]->(c:Company)<-[:seller]-(s:SALE)-[:buyer]->(a) WHERE a.age < 40",
        &["m", "a", "c", "s"],
    ),
];
