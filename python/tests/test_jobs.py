"""Functions of users in jobs: they are sent along, or come from modules of the cluster."""

from __future__ import annotations

import base64
import json
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

import grism_ray as gr
from grism_ray.job_functions import packed, unpacked
from grism_ray.jobs import run_job

if TYPE_CHECKING:
    from pathlib import Path

UDFS = """
import grism_ray as gr
from helper import FACTOR

def inner(x):
    return x * FACTOR

@gr.udf(returns=int, name="my.scaled")
def scaled(x: int) -> int:
    return inner(x)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of functions that share a module."""
    folder = tmp_path / "udfs"
    folder.mkdir()
    (folder / "helper.py").write_text("FACTOR = 3\n")
    (folder / "own.py").write_text(UDFS)
    return folder


def names(functions: list[Any]) -> list[str]:
    return sorted(function.name for function in functions)


def test_functions_of_a_folder_and_of_a_module_travel_by_value(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("only_here")
    exec(UDFS.replace("from helper import FACTOR", "FACTOR = 5").replace("my.scaled", "my.five"), vars(module))
    monkeypatch.setitem(sys.modules, "only_here", module)
    request = json.loads(json.dumps(packed([folder, module])))
    monkeypatch.delitem(sys.modules, "only_here")
    functions = unpacked(request)
    assert names(functions) == ["my.five", "my.scaled"]
    assert {function.name: function(2) for function in functions} == {"my.five": 10, "my.scaled": 6}  # type: ignore[operator]


def test_a_module_of_the_cluster_goes_by_its_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    request = packed("own_of_cluster")
    assert request == {"modules": ["own_of_cluster"]}
    with pytest.raises(gr.NotFoundError, match=r"No module named 'own_of_cluster'; install it in the cluster"):
        unpacked(request)
    (folder / "own.py").rename(folder / "own_of_cluster.py")
    monkeypatch.syspath_prepend(folder)
    assert names(unpacked(request)) == ["my.scaled"]


def test_what_does_not_travel_is_refused(tmp_path: Path) -> None:
    with pytest.raises(gr.InvalidQueryError, match="neither"):
        packed("./no such folder")
    lock = (value for value in ())
    function = gr.udf(returns=int, name="held")(lambda: len(list(lock)))
    with pytest.raises(gr.InvalidQueryError, match="cannot be sent"):
        packed(function)
    large = b"x" * 100_000
    with pytest.raises(gr.InvalidQueryError, match="fit into its request"):
        packed(gr.udf(returns=int, name="large")(lambda: len(large)))


def test_a_job_calls_functions_on_the_cluster(folder: Path, tmp_path: Path, two_workers: dict[str, object]) -> None:
    with gr.open(tmp_path / "g.grism") as graph:
        graph.execute("UNWIND range(1, 20) AS i CREATE (:N {x: i})")
    output = tmp_path / "job.arrow"
    request = {
        "text": "MATCH (n:N) RETURN sum(my.scaled(n.x)) AS s",
        "graph": str(tmp_path / "g.grism"),
        "params": {},
        "output": str(output),
        "functions": {**packed(folder), "installed": False},
        "ray": two_workers,
        "settings": {},
    }
    assert run_job(base64.urlsafe_b64encode(json.dumps(request).encode()).decode()) == 0
    assert gr._native.Batches.from_ipc(output.read_bytes()).column("s") == [630]
