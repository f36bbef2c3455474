"""Counts of cycles against an enumeration, over graphs with loops, parallel edges, two types and two labels."""

from __future__ import annotations

import random
from typing import Any

import pyarrow as pa
import pytest

import grism_ray as gr

NODES = 14
Edge = tuple[str, int, int]

# Of each pattern: its text, and its steps, each from a variable to another along types, one way or either way.
PATTERNS = {
    "(a)-[:K]->(b)-[:K]->(c)-[:K]->(a)": ["a K b", "b K c", "c K a"],
    "(a)-[:K]->(b)-[:K]->(c), (a)-[:K]->(c)": ["a K b", "b K c", "a K c"],
    "(a)-[:K]-(b)-[:K]-(c)-[:K]-(a)": ["a K- b", "b K- c", "c K- a"],
    "(a)-[:K]->(b)-[:L]->(c)<-[:K]-(a)": ["a K b", "b L c", "a K c"],
    "(a)-[:K|L]->(b)-[:K|L]-(c)-[:K]->(a)": ["a KL b", "b KL- c", "c K a"],
    "(a)-[:K]->(b)-[:K]->(a)": ["a K b", "b K a"],
    "(a)-[:K]->(b)<-[:K]-(a)": ["a K b", "a K b"],
    "(a)-[:K]-(b)-[:K]-(a)": ["a K- b", "b K- a"],
    "(a)-[:K]->(b)-[:K]->(c)-[:K]->(d)-[:K]->(a)": ["a K b", "b K c", "c K d", "d K a"],
    "(a)-[:K]->(b)-[:K]->(c)-[:K]->(a), (a)-[:L]->(d)<-[:L]-(b)": ["a K b", "b K c", "c K a", "a L d", "b L d"],
    "(a)-[:K]->(b), (a)-[:K]->(c), (b)-[:K]->(c), (a)-[:K]->(d), (b)-[:K]->(d), (c)-[:K]->(d)": [
        "a K b",
        "a K c",
        "b K c",
        "a K d",
        "b K d",
        "c K d",
    ],
    "(a)-[:K]->(b)-[:K]->(c)-[:K]->(a), (a)-[:K]->(d)-[:L]-(a)": ["a K b", "b K c", "c K a", "a K d", "d L- a"],
    "(e)-[:L]->(a)-[:K]->(b)-[:K]->(c), (a)-[:K]->(d)-[:K]->(c)": ["e L a", "a K b", "b K c", "a K d", "d K c"],
}


def graph_of(seed: int) -> tuple[gr.Graph, list[Edge], set[int]]:
    """A graph, its edges, and the nodes that are a Q as well."""
    chance = random.Random(seed)
    quick = {node for node in range(NODES) if chance.random() < 0.5}
    edges = [(chance.choice("KKL"), chance.randrange(NODES), chance.randrange(NODES)) for _ in range(55)]
    edges += [*edges[:6], ("K", 3, 3), ("K", 3, 3), ("L", 5, 5)]
    graph = gr.open()
    for label, nodes in (("P", set(range(NODES)) - quick), ("P:Q", quick)):
        graph.execute(f"UNWIND $ids AS i CREATE (:{label} {{id: i}})", {"ids": sorted(nodes)})
    for kind in "KL":
        own = [[a, b] for label, a, b in edges if label == kind]
        graph.execute(
            f"UNWIND $own AS e MATCH (a:P {{id: e[0]}}), (b:P {{id: e[1]}}) CREATE (a)-[:{kind}]->(b)", {"own": own}
        )
    return graph, edges, quick


def ways(edges: list[Edge], steps: list[str]) -> list[dict[str, int]]:
    """Every way to bind a pattern: no edge twice."""
    found: list[tuple[dict[str, int], tuple[int, ...]]] = [({}, ())]
    for step in steps:
        start, types, end = step.split()
        following = []
        for bound, taken in found:
            for number, (label, source, target) in enumerate(edges):
                if label not in types or number in taken:
                    continue
                turns = {(source, target), (target, source)} if "-" in types else {(source, target)}
                for one, other in turns:
                    if bound.get(start, one) == one and {**bound, start: one}.get(end, other) == other:
                        following.append(({**bound, start: one, end: other}, (*taken, number)))
        found = following
    return [bound for bound, _ in found]


@pytest.mark.parametrize("engine", ["local", "staged"])
@pytest.mark.parametrize("seed", range(3))
def test_counts_are_those_of_an_enumeration(seed: int, engine: Any) -> None:
    graph, edges, quick = graph_of(seed)
    for text, steps in PATTERNS.items():
        bound = ways(edges, steps)
        for rewrites in ("all", "none"):
            settings: dict[str, Any] = {"engine": engine}
            if rewrites == "none":
                settings["rewrites"] = "none"
            counted = graph.query(f"MATCH {text} RETURN count(*) AS n", **settings)["n"]
            assert counted == [len(bound)], (text, rewrites)
            grouped = graph.query(f"MATCH {text} RETURN a.id AS a, count(*) AS n ORDER BY a", **settings).to_pylist()
            numbers = [own["a"] for own in bound]
            expected = [{"a": a, "n": numbers.count(a)} for a in sorted(set(numbers))]
            assert grouped == expected, (text, rewrites)
            labelled = graph.query(f"MATCH {text} WHERE b:Q AND a <> b RETURN count(*) AS n", **settings)["n"]
            assert labelled == [sum(own["b"] in quick and own["a"] != own["b"] for own in bound)], (text, rewrites)


def test_a_cycle_that_is_counted_makes_no_rows() -> None:
    graph, _, _ = graph_of(0)
    cycle = "MATCH (a)-[:K]->(b)-[:K]->(c)-[:K]->(a)"
    plan = graph.explain(f"{cycle} RETURN count(*) AS n")
    assert "; for each " in plan
    assert "AdjacencyExpand" not in plan
    plan = graph.explain(f"{cycle} RETURN a.id, b.id, count(*) AS n")
    assert "; by a, b; for each " in plan
    # By three nodes, only rows of the fourth one are not made.
    plan = graph.explain("MATCH (a)-[:K]->(b)-[:K]->(c)-[:K]->(d)-[:K]->(a) RETURN a.id, b.id, c.id, count(*) AS n")
    assert "CountIntersect" in plan
    assert "AdjacencyExpandInto" not in plan
    plan = graph.explain(f"{cycle} RETURN sum(a.id + c.id) AS n")
    assert "CountIntersect" not in plan


def test_different_keys_are_different_entities() -> None:
    graph = gr.open()
    graph.load_nodes("P", pa.table({"id": list(range(12))}), key="id")
    pairs = [(a, b) for a in range(12) for b in range(12) if (a * 5 + b * 3) % 4]
    ends = pa.table({"a": [a for a, _ in pairs], "b": [b for _, b in pairs]})
    graph.load_hyperedges("K", ends, {"source": ("P", "a"), "target": ("P", "b")})
    text = (
        "MATCH (a:P)-[:K]->(b:P)-[:K]->(c:P)-[:K]->(d:P)-[:K]->(a) WHERE a.id <> c.id AND b.id <> d.id "
        "RETURN count(*) AS n"
    )
    following = {a: {b for own, b in pairs if own == a} for a in range(12)}
    expected = sum(
        c in following[b] and d in following[c] and a in following[d]
        for a, b in pairs
        for c in range(12)
        for d in range(12)
        if a != c and b != d
    )
    assert "; for each " in graph.explain(text)
    for rewrites in ([], ["compare_keys"], "none"):
        assert graph.query(text, rewrites=rewrites)["n"] == [expected]


@pytest.mark.parametrize("limit", [None, 512 << 20])
def test_cycles_through_a_hub_are_counted_whatever_their_number(limit: int | None) -> None:
    graph = gr.open()
    # Of 400 nodes that lead to the hub and back any two make a square, with the hub at both corners between them.
    graph.execute("CREATE (h:H) WITH h UNWIND range(1, 400) AS i CREATE (h)-[:K]->(:P {i: i})-[:K]->(h)")
    text = "MATCH (a)-[:K]->(b)-[:K]->(c)-[:K]->(d)-[:K]->(a) RETURN count(*) AS n"
    assert graph.query(text, memory_limit=limit)["n"] == [2 * 400 * 399]


def test_a_count_of_cycles_is_charged_to_the_memory_limit() -> None:
    graph = gr.open()
    nodes = range(60000)
    graph.load_nodes("P", pa.table({"k": nodes}), key="k")
    ends = [(k, (k + step) % len(nodes)) for k in nodes for step in (1, 7, 49)]
    edges = pa.table({"a": [a for a, _ in ends], "b": [b for _, b in ends]})
    graph.load_hyperedges("K", edges, {"source": ("P", "a"), "target": ("P", "b")})
    text = "MATCH (a:P)-[:K]->(b)-[:K]->(c)<-[:K]-(a) RETURN count(*) AS n"
    assert "; for each " in graph.explain(text)
    assert graph.query(text)["n"] == [0]
    with pytest.raises(gr.ResourceExhaustedError):
        graph.query(text, memory_limit=1 << 20)
