"""Aggregates in Python: functions of all values of a group, and classes that take row by row."""

from __future__ import annotations

import os
import statistics
from typing import TYPE_CHECKING, Any

import pytest

import grism_ray as gr

if TYPE_CHECKING:
    from pathlib import Path

    from grism_ray.options import Engine

ENGINES = [
    ("local", {"threads": 1}),
    ("local", {}),
    ("staged", {"partitions": 1}),
    ("staged", {"partitions": 3}),
]


@gr.udf(kind="aggregate", name="my.median")
def median(numbers: list[float]) -> float | None:
    """The middle."""
    return statistics.median(numbers) if numbers else None


@gr.udf(kind="aggregate", returns=int, over="arrow", parameters={"numbers": int}, nulls="pass")
def rows(numbers: Any) -> Any:
    return len(numbers)


@gr.udf(kind="aggregate", returns=float, name="my.mean")
class Mean:
    """A weighted mean."""

    def __init__(self) -> None:
        self.sum, self.weight = 0.0, 0.0

    def accumulate(self, number: float, weight: float = 1.0) -> None:
        """Takes a number."""
        if number == -13:
            message = "unlucky"
            raise ValueError(message)
        self.sum, self.weight = self.sum + number * weight, self.weight + weight

    def merge(self, other: Any) -> None:
        """Takes in another part of the group."""
        self.sum, self.weight = self.sum + other.sum, self.weight + other.weight

    def finish(self) -> float | None:
        """The mean."""
        return self.sum / self.weight if self.weight else None


@gr.udf(kind="aggregate", returns=list[int], name="my.processes")
class Processes:
    """The processes that took rows; without a merge it is one for each group."""

    __slots__ = ("found",)

    def __init__(self) -> None:
        self.found: set[int] = set()

    def accumulate(self, value: Any) -> None:
        """Notes the process."""
        self.found.add(os.getpid())

    def finish(self) -> list[int]:
        """All processes."""
        return sorted(self.found)


ALL = (median, rows, Mean, Processes)


@pytest.fixture(params=["memory", "disk"])
def hg(request: pytest.FixtureRequest, tmp_path: Path) -> gr.Graph:
    graph = gr.open(*([tmp_path / "graph"] if request.param == "disk" else []))
    graph.register_functions(*ALL)
    graph.execute(
        "UNWIND range(0, 999) AS i CREATE (:N {i: i, k: i % 3, x: CASE WHEN i % 10 = 0 THEN null ELSE i END})"
    )
    return graph


def found(hg: gr.Graph, query: str, **settings: Any) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in hg.query(query, **settings).to_pylist()]


@pytest.mark.parametrize(("engine", "settings"), ENGINES)
def test_they_stand_where_count_stands(hg: gr.Graph, engine: Engine, settings: dict[str, Any]) -> None:
    options = {"engine": engine, **settings}
    xs = {k: [i for i in range(1000) if i % 3 == k and i % 10] for k in range(3)}
    query = (
        "MATCH (n:N) RETURN n.k AS k, My.Median(n.x) AS m, my.mean(n.x) AS a, rows(n.x) AS r, count(n.x) AS c "
        "ORDER BY my.mean(n.x)"
    )
    expected = [
        (k, statistics.median(xs[k]), statistics.mean(xs[k]), len(range(k, 1000, 3)), len(xs[k])) for k in range(3)
    ]
    got = found(hg, query, **options)
    assert [row[0] for row in got] == [row[0] for row in sorted(expected, key=lambda row: row[2])]
    assert sorted(got) == [pytest.approx(row) for row in expected]
    # In a WITH, within an expression, with two arguments, over no groups, and over different values once.
    query = "MATCH (n:N) WITH my.mean(n.i, 2.0) + 1 AS a, my.median(DISTINCT n.k) AS d WHERE a > 0 RETURN a, d"
    assert found(hg, query, **options) == [(500.5, 1.0)]
    query = "MATCH (n:N) RETURN toInteger(my.median(n.i)) + count(*) AS a, [x IN my.processes(n.i) | 1] AS l"
    assert found(hg, query, **options) == [(1499, [1])]
    query = "MATCH (n:N) WITH n.k AS k, my.mean(DISTINCT n.i % 5) AS a RETURN collect(a)"
    assert found(hg, query, **options) == [([2.0, 2.0, 2.0],)]
    query = "MATCH (n:N) WHERE n.i < 0 RETURN my.median(n.x), my.mean(n.x), rows(n.x)"
    assert found(hg, query, **options) == [(None, None, 0)]
    query = "MATCH (n:N) WHERE n.i < 0 RETURN n.k, my.median(n.x)"
    assert found(hg, query, **options) == []
    query = "UNWIND [null, null] AS x RETURN my.median(x), rows(x)"
    assert found(hg, query, **options) == [(None, 2)]
    query = "MATCH (n:N) RETURN n.k AS k, size(my.processes(n.i)) AS s ORDER BY k"
    assert found(hg, query, **options) == [(0, 1), (1, 1), (2, 1)]
    assert found(hg, "MATCH (n:N) RETURN size(my.processes(n))", **options) == [(1,)]


def test_a_query_that_writes_aggregates(hg: gr.Graph) -> None:
    hg.execute("MATCH (n:N) WITH n.k AS k, my.mean(n.i) AS a CREATE (:M {k: k, a: a})")
    assert found(hg, "MATCH (m:M) RETURN m.k, m.a ORDER BY m.k") == [(0, 499.5), (1, 499.0), (2, 500.0)]


def test_frames_aggregate(hg: gr.Graph) -> None:
    col = gr.col
    grouped = hg.nodes("N").group_by("k").agg(m=median(col("i")), d=Mean(col("i") % 5, distinct=True))
    assert sorted(tuple(row.values()) for row in grouped.collect().to_pylist()) == [
        (0, 499.5, 2.0),
        (1, 499.0, 2.0),
        (2, 500.0, 2.0),
    ]
    named = hg.nodes("N").agg(m=hg.call("my.median", col("i")), n=hg.call("count", col("i"))).collect()
    assert named.to_pylist() == [{"m": 499.5, "n": 1000}]


def test_mistakes_are_told(hg: gr.Graph) -> None:
    for query, message in [
        ("RETURN my.median('a')", "`my.median\\(\\)` needs Float64 as `numbers`, not String"),
        ("UNWIND [1, 'a'] AS x RETURN my.median(x)", "`my.median\\(\\)` needs Float64 as `numbers`, not String: 'a'"),
        ("RETURN my.median()", "takes 1 argument, not 0"),
        ("RETURN my.mean(1, 2, 3)", "takes 1 to 2 arguments, not 3"),
        ("RETURN my.median(count(*))", "an aggregate cannot stand within another"),
        ("RETURN count(my.median(1))", "an aggregate cannot stand within another"),
        ("MATCH (n:N) WHERE my.median(n.i) > 1 RETURN n", "aggregate"),
        ("MATCH (n:N) RETURN n.i + my.median(n.i)", "neither aggregated nor grouped by|in a WITH before"),
        ("RETURN my.medain(1)", "did you mean `my.median`"),
        ("CALL my.median(1) YIELD x RETURN x", "procedure"),
    ]:
        with pytest.raises(gr.InvalidQueryError, match=message):
            hg.query(query)


@pytest.mark.parametrize("engine", ["local", "staged"])
def test_what_python_raises_is_the_cause(hg: gr.Graph, engine: Engine) -> None:
    with pytest.raises(
        gr.InvalidDataError, match=r"`my.mean\(\)` failed for \(-13.0,\): ValueError: unlucky"
    ) as caught:
        hg.query("UNWIND [1, -13] AS x RETURN my.mean(x)", engine=engine)
    assert isinstance(caught.value.__cause__, ValueError)
    assert caught.value.__cause__.__traceback__ is not None

    @gr.udf(kind="aggregate", returns=int, name="my.wrong")
    def wrong(values: Any) -> Any:
        return "text"

    hg.register_functions(wrong)
    with pytest.raises(gr.InvalidDataError, match=r"`my.wrong\(\)` gave String for a group where it returns Int64"):
        hg.query("RETURN my.wrong(7)", engine=engine)


def test_a_registered_name_means_the_newest_function() -> None:
    graph = gr.open()
    for number in range(2):
        graph.register_functions(gr.udf(returns=int, name="f")(lambda number=number: number))
        assert found(graph, "RETURN f()") == [(number,)]
    # Of another kind, too.
    graph.register_functions(gr.udf(kind="aggregate", returns=int, name="F")(len))
    assert found(graph, "UNWIND [1, 2] AS x RETURN f(x)") == [(2,)]


def test_groups_that_do_not_fit_are_written_to_disk_or_refused(tmp_path: Path) -> None:
    graph = gr.open(tmp_path / "graph")
    graph.register_functions(*ALL)
    graph.execute("UNWIND range(0, 39999) AS i CREATE (:N {i: i})")
    query = "MATCH (n:N) WITH n.i AS i, my.mean(n.i) AS m RETURN count(*) AS c, sum(m) AS s"
    assert found(graph, query, memory_limit=24 << 20) == [(40000, 799980000.0)]


def test_they_run_on_ray_workers(two_workers: dict[str, object]) -> None:
    graph = gr.open()
    graph.register_functions(*ALL)
    graph.execute("UNWIND range(0, 999) AS i CREATE (:N {i: i, k: i % 3})")
    settings: dict[str, Any] = {"engine": "ray", "ray": two_workers}
    query = "MATCH (n:N) RETURN n.k AS k, my.median(n.i), my.mean(DISTINCT n.i), my.processes(n.i) AS p ORDER BY k"
    got = found(graph, query, **settings)
    assert [row[:3] for row in got] == [(0, 499.5, 499.5), (1, 499.0, 499.0), (2, 500.0, 500.0)]
    assert all(len(row[3]) == 1 and os.getpid() not in row[3] for row in got)
    with pytest.raises(gr.InvalidDataError, match="ValueError: unlucky") as caught:
        found(graph, "MATCH (n:N) RETURN my.mean(n.i - 500)", **settings)
    assert isinstance(caught.value.__cause__, ValueError)
    assert "in accumulate" in "".join(caught.value.__cause__.__notes__)
