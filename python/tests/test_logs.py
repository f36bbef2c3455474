"""Logs on standard error, where the environment asks for them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import shared

PROGRAM = """
import grism_ray as gr
graph = gr.open()
graph.execute("UNWIND range(1, 20) AS i CREATE (:P {i: i})")
print(graph.query("MATCH (p:P) RETURN count(p.i) AS n", engine="%s").to_pylist())
"""


def logged(command: list[str], **variables: str) -> tuple[str, str]:
    """What a command wrote to its standard output, and to its standard error."""
    environment = {name: value for name, value in os.environ.items() if name not in {"GRISM_LOG", "RUST_LOG"}}
    done = subprocess.run(
        command, env={**environment, **variables}, capture_output=True, text=True, check=True, timeout=120
    )
    return done.stdout, done.stderr


@pytest.mark.parametrize(
    ("engine", "span"),
    [
        ("local", r"query\{query_id=\"?[0-9a-f]{32}\"?\}:operator\{operator=0 name=\"?\w+Exec\"?\}"),
        (
            "staged",
            r"task\{query_id=\"?[0-9a-f]{32}\"? stage_id=1 task_id=0 attempt=0\}"
            r":operator\{operator=\d+ name=\"?\w+Exec\"?\}",
        ),
    ],
)
def test_records_stand_within_spans_of_their_query_and_operator(engine: str, span: str) -> None:
    output, errors = logged([sys.executable, "-c", PROGRAM % engine], GRISM_LOG="debug")
    assert output == "[{'n': 20}]\n"
    assert re.search(span, errors), errors[-3000:]


def test_nothing_is_logged_unless_it_is_asked_for() -> None:
    command = [sys.executable, "-c", PROGRAM % "local"]
    assert logged(command) == ("[{'n': 20}]\n", "")
    assert logged(command, GRISM_LOG="off", RUST_LOG="trace") == ("[{'n': 20}]\n", "")
    output, errors = logged(command, GRISM_LOG="a=b=c")
    assert output == "[{'n': 20}]\n"
    assert "GRISM_LOG=a=b=c is no filter of logs" in errors


def test_the_command_logs_to_standard_error(tmp_path: Path) -> None:
    command = [
        str(shared.ROOT / "target" / "debug" / "grism"),
        "query",
        str(tmp_path / "g.grism"),
        "--create",
        "RETURN 1 AS one",
    ]
    output, errors = logged(command, RUST_LOG="grism_engine=debug")
    assert output == "one\n1\n"
    assert "operator{operator=0" in errors


ON_RAY = """
import sys, ray, grism_ray as gr
ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False, _temp_dir=sys.argv[1])
graph = gr.open()
graph.execute("UNWIND range(1, 20) AS i CREATE (:P {i: i})")
assert len(graph.query("MATCH (p:P) RETURN p.i AS i", engine="ray", ray={"workers": 2})) == 20
"""


def test_workers_of_ray_log_within_the_spans_of_their_tasks() -> None:
    # A path of pytest's own is too long for the sockets of Ray.
    with tempfile.TemporaryDirectory(prefix="r", ignore_cleanup_errors=True) as place:
        logged([sys.executable, "-c", ON_RAY, place], GRISM_LOG="debug")
        lines = [line for path in Path(place).glob("session_2*/logs/worker-*.err") for line in path.open()]
    assert any(
        re.search(r"task\{query_id=.* stage_id=0 task_id=0 .*\}:operator\{operator=\d+ ", line) for line in lines
    )
