"""Errors name the operator of the plan in which they arose, beside their message."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

import grism_ray as gr

if TYPE_CHECKING:
    from pathlib import Path

QUERY = "MATCH (p:P) WHERE p.i > 5 WITH p.i AS i RETURN 10 / (i - 7) AS x"


def operators(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(own for below in plan["inputs"] for own in operators(below))]


@pytest.fixture
def people(tmp_path: Path) -> gr.Graph:
    graph = gr.open(tmp_path / "g.grism")
    graph.execute("UNWIND range(1, 10) AS i CREATE (:P {i: i})")
    return graph


@pytest.mark.parametrize("engine", ["local", "staged", "ray"])
def test_an_error_names_the_operator_as_explain_does(
    people: gr.Graph, engine: gr.options.Engine, two_workers: dict[str, object]
) -> None:
    options: dict[str, Any] = {"ray": two_workers} if engine == "ray" else {}
    with pytest.raises(gr.InvalidDataError, match="division by zero") as caught:
        people.query(QUERY, engine=engine, **options)
    failed = caught.value.operator
    assert failed is not None
    assert failed["name"] == "Project"
    document = json.loads(people.explain(QUERY, format="json", distributed=engine != "local", **options))
    plans = [document["plan"]] if engine == "local" else [stage["plan"] for stage in document["stages"]]
    known = {own["id"]: own for plan in plans for own in operators(plan)}[failed["id"]]
    assert (known["name"], known["detail"]) == (failed["name"], failed["detail"])
    # The message stays plain, and the representation says it.
    assert failed["detail"] not in str(caught.value)
    assert f"operator {failed['id']}: {failed['detail']}" in repr(caught.value)
    assert pickle.loads(pickle.dumps(caught.value)).operator == failed


def test_what_no_operator_did_names_none(people: gr.Graph) -> None:
    with pytest.raises(gr.InvalidQueryError) as caught:
        people.query("RETURN odd")
    assert caught.value.operator is None
    assert repr(caught.value).startswith("InvalidQueryError(")
    assert "operator" not in repr(caught.value)


def test_the_command_tells_the_operator_where_asked_to(people: gr.Graph) -> None:
    def stderr(*options: str) -> str:
        words = [sys.executable, "-m", "grism_ray", "query", people.uri, QUERY, *options]
        ran = subprocess.run(words, capture_output=True, text=True, check=False)
        assert ran.returncode == 4
        return ran.stderr

    assert "in operator " not in stderr()
    assert "\nin operator " in stderr("--verbose")
