"""Shortest paths against a search of a few lines, over graphs with loops, parallel edges and lone nodes."""

from __future__ import annotations

import random
from typing import Any

import pyarrow as pa
import pytest

import grism_ray as gr

NODES = 60
WAYS = {"->": "out", "<-": "in", "-": "both"}


def graph_of(seed: int) -> tuple[gr.Graph, list[tuple[int, int]]]:
    """A graph of one type of edges, some of them several times, and some from a node to itself."""
    chance = random.Random(seed)
    ends = [(chance.randrange(NODES - 5), chance.randrange(NODES - 5)) for _ in range(90)]
    ends += ends[:10] + [(node, node) for node in range(0, NODES, 7)]
    graph = gr.open()
    graph.load_nodes("P", pa.table({"id": range(NODES)}), key="id")
    table = pa.table({"a": [a for a, _ in ends], "b": [b for _, b in ends]})
    graph.load_hyperedges("K", table, roles={"source": ("P", "a"), "target": ("P", "b")})
    return graph, ends


def steps_of(ends: list[tuple[int, int]], way: str) -> dict[int, list[tuple[int, int]]]:
    """Of each node: edges by number, with the node at the other end."""
    steps: dict[int, list[tuple[int, int]]] = {node: [] for node in range(NODES)}
    for edge, (a, b) in enumerate(ends):
        if way in ("out", "both"):
            steps[a].append((edge, b))
        if way in ("in", "both") and not (way == "both" and a == b):
            steps[b].append((edge, a))
    return steps


def shortest(steps: dict[int, list[tuple[int, int]]], start: int) -> dict[int, tuple[int, int]]:
    """Of each node that is reached: the length of shortest paths of one edge or more, and how many there are."""
    found: dict[int, tuple[int, int]] = {}
    level: list[tuple[int, tuple[int, ...]]] = [(start, ())]
    length = 0
    while level:
        length += 1
        following = []
        for node, edges in level:
            for edge, to in steps[node]:
                if edge not in edges and found.get(to, (length, 0))[0] == length:
                    following.append((to, (*edges, edge)))
        for to, _ in following:
            found[to] = (length, found.get(to, (length, 0))[1] + 1)
        level = following
    return found


def between(left: str, way: str, right: str, steps: str) -> str:
    """A pattern from one node to another."""
    first, last = ("<-", "-") if way == "<-" else ("-", way)
    return f"{left}{first}[:K{steps}]{last}{right}"


@pytest.mark.parametrize("engine", ["local", "staged"])
@pytest.mark.parametrize("way", WAYS)
def test_from_one_node_to_all_and_between_pairs(way: str, engine: Any) -> None:
    for seed in range(3):
        graph, ends = graph_of(seed)
        steps = steps_of(ends, WAYS[way])
        for start in (0, 3, 7, 58):
            expected = {to: found for to, found in shortest(steps, start).items() if to != start}
            everywhere = between("(a:P {id: $start})", way, "(b:P)", "*")
            few = between("(a)", way, "(b)", "*")
            for function, count in (("shortestPath", False), ("allShortestPaths", True)):
                wanted = sorted((to, length, paths if count else 1) for to, (length, paths) in expected.items())
                rows = graph.query(
                    f"MATCH p = {function}({everywhere}) WHERE a <> b "
                    "RETURN b.id AS b, length(p) AS l, count(DISTINCT [r IN relationships(p) | id(r)]) AS n ORDER BY b",
                    {"start": start},
                    engine=engine,
                ).to_pylist()
                assert [(row["b"], row["l"], row["n"]) for row in rows] == wanted
                rows = graph.query(
                    "UNWIND $targets AS t MATCH (a:P {id: $start}) MATCH (b:P {id: t}) "
                    f"MATCH p = {function}({few}) RETURN b.id AS b, length(p) AS l, count(*) AS n ORDER BY b",
                    {"start": start, "targets": [to for to in range(0, NODES, 9) if to != start]},
                    engine=engine,
                ).to_pylist()
                assert [(row["b"], row["l"], row["n"]) for row in rows] == [own for own in wanted if own[0] % 9 == 0]


@pytest.mark.parametrize("way", WAYS)
def test_a_path_is_a_path(way: str) -> None:
    graph, ends = graph_of(5)
    answers = 0
    for start in range(8):
        rows = graph.query(
            f"MATCH p = shortestPath({between('(a:P {id: $start})', way, '(b:P)', '*')}) "
            "RETURN b.id AS b, [n IN nodes(p) | n.id] AS nodes, "
            "[r IN relationships(p) | [startNode(r).id, endNode(r).id]] AS edges",
            {"start": start},
        ).to_pylist()
        answers += len(rows)
        for row in rows:
            nodes, edges = row["nodes"], row["edges"]
            assert (nodes[0], nodes[-1], len(nodes)) == (start, row["b"], len(edges) + 1)
            for at, (source, target) in enumerate(edges):
                assert (source, target) in ends
                pair = (nodes[at], nodes[at + 1])
                assert pair in {"->": {(source, target)}, "<-": {(target, source)}}.get(
                    way, {(source, target), (target, source)}
                )
    assert answers


@pytest.mark.parametrize("way", ["->", "<-"])
def test_paths_back_to_their_start(way: str) -> None:
    graph, ends = graph_of(1)
    steps = steps_of(ends, WAYS[way])
    rows = graph.query(
        f"MATCH (a:P) MATCH p = shortestPath({between('(a)', way, '(a)', '*')}) "
        "RETURN a.id AS a, length(p) AS l ORDER BY a"
    ).to_pylist()
    expected = [(node, shortest(steps, node)[node][0]) for node in range(NODES) if node in shortest(steps, node)]
    assert [(row["a"], row["l"]) for row in rows] == expected


def test_bounds_of_lengths() -> None:
    graph, ends = graph_of(2)
    steps = steps_of(ends, "out")
    for most in (1, 2, 4):
        rows = graph.query(
            f"MATCH p = shortestPath((a:P {{id: 0}})-[:K*0..{most}]->(b:P)) RETURN b.id AS b, length(p) AS l ORDER BY b"
        ).to_pylist()
        found = {to: length for to, (length, _) in shortest(steps, 0).items() if length <= most} | {0: 0}
        assert [(row["b"], row["l"]) for row in rows] == sorted(found.items())
        rows = graph.query(
            f"UNWIND [[0, 9], [4, 20], [7, 7], [58, 2]] AS t MATCH (a:P {{id: t[0]}}), (b:P {{id: t[1]}}) "
            f"MATCH p = shortestPath((a)-[:K*0..{most}]->(b)) RETURN a.id AS a, b.id AS b, length(p) AS l ORDER BY a"
        ).to_pylist()
        pairs = []
        for a, b in ((0, 9), (4, 20), (7, 7), (58, 2)):
            length = 0 if a == b else shortest(steps, a).get(b, (99, 0))[0]
            if length <= most:
                pairs.append((a, b, length))
        assert [(row["a"], row["b"], row["l"]) for row in rows] == pairs


def test_one_search_answers_for_all_targets_of_a_start() -> None:
    # A ring: a search for each target would walk it again and again.
    size = 20_000
    graph = gr.open()
    graph.load_nodes("P", pa.table({"id": range(size)}), key="id")
    ring = pa.table({"a": range(size), "b": [(node + 1) % size for node in range(size)]})
    graph.load_hyperedges("K", ring, roles={"source": ("P", "a"), "target": ("P", "b")})
    rows = graph.query(
        "MATCH p = shortestPath((a:P {id: 0})-[:K*]->(b:P)) WHERE b.id % 1000 = 999 "
        "RETURN count(*) AS n, max(length(p)) AS l",
        timeout=20,
    ).to_pylist()
    assert rows == [{"n": 20, "l": size - 1}]
