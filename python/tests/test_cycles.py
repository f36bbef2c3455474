"""Counts of cycles against an enumeration, over graphs with loops, parallel edges, two types and two labels."""

from __future__ import annotations

import random
from typing import Any

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


def test_a_cycle_that_is_counted_makes_no_rows_for_its_last_node() -> None:
    graph, _, _ = graph_of(0)
    plan = graph.explain("MATCH (a)-[:K]->(b)-[:K]->(c)-[:K]->(a) RETURN count(*) AS n")
    assert "CountIntersect" in plan
    assert "AdjacencyExpandInto" not in plan
    # What is read of the last node needs its rows.
    plan = graph.explain("MATCH (a)-[:K]->(b)-[:K]->(c)-[:K]->(a) RETURN sum(a.id + c.id) AS n")
    assert "CountIntersect" not in plan
