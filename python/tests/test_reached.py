"""What is reached, over how many hops, and what is connected, against searches of a few lines."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

import grism_ray as gr

if TYPE_CHECKING:
    from pathlib import Path

ITEMS, TEAMS = 40, 24
SETTINGS: tuple[dict[str, Any], ...] = (
    {},
    {"rewrites": ["follow_lists", "group_components"]},
    {"engine": "staged", "partitions": 3},
    {"threads": 1},
)

Hops = dict[int, set[int]]


class Teams:
    """Items in teams, as members or as heads; some items several times in one team, some in none."""

    def __init__(self, seed: int, place: Path | None = None) -> None:
        chance = random.Random(seed)
        self.members: dict[int, list[int]] = {}
        self.heads: dict[int, int] = {}
        for team in range(TEAMS):
            near = chance.randrange(ITEMS - 8)
            self.members[team] = [near + chance.randrange(6) for _ in range(chance.randrange(4))]
            if chance.random() < 0.6:
                self.heads[team] = chance.randrange(ITEMS - 4)
        self.graph = gr.open(None if place is None else str(place))
        self.graph.execute("CREATE HYPEREDGE TYPE team (member item*, head item?)")
        self.graph.load_nodes(
            "item", pa.table({"id": range(ITEMS), "odd": [i % 2 == 1 for i in range(ITEMS)]}), key="id"
        )
        teams = [{"id": team, "members": own, "head": self.heads.get(team)} for team, own in self.members.items()]
        self.graph.execute(
            "UNWIND $teams AS t CREATE (h:team {id: t.id}) WITH h, t "
            "UNWIND t.members AS m MATCH (i:item {id: m}) CREATE (h)-[:member]->(i)",
            {"teams": teams},
        )
        self.graph.execute(
            "UNWIND $teams AS t MATCH (h:team {id: t.id}), (i:item {id: t.head}) CREATE (h)-[:head]->(i)",
            {"teams": teams},
        )

    def bound(self, team: int, roles: str) -> list[int]:
        """The items that a team binds in these roles."""
        items = list(self.members[team]) if "member" in roles else []
        return [*items, self.heads[team]] if "head" in roles and team in self.heads else items

    def hops(self, first: str, second: str) -> Hops:
        """Of each item, those that a team with both leads to by other roles than it came by."""
        found: Hops = {item: set() for item in range(ITEMS)}
        for team in self.members:
            for a in self.bound(team, first):
                found[a].update(self.bound(team, second))
        return found


def distances(hops: Hops, start: int) -> dict[int, int]:
    """Of each item that is reached the number of hops."""
    found, level = {start: 0}, [start]
    while level:
        following = []
        for item in level:
            for to in hops[item]:
                if to not in found:
                    found[to] = found[item] + 1
                    following.append(to)
        level = following
    return found


def same(graph: gr.Graph, text: str, expected: list[tuple[Any, ...]], parameters: Any = None) -> None:
    """Checks the answer with lists and without them, in stages and on one thread."""
    for settings in SETTINGS:
        rows = [tuple(row.values()) for row in graph.query(text, parameters or {}, **settings).to_pylist()]
        assert rows == expected, (text, parameters, settings)


@pytest.mark.parametrize(
    ("first", "second"), [("member", "member"), ("head", "member"), ("head|member", "head|member")]
)
def test_hops_through_hyperedges(first: str, second: str) -> None:
    teams = Teams(1)
    hops = teams.hops(first, second)
    step = f"((x:item)<-[:{first}]-(t:team)-[:{second}]->(y:item))"
    for start in (0, 3, ITEMS - 1):
        levels = distances(hops, start)
        for quantifier, most in (("*", ITEMS), ("{0,2}", 2), ("{1,3}", 3)):
            expected = sorted((b, 2 * d) for b, d in levels.items() if d <= most and b != start)
            text = f"MATCH p = ANY SHORTEST (a:item {{id: $start}}) {step}{quantifier} (b:item) WHERE a <> b "
            same(teams.graph, text + "RETURN b.id AS b, length(p) AS l ORDER BY b", expected, {"start": start})
            text = f"MATCH (a:item {{id: $start}}) {step}{quantifier} (b:item) WHERE a <> b "
            same(teams.graph, text + "RETURN count(DISTINCT b)", [(len(expected),)], {"start": start})
    pairs = [(a, b) for a in (0, 3, 9) for b in (5, 12, 30)]
    found = ((a, b, distances(hops, a).get(b)) for a, b in pairs)
    expected = sorted((a, b, 2 * d) for a, b, d in found if d)
    text = (
        "UNWIND $pairs AS pair MATCH (a:item {id: pair[0]}), (b:item {id: pair[1]}) "
        f"MATCH p = ANY SHORTEST (a) {step}+ (b) RETURN a.id AS a, b.id AS b, length(p) ORDER BY a, b"
    )
    same(teams.graph, text, expected, {"pairs": pairs})


@pytest.mark.parametrize("roles", ["member", "head|member"])
def test_items_and_teams_are_reached_by_roles_either_way(roles: str) -> None:
    teams = Teams(2)
    hops: Hops = {node: set() for node in range(ITEMS + TEAMS)}
    for team in range(TEAMS):
        for item in teams.bound(team, roles):
            hops[item].add(ITEMS + team)
            hops[ITEMS + team].add(item)
    for start in (0, 7, ITEMS - 1):
        levels = distances(hops, start)
        for quantifier, least, most in (("*", 1, 99), ("*0..3", 0, 3), ("*2..2", 2, 2)):
            expected = sum(
                b < ITEMS and b != start and (d <= most if least < 2 else b in second(hops, start))
                for b, d in levels.items()
            )
            text = (
                f"MATCH (a:item {{id: $start}})-[:{roles}{quantifier}]-(b:item) WHERE a <> b RETURN count(DISTINCT b)"
            )
            same(teams.graph, text, [(expected,)], {"start": start})


def second(hops: Hops, start: int) -> set[int]:
    """What two hops lead to."""
    return {to for between in hops[start] for to in hops[between]}


def test_ways_back_to_the_start_take_no_incidence_twice() -> None:
    teams = Teams(3)
    step = "((x:item)<-[:member]-(t:team)-[:member]->(y:item))"
    for text in (
        f"MATCH (a:item) {step}+ (b:item) WHERE a = b RETURN DISTINCT a.id AS a ORDER BY a",
        f"MATCH (a:item) {step}{{1,2}} (a) RETURN DISTINCT a.id AS a ORDER BY a",
        "MATCH (a:item)-[:member*1..4]-(b:item) WHERE a = b RETURN DISTINCT a.id AS a ORDER BY a",
    ):
        plain = teams.graph.query(text, rewrites=["follow_lists"]).to_pylist()
        assert 0 < len(plain) < ITEMS
        same(teams.graph, text, [(row["a"],) for row in plain])


def components(hops: Hops) -> list[set[int]]:
    """The sets of items that reach each other."""
    return sorted({frozenset(distances(hops, item)) for item in hops}, key=min)  # type: ignore[arg-type]


@pytest.mark.parametrize("disk", [False, True])
def test_components_of_a_hypergraph(disk: bool, tmp_path: Path) -> None:
    teams = Teams(4, tmp_path / "graph" if disk else None)
    step = "((x:item)<-[:member]-(t:team)-[:member]->(y:item))*"
    for _ in range(2):
        parts = components(teams.hops("member", "member"))
        by_item = {item: part for part in parts for item in part}
        text = f"MATCH ANY SHORTEST (a:item) {step} (b:item) WITH a, min(b.id) AS c WITH c, count(*) AS n "
        same(teams.graph, text + "RETURN c, n ORDER BY c", [(min(part), len(part)) for part in parts])
        text = f"MATCH (a:item) {step} (b:item) WHERE b.odd "
        text += "RETURN a.id AS a, min(b.id), max(b.id), count(DISTINCT b) ORDER BY a"
        odd = [(a, sorted(b for b in by_item[a] if b % 2)) for a in range(ITEMS)]
        same(teams.graph, text, [(a, own[0], own[-1], len(own)) for a, own in odd if own])
        text = f"MATCH ANY SHORTEST (a:item) {step} (b:item) RETURN a.odd AS odd, count(*), max(b.id) ORDER BY odd"
        sizes = [[len(by_item[a]) for a in range(ITEMS) if a % 2 == odd] for odd in (0, 1)]
        largest = [max(max(by_item[a]) for a in range(ITEMS) if a % 2 == odd) for odd in (0, 1)]
        same(teams.graph, text, [(odd == 1, sum(sizes[odd]), largest[odd]) for odd in (0, 1)])
        # A commit later other items are connected.
        gone = max(teams.members, key=lambda team: len(teams.members[team]))
        teams.graph.execute("MATCH (t:team {id: $gone}) DETACH DELETE t", {"gone": gone})
        teams.graph.execute(
            "MATCH (a:item {id: 1}), (b:item {id: 39}) CREATE (t:team {id: 99}), (t)-[:member]->(a), (t)-[:member]->(b)"
        )
        del teams.members[gone]
        teams.members[99] = [1, 39]


def test_hyperedges_that_hops_pass_through_reach_themselves_alone() -> None:
    teams = Teams(5)
    parts = components(teams.hops("member", "member"))
    expected = [("hyperedge", team, team) for team in range(TEAMS)]
    expected += sorted(("node", item, max(part)) for part in parts for item in part)
    step = "(()<-[:member]-(:team)-[:member]->())*"
    text = f"MATCH (a) {step} (b) WITH a, max(b.id) AS m RETURN kind(a) AS kind, a.id AS a, m ORDER BY kind, a"
    same(teams.graph, text, expected)
    text = f"MATCH (a:item) {step} (b) WITH a, max(b.id) AS m RETURN a.id AS a, m ORDER BY a"
    same(teams.graph, text, sorted((item, max(part)) for part in parts for item in part))
    assert "Components" in str(teams.graph.explain(text))


def edge_graph(seed: int) -> tuple[gr.Graph, Hops, Hops]:
    """Nodes of two labels, edges of two types, some of them loops or parallel; hops by both types and by K alone."""
    chance = random.Random(seed)
    graph = gr.open()
    graph.load_nodes("P", pa.table({"id": range(30)}), key="id")
    graph.load_nodes("Q", pa.table({"id": range(30, 50)}), key="id")
    both: Hops = {node: set() for node in range(50)}
    only: Hops = {node: set() for node in range(50)}
    for kind, count in (("K", 24), ("L", 8)):
        ends = [(chance.randrange(30), chance.randrange(20, 50)) for _ in range(count)]
        ends += [*ends[:2], (count, count)]
        for a, b in ends:
            for hops in (both, only) if kind == "K" else (both,):
                hops[a].add(b)
                hops[b].add(a)
        graph.execute(
            f"UNWIND $ends AS e MATCH (a {{id: e[0]}}), (b {{id: e[1]}}) CREATE (a)-[:{kind}]->(b)",
            {"ends": [list(pair) for pair in ends]},
        )
    return graph, both, only


def test_components_over_edges() -> None:
    graph, both, only = edge_graph(5)
    for kinds, hops in ((":K|L", both), (":K", only), ("", both)):
        parts = components(hops)
        text = f"MATCH (a)-[{kinds}*0..]-(b) WITH a, min(b.id) AS c RETURN c, count(*) AS n ORDER BY c"
        same(graph, text, [(min(part), len(part)) for part in parts])
        text = f"MATCH (a:P)-[{kinds}*0..]-(b:Q) RETURN a.id AS a, count(DISTINCT b) AS n ORDER BY a"
        by_node = {node: sum(b >= 30 for b in part) for part in parts for node in part}
        same(graph, text, [(a, by_node[a]) for a in range(30) if by_node[a]])
    assert "Components" in str(graph.explain("MATCH (a)-[:K*0..]-(b) RETURN a, min(b.id)"))
    assert "Components" not in str(graph.explain("MATCH (a)-[:K*0..]->(b) RETURN a, min(b.id)"))
    assert "Components" not in str(graph.explain("MATCH (a)-[:K*0..4]-(b) RETURN a, min(b.id)"))


def test_lengths_are_told_without_paths() -> None:
    graph, _, hops = edge_graph(6)
    levels = distances(hops, 0)
    far = sorted(b for b, d in levels.items() if d > 1)
    total = sum(levels[b] for b in far)
    start = "MATCH p = shortestPath((a {id: 0})-[:K*]-(b)) WHERE a <> b "
    for text, expected, has_path in (
        ("AND length(p) > 1 RETURN b.id AS b ORDER BY b", [(b,) for b in far], False),
        ("WITH p, length(p) AS l WHERE l > 1 RETURN count(*), sum(length(p))", [(len(far), total)], False),
        ("WITH b, size(relationships(p)) AS n, length(p) AS l WHERE n = l RETURN count(*)", [(len(levels) - 1,)], True),
        ("RETURN DISTINCT length(p) AS l, size(nodes(p)) AS n ORDER BY l LIMIT 1", [(1, 2)], True),
    ):
        same(graph, start + text, expected)
        assert ("; length" in str(graph.explain(start + text))) != has_path
    text = (
        "UNWIND [1, 5, 29, 49] AS t MATCH (a {id: 0}), (b {id: t}) "
        "OPTIONAL MATCH p = shortestPath((a)-[:K*]-(b)) RETURN t, length(p) AS l ORDER BY t"
    )
    same(graph, text, [(t, levels.get(t)) for t in (1, 5, 29, 49)])
    assert "; length" in str(graph.explain(text))


def test_conditions_within_a_hop_hold_for_every_hop() -> None:
    graph, _, hops = edge_graph(7)
    kept = {node: {to for to in own if to % 5} for node, own in hops.items()}
    for start in (1, 2, 33):
        expected = sorted((b, d) for b, d in distances(kept, start).items() if b != start)
        text = (
            "MATCH p = ANY SHORTEST (a {id: $start}) ((x)-[:K]-(y) WHERE y.id % 5 <> 0)+ (b) WHERE a <> b "
            "RETURN b.id AS b, length(p) AS l ORDER BY b"
        )
        same(graph, text, expected, {"start": start})
        text = "MATCH (a {id: $start}) ((x)-[:K]-(y) WHERE y.id % 5 <> 0)+ (b) WHERE a <> b RETURN count(DISTINCT b)"
        # Without rewrites every path would be followed.
        assert graph.query(text, {"start": start}).to_pylist() == [{"count(DISTINCT b)": len(expected)}]


def test_searches_from_many_starts_go_on_together() -> None:
    # More starts than go on together: a ring with a chord, and a node that nothing leads to.
    size = 150
    graph = gr.open()
    graph.load_nodes("P", pa.table({"id": range(size + 1)}), key="id")
    ends = [(node, (node + 1) % size) for node in range(size)] + [(0, 75), (size, 3)]
    table = pa.table({"a": [a for a, _ in ends], "b": [b for _, b in ends]})
    graph.load_hyperedges("K", table, roles={"source": ("P", "a"), "target": ("P", "b")})
    hops: Hops = {node: set() for node in range(size + 1)}
    for a, b in ends:
        hops[a].add(b)
    by_length: dict[int, int] = {}
    for start in range(size + 1):
        for length in distances(hops, start).values():
            by_length[length] = by_length.get(length, 0) + 1
    del by_length[0]
    text = "MATCH p = shortestPath((a:P)-[:K*]->(b:P)) WHERE a <> b RETURN length(p) AS l, count(*) ORDER BY l"
    same(graph, text, sorted(by_length.items()))
    text = "MATCH p = shortestPath((a:P)-[:K*]->(b:P)) WHERE a = b RETURN a.id AS a, length(p) ORDER BY a"
    cycles = [(node, min(distances(hops, to)[node] for to in hops[node]) + 1) for node in range(size)]
    same(graph, text, cycles)
    text = "MATCH (a:P)-[:K*1..3]->(b:P) RETURN a.id AS a, count(DISTINCT b) AS n ORDER BY a"
    same(graph, text, [(a, sum(0 < d < 4 for d in distances(hops, a).values())) for a in range(size + 1)])
