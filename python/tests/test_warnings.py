"""Warnings of queries reach Python's warnings, and stay on the result."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import pytest

import grism_ray as gr

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def graph(tmp_path: Path) -> Iterator[gr.Graph]:
    """Two towns, and a visit of one."""
    with gr.open(tmp_path / "towns.grism") as graph:
        graph.execute("CREATE HYPEREDGE TYPE VISIT (guest, town Town)")
        graph.execute(
            "CREATE (:Town {name: 'Ulm', founded: 854, seen: datetime('2021-05-01T00:00Z'), day: date('2021-05-01')})"
        )
        graph.execute(
            "MATCH (t:Town) CREATE (g:Guest {name: 'Ada'}), (v:VISIT {nights: 2})-[:guest]->(g), (v)-[:town]->(t)"
        )
        yield graph


def issued(call: object) -> list[str]:
    """The warnings of a call, each of which must point to this file."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        call()  # type: ignore[operator]
    assert all(issubclass(one.category, gr.GrismWarning) for one in found)
    assert all(one.filename == __file__ for one in found), [one.filename for one in found]
    return [str(one.message) for one in found]


@pytest.mark.parametrize("engine", ["local", "staged"])
def test_each_way_to_run_a_query_warns_once(graph: gr.Graph, engine: str) -> None:
    text = "MATCH (t:Town) RETURN t.nam AS a, t.nam AS b"
    runs = [
        lambda: graph.query(text, engine=engine),
        lambda: graph.execute(text, engine=engine),
        lambda: graph.prepare(text).query(engine=engine),
        lambda: list(graph.stream(text, engine=engine)),
        lambda: graph.nodes("Town").cypher("RETURN n0.nam AS a").limit(3).collect(engine),
    ]
    for run in runs:
        found = issued(run)
        assert len(found) >= 1
        assert len(found) == len(set(found)), found
        assert all("did you mean `name`" in one for one in found)
        # A kept plan warns as the first one did.
        assert issued(run) == found


def test_warnings_of_a_query_on_ray_are_issued_too(graph: gr.Graph, two_workers: dict[str, object]) -> None:
    text = "MATCH (t:Town) RETURN t.nam AS a"
    assert len(issued(lambda: graph.query(text, engine="ray", ray=two_workers))) == 1
    frame = graph.nodes("Town").cypher("RETURN n0.nam AS a")
    assert len(issued(lambda: frame.collect("ray", ray=two_workers))) == 1


def test_statements_and_writes_keep_their_warnings(graph: gr.Graph) -> None:
    with pytest.warns(gr.GrismWarning) as found:
        result = graph.execute(
            "MATCH (t:Twon) RETURN t; MATCH (t:Town) SET t.copy = t.nam; MATCH (t:Town) RETURN t.name"
        )
    assert [str(one.message) for one in found] == result.warnings
    assert ["Town" in result.warnings[0], "`name`" in result.warnings[1], len(result.warnings)] == [True, True, 2]
    with graph.transaction() as transaction, pytest.warns(gr.GrismWarning, match="Town"):
        transaction.query("MATCH (t:Twon) RETURN t")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        graph.query("MATCH (t:Town) WHERE t.name = 'Ulm' RETURN t.founded > 800 AS old")


@pytest.mark.parametrize(
    ("predicate", "said"),
    [
        ("t.seen > '2020-01-01'", ["always null", "datetime('…')"]),
        ("'2020-01-01' <= t.day", ["always null", "date('…')"]),
        ("t.founded = '854'", ["always false", "toInteger"]),
        ("t.founded <> $year", ["always true", "toInteger"]),
        ("t.founded IN ['854', '855']", ["always false"]),
        ("t.name = 5", ["always false"]),
    ],
)
def test_a_comparison_that_never_holds_warns(graph: gr.Graph, predicate: str, said: list[str]) -> None:
    with pytest.warns(gr.GrismWarning) as found:
        result = graph.query(f"MATCH (t:Town) WHERE {predicate} RETURN t.name AS name", {"year": "854"})
    assert [str(one.message) for one in found] == result.warnings
    assert len(result.warnings) == 1
    assert all(part in result.warnings[0] for part in said), result.warnings
    assert "line 1" in result.warnings[0]


@pytest.mark.parametrize(
    "predicate", ["t.founded = toInteger('854')", "t.seen > datetime('2020-01-01T00:00Z')", "t.founded = 854.0"]
)
def test_a_comparison_that_may_hold_does_not(graph: gr.Graph, predicate: str) -> None:
    result = graph.query(f"MATCH (t:Town) WHERE {predicate} RETURN t.name AS name")
    assert (result.warnings, result.to_pylist()) == ([], [{"name": "Ulm"}])


def test_a_role_that_is_asked_for_as_a_property_says_so(graph: gr.Graph) -> None:
    with pytest.warns(gr.GrismWarning, match=r"`guest` is a role of `VISIT`.*`\(v\)-\[:guest\]->\(x\)`"):
        result = graph.query("MATCH (v:VISIT) RETURN v.guest AS g, v.nights AS n")
    assert result.to_pylist() == [{"g": None, "n": 2}]
