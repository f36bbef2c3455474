"""Table functions in Python: rows that CALL yields."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

import grism_ray as gr

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from grism_ray.options import Engine

COLUMNS = {"word": str, "place": int}


@gr.udf(kind="table", yields=COLUMNS, name="my.words")
def words(text: str | None, least: int = 1) -> Iterator[tuple[str, int]]:
    """The words of a text."""
    for place, word in enumerate((text or "").split()):
        if word == "bad":
            message = "a bad word"
            raise ValueError(message)
        if len(word) >= least:
            yield word, place


@gr.udf(kind="table", yields={"n": int, "half": float}, name="my.numbers")
def numbers(form: str, count: int) -> Any:
    values = list(range(count))
    table = pa.table({"half": [value / 2 for value in values], "n": pa.array(values, pa.int32()), "more": values})
    match form:
        case "tuples":
            return [(value, value / 2) for value in values]
        case "dicts":
            return [{"n": value, "half": value / 2} for value in values]
        case "table":
            return table
        case "batches":
            return table.to_batches(max_chunksize=2)
        case "reader":
            return table.to_reader()
        case "pandas":
            return table.to_pandas()
        case "mixed":
            return [(0, 0), table.slice(1), {"n": count}]
        case "none":
            return None
        case _:
            return [[1, 2, 3]]


@gr.udf(kind="table", yields={"i": int})
def endless(limit: int | None = None) -> Iterator[int]:
    number = 0
    while limit is None or number < limit:
        yield number
        number += 1


@gr.udf(kind="table", yields={"pid": int})
def processes(value: Any) -> list[int]:
    return [os.getpid()]


CALLED: list[Any] = []


@gr.udf(kind="table", yields={}, name="my.note")
def note(value: Any) -> None:
    CALLED.append(value)


ALL = (words, numbers, endless, processes, note)


@pytest.fixture(params=["memory", "disk"])
def hg(request: pytest.FixtureRequest, tmp_path: Path) -> gr.Graph:
    graph = gr.open(*([tmp_path / "graph"] if request.param == "disk" else []))
    graph.register_functions(*ALL)
    graph.execute("CREATE (:T {id: 1, text: 'a bb ccc'}), (:T {id: 2, text: 'dd'}), (:T {id: 3})")
    return graph


def found(hg: gr.Graph, query: str, **settings: Any) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in hg.query(query, **settings).to_pylist()]


@pytest.mark.parametrize(
    ("engine", "settings"), [("local", {"threads": 1}), ("local", {}), ("staged", {}), ("staged", {"partitions": 3})]
)
def test_call_yields_rows(hg: gr.Graph, engine: Engine, settings: dict[str, Any]) -> None:
    options = {"engine": engine, **settings}
    assert found(hg, "CALL my.words('x yy')", **options) == [("x", 0), ("yy", 1)]
    assert found(hg, "CALL my.words('x yy', 2) YIELD *", **options) == [("yy", 1)]
    assert found(hg, "CALL My.Words", params={"text": "x yy"}, **options) == [("x", 0), ("yy", 1)]
    query = "CALL my.words('x yy') YIELD place AS p, word WHERE p > 0 RETURN p, word"
    assert found(hg, query, **options) == [(1, "yy")]
    # For each row, after and before other clauses.
    query = "MATCH (t:T) CALL my.words(t.text, 2) YIELD word RETURN t.id AS id, word ORDER BY id, word"
    assert found(hg, query, **options) == [(1, "bb"), (1, "ccc"), (2, "dd")]
    query = "MATCH (t:T) CALL my.words(t.text) YIELD word AS w WITH t, count(w) AS c RETURN t.id AS id, c ORDER BY id"
    assert found(hg, query, **options) == [(1, 3), (2, 1)]
    query = "CALL my.words('2 1') YIELD word MATCH (t:T {id: toInteger(word)}) RETURN t.text AS x ORDER BY x"
    assert found(hg, query, **options) == [("a bb ccc",), ("dd",)]
    within = "CALL (t) { CALL my.words(t.text) YIELD word RETURN count(word) AS c }"
    query = f"MATCH (t:T) {within} RETURN t.id AS i, c ORDER BY i"
    assert found(hg, query, **options) == [(1, 3), (2, 1), (3, 0)]
    query = "UNWIND [1, 2] AS x CALL my.numbers('tuples', x) YIELD n CALL my.numbers('tuples', n) YIELD n AS m RETURN m"
    assert found(hg, query, **options) == [(0,)]


@pytest.mark.parametrize("form", ["tuples", "dicts", "table", "batches", "reader", "pandas"])
def test_rows_have_many_forms(hg: gr.Graph, form: str) -> None:
    query = "CALL my.numbers($form, 5) YIELD n, half RETURN collect(n), sum(half)"
    assert found(hg, query, params={"form": form}) == [([0, 1, 2, 3, 4], 5.0)]
    assert found(hg, query, params={"form": "mixed"}) == [([0, 1, 2, 3, 4, 5], 5.0)]
    assert found(hg, query, params={"form": "none"}) == [([], 0)]


def test_rows_come_as_they_are_made_and_end_with_the_query(hg: gr.Graph) -> None:
    assert found(hg, "CALL endless() YIELD i RETURN i LIMIT 3") == [(0,), (1,), (2,)]
    begun = time.monotonic()
    with pytest.raises(gr.CancelledError):
        hg.query("CALL endless() YIELD i RETURN count(i)", timeout=0.3)
    assert time.monotonic() - begun < 2
    with pytest.raises(gr.ResourceExhaustedError):
        hg.query("CALL endless() YIELD i RETURN collect(i)", memory_limit=8 << 20)


def test_writes_take_rows(hg: gr.Graph) -> None:
    hg.execute("CALL my.words('x yy') YIELD word, place CREATE (:W {word: word, place: place})")
    assert found(hg, "MATCH (w:W) RETURN w.word, w.place ORDER BY w.place") == [("x", 0), ("yy", 1)]


def test_a_function_without_columns_is_called_for_what_it_does(hg: gr.Graph) -> None:
    CALLED.clear()
    assert found(hg, "MATCH (t:T) CALL my.note(t.id) RETURN count(t)") == [(3,)]
    assert sorted(CALLED) == [1, 2, 3]
    CALLED.clear()
    assert found(hg, "CALL my.note('once')") == []
    assert CALLED == ["once"]


@pytest.mark.parametrize("engine", ["local", "staged"])
def test_mistakes_are_told(hg: gr.Graph, engine: Engine) -> None:
    for query, message in [
        ("CALL my.words(1)", "`text` is String, not Int64"),
        (
            "UNWIND ['a', 2] AS x CALL my.words(x) YIELD word RETURN word",
            r"needs String as `text`, not Int64, for \(2\)",
        ),
        ("CALL my.words('a', 1, 2)", "takes 1 to 2 arguments, not 3"),
        ("CALL my.words('a') YIELD wrd RETURN wrd", "did you mean `word`"),
        ("CALL my.wrds('a')", "did you mean `my.words`"),
        ("RETURN my.words('a')", r"gives rows, not a value: CALL my.words"),
        ("MATCH (t:T) CALL my.words(t.text) RETURN t", "needs YIELD"),
    ]:
        with pytest.raises(gr.InvalidQueryError, match=message):
            hg.query(query, engine=engine)
    failed = r"`my.words\(\)` failed after 1 rows for \('a bad',\): ValueError: a bad word"
    with pytest.raises(gr.InvalidDataError, match=failed) as caught:
        hg.query("CALL my.words('a bad')", engine=engine)
    assert isinstance(caught.value.__cause__, ValueError)
    with pytest.raises(gr.InvalidDataError, match="gave 3 values in row 0"):
        hg.query("CALL my.numbers('wide', 1)", engine=engine)
    for rows, message in [
        ([{"word": "a", "plce": 1}], "did you mean `place`"),
        ([("a", "b")], r"gave String as `place` in row 0.* where it yields Int64"),
        ([1], "give a tuple or a dict"),
        (pa.table({"word": ["a"]}), "a table without the column `place`"),
        (pa.table({"word": ["a"], "place": ["b"]}), "gave String as `place` in row 0"),
    ]:
        hg.register_functions(gr.udf(kind="table", yields=COLUMNS, name="my.odd")(lambda rows=rows: rows))
        with pytest.raises(gr.InvalidDataError, match=message):
            hg.query("CALL my.odd()", engine=engine)


def test_they_are_listed_as_procedures_and_shown_in_plans(hg: gr.Graph) -> None:
    shown = {row["name"]: row for row in hg.query("SHOW PROCEDURES").to_pylist()}
    assert shown["my.words"] == {
        "name": "my.words",
        "arguments": "text: String, least: Int64",
        "columns": "word: String, place: Int64",
        "category": "User-defined",
        "description": "The words of a text.",
    }
    listed = {row["name"]: row for row in hg.functions()}
    assert listed["my.words"]["kind"] == "table"
    assert listed["my.words"]["signature"] == (
        "my.words(text :: String, [least :: Int64]) :: (word :: String, place :: Int64)"
    )
    plan = hg.explain("MATCH (t:T) CALL my.words(t.text) YIELD word, place AS p RETURN word")
    assert "TableCall(my.words(t.text) YIELD word)" in plan


def test_they_run_on_ray_workers(two_workers: dict[str, object]) -> None:
    graph = gr.open()
    graph.register_functions(*ALL)
    graph.execute("UNWIND range(1, 100) AS i CREATE (:T {text: 'a b c'})")
    settings: dict[str, Any] = {"engine": "ray", "ray": two_workers}
    query = "MATCH (t:T) CALL my.words(t.text) YIELD word CALL processes(word) YIELD pid RETURN word, count(*) AS c, "
    got = found(graph, query + "collect(DISTINCT pid) AS p ORDER BY word", **settings)
    assert [row[:2] for row in got] == [("a", 100), ("b", 100), ("c", 100)]
    assert all(os.getpid() not in row[2] for row in got)
    with pytest.raises(gr.InvalidDataError, match=r"failed for \('bad',\): ValueError: a bad word") as caught:
        found(graph, "CALL my.words('bad')", **settings)
    assert isinstance(caught.value.__cause__, ValueError)


@gr.udf(kind="table", yields={"node": gr.Node, "place": int}, name="my.each")
def each(nodes: Any, times: int = 1) -> Iterator[Any]:
    for place, node in enumerate(nodes * times):
        yield node, place


@pytest.mark.parametrize("engine", ["local", "staged"])
def test_rows_hold_entities_that_were_given(hg: gr.Graph, engine: Engine) -> None:
    hg.register_functions(each)
    hg.execute("MATCH (a:T {id: 1}), (b:T {id: 2}) CREATE (a)-[:NEXT]->(b)")
    options: dict[str, Any] = {"engine": engine}
    query = "MATCH (t:T) WITH t ORDER BY t.id WITH collect(t) AS all CALL my.each(all, 2) YIELD node, place "
    assert found(hg, query + "RETURN node.id, place ORDER BY place", **options) == [
        (1, 0), (2, 1), (3, 2), (1, 3), (2, 4), (3, 5),
    ]  # fmt: skip
    assert found(hg, query + "MATCH (node)-[:NEXT]->(o) RETURN DISTINCT o.id", **options) == [(2,)]
    assert found(hg, query + "WITH DISTINCT node RETURN count(node)", **options) == [(3,)]
    hg.register_functions(gr.udf(kind="table", yields={"n": gr.Node}, name="my.odd")(lambda t: [gr.Node(99, [], {})]))
    with pytest.raises(gr.InvalidDataError, match="gave the node with the id 99, which is not among those"):
        hg.query("MATCH (t:T {id: 1}) CALL my.odd(t) YIELD n RETURN n", **options)
    hg.register_functions(gr.udf(kind="table", yields={"n": gr.Hyperedge}, name="my.odd")(lambda t: [t]))
    with pytest.raises(gr.InvalidDataError, match=r"gave Node as `n` .*where it yields Hyperedge"):
        hg.query("MATCH (t:T {id: 1}) CALL my.odd(t) YIELD n RETURN n", **options)


@pytest.mark.parametrize(
    ("engine", "settings"), [("local", {"threads": 1}), ("local", {}), ("staged", {"partitions": 3})]
)
def test_an_optional_call_keeps_rows_without_any(hg: gr.Graph, engine: Engine, settings: dict[str, Any]) -> None:
    options: dict[str, Any] = {"engine": engine, **settings}
    query = "MATCH (t:T) OPTIONAL CALL my.words(t.text, 2) YIELD word, place AS p RETURN t.id AS id, word, p "
    expected = [(1, "bb", 1), (1, "ccc", 2), (2, "dd", 0), (3, None, None)]
    assert found(hg, query + "ORDER BY id, p", **options) == expected
    # A condition of YIELD belongs to the call.
    query = "MATCH (t:T) OPTIONAL CALL my.words(t.text) YIELD word WHERE word STARTS WITH 'd' RETURN t.id AS id, word "
    assert found(hg, query + "ORDER BY id", **options) == [(1, None), (2, "dd"), (3, None)]
    assert found(hg, "OPTIONAL CALL my.numbers('none', 1)", **options) == [(None, None)]
    assert found(hg, "OPTIONAL CALL my.words('x') YIELD word RETURN word", **options) == [("x",)]
    listed = "OPTIONAL CALL db.relationshipTypes() YIELD relationshipType AS r RETURN r"
    assert found(hg, listed, **options) == [(None,)]
    assert found(hg, "OPTIONAL CALL db.labels()", **options) == [("T",)]
    first = "MATCH (t:T {id: 3}) OPTIONAL CALL my.words(t.text) YIELD word "
    chained = first + "OPTIONAL CALL my.words(word) YIELD word AS w RETURN count(*), w"
    assert found(hg, chained, **options) == [(1, None)]
    within = "CALL (t) { OPTIONAL CALL my.words(t.text) YIELD word RETURN count(*) AS c }"
    query = f"MATCH (t:T) {within} RETURN t.id AS i, c ORDER BY i"
    assert found(hg, query, **options) == [(1, 3), (2, 1), (3, 1)]


def test_an_optional_call_ends_with_the_query(hg: gr.Graph) -> None:
    assert found(hg, "OPTIONAL CALL endless() YIELD i RETURN i LIMIT 2") == [(0,), (1,)]


def test_writes_take_rows_of_an_optional_call(hg: gr.Graph) -> None:
    hg.execute("MATCH (t:T) OPTIONAL CALL my.words(t.text, 3) YIELD word SET t.word = coalesce(word, 'none')")
    assert found(hg, "MATCH (t:T) RETURN t.id, t.word ORDER BY t.id") == [(1, "ccc"), (2, "none"), (3, "none")]
    CALLED.clear()
    hg.execute("MATCH (t:T) OPTIONAL CALL my.note(t.id) SET t.seen = true")
    assert sorted(CALLED) == [1, 2, 3]
