"""Options of calls: names that there are not, their types for checkers, and paths from the home directory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

import grism_ray as gr
from grism_ray.__main__ import main

if TYPE_CHECKING:
    from collections.abc import Callable

PACKAGE = Path(gr.__file__).parents[1]


@pytest.mark.parametrize(
    ("call", "near"),
    [
        (lambda graph: gr.open(storage_option={}), "storage_options"),
        (lambda graph: graph.query("RETURN 1", tiemout=3), "timeout"),
        (lambda graph: graph.query("RETURN 1", engine="ray", tiemout=3), "timeout"),
        (lambda graph: graph.execute("RETURN 1", thread=3), "threads"),
        (lambda graph: graph.query("RETURN 1", engine="ray", ray={"adress": "local"}), "address"),
        (lambda graph: graph.load_nodes("A", pa.table({"k": [1]}), "k", bad_row="reject"), "bad_rows"),
        (lambda graph: graph.load_nodes("A", "a.csv", "k", delimeter=";"), "delimiter"),
        (lambda graph: graph.load_hyperedges("A", "a.csv", {}, mising="create"), "missing"),
        (lambda graph: graph.nodes().collect(partition=2), "partitions"),
        (lambda graph: graph.query("RETURN 1", engin="ray"), "engine"),
        (lambda graph: graph.execute("RETURN 1", parms={}), "params"),
        (lambda graph: graph.explain("RETURN 1", analyse=True), "analyze"),
        (lambda graph: graph.search("i", "x", cuont=3), "count"),
        (lambda graph: graph.load_hyperedges("A", "a.csv", role={}), "roles"),
        (lambda graph: graph.nodes().collect(rey={}), "ray"),
    ],
)
def test_an_unknown_option_is_refused_with_the_nearest_name(call: Callable[[gr.Graph], Any], near: str) -> None:
    with pytest.raises(gr.InvalidQueryError, match=f"did you mean `{near}`"):
        call(gr.open())


def test_an_option_like_no_other_is_refused_with_all_names() -> None:
    with pytest.raises(gr.InvalidQueryError, match="no option `colour`; there are .*timeout"):
        gr.open().query("RETURN 1", colour="red")


@pytest.mark.parametrize("engine", ["local", "staged"])
def test_options_for_ray_are_refused_beside_other_engines(engine: Any) -> None:
    graph = gr.open()
    for call in (
        lambda: graph.query("RETURN 1", engine=engine, ray={"workers": 2}),
        lambda: list(graph.stream("RETURN 1", engine=engine, ray={})),
        lambda: graph.nodes().collect(engine, ray={"address": "auto"}),
    ):
        with pytest.raises(gr.UnsupportedError, match=f"ray holds options .* the engine is {engine}"):
            call()
    assert graph.query("RETURN 1 AS x", ray={"workers": 2})[0]["x"] == 1


def test_numbers_that_are_out_of_range_are_refused_by_name() -> None:
    graph = gr.open()
    for name in ("threads", "memory_limit", "batch_rows", "snapshot", "partitions", "broadcast_rows"):
        for value in (-1, 2**64, "many"):
            with pytest.raises(gr.InvalidQueryError, match=f"{name} must be a whole number, 0 or more, not {value}"):
                graph.query("RETURN 1", engine="local", **{name: value})
    with pytest.raises(gr.InvalidQueryError, match="timeout must be a number of seconds, not soon"):
        graph.query("RETURN 1", timeout="soon")  # type: ignore[arg-type]
    with pytest.raises(gr.InvalidQueryError, match="memory_limit must be"):
        graph.load_nodes("A", pa.table({"k": [1]}), "k", memory_limit=-1)
    for call in (
        lambda: graph.query("RETURN 1", engine="local").show(-1),
        lambda: graph.nodes().limit(-1),
        lambda: graph.check(-1),
        lambda: graph.vacuum(keep=-1),
        lambda: gr.open(snapshot=-1),
    ):
        with pytest.raises(gr.InvalidQueryError, match="a whole number, 0 or more, is needed, not -1"):
            call()


def test_a_path_from_the_home_directory_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "ships.csv").write_text("name\nVasa\n")
    with gr.open("~/fleet.grism") as graph:
        assert graph.uri == str(tmp_path / "fleet.grism")
        assert graph.load_nodes("Ship", "~/ships.csv", "name").loaded == 1


def test_a_checker_of_types_finds_wrong_options(tmp_path: Path) -> None:
    lines = {
        'graph.query("RETURN 1", engine="spark")': "arg-type",
        'graph.query("RETURN 1", timeout="soon")': "arg-type",
        'graph.query("RETURN 1", treads=1)': "call-arg",
        'graph.load_nodes("A", "a.csv", "k", bad_rows="drop")': "arg-type",
        'gr.open("g", tags="x")': "call-arg",
        'graph.query("RETURN 1", ray={"workers": "two"})': "arg-type",
        'graph.query("RETURN 1", engine="staged", timeout=2.5, partitions=3)': None,
        'graph.load_nodes("A", "a.csv", "k", bad_rows="reject", types={"zip": "string"})': None,
        'graph.query("RETURN 1", engine="ray", ray={"address": "local", "num_cpus": 2})': None,
    }
    source = tmp_path / "user.py"
    source.write_text("\n".join(["import grism_ray as gr", "", 'graph = gr.open("g")', *lines]))
    config = tmp_path / "mypy.ini"
    config.write_text("[mypy]\n[mypy-pandas.*,polars.*,pyarrow.*,ray.*]\nfollow_imports = skip\n")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file", str(config), str(source)],
        capture_output=True,
        text=True,
        check=False,
        env={"MYPYPATH": str(PACKAGE), "PATH": "/usr/bin"},
        cwd=tmp_path,
    )
    for number, (line, code) in enumerate(lines.items(), 4):
        told = [own for own in done.stdout.splitlines() if own.startswith(f"user.py:{number}:")]
        if code is None:
            assert not told, line
        else:
            assert any(f"[{code}]" in own for own in told), f"{line}: {done.stdout} {done.stderr}"


def test_numbers_of_a_job_s_parameters_are_exact_or_refused(capsys: pytest.CaptureFixture[str]) -> None:
    for text in ("1.23456789012345678901", "1e400"):
        assert main(["submit", "RETURN $x", "--graph", "g", "--params", f'{{"x": [0.1, {text}]}}']) == 1
        assert f"the number {text} is no 64-bit float" in capsys.readouterr().err
    assert main(["submit", "RETURN $x", "--graph", "g", "--params", '{"x": {"a": 1, "a": 2}}']) == 1
    assert "the name `a` stands twice" in capsys.readouterr().err
