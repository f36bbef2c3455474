"""The ``grism`` command without a terminal: forms of output, parameters, exit codes."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import shared

if TYPE_CHECKING:
    from pathlib import Path

COMMAND = shared.ROOT / "target" / "debug" / "grism"


def grism(*arguments: object, text: str | None = None) -> subprocess.CompletedProcess[str]:
    """Runs the command."""
    given = [str(COMMAND), *map(str, arguments)]
    return subprocess.run(given, input=text, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A graph that a statement declared before there was a file."""
    path = tmp_path_factory.mktemp("command") / "fleet.grism"
    made = grism(
        "query",
        path,
        "CREATE HYPEREDGE TYPE VOYAGE (ship Ship*); CREATE (a:Ship {name: 'Vasa', guns: 64}), (b:Ship {name: '', tags: "
        "['x', 'y|z']}), (v:VOYAGE)-[:ship]->(a), (v)-[:ship]->(b)",
        "--create",
    )
    assert (made.returncode, made.stdout) == (0, ""), made.stderr
    return path


def test_a_graph_is_only_made_when_asked_and_when_the_text_is_right(tmp_path: Path) -> None:
    assert grism("query", tmp_path / "a.grism", "RETURN 1").returncode == 5
    assert grism("query", tmp_path / "a.grism", "RETRUN 1", "--create").returncode == 3
    assert list(tmp_path.iterdir()) == []


def test_lists_maps_and_entities_go_through_a_pipe(fleet: Path) -> None:
    done = grism("query", fleet, "MATCH (s:Ship) RETURN s.name AS n, s.tags AS t, s AS s, {a: 1} AS m ORDER BY s.guns")
    assert done.returncode == 0, done.stderr
    (header, first, second) = list(csv.reader(io.StringIO(done.stdout)))
    assert header == ["n", "t", "s", "m"]
    assert json.loads(first[2])["properties"] == {"name": "Vasa", "guns": 64}
    assert (first[1], second[1], second[3]) == ("", '["x","y|z"]', '{"a":1}')
    assert '\n"",' in done.stdout


def test_every_result_of_several_statements_is_written(fleet: Path, tmp_path: Path) -> None:
    text = "RETURN 1 AS a; CREATE (:Buoy); RETURN 2.5 AS b, 0.0 / 0.0 AS c"
    done = grism("query", fleet, "-", "--format", "jsonlines", text=text)
    assert [json.loads(line) for line in done.stdout.splitlines()] == [{"a": 1}, {"b": 2.5, "c": "NaN"}]
    assert "nodes created: 1" in done.stderr
    assert grism("query", fleet, text, "--format", "csv").stdout == "a\n1\n\nb,c\n2.5,NaN\n"
    told = grism("query", fleet, text, "--verbose").stderr.splitlines()
    assert [line.split(" in ")[0] for line in told if line.endswith(" s")] == ["1 row", "0 rows", "1 row"]
    failed = grism("query", fleet, text, "--output", tmp_path / "x.parquet")
    assert (failed.returncode, list(tmp_path.iterdir())) == (3, [])


def test_forms_for_the_eye(fleet: Path) -> None:
    text = "UNWIND [{n: 'a|b', x: 1}, {n: 'c', x: null}] AS m RETURN m.n AS name, m.x AS x"
    markdown = grism("query", fleet, text, "--format", "markdown").stdout
    assert markdown == "| name | x |\n| --- | --- |\n| a\\|b | 1 |\n| c | null |\n"
    assert grism("query", fleet, text, "--format", "line").stdout == "name = a|b\n   x = 1\n\nname = c\n   x = null\n"
    table = grism("query", fleet, text, "--format", "box").stdout
    assert table.splitlines()[-1] == "2 rows"
    assert "│ a|b" in table


def test_the_output_file_tells_its_form(fleet: Path, tmp_path: Path) -> None:
    text = "MATCH (s:Ship) RETURN s, [s] AS l, duration('P1M') AS d"
    for name in ("s.parquet", "s.arrow", "s.csv", "s.md", "s.jsonl"):
        done = grism("query", fleet, text, "--output", tmp_path / name)
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert pq.read_table(tmp_path / "s.parquet").num_rows == 2
    with pa.OSFile(str(tmp_path / "s.arrow")) as file, pa.ipc.open_stream(file) as reader:
        assert reader.read_all().schema.field("d").type == pa.month_day_nano_interval()
    assert (tmp_path / "s.csv").read_text().startswith("s,l,d\n")
    assert (tmp_path / "s.md").read_text().startswith("| s | l | d |\n")
    assert json.loads((tmp_path / "s.jsonl").read_text().splitlines()[0])["d"] == "P1M"
    assert sorted(own.name for own in tmp_path.iterdir()) == ["s.arrow", "s.csv", "s.jsonl", "s.md", "s.parquet"]


def test_an_output_file_is_packed_by_its_name_or_refused(fleet: Path, tmp_path: Path) -> None:
    text = "MATCH (s:Ship) RETURN s.guns AS guns ORDER BY guns"
    for name in ("a.csv.gz", "b.JSONL.GZ", "c.csv.zst"):
        done = grism("query", fleet, text, "--output", tmp_path / name)
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert gzip.decompress((tmp_path / "a.csv.gz").read_bytes()) == b"guns\n64\n\n"
    assert gzip.decompress((tmp_path / "b.JSONL.GZ").read_bytes()) == b'{"guns":64}\n{"guns":null}\n'
    load = f"LOAD CSV WITH HEADERS FROM '{tmp_path}/c.csv.zst' AS row RETURN row.guns AS g LIMIT 1"
    assert grism("query", fleet, load).returncode == 0
    before = sorted(tmp_path.iterdir())
    for name in ("d.xyz", "d", "d.gz", "d.parquet.gz", "d.arrow.zst"):
        done = grism("query", tmp_path / "new.grism", "CREATE (:A)", "--create", "--output", tmp_path / name)
        assert done.returncode == 10, name
        assert name in done.stderr
    assert sorted(tmp_path.iterdir()) == before
    assert grism("query", fleet, text, "--output", tmp_path / "d.xyz", "--format", "csv").returncode == 0


def test_a_closed_standard_error_or_output_is_no_panic(fleet: Path) -> None:
    for text, code in (("RETRUN 1", 3), ("MATCH (n:Nope) RETURN n", 0), ("RETURN 1", 0)):
        reading, writing = os.pipe()
        os.close(reading)
        given = [str(COMMAND), "query", str(fleet), text, "--verbose"]
        done = subprocess.run(given, stdout=writing, stderr=writing, timeout=60, check=False)
        os.close(writing)
        assert done.returncode == code, text


@pytest.mark.parametrize("given", [["x=1", "x=1"], ['x={"a": 1, "a": 2}'], ['x=[{"a": 1, "\\u0061": 2}]']])
def test_a_name_that_stands_twice_in_parameters_is_refused(fleet: Path, given: list[str]) -> None:
    parameters = [part for own in given for part in ("--param", own)]
    done = grism("query", fleet, "RETURN $x AS x", *parameters)
    assert (done.returncode, done.stdout) == (3, "")
    assert "twice" in done.stderr


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("-9223372036854775808", "-9223372036854775808"),
        ("0.1", "0.1"),
        ("1e3", "1000.0"),
        ("0.30000000000000004", "0.30000000000000004"),
        ("2.50", "2.5"),
        ("-0.0", "-0.0"),
        ('"9223372036854775808"', '"9223372036854775808"'),
        ('{"k": ["1.23456789012345678901"]}', '{"k":["1.23456789012345678901"]}'),
        ("12 Main", '"12 Main"'),
        ("9223372036854775808", None),
        ("99999999999999999999", None),
        ('{"k": [1, -9223372036854775809]}', None),
        ("1.23456789012345678901", None),
        ("[0.1, 1e400]", None),
        ("1e400", None),
    ],
)
def test_numbers_of_parameters_are_exact_or_refused(fleet: Path, given: str, shown: str | None) -> None:
    done = grism("query", fleet, "RETURN $x AS x", "--param", f"x={given}", "--format", "json")
    if shown is None:
        assert (done.returncode, done.stdout) == (3, ""), done.stdout
    else:
        assert done.stdout == f'{{"x":{shown}}}\n', done.stderr


def test_each_kind_of_error_has_an_exit_code(fleet: Path) -> None:
    for arguments, code in (
        (["query", fleet, "RETURN missing"], 3),
        (["query", fleet, "RETURN 1 / 0"], 4),
        (["query", fleet, "RETURN 1", "--snapshot", "999"], 5),
        (["query", fleet, "UNWIND range(1, 100000000) AS x RETURN count(DISTINCT x)", "--timeout", "0.05"], 9),
        (["explain", fleet], 2),
        (["check", fleet], 0),
        (["query", fleet, "RETURN 1", "--storage-option", "region"], 3),
        (["schema", fleet, "--storage-option", "allow_http=true"], 4),
    ):
        done = grism(*arguments)
        assert done.returncode == code, (arguments, done.stderr)


def test_completions_name_the_commands() -> None:
    for shell in ("bash", "zsh", "fish"):
        script = grism("completions", shell).stdout
        assert "vacuum" in script
        assert "storage-option" in script


def test_loads_that_come_again(tmp_path: Path) -> None:
    graph, parts = tmp_path / "g.grism", tmp_path / "part-*.csv"
    (tmp_path / "part-1.csv").write_text("id,ship,at\na,Vasa,1\nb,Vasa,2\n")
    made = "CREATE HYPEREDGE TYPE VOYAGE (ship Ship); CREATE (:Ship {id: 'x'})"
    assert grism("query", graph, made, "--create").returncode == 0
    files = grism("load", graph, "VOYAGE", parts, "--key", "id", "--missing", "create", "--incremental")
    assert files.returncode != 0
    assert "have no key" in files.stderr
    assert grism("query", graph, "MATCH (n) DELETE n").returncode == 0
    files = grism("load", graph, "VOYAGE", parts, "--key", "id", "--missing", "create", "--incremental")
    assert "2 of 2 rows loaded, 1 of 1 files, " in files.stderr
    assert "1 Ship created" in files.stderr
    (tmp_path / "part-2.csv").write_text("id,ship,at\nb,Vasa,3\nc,Vasa,4\n")
    files = grism("load", graph, "VOYAGE", parts, "--key", "id", "--on-conflict", "update", "--incremental")
    assert "1 of 2 rows loaded, 1 updated, 1 of 2 files" in files.stderr
    assert grism("load", graph, "VOYAGE", parts, "--key", "id").returncode != 0
    by = grism("load", graph, "VOYAGE", parts, "--key", "id", "--on-conflict", "skip", "--incremental-by", "at")
    assert "0 of 4 rows loaded, 4 skipped" in by.stderr
    (tmp_path / "part-2.csv").write_text("id,ship,at\nb,Vasa,3\nd,Vasa,5\n")
    by = grism("load", graph, "VOYAGE", parts, "--key", "id", "--incremental-by", "at")
    assert "1 of 4 rows loaded, 3 skipped" in by.stderr


def test_the_program_of_the_package_is_the_same_command(fleet: Path) -> None:
    for arguments in (
        ["--help"],
        ["query", fleet, "MATCH (s:Ship) RETURN s.name AS n ORDER BY n"],
        ["query", fleet, "RETRUN"],
        [],
    ):
        command = [sys.executable, "-m", "grism_ray.command", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        built = grism(*arguments)
        assert (done.returncode, done.stdout, done.stderr) == (built.returncode, built.stdout, built.stderr), arguments


def test_ctrl_c_ends_the_program_of_the_package(fleet: Path) -> None:
    endless = "UNWIND range(1, 100000) AS a UNWIND range(1, 100000) AS b RETURN count(DISTINCT a * b) AS n"
    command = [sys.executable, "-m", "grism_ray.command", "query", str(fleet), endless]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(2)
    running.send_signal(signal.SIGINT)
    _, told = running.communicate(timeout=30)
    assert running.returncode == 9, told
    assert "Cancelled" in told


FUNCTIONS = """
import grism_ray as gr

@gr.udf(returns=str, name="my.greeting")
def greeting(name: str) -> str:
    return f"hello {name}"

@gr.udf(kind="aggregate", returns=int, name="my.size")
def size(values: str) -> int:
    return len(values)

@gr.udf(kind="table", yields={"letter": str}, name="my.letters")
def letters(text: str):
    yield from text
"""


@pytest.mark.parametrize("by", ["binary", "package"])
def test_functions_in_python_are_registered_from_a_folder(fleet: Path, tmp_path: Path, by: str) -> None:
    (tmp_path / "own.py").write_text(FUNCTIONS)
    command = [str(COMMAND)] if by == "binary" else [sys.executable, "-m", "grism_ray"]
    python = {**os.environ, "GRISM_PYTHON": sys.executable, "PYTHONPATH": str(shared.ROOT / "python")}

    def run(*arguments: object, text: str | None = None) -> subprocess.CompletedProcess[str]:
        given = [*command, *map(str, arguments)]
        return subprocess.run(given, input=text, capture_output=True, text=True, timeout=60, check=False, env=python)

    query = (
        "MATCH (s:Ship {guns: 64}) CALL my.letters(s.name) YIELD letter "
        "RETURN my.greeting(s.name) AS g, my.size(letter) AS n"
    )
    for engine in ("local", "staged"):
        done = run("query", fleet, "--udfs", tmp_path, "--engine", engine, query)
        assert (done.returncode, done.stdout) == (0, "g,n\nhello Vasa,4\n"), done.stderr
    done = run("shell", fleet, "--udfs", tmp_path, "--format", "csv", text="RETURN my.greeting('x') AS g;\n")
    assert (done.returncode, done.stdout) == (0, "g\nhello x\n"), done.stderr
    done = run("explain", fleet, "--udfs", tmp_path, query)
    assert "TableCall(my.letters(" in done.stdout, done.stderr
    done = run("query", fleet, "--udfs", tmp_path, "RETURN my.greeting(1)")
    assert (done.returncode, done.stdout) == (3, "")
    assert "needs String as `name`" in done.stderr
    done = run("query", fleet, "--udfs", tmp_path / "nowhere", "RETURN 1")
    assert done.returncode == 5
    assert "does not exist" in done.stderr
    (tmp_path / "own.py").write_text("raise ValueError('broken')")
    done = run("query", fleet, "--udfs", tmp_path, "RETURN 1")
    assert done.returncode == 4
    assert "ValueError: broken" in done.stderr


def test_a_command_without_python_says_what_functions_need(fleet: Path, tmp_path: Path) -> None:
    for python, why in ((str(tmp_path / "none"), "does not start"), ("/bin/false", "does not import grism_ray")):
        given = [str(COMMAND), "query", str(fleet), "--udfs", str(tmp_path), "RETURN 1"]
        environment = {**os.environ, "GRISM_PYTHON": python}
        done = subprocess.run(given, capture_output=True, text=True, timeout=60, check=False, env=environment)
        assert done.returncode == 10
        assert why in done.stderr
        assert "set GRISM_PYTHON" in done.stderr
