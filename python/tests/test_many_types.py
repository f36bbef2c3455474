"""Steps over hundreds of types and roles, and searches for one value, against Python."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING

import pytest

import grism_ray as gr

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TYPES = 60
ROLES = 300
NODES = 70

Hyperedge = tuple[str, list[tuple[str, int]]]
"""Its type, and the roles and members that it binds."""


def create(target: gr.Graph | gr.Transaction, rng: random.Random) -> Hyperedge:
    """Creates a hyperedge of a random type that binds some of the type's roles, some of them twice."""
    number = rng.randrange(TYPES)
    roles = roles_of(number)
    bound = [(rng.choice(roles), rng.randrange(NODES)) for _ in range(rng.randint(1, 4))]
    nodes = sorted({node for _, node in bound})
    matched = ", ".join(f"(n{node}:N {{n: {node}}})" for node in nodes)
    steps = ", ".join(f"(h)-[:{role}]->(n{node})" for role, node in bound)
    target.execute(f"MATCH {matched} CREATE (h:T{number}), {steps}")
    return f"T{number}", bound


def roles_of(number: int) -> list[str]:
    """The roles of a type: with those of all types together more than 256."""
    return [f"r{(number * 5 + own) % ROLES}" for own in range(6)]


def as_rows(hyperedges: list[Hyperedge]) -> tuple[Counter[tuple[int, str, str]], Counter[tuple[int, int]]]:
    """What each node is bound by, and how often two nodes share a hyperedge by two of its incidences."""
    bound = Counter((node, role, name) for name, own in hyperedges for role, node in own)
    pairs = Counter(
        (first, second)
        for _, own in hyperedges
        for i, (_, first) in enumerate(own)
        for j, (_, second) in enumerate(own)
        if i != j
    )
    return bound, pairs


@pytest.fixture(params=["memory", "disk"])
def graph(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[gr.Graph]:
    with gr.open(None if request.param == "memory" else tmp_path / "graph") as graph:
        yield graph


def check(graph: gr.Graph | gr.Transaction, hyperedges: list[Hyperedge]) -> None:
    bound, pairs = as_rows(hyperedges)

    def rows(text: str) -> Counter[tuple[object, ...]]:
        return Counter({tuple(row.values())[:-1]: row["c"] for row in graph.query(text).to_pylist()})

    # From all nodes, and from one.
    assert rows("MATCH (n:N)<-[r]-(h) RETURN n.n, type(r), type(h), count(*) AS c") == bound
    one = {own: count for own, count in bound.items() if own[0] == 3}
    assert rows("MATCH (n:N {n: 3})<-[r]-(h) RETURN n.n, type(r), type(h), count(*) AS c") == one
    assert rows("MATCH (n:N)<-[]-()-[]->(m) RETURN n.n, m.n, count(*) AS c") == pairs
    degrees = Counter(node for _, own in hyperedges for _, node in own)
    counted = {(node,): degrees[node] for node in range(NODES)}
    assert dict(rows("MATCH (n:N) RETURN n.n, COUNT { (n)<-[]-() } AS c")) == counted
    assert rows(
        "MATCH (h)-[r]->(n:N) WHERE NOT type(r) IN ['r1', 'r299'] RETURN n.n, type(r), type(h), count(*) AS c"
    ) == {own: count for own, count in bound.items() if own[1] not in ("r1", "r299")}
    some = "MATCH (n:N)<-[r]-(h) WHERE type(r) STARTS WITH 'r29' AND type(r) <> 'r291'"
    assert rows(f"{some} RETURN n.n, type(r), type(h), count(*) AS c") == {
        o: c for o, c in bound.items() if o[1].startswith("r29") and o[1] != "r291"
    }
    assert rows("MATCH (n:N)<-[r]-(h) WHERE type(r) = 'none' RETURN n.n, count(*) AS c") == {}


def test_steps_over_any_of_many_types_and_roles(graph: gr.Graph) -> None:
    rng = random.Random(3)
    for number in range(TYPES):
        graph.execute(f"CREATE HYPEREDGE TYPE T{number} ({', '.join(f'{role} N*' for role in roles_of(number))})")
    graph.execute(f"UNWIND range(0, {NODES - 1}) AS n CREATE (:N {{n: n}})")
    with graph.transaction() as transaction:
        hyperedges = [create(transaction, rng) for _ in range(150)]
    check(graph, hyperedges)
    # What comes and goes later is seen, in the transaction and after it.
    with graph.transaction() as transaction:
        hyperedges += [create(transaction, rng) for _ in range(10)]
        transaction.execute("MATCH (h:T7) DETACH DELETE h")
        hyperedges = [own for own in hyperedges if own[0] != "T7"]
        check(transaction, hyperedges)
    check(graph, hyperedges)


def test_a_value_that_is_searched_again_and_again_is_found_where_it_is_now(graph: gr.Graph) -> None:
    rng = random.Random(5)
    values = [rng.choice([None, *range(50)]) for _ in range(2000)]
    rows = [
        {"place": place, "v": value, "s": None if value is None else f"s{value}"} for place, value in enumerate(values)
    ]
    graph.execute("UNWIND $rows AS row CREATE (:P {place: row.place, v: row.v, s: row.s})", {"rows": rows})

    def search(value: int) -> None:
        places = [place for place, own in enumerate(values) if own == value]
        found = graph.query("MATCH (p:P {v: $v}) RETURN p.place AS place", {"v": value}).to_pylist()
        assert sorted(row["place"] for row in found) == places
        text = "MATCH (p:P) WHERE p.s = $s AND p.v > 20 RETURN p.place AS place"
        found = graph.query(text, {"s": f"s{value}"}).to_pylist()
        assert sorted(row["place"] for row in found) == (places if value > 20 else [])

    for value in [7, 21, 49, 50, 7, 21, 49, 50]:
        search(value)
    # After an update, a deletion and rows that are new.
    graph.execute("MATCH (p:P {place: 11}) SET p.v = 7, p.s = 's7'")
    values[11] = 7
    graph.execute("MATCH (p:P {v: 49}) DELETE p")
    values = [None if value == 49 else value for value in values]
    graph.execute("CREATE (:P {place: 2000, v: 50, s: 's50'})")
    values.append(50)
    for value in [7, 49, 50, 7, 49, 50, 7, 49, 50]:
        search(value)
