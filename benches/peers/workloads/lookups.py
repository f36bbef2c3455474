"""Questions that take next to no time: what a call costs."""

from __future__ import annotations

from peers.workloads.workload import Workload

LOOKUPS = (
    Workload(
        name="one",
        title="RETURN 1",
        graph="study",
        texts={"cypher": "RETURN 1", "sql": "SELECT 1"},
        each="keys",
    ),
    Workload(
        name="point",
        title="the name of the person with a key",
        graph="study",
        texts={
            "cypher": "MATCH (p:person {id: $key}) RETURN p.name",
            "sql": "SELECT name FROM person WHERE id = $key",
        },
        each="keys",
    ),
    Workload(
        name="hop",
        title="how many a person with a key follows",
        graph="study",
        texts={
            "cypher": "MATCH (p:person {id: $key})-[:follows]->(q:person) RETURN count(*), max(q.age)",
            "sql": (
                "SELECT count(*), max(age) FROM follows JOIN person ON person.id = follows.b WHERE follows.a = $key"
            ),
        },
        each="keys",
    ),
)
