"""Types that bind a few of many nodes, beside types that bind all of them, against counts in Python."""

from __future__ import annotations

import random
import subprocess
import sys
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

import grism_ray as gr

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NODES = 6000
RARE = [37 * place * place % NODES for place in range(60)]
KINDS = 20
SETTINGS: tuple[dict[str, Any], ...] = (
    {},
    {"rewrites": "none"},
    {"engine": "staged", "partitions": 3},
    {"threads": 1},
)

Edge = tuple[str, int, int]


class Model:
    """Edges of many types between few nodes, a chain through all nodes, and hyperedges of few members."""

    def __init__(self, graph: gr.Graph) -> None:
        chance = random.Random(11)
        self.alive = set(range(NODES))
        ends = [(chance.choice(RARE), chance.choice(RARE)) for _ in range(240)]
        self.edges: list[Edge] = [(f"E{chance.randrange(KINDS)}", a, b) for a, b in ends]
        self.edges += [("E0", RARE[1], RARE[1]), ("E1", RARE[2], RARE[3]), ("E1", RARE[2], RARE[3])]
        self.teams = [[chance.choice(RARE) for _ in range(3)] for _ in range(40)]
        chain = [("NEXT", node, node + 1) for node in range(NODES - 1)]
        graph.execute("CREATE HYPEREDGE TYPE team (head Item, member Item*)")
        graph.load_nodes("Item", pa.table({"id": range(NODES)}), key="id")
        self.create(graph, [*chain, *self.edges])
        self.edges += chain
        graph.execute(
            "UNWIND $teams AS t MATCH (a:Item {id: t[0]}), (b:Item {id: t[1]}), (c:Item {id: t[2]}) "
            "CREATE (h:team)-[:head]->(a), (h)-[:member]->(b), (h)-[:member]->(c)",
            {"teams": self.teams},
        )

    @staticmethod
    def create(target: gr.Graph | gr.Transaction, edges: list[Edge]) -> None:
        """Creates edges, type by type."""
        by_kind: dict[str, list[list[int]]] = defaultdict(list)
        for kind, *ends in edges:
            by_kind[kind].append(ends)
        for kind, pairs in by_kind.items():
            target.execute(
                f"UNWIND $pairs AS p MATCH (a:Item {{id: p[0]}}), (b:Item {{id: p[1]}}) CREATE (a)-[:{kind}]->(b)",
                {"pairs": pairs},
            )

    def change(self, transaction: gr.Transaction) -> None:
        """Nodes and edges go and others come, at places that had none as well."""
        gone = {RARE[5], RARE[6], NODES - 1}
        transaction.execute("MATCH (a:Item) WHERE a.id IN $gone DETACH DELETE a", {"gone": sorted(gone)})
        self.alive -= gone
        self.edges = [own for own in self.edges if not gone & set(own[1:])]
        self.teams = [[node for node in own if node not in gone] for own in self.teams if own[0] not in gone]
        new = [("E0", 1, NODES - 2), ("E1", NODES - 2, 1), ("E2", 1, 1)]
        self.create(transaction, new)
        self.edges += new

    def of(self, *kinds: str) -> list[tuple[int, int]]:
        """The ends of the edges of these types."""
        return [(a, b) for kind, a, b in self.edges if kind in kinds]

    def answers(self) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
        """Queries and what they answer."""
        degrees = Counter(a for a, _ in self.of("E0", "E1", "E2"))
        text = "MATCH (a:Item)-[:E0|E1|E2]->() RETURN a.id AS a, count(*) ORDER BY a"
        yield text, sorted(degrees.items())
        kinds = Counter(kind for kind, _, _ in self.edges)
        yield "MATCH (a:Item)-[r]->(b:Item) RETURN type(r) AS t, count(*) ORDER BY t", sorted(kinds.items())
        following: dict[int, list[int]] = defaultdict(list)
        for _, a, b in self.edges:
            following[a].append(b)
        any_two = sum(len(following[b]) - (a == b) for _, a, b in self.edges)
        yield "MATCH (:Item)-[]->(:Item)-[]->(:Item) RETURN count(*)", [(any_two,)]
        on_chain = sum(b + 1 in self.alive for _, b in self.of("E0", "E1"))
        yield "MATCH (:Item)-[:E0|E1]->(:Item)-[:NEXT]->(:Item) RETURN count(*)", [(on_chain,)]
        loops = sum(a == b for a, b in self.of("E0", "E1", "E2"))
        yield "MATCH (a:Item)-[:E0|E1|E2]->(a) RETURN count(*)", [(loops,)]
        odd, back = Counter(self.of("E0", "E1")), Counter((b, a) for a, b in self.of("E1", "E2", "E3"))
        both = sum(ways * back[pair] for pair, ways in odd.items())
        both -= sum(a == b for a, b in self.of("E1"))
        yield "MATCH (a:Item)-[:E0|E1]->(b:Item)-[:E1|E2|E3]->(a) RETURN count(*)", [(both,)]
        led = Counter(head for head, *members in self.teams for _ in members)
        text = "MATCH (a:Item)<-[:head]-(:team)-[:member]->(:Item) RETURN a.id AS a, count(*) ORDER BY a"
        yield text, sorted(led.items())
        parts = {node: {node} for node in self.alive}
        for a, b in self.of("E0"):
            if parts[a] is not parts[b]:
                parts[a] |= parts[b]
                parts.update(dict.fromkeys(parts[a], parts[a]))
        sizes = Counter(min(part) for part in parts.values())
        large = sorted((least, size) for least, size in sizes.items() if size > 1)
        text = "MATCH (a:Item)-[:E0*0..]-(b:Item) WITH a, min(b.id) AS c WITH c, count(*) AS n WHERE n > 1 "
        yield text + "RETURN c, n ORDER BY c", large
        near = {RARE[2]} | {to for node, to in self.of("E1") if node == RARE[2]}
        near |= {to for node, to in self.of("E1") if node in near}
        text = f"MATCH (a:Item {{id: {RARE[2]}}})-[:E1*0..2]->(b:Item) RETURN DISTINCT b.id AS b ORDER BY b"
        yield text, [(node,) for node in sorted(near)]


def check(target: gr.Graph | gr.Transaction, model: Model, *all_settings: dict[str, Any]) -> None:
    for text, expected in model.answers():
        for settings in all_settings:
            rows = [tuple(row.values()) for row in target.query(text, **settings).to_pylist()]
            assert rows == expected, (text, settings)


@pytest.mark.parametrize("place", ["memory", "disk"])
def test_lists_of_few_members_beside_lists_of_all(place: str, tmp_path: Path) -> None:
    with gr.open(None if place == "memory" else tmp_path / "graph") as graph:
        model = Model(graph)
        check(graph, model, *SETTINGS)
        with graph.transaction() as transaction:
            model.change(transaction)
            check(transaction, model, {})
        check(graph, model, *SETTINGS)
        assert graph.check()["problems"] == []


# What other queries have in the process's cache leaves a limited query less room, so that it has a process of its own.
MISSES = """
import json, sys
import grism_ray as gr

def misses(operator):
    return int(operator["actual"]["cache_misses"]) + sum(misses(below) for below in operator["inputs"])

text = "MATCH (b:Item {id: 7})<-[r]-(a)<-[s]-(b) RETURN count(*)"
limit = 64 << 20
with gr.open(sys.argv[1]) as graph:
    for _ in range(2):
        assert graph.query(text, memory_limit=limit).to_pylist() == [{"count(*)": 150}]
        missed = misses(json.loads(graph.explain(text, format="json", analyze=True, memory_limit=limit))["plan"])
print(missed)
"""


def test_many_small_lists_stay_in_memory_under_a_limit(tmp_path: Path) -> None:
    with gr.open(tmp_path / "graph") as graph:
        graph.load_nodes("Item", pa.table({"id": range(40_000)}), key="id")
        edges = ", ".join(f"(a)-[:E{kind}]->(b)" for kind in range(150))
        graph.execute(f"MATCH (a:Item {{id: 39999}}), (b:Item {{id: 7}}) CREATE {edges}, (b)-[:BACK]->(a)")
    command = [sys.executable, "-c", MISSES, str(tmp_path / "graph")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("0\n", 0), done.stderr
