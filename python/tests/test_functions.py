"""Functions: Grism's own as SHOW FUNCTIONS lists them, and those that users register from Python."""

from __future__ import annotations

import datetime
import decimal
import math
import os
import sys
import time
from typing import TYPE_CHECKING, Any

import numpy
import pandas
import pyarrow
import pytest

import grism_ray as gr

if TYPE_CHECKING:
    from pathlib import Path

    from grism_ray.options import Engine


@gr.udf(returns=int, name="my.times")
def times(number: int, factor: int) -> int | None:
    """A product.

    Null of null.
    """
    if number is None:
        return None
    if number == 13:
        message = "unlucky"
        raise ValueError(message)
    return number * factor


@gr.udf(returns="Float64", over="arrow", parameters={"numbers": float})
def doubled(numbers: Any) -> Any:
    import pyarrow.compute

    return pyarrow.compute.multiply(numbers, 2.0)


@gr.udf(returns=list[str])
def described(value: Any) -> Any:
    return [type(value).__name__, str(value)]


@gr.udf(returns=int, volatile=True)
def process() -> int:
    return os.getpid()


@pytest.fixture
def hg() -> gr.Graph:
    graph = gr.open()
    graph.register_functions(times, doubled, described, process)
    graph.execute("CREATE (:N {x: 1}), (:N {x: 2}), (:N {y: 'a'})")
    return graph


def answers(hg: gr.Graph, query: str, **settings: Any) -> list[Any]:
    return [value for row in hg.query(query, **settings).to_pylist() for value in row.values()]


@pytest.mark.parametrize("engine", ["local", "staged"])
def test_functions_are_called_for_values_and_for_arrays(hg: gr.Graph, engine: Engine) -> None:
    query = "MATCH (n:N) WHERE my.Times(n.x, 2) > 2 OR n.x IS NULL RETURN my.times(n.x, 10) AS y ORDER BY y"
    assert answers(hg, query, engine=engine) == [20, None]
    pytest.importorskip("pyarrow")
    assert answers(hg, "MATCH (n:N) RETURN doubled(n.x) AS y ORDER BY y", engine=engine) == [2.0, 4.0, None]


def test_values_of_any_type_arrive_as_they_are(hg: gr.Graph) -> None:
    found = answers(hg, "UNWIND [1, 'a', [1, null], {b: 2.5}, date('2026-01-02')] AS x RETURN described(x)")
    assert found == [
        ["int", "1"],
        ["str", "a"],
        ["list", "[1, None]"],
        ["dict", "{'b': 2.5}"],
        ["date", "2026-01-02"],
    ]


def test_entities_arrive_with_what_they_hold(hg: gr.Graph) -> None:
    hg.execute("MATCH (a:N {x: 1}), (b:N {x: 2}) CREATE (a)-[:NEXT {w: 3}]->(b)")
    hg.register_functions(gr.udf(returns="Any", name="seen")(lambda value: str(value)))
    query = "MATCH p=(a:N)-[r:NEXT]->(b) RETURN seen(a) AS a, seen(r) AS r, seen([b]) AS b, seen(p) AS p"
    for engine in ("local", "staged"):
        (row,) = hg.query(query, engine=engine).to_pylist()
        assert "labels=['N'], properties={'x': 1}" in row["a"]
        assert "properties={'w': 3}" in row["r"]
        assert "labels=['N'], properties={'x': 2}" in row["b"]
        assert row["p"].count("labels=['N']") == 2


@pytest.mark.parametrize(
    ("returned", "expected"),
    [
        (lambda: None, None),
        (lambda: math.nan, "nan"),
        (lambda: numpy.int32(3), 3),
        (lambda: numpy.array([1.5, 2.5]), [1.5, 2.5]),
        (lambda: pandas.NA, None),
        (lambda: pandas.Series([1, 2]), [1, 2]),
        (lambda: pandas.Timestamp("2026-01-02T03:04:05+01:00").to_pydatetime(), "2026-01-02 03:04:05+01:00"),
        (lambda: pyarrow.scalar(3), 3),
        (lambda: pyarrow.array(["a", None]), ["a", None]),
        (lambda: {"a": [1, {"b": (2, 3)}]}, {"a": [1, {"b": [2, 3]}]}),
        (lambda: b"x", b"x"),
        (lambda: datetime.date(2026, 1, 2), datetime.date(2026, 1, 2)),
    ],
)
def test_values_of_other_libraries_are_values(hg: gr.Graph, returned: Any, expected: Any) -> None:
    hg.register_functions(gr.udf(returns="Any", name="given")(returned))
    (found,) = answers(hg, "RETURN given()")
    assert found == expected or str(found) == expected


def test_values_without_an_exact_type_are_refused(hg: gr.Graph) -> None:
    for value, message in [
        (decimal.Decimal("1.5"), "Decimal: which has no exact type here"),
        (object(), "a value of the Python type object"),
        (2**70, "does not fit into 64 bits"),
    ]:
        hg.register_functions(gr.udf(returns="Any", name="given")(lambda value=value: value))
        with pytest.raises(gr.InvalidDataError, match=message):
            hg.query("RETURN given()")


def test_functions_over_arrays_are_checked(hg: gr.Graph) -> None:
    hg.register_functions(
        gr.udf(returns=int, over="arrow", name="short", parameters={"x": int})(lambda x: x.slice(1)),
        gr.udf(returns=int, over="arrow", name="narrow", parameters={"x": int})(lambda x: x.cast(pyarrow.int16())),
        gr.udf(returns=int, over="arrow", name="texts", parameters={"x": int})(lambda x: x.cast(pyarrow.string())),
    )
    assert answers(hg, "UNWIND [1, 2] AS x RETURN narrow(x)") == [1, 2]
    with pytest.raises(gr.InvalidDataError, match=r"`short\(\)` gave 1 values for 2 rows"):
        hg.query("UNWIND [1, 2] AS x RETURN short(x)")
    with pytest.raises(gr.InvalidDataError, match=r"`texts\(\)` gave String for \(1,\) where it returns Int64"):
        hg.query("UNWIND [1, 2] AS x RETURN texts(x)")


def test_what_a_query_cannot_call_is_refused_by_name() -> None:
    async def later(x: int) -> int:
        return x

    def many(x: int) -> Any:
        yield x

    def named(*, x: int) -> int:
        return x

    def untyped(x: Any) -> Any:
        return x

    def bare(x):  # type: ignore[no-untyped-def]
        return x

    class Empty:
        pass

    for function, settings, message in [
        (later, {"returns": int}, r"later\(\): an `async def` is not supported"),
        (later, {"kind": "table", "yields": {"x": int}}, r"later\(\): an `async def` is not supported"),
        (many, {"returns": int}, r"many\(\): a generator gives rows"),
        (many, {"kind": "aggregate", "returns": int}, r"many\(\): a generator gives rows"),
        (many, {"kind": "table"}, r"many\(\): a table function names its columns"),
        (named, {}, r"named\(\): a query passes arguments by position"),
        (bare, {}, r"bare\(\): `returns` names the type"),
        (untyped, {"returns": int, "over": "arrow"}, r"untyped\(\): an array has a type"),
        (untyped, {"returns": int, "parameters": {"y": int}}, r"untyped\(\): there is no parameter `y`"),
        (untyped, {"returns": int, "nulls": "skip"}, r"untyped\(\): `nulls` is an option of aggregates"),
        (max, {"returns": int, "kind": "aggregate"}, r"max\(\): its arguments are not known"),
        (Empty, {"returns": int}, "Empty: a class is an aggregate"),
        (Empty, {"returns": int, "kind": "aggregate"}, "Empty: the class of an aggregate has the methods"),
    ]:
        with pytest.raises(TypeError, match=message):
            gr.udf(**settings)(function)
    graph = gr.open()
    for name in ("count", "db.mine", "no name", "a..b"):
        with pytest.raises(gr.InvalidQueryError, match=r"function of Grism|cannot name"):
            graph.register_functions(gr.udf(returns=int, name=name)(len))
    with pytest.raises(gr.InvalidQueryError, match="`kind`|kind="):
        graph.register_functions(gr.udf(returns=int, kind="window")(len))  # type: ignore[arg-type]


def test_arguments_with_a_default_may_be_left_out(hg: gr.Graph) -> None:
    hg.register_functions(gr.udf(returns=int, name="scaled")(lambda x, by=10: x * by))
    assert answers(hg, "RETURN scaled(2), scaled(2, 3)") == [20, 6]
    with pytest.raises(gr.InvalidQueryError, match="takes 1 to 2 arguments, not 3"):
        hg.query("RETURN scaled(1, 2, 3)")


def test_frames_call_functions(hg: gr.Graph) -> None:
    col = gr.col
    frame = (
        hg.nodes("N").filter(col("x").is_not_null()).select(y=times(col("x"), 10), z=hg.call("My.Times", col("x"), 2))
    )
    assert frame.filter(times(col("y"), 1) > 10).collect().to_pylist() == [{"y": 20, "z": 4}]
    with pytest.raises(gr.InvalidQueryError, match="needs Int64 as `number`"):
        hg.nodes("N").select(y=times("a", col("x")))
    with pytest.raises(gr.InvalidQueryError, match="did you mean `my.times`"):
        hg.call("my.tmes", col("x"))


def test_errors_say_where(hg: gr.Graph) -> None:
    for text in ("RETURN my.times('a', 2)", "UNWIND [1, 'a'] AS x RETURN my.times(x, 2)"):
        with pytest.raises(gr.InvalidQueryError, match=r"`my.times\(\)` needs Int64 as `number`, not String"):
            hg.query(text)
    with pytest.raises(gr.InvalidQueryError, match=r"not String, for \('a', 2\)"):
        hg.query("UNWIND [1, 'a'] AS x RETURN my.times(x, 2)")
    with pytest.raises(gr.InvalidDataError) as caught:
        hg.query("UNWIND [1, 13] AS x RETURN my.times(x, 2)", engine="staged")
    assert isinstance(caught.value.__cause__, ValueError)
    with pytest.raises(gr.InvalidDataError, match=r"`my.times\(\)` failed for \(13, 2\): ValueError: unlucky"):
        hg.query("UNWIND [1, 13] AS x RETURN my.times(x, 2)")
    with pytest.raises(gr.InvalidQueryError, match=r"`my.times\(\)` needs Int64 as `number`, not String"):
        hg.query("RETURN my.times('a', 2)")

    @gr.udf(returns=int)
    def wrong(x: int) -> Any:
        return "text"

    hg.register_functions(wrong)
    with pytest.raises(gr.InvalidDataError, match=r"gave String for \(7,\) where it returns Int64"):
        hg.query("RETURN wrong(7)")
    with pytest.raises(gr.InvalidQueryError, match="is a function of Grism"):
        hg.register_functions(gr.udf(returns=int, name="size")(len))


def test_functions_are_listed_and_discovered(hg: gr.Graph, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(
        "import grism_ray as gr\n\n@gr.udf(returns=str)\ndef greeting(name: str) -> str:\n    'Says hello.'\n"
        "    return f'hello {name}'\n"
    )
    (tmp_path / "another.py").write_text("import own\n\nGREETING = own.greeting\n")
    found = gr.discovered(tmp_path)
    hg.register_functions(*found)
    assert answers(hg, "RETURN greeting('Ann')", engine="staged") == ["hello Ann"]
    shown = {row["name"]: row for row in hg.query("SHOW FUNCTIONS").to_pylist()}
    assert shown["greeting"]["signature"] == "greeting(name :: String) :: String"
    assert shown["greeting"]["description"] == "Says hello."
    assert shown["greeting"]["category"] == "User-defined"
    assert shown["percentileCont"]["kind"] == "aggregate"
    assert shown["substring"]["signature"] == "substring(text :: String, start :: Int64, [length :: Int64]) :: String"
    assert greeted(found) == "hello Bob"
    assert "own" not in sys.modules
    with pytest.raises(FileNotFoundError, match="does not exist"):
        gr.discovered(tmp_path / "nowhere")
    (tmp_path / "broken.py").write_text("1 / 0")
    with pytest.raises(ImportError, match=r"broken.py: ZeroDivisionError"):
        gr.discovered(tmp_path)


def greeted(found: list[gr.UserFunction]) -> str:
    (greeting,) = found
    text: str = greeting("Bob")
    return text


def test_functions_run_on_ray_workers(hg: gr.Graph, two_workers: dict[str, Any]) -> None:
    found = answers(hg, "MATCH (n:N) RETURN my.times(n.x, process()) AS y", engine="ray", ray=two_workers)
    assert len(found) == 3
    assert None in found
    assert os.getpid() not in found
    with pytest.raises(
        gr.InvalidDataError, match=r"`my.times\(\)` failed for \(13, 2\): ValueError: unlucky"
    ) as caught:
        hg.query("UNWIND [1, 13] AS x RETURN my.times(x, 2)", engine="ray", ray=two_workers)
    assert isinstance(caught.value.__cause__, ValueError)
    assert "in times" in "".join(caught.value.__cause__.__notes__)


@pytest.mark.parametrize("engine", ["local", "staged"])
def test_a_slow_function_stops_between_two_rows_of_a_batch(engine: Engine) -> None:
    @gr.udf(returns=int, name="my.slow")
    def slow(number: int) -> int:
        time.sleep(0.01)
        return number

    hg = gr.open("memory://slow")
    hg.register_functions(slow)
    begun = time.monotonic()
    with pytest.raises(gr.CancelledError):
        hg.query("UNWIND range(1, 1000) AS x RETURN sum(my.slow(x)) AS total", engine=engine, timeout=0.2)
    assert time.monotonic() - begun < 2


@gr.udf(returns=gr.Node, name="my.same")
def same(value: Any) -> Any:
    """What it is given."""
    return value


@gr.udf(returns=gr.Node, name="my.older")
def older(a: gr.Node, b: gr.Node | None = None) -> gr.Node | None:
    return a if b is None or (a.get("x") or 0) >= (b.get("x") or 0) else b


@gr.udf(returns="Any", name="my.any")
def anything(value: Any) -> Any:
    return {"first": value[0], "all": value} if isinstance(value, list) else value


@pytest.fixture
def linked(hg: gr.Graph) -> gr.Graph:
    hg.register_functions(same, older, anything)
    hg.execute("MATCH (a:N {x: 1}), (b:N {x: 2}) CREATE (a)-[:NEXT {w: 3}]->(b)")
    return hg


@pytest.mark.parametrize("engine", ["local", "staged"])
def test_an_entity_that_was_given_comes_back_as_itself(linked: gr.Graph, engine: Engine) -> None:
    def of(query: str) -> list[Any]:
        return answers(linked, query, engine=engine)

    assert of("MATCH (n:N) WHERE my.same(n) = n RETURN my.same(n).x AS x ORDER BY x") == [1, 2, None]
    (node,) = of("MATCH (n:N {x: 2}) RETURN my.same(n) AS n")
    assert (node, node.labels, node.x) == (*of("MATCH (n:N {x: 2}) RETURN n"), ["N"], 2)
    # A pattern goes on from it, and writes change it.
    assert of("MATCH (n:N {x: 1}) WITH my.same(n) AS m MATCH (m)-[:NEXT]->(o) RETURN o.x") == [2]
    assert of("MATCH (a:N)-[:NEXT]->(b) RETURN my.older(a, b).x, my.older(a).x") == [2, 1]
    assert of("MATCH (n:N) RETURN count(DISTINCT my.same(n)) AS n") == [3]
    assert of("MATCH (n:N) WITH my.same(n) AS m, count(*) AS c RETURN m.x AS x, c ORDER BY x") == [1, 1, 2, 1, None, 1]
    # Within lists and maps, in comprehensions, and null of null.
    assert of("MATCH (n:N) WITH collect(n) AS l RETURN size([m IN l WHERE my.same(m).x > 1]) AS n") == [1]
    assert of("MATCH (n:N {x: 1}) RETURN my.any([n, 7]).first.x AS x, size(my.any([n, 7]).all) AS s") == [1, 2]
    assert of("OPTIONAL MATCH (n:N {x: 99}) RETURN my.same(n) AS n, my.same(null) AS m") == [None, None]
    assert of("MATCH p = (:N)-[r:NEXT]->() RETURN length(my.any(p)) AS l, my.any(r).w AS w") == [1, 3]


def test_a_write_takes_an_entity_that_a_function_gave(linked: gr.Graph) -> None:
    linked.execute("MATCH (n:N {x: 1}) WITH my.same(n) AS m SET m.y = 5")
    linked.execute("MATCH (n:N {x: 2}) WITH my.same(n) AS m CREATE (m)-[:OWNS]->(:Thing)")
    assert answers(linked, "MATCH (n:N {y: 5}) RETURN n.x") == [1]
    assert answers(linked, "MATCH (n)-[:OWNS]->(:Thing) RETURN n.x") == [2]


@pytest.mark.parametrize("engine", ["local", "staged"])
def test_what_is_no_entity_of_the_arguments_is_refused(linked: gr.Graph, engine: Engine) -> None:
    (other,) = answers(linked, "MATCH (n:N {x: 2}) RETURN n")
    made = gr.Node(other.id, ["Odd"], {"x": 99})
    wrong: list[tuple[Any, str, str]] = [
        (lambda n: made, "my.f(n)", rf"`my.f\(\)` gave the node with the id {other.id}, which is not among those"),
        (lambda n: gr.Node(1 << 62, [], {}), "my.f(n)", "gave the node with the id"),
        (lambda n: gr.Hyperedge(n.id, "T", {}), "my.f(n)", r"`my.f\(\)` gave Hyperedge.* where it returns Node"),
        (lambda n: n.x, "my.f(n)", r"`my.f\(\)` gave Int64.* where it returns Node"),
    ]
    for function, call, message in wrong:
        linked.register_functions(gr.udf(returns=gr.Node, name="my.f")(function))
        with pytest.raises(gr.InvalidDataError, match=message):
            linked.query(f"MATCH (n:N {{x: 1}}) RETURN {call}", engine=engine)
    # What the function makes of it does not count: the graph says what it holds.
    linked.register_functions(gr.udf(returns=gr.Node, name="my.f")(lambda n: gr.Node(n.id, ["Odd"], {"x": 99})))
    assert answers(linked, "MATCH (n:N {x: 1}) RETURN my.f(n).x, labels(my.f(n))", engine=engine) == [1, ["N"]]
    for query in ("RETURN my.older(1)", "MATCH ()-[r:NEXT]->() RETURN my.older(r)"):
        with pytest.raises(gr.InvalidQueryError, match=r"`my.older\(\)` needs Node as `a`, not (Int64|Hyperedge)"):
            linked.query(query, engine=engine)


def test_entities_stand_in_signatures_and_not_in_arrays_or_aggregates(linked: gr.Graph) -> None:
    listed = {row["name"]: row["signature"] for row in linked.functions()}
    assert listed["my.older"] == "my.older(a :: Node, [b :: Node]) :: Node"
    for options, message in [
        ({"over": "arrow", "parameters": {"n": gr.Node}, "returns": int}, "over arrays, which hold no Node"),
        ({"kind": "aggregate", "returns": gr.Node}, "is an aggregate that returns Node"),
    ]:
        with pytest.raises(gr.UnsupportedError, match=message):
            linked.register_functions(gr.udf(**options, name="my.odd")(lambda n: n))  # type: ignore[arg-type]


def test_entities_come_back_from_ray_workers(two_workers: dict[str, object]) -> None:
    graph = gr.open()
    graph.register_functions(same)
    graph.execute("UNWIND range(1, 50) AS i CREATE (:N {x: i})")
    query = "MATCH (n:N) WITH my.same(n) AS m WHERE m.x % 10 = 0 RETURN m.x AS x ORDER BY x"
    assert answers(graph, query, engine="ray", ray=two_workers) == [10, 20, 30, 40, 50]
