"""Functions: Grism's own as SHOW FUNCTIONS lists them, and those that users register from Python."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

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


def test_errors_say_where(hg: gr.Graph) -> None:
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


def greeted(found: list[gr.UserFunction]) -> str:
    (greeting,) = found
    text: str = greeting("Bob")
    return text


def test_functions_run_on_ray_workers(hg: gr.Graph) -> None:
    pytest.importorskip("ray")
    found = answers(hg, "MATCH (n:N) RETURN my.times(n.x, process()) AS y", engine="ray")
    assert len(found) == 3
    assert None in found
    assert os.getpid() not in found
