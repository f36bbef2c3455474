"""Groups by properties of entities, and different values of groups, against a fold over every row, by any plan."""

from __future__ import annotations

import collections
import random
from typing import TYPE_CHECKING, Any

import pytest

import grism_ray as gr

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

GRAPHS = 6
QUERIES = 40
OPTIONS: list[dict[str, Any]] = [
    {},
    {"threads": 1},
    {"rewrites": "none"},
    {"rewrites": ["group_entities"]},
    {"engine": "staged", "partitions": 3},
    {"memory_limit": 64 << 20},
]

Row = dict[str, dict[str, Any]]


def random_value(rng: random.Random, kind: str) -> Any:
    """A value of a property, or null."""
    if rng.random() < 0.15:
        return None
    return {
        "text": lambda: rng.choice(["", "x", "é", "a b"]),
        "number": lambda: rng.randrange(-2, 3),
        "half": lambda: rng.randrange(-3, 4) / 2,
        "flag": lambda: rng.random() < 0.5,
    }[kind]()


KINDS = ("text", "number", "half", "flag")


class Trips:
    """Trips from a place to a place, some of them by a van, with any number of stops on the way."""

    def __init__(self, rng: random.Random, place: Path | None) -> None:
        self.places = [{kind: random_value(rng, kind) for kind in KINDS} | {"k": k} for k in range(rng.randint(1, 5))]
        self.vans = [{kind: random_value(rng, kind) for kind in KINDS} | {"k": k} for k in range(rng.randint(1, 3))]
        count = rng.choice([0, 3, 60, 200])
        self.trips = [{kind: random_value(rng, kind) for kind in KINDS} | {"k": k} for k in range(count)]
        pick = lambda: rng.randrange(len(self.places))  # noqa: E731
        self.bound = [
            {
                "start": pick(),
                "end": pick(),
                "van": rng.choice([None, rng.randrange(len(self.vans))]),
                "stop": [pick() for _ in range(rng.choice([0, 1, 1, 2, 3]))],
            }
            for _ in self.trips
        ]
        self.graph = gr.open(place)
        self.graph.execute("CREATE HYPEREDGE TYPE TRIP (start Place, end Place, van Van?, stop Place*)")
        if rng.random() < 0.5:
            self.graph.execute("CREATE CONSTRAINT FOR (p:Place) REQUIRE p.k IS KEY")
        self.graph.execute("UNWIND $rows AS row CREATE (p:Place) SET p = row", params={"rows": self.places})
        self.graph.execute("UNWIND $rows AS row CREATE (v:Van) SET v = row", params={"rows": self.vans})
        rows = [
            {"trip": trip, "start": own["start"], "end": own["end"], "van": own["van"], "stop": own["stop"]}
            for trip, own in zip(self.trips, self.bound, strict=True)
        ]
        for row in rows:
            parts = ["MATCH (s:Place {k: $start}), (e:Place {k: $end})"]
            made = ["(t)-[:start]->(s), (t)-[:end]->(e)"]
            if row["van"] is not None:
                parts.append("MATCH (v:Van {k: $van})")
                made.append("(t)-[:van]->(v)")
            for number, stop in enumerate(row["stop"]):
                parts.append(f"MATCH (x{number}:Place {{k: {stop}}})")
                made.append(f"(t)-[:stop]->(x{number})")
            properties = {name: value for name, value in row["trip"].items() if value is not None}
            text = f"{' '.join(parts)} CREATE (t:TRIP), {', '.join(made)} SET t += $own"
            self.graph.execute(text, params={**row, "own": properties})

    def rows(self, roles: list[str]) -> Iterator[Row]:
        """Every way to bind the roles of a trip to different incidences."""
        for trip, own in zip(self.trips, self.bound, strict=True):
            ways: list[tuple[Row, frozenset[Any]]] = [({"t": trip}, frozenset())]
            for role in roles:
                if role.startswith("stop"):
                    found = [(("stop", at), self.places[member]) for at, member in enumerate(own["stop"])]
                elif role == "van":
                    found = [] if own["van"] is None else [(("van", 0), self.vans[own["van"]])]
                else:
                    found = [((role, 0), self.places[own[role]])]
                ways = [
                    (row | {role: member}, taken | {incidence})
                    for row, taken in ways
                    for incidence, member in found
                    if incidence not in taken
                ]
            yield from (row for row, _ in ways)


def known(values: list[Any]) -> list[Any]:
    """The values that are not null."""
    return [own for own in values if own is not None]


def mean(values: list[Any]) -> float | None:
    """The mean of the values that are not null."""
    own = known(values)
    return sum(own) / len(own) if own else None


CALLS: list[tuple[str, Callable[[list[Any]], Any]]] = [
    ("count(*)", len),
    ("count({0})", lambda values: len(known(values))),
    ("sum({0})", lambda values: sum(known(values))),
    ("avg({0})", mean),
    ("min({0})", lambda values: min(known(values), default=None)),
    ("max({0})", lambda values: max(known(values), default=None)),
    ("count(DISTINCT {0})", lambda values: len(set(known(values)))),
]


def comparable(rows: list[list[Any]]) -> list[str]:
    """Rows as texts, in one order; sums of floats depend on theirs."""

    def plain(own: Any) -> Any:
        return float(round(own, 9)) if isinstance(own, (int, float)) and not isinstance(own, bool) else own

    return sorted(repr([plain(value) for value in row]) for row in rows)


@pytest.mark.parametrize("place", ["memory", "disk"])
def test_groups_are_those_of_every_row(tmp_path: Path, place: str) -> None:
    rng = random.Random(914)
    by_entity = 0
    for number in range(GRAPHS if place == "memory" else 2):
        trips = Trips(rng, tmp_path / f"{number}" if place == "disk" else None)
        for _ in range(QUERIES):
            roles = rng.sample(["start", "end", "van", "stop", "stop2"], rng.randint(1, 3))
            variables = [*roles, "t"]
            keys = [(rng.choice(variables), rng.choice([*KINDS, "k"])) for _ in range(rng.randint(0, 3))]
            tests = []
            if rng.random() < 0.4:
                tests.append((rng.choice(variables), rng.choice(["text", "number"])))
            calls = [(*rng.choice(CALLS), rng.choice(variables)) for _ in range(rng.randint(1, 3))]
            name, kind = rng.choice(["number", "half"]), rng.choice(["IS NOT NULL", "IS NULL"])
            pattern = ", ".join(f"(t:TRIP)-[:{role.rstrip('2')}]->({role})" for role in roles)
            asked = " AND ".join(f"{entity}.{own} {kind}" for entity, own in tests)
            returned = [f"{entity}.{own} AS k{at}" for at, (entity, own) in enumerate(keys)]
            returned += [f"{call.format(f'{of}.{name}')} AS c{at}" for at, (call, _, of) in enumerate(calls)]
            text = f"MATCH {pattern} {f'WHERE {asked} ' if asked else ''}RETURN {', '.join(returned)}"
            groups: dict[Any, list[Row]] = collections.defaultdict(list)
            if not keys:
                groups[()] = []
            for row in trips.rows(roles):
                if all((row[entity][own] is None) == (kind == "IS NULL") for entity, own in tests):
                    groups[tuple(row[entity][own] for entity, own in keys)].append(row)
            expected = [
                [*key, *(fold([row[of][name] for row in rows]) for _, fold, of in calls)]
                for key, rows in groups.items()
            ]
            by_entity += "#part" in str(trips.graph.explain(text))
            for options in OPTIONS:
                found = [list(row.values()) for row in trips.graph.query(text, **options).to_pylist()]
                assert comparable(found) == comparable(expected), (text, options)
    assert by_entity > QUERIES / 4


@pytest.fixture(scope="module")
def visits() -> gr.Graph:
    """4,000 visits of 40 people in 10 towns, whose names they share in pairs."""
    graph = gr.open()
    graph.execute("CREATE HYPEREDGE TYPE VISIT (who Person, town Town)")
    graph.execute("UNWIND range(0, 39) AS k CREATE (:Person {k: k, name: 'p' + toString(k % 20)})")
    graph.execute("UNWIND range(0, 9) AS k CREATE (:Town {k: k, name: 't' + toString(k / 2)})")
    graph.execute(
        "UNWIND range(0, 3999) AS i MATCH (p:Person {k: i % 40}), (t:Town {k: i % 7}) "
        "CREATE (v:VISIT {cost: i % 13, big: 9223372036854775807})-[:who]->(p), (v)-[:town]->(t)"
    )
    return graph


@pytest.mark.parametrize("engine", ["local", "staged"])
def test_properties_are_read_of_groups_and_not_of_rows(visits: gr.Graph, engine: Any) -> None:
    text = (
        "MATCH (p:Person)<-[:who]-(v:VISIT)-[:town]->(t:Town) WHERE t.name <> 't0' "
        "RETURN p.name AS p, t.name AS t, count(*) AS n, avg(v.cost) AS c, sum(v.cost) AS s ORDER BY p, t"
    )
    plan = str(visits.explain(text))
    assert plan.index("Fetch(p; name)") < plan.index("GROUP BY p, t"), plan
    assert plan.index("Fetch(t; name)") < plan.index("GROUP BY p, t"), plan
    rows = visits.query(text, engine=engine).to_pylist()
    plain = visits.query(text, engine=engine, rewrites="none").to_pylist()
    assert rows == plain
    assert (len(rows), sum(row["n"] for row in rows)) == (60, sum(1 for i in range(4000) if i % 7 > 1))


def test_sums_whose_parts_may_overflow_are_not_split(visits: gr.Graph) -> None:
    text = "MATCH (t:Town)<-[:town]-(v:VISIT) RETURN t.name AS t, sum({0}) AS s"
    assert "#part" in str(visits.explain(text.format("v.cost")))
    assert "#part" not in str(visits.explain(text.format("v.big")))
    # The sums of single towns are far from 0, either way.
    swung = "sum(CASE WHEN t.k % 2 = 0 THEN v.big ELSE -v.big END)"
    rows = visits.query(f"MATCH (t:Town)<-[:town]-(v:VISIT) WHERE t.k < 6 RETURN {swung} AS s").to_pylist()
    assert isinstance(rows[0]["s"], int)


def test_a_condition_keeps_away_what_would_fail(visits: gr.Graph) -> None:
    text = (
        "MATCH (p:Person)<-[:who]-(v:VISIT)-[:town]->(t:Town) WHERE t.name <> 't0' "
        "RETURN p.name AS p, sum(1000 / (t.k / 2)) AS s ORDER BY p"
    )
    assert visits.query(text).to_pylist() == visits.query(text, rewrites="none").to_pylist()


def test_different_values_of_groups_are_found_once(visits: gr.Graph) -> None:
    text = "MATCH (t:Town)<-[:town]-(:VISIT)-[:who]->(p:Person) RETURN t.k AS t, count(DISTINCT p) AS n ORDER BY t"
    assert "Distinct(" in str(visits.explain(text))
    assert visits.query(text).to_pylist() == [{"t": k, "n": 40} for k in range(7)]


def test_pairs_that_a_property_tells_apart_are_not_compared_by_incidences(visits: gr.Graph) -> None:
    text = (
        "MATCH (a:VISIT)-[:town]->(t)<-[:town]-(b:VISIT) WHERE a.cost < b.cost "
        "WITH a, b, count(*) AS n {0}RETURN count(*) AS n"
    )
    plan = str(visits.explain(text.format("")))
    assert "a <> b" not in plan, plan
    expected = sum(1 for i in range(4000) for j in range(i % 7, 4000, 7) if i % 13 < j % 13)
    for options in OPTIONS:
        assert visits.query(text.format(""), **options).to_pylist() == [{"n": expected}], options
    assert visits.query(text.format("WHERE n > 1 ")).to_pylist() == [{"n": 0}]


def test_values_that_differ_from_themselves_hold_nothing_apart() -> None:
    graph = gr.open()
    graph.execute("CREATE HYPEREDGE TYPE T (m N*)")
    graph.execute("CREATE (n:N) CREATE (t:T {x: 0.0 / 0.0})-[:m]->(n), (t)-[:m]->(n)")
    text = "MATCH (a:T)-[:m]->(n)<-[:m]-(b:T) WHERE a.x <> b.x RETURN count(*) AS n"
    assert graph.query(text).to_pylist() == graph.query(text, rewrites="none").to_pylist() == [{"n": 2}]


@pytest.mark.parametrize("limit", [6 << 20, 512 << 20])
def test_groups_past_the_memory_limit_are_spilled(limit: int) -> None:
    graph = gr.open()
    text = (
        "UNWIND range(1, 300000) AS i WITH i * 7919 % 200003 AS k, count(*) AS n, sum(i) AS s "
        "RETURN count(*) AS c, sum(n) AS n, sum(s) AS s"
    )
    [row] = graph.query(text, memory_limit=limit).to_pylist()
    assert row == {"c": len({i * 7919 % 200003 for i in range(1, 300001)}), "n": 300000, "s": 300000 * 300001 // 2}
