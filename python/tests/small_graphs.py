"""The small graphs of the corpus, made through the Python API as tests/fixtures makes it in Rust."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    import grism_ray as gr


def people(graph: gr.Graph) -> gr.Graph:
    """Twelve people, two cities, binary edges with a self-loop and a hub, and meetings."""
    names = ["Ann", "Bob", "Cid", "Dan", "Eve", "Fay", "Gus", "Hal", "Ida", "Jim", "Ann", "Kim"]
    ages = [31, 42, None, 25, 42, 19, None, 65, 31, 42, 8, 50]
    scores = [1.5, -0.0, None, float("nan"), 2.0, 0.0, float("inf"), -3.25, 1.5, None, 1e300, 2.0]
    columns = {"id": list(range(12)), "name": names, "age": ages, "score": scores}
    graph.load_nodes("Person", pa.table(columns), key="id")
    graph.load_nodes("City", pa.table({"name": ["Ulm", "Bonn"], "size": [126, 330]}), key="name")
    graph.load_nodes("Room", pa.table({"room": pa.array([], pa.string())}), key="room")
    extra = [(1, 2), (1, 2), (2, 3), (3, 1), (5, 5), (10, 11), (11, 10)]
    edges = [(0, other) for other in range(1, 10)] + extra
    since = [2000 + year if year % 4 != 3 else None for year in range(len(edges))]
    knows = pa.table({"a": [a for a, _ in edges], "b": [b for _, b in edges], "since": since})
    graph.load_hyperedges("KNOWS", knows, {"source": ("Person", "a"), "target": ("Person", "b")})
    lives = pa.table({"p": [0, 1, 2, 3], "c": ["Ulm", "Ulm", "Bonn", "Bonn"]})
    graph.load_hyperedges("LIVES_IN", lives, {"source": ("Person", "p"), "target": ("City", "c")})
    graph.execute("CREATE HYPEREDGE TYPE MEETING (organizer Person, attendee Person*, city City?)")
    meetings = pa.table(
        {
            "topic": ["Q1", "Q2", None, "Q3", "Q3", "Q4"],
            "by": [0, 0, 4, 5, 1, 0],
            "who": [[1, 2, 3], [], [4], [5, 5], [1, 2, 4, 6, 7], [0]],
            "where": ["Ulm", None, "Bonn", None, "Ulm", None],
        }
    )
    graph.load_hyperedges("MEETING", meetings, {"organizer": "by", "attendee": "who", "city": "where"})
    return graph


def claims(graph: gr.Graph) -> gr.Graph:
    """The graph `claims`: people, and hyperedges whose members are hyperedges."""
    people(graph)
    graph.execute("CREATE HYPEREDGE TYPE CLAIM (about MEETING, by Person, topic?)")
    start = next(iter(graph.query("MATCH (m:MEETING) RETURN min(id(m)) AS id").to_pylist()))["id"]
    made = [
        (0, 3, "MATCH (t:City {name: 'Ulm'})", "too long"),
        (0, 3, None, "too loud"),
        (4, 0, "MATCH (t:Person {id: 1})", None),
        (2, 9, f"MATCH (t:MEETING) WHERE id(t) = {start + 5}", "fine"),
    ]
    for meeting, person, topic, text in made:
        graph.execute(
            f"MATCH (m:MEETING) WHERE id(m) = {start + meeting} MATCH (p:Person {{id: {person}}}) {topic or ''}"
            f" CREATE (c:CLAIM {{text: $text}})-[:about]->(m), (c)-[:by]->(p){', (c)-[:topic]->(t)' if topic else ''}",
            {"text": text},
        )
    return graph
