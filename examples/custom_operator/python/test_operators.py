"""The operators of the example on every engine.

`python/tests/test_custom_operator.py` runs these tests, in a process of their own.
"""

from __future__ import annotations

import json
import math
import os
import struct
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import grism_custom_operator as operators
import pyarrow as pa
import pytest
import ray
from ray.cluster_utils import Cluster

import grism_ray as gr
from grism_ray import _native

if TYPE_CHECKING:
    from collections.abc import Iterator

CITIES = ["Oslo", "", "~`é.b", None, "Bergen"]
ROWS = [{"id": i, "city": CITIES[i % 5], "age": None if i % 7 == 0 else i * 7919 % 97} for i in range(3000)]


def people(graph: gr.Graph) -> gr.Graph:
    """Persons with cities, of which some are missing, and ages, of which some are missing."""
    graph.load_nodes("Person", pa.Table.from_pylist(ROWS), key="id")
    return graph


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> gr.Graph:
    """The persons on disk."""
    return people(gr.open(tmp_path_factory.mktemp("graphs") / "people.grism"))


@pytest.fixture
def workers() -> dict[str, Any]:
    """Options for a Ray of two cores and without a graphics card."""
    if not ray.is_initialized():
        ray.init(address="local", num_cpus=2, num_gpus=0, include_dashboard=False, log_to_driver=False)
    return {"workers": 2}


@pytest.fixture(scope="module", autouse=True)
def no_ray_left() -> Iterator[None]:
    """Shuts Ray down when the module ends."""
    yield
    ray.shutdown()


def medians(graph: gr.Graph) -> gr.Frame:
    """The median age of each city."""
    return graph.nodes("Person").select("city", "age").apply(operators.median, ["city"], "age")


def scored(graph: gr.Graph) -> gr.Frame:
    """The score of each person, which needs a graphics card."""
    return graph.nodes("Person").select("id").apply(operators.score, "id", weight=0.001)


def model() -> dict[str | None, float]:
    """What `medians` gives."""
    ages: dict[str | None, list[int]] = {}
    for row in ROWS:
        ages.setdefault(row["city"], []).extend([] if row["age"] is None else [row["age"]])
    return {city: float(median(own)) for city, own in ages.items()}


def by_city(result: gr.Result) -> dict[str | None, float]:
    """The rows of `medians`, each city once."""
    rows = result.to_pylist()
    assert len(rows) == len(CITIES)
    return {row["city"]: row["median"] for row in rows}


def test_a_custom_operator_has_one_answer_on_every_engine(graph: gr.Graph, workers: dict[str, Any]) -> None:
    for own in (graph, people(gr.open())):
        frame = medians(own)
        for settings in ({}, {"threads": 1}):
            assert by_city(frame.collect("local", **settings)) == model()
        for partitions in (1, 3, 7):
            assert by_city(frame.collect("staged", partitions=partitions)) == model()
        result = frame.collect("ray", ray=workers, partitions=3)
        assert by_city(result) == model()
        pids = {task["pid"] for task in result.metrics}
        assert os.getpid() not in pids
        assert {task["task"] for task in result.metrics if task["stage"] == 1} == {0, 1, 2}
        for pid in pids:
            mapped = Path(f"/proc/{pid}/maps").read_text()
            assert "grism_custom_operator" in mapped, "the worker has the module"
            assert "_native.abi3" not in mapped, "in place of Grism's own"


def test_frames_go_on_after_a_custom_operator(graph: gr.Graph, workers: dict[str, Any]) -> None:
    oldest = medians(graph).filter(gr.col("city").is_not_null()).order_by("city").limit(2)
    expected = [{"city": city, "median": model()[city]} for city in ("", "Bergen")]
    for engine, options in (("local", None), ("staged", None), ("ray", workers)):
        assert oldest.collect(engine, ray=options).to_pylist() == expected, engine


def test_explain_shows_where_a_custom_operator_is_placed(graph: gr.Graph) -> None:
    plan = scored(graph).explain(distributed=True, partitions=3)
    assert "→ Score(id AS score)\n  Parallelism: 3\n  Resources: gpu 1\n" in plan
    plan = medians(graph).explain(distributed=True, partitions=3)
    assert "Exchange(Shuffle, Hash(city))\n      because median needs all rows of a group\n" in plan
    assert "StageInput(0) → Grouped(median(age), by city)" in plan
    assert "Grouped(median(age), by city)" in medians(graph).explain(analyze=True)


def test_functions_of_the_crate_are_called_on_every_engine(graph: gr.Graph, workers: dict[str, Any]) -> None:
    graph.register_functions(*operators.functions())
    query = (
        "MATCH (p:Person) CALL example.steps(p.id, p.id + 1) YIELD step "
        "RETURN p.city AS city, example.median(p.age) AS median, count(step) AS steps, "
        "max(example.logistic(step)) AS top"
    )
    for engine, options in (("local", None), ("staged", None), ("ray", workers)):
        result = graph.query(query, engine=engine, ray=options)
        assert by_city(result) == model(), engine
        assert {row["steps"] for row in result.to_pylist()} == {2 * len(ROWS) // len(CITIES)}
        assert {row["top"] for row in result.to_pylist()} == {1.0}


def test_what_an_operator_does_not_take_is_refused_with_a_hint(graph: gr.Graph) -> None:
    frame = graph.nodes("Person").select("city", "age")
    with pytest.raises(gr.InvalidQueryError, match="no column `town`"):
        frame.apply(operators.median, ["town"], "age")
    with pytest.raises(gr.InvalidQueryError, match="`city` is String; convert it"):
        frame.apply(operators.median, [], "city")


def test_workers_without_the_module_refuse_the_plan_by_its_name(graph: gr.Graph, workers: dict[str, Any]) -> None:
    named = {**workers, "worker_module": "grism_custom_operator"}
    assert by_city(medians(graph).collect("ray", ray=named)) == model()
    with pytest.raises(gr.UnsupportedError, match="worker_module"):
        medians(graph).collect("ray", ray={**workers, "worker_module": "grism_ray._native"})
    for module, why in (("no_such_module", "cannot be imported"), ("json", "not an extension built on")):
        with pytest.raises(gr.UnavailableError, match=f"no worker starts(.|\n)*`{module}`(.|\n)*{why}"):
            medians(graph).collect("ray", ray={**workers, "worker_module": module})
    with pytest.raises(gr.InvalidQueryError, match="worker_module"):
        medians(graph).collect("ray", ray={**workers, "worker_module": 3})
    command = [sys.executable, "-c", "import grism_ray, grism_custom_operator"]
    late = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "import grism_custom_operator before grism_ray" in late.stderr


def test_a_plan_of_a_rust_program_is_read_by_the_module(graph: gr.Graph) -> None:
    ray.shutdown()
    config = {
        "address": "local",
        "workers": 1,
        "threads": None,
        "python": sys.executable,
        "connect_timeout": 30,
        "resource_timeout_ms": 60000,
        "worker_module": "grism_custom_operator",
        "options": {"num_cpus": 1},
    }
    planned = graph._handle.plan_frame(medians(graph)._native, {"partitions": 2})
    request = {
        "storage": {"uri": planned.uri, "options": {}},
        "snapshot": planned.snapshot,
        "commit": planned.commit,
        "config": config,
        "runtime": {
            "threads": 1,
            "alone_micros": 100,
            "batch_rows": 100,
            "memory_limit": None,
            "timeout_ms": None,
            "resources": {},
        },
    }

    parts = [json.dumps(request).encode(), planned.plan]

    def frames(environment: dict[str, str]) -> dict[str, bytes]:
        command = [sys.executable, "-m", "grism_ray.driver"]
        environment = {**os.environ, **environment}
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as driver:
            assert driver.stdin is not None
            assert driver.stdout is not None
            driver.stdin.write(b"".join(struct.pack("<Q", len(part)) + part for part in parts))
            driver.stdin.flush()
            # The input stays open as long as the answer is wanted.
            found, rest = {}, driver.stdout.read()
        while rest:
            letter, length = rest[:1].decode(), struct.unpack("<Q", rest[1:9])[0]
            found[letter], rest = rest[9 : 9 + length], rest[9 + length :]
        return found

    found = frames({"GRISM_MODULE": "grism_custom_operator"})
    assert {"B", "M"} <= set(found) <= {"B", "M", "P"}, found
    refused = _native.error_from_json(frames({})["E"].decode())
    assert isinstance(refused, gr.UnsupportedError)
    assert "worker_module" in str(refused)


def test_a_resource_is_needed_in_this_process_too(graph: gr.Graph, workers: dict[str, Any]) -> None:
    for engine in ("local", "staged"):
        with pytest.raises(gr.UnavailableError, match="needs the resource `gpu`"):
            scored(graph).collect(engine)
        with pytest.raises(gr.UnavailableError, match="needs the resource `gpu`"):
            scored(graph).collect(engine, resources={"gpu": 0.5})
        assert len(scored(graph).collect(engine, resources={"gpu": 1})) == len(ROWS)
        with pytest.raises(gr.InvalidQueryError, match="`gpu` must be a number above 0"):
            scored(graph).collect(engine, resources={"gpu": 0})
    with pytest.raises(gr.UnsupportedError, match="Ray knows what its nodes have"):
        scored(graph).collect("ray", ray=workers, resources={"gpu": 1})


def parent(pid: int) -> int:
    """The process that started another one."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


@pytest.mark.parametrize("has", [{"resources": {"gpu": 1}}, {"num_gpus": 1}])
def test_a_resource_is_waited_for_and_its_tasks_run_only_where_it_is(graph: gr.Graph, has: dict[str, Any]) -> None:
    ray.shutdown()
    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 2, "num_gpus": 0, "include_dashboard": False})
    ray.init(address=nodes.address, log_to_driver=False)
    try:
        options: dict[str, Any] = {"address": nodes.address, "workers": 2}
        frame = scored(graph)
        with pytest.raises(gr.UnavailableError, match=r"\[gpu 1\], and none came within 1 s"):
            frame.collect("ray", ray={**options, "resource_timeout": 1})
        told: list[dict[str, Any]] = []
        raylets: dict[tuple[int, int], int] = {}
        added: list[Any] = []

        def watch(event: dict[str, Any]) -> None:
            """Adds a node that has the resource as soon as it is waited for."""
            told.append(event)
            if event["event"] == "waiting":
                added.append(nodes.add_node(num_cpus=1, **has))
            if event["event"] == "task_finished":
                where = parent(event["statistics"]["pid"])
                raylets[event["task"]["stage"], event["task"]["task"]] = where

        grouped = frame.apply(operators.spread, [], "score", name="spread")
        result = grouped.collect("ray", ray={**options, "partitions": 3}, progress=watch)
        waiting = [event for event in told if event["event"] == "waiting"]
        assert [event["message"] for event in waiting] == ["stage 0 waits for a worker with the resources [gpu 1]"]
        own = added[0].all_processes["raylet"][0].process.pid
        assert {raylet for (stage, _), raylet in raylets.items() if stage == 0} == {own}, "only where the resource is"
        last = 1 / (1 + math.exp(-0.001 * (len(ROWS) - 1)))
        assert result.to_pylist()[0]["spread"] == pytest.approx(last - 0.5)
        # What held the resource gives it back at the end of the query, so that the next one gets it.
        again = frame.collect("ray", ray={**options, "resource_timeout": 30})
        assert len(again) == len(ROWS)
    finally:
        ray.shutdown()
        nodes.shutdown()
