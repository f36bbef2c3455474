"""Ray: the same answers, from workers that are other processes, through failures too."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import ray
from ray.cluster_utils import Cluster

import flights
import grism_ray as gr
import small_graphs
from grism_ray import _native, cluster

QUERIES = Path(__file__).parents[2] / "tests" / "queries"
SMALL_GRAPHS = {"empty": lambda graph: graph, "people": small_graphs.people, "claims": small_graphs.claims}
WRITES = re.compile(r"\b(CREATE|MERGE|SET|DELETE|REMOVE|SHOW)\b")
# Every row is a group of its own, nearly, so that the shuffle carries megabytes through the object store.
WIDE = "MATCH (f:FLIGHT) RETURN f.flight AS a, f.dep_time AS b, f.time_hour AS c, f.distance AS d, count(*) AS n"


def statements(path: Path) -> list[tuple[str, str]]:
    """The records of a file of the corpus: the first line, and the text.

    The answers are those of the local engine, which the corpus itself checks.
    """
    found = []
    for record in re.split(r"\n\s*\n", path.read_text()):
        lines = [line for line in record.strip().splitlines() if not line.startswith("#")]
        if lines and lines[0].startswith("query"):
            end = lines.index("----")
            found.append((lines[0], "\n".join(lines[1:end])))
        elif lines:
            found.append((lines[0], "\n".join(lines[1:])))
    return found


def shown(value: Any) -> str:
    """A value as the corpus writes it."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        text = repr(float(f"{value:.9e}"))
        return {"nan": "NaN"}.get(text, text.replace("e+", "e"))
    if isinstance(value, gr.Node):
        value = {"id": value.id, "labels": value.labels, "properties": value.properties}
    if isinstance(value, gr.Hyperedge):
        value = {"id": value.id, "type": value.type, "properties": value.properties}
    if isinstance(value, gr.Path):
        value = {"nodes": value.nodes, "relationships": value.relationships}
    if isinstance(value, dict):
        entries = (f"{key}: {quoted(value[key])}" for key in sorted(value))
        return "{" + ", ".join(entries) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(quoted(item) for item in value) + "]"
    return str(value)


def quoted(value: Any) -> str:
    """A value within another, as the corpus writes it."""
    if value is None:
        return "null"
    return f"'{value}'" if isinstance(value, str) else shown(value)


@pytest.mark.parametrize("path", sorted(QUERIES.glob("*.slt")), ids=lambda path: path.stem)
def test_the_corpus_has_the_same_answers_on_ray(
    path: Path, flights_graph: gr.Graph, two_workers: dict[str, object]
) -> None:
    pids: set[int] = set()
    with contextlib.ExitStack() as opened:
        name = re.findall(r"^# graph: (\w+)$", path.read_text(), re.MULTILINE)[0]
        graph = flights_graph if name == "flights" else opened.enter_context(SMALL_GRAPHS[name](gr.open()))
        for header, text in statements(path):
            if header.startswith("statement error"):
                with pytest.raises(gr.GrismError):
                    graph.execute(text)
                continue
            if header == "statement ok" or WRITES.search(text):
                graph.execute(text)
                continue
            local, result = (
                graph.query(text, engine=engine, **settings)
                for engine, settings in (("local", {}), ("ray", {"ray": two_workers, "partitions": 3}))
            )
            wanted, rows = (
                [" ".join(shown(value) for value in row.values()) for row in answer.to_pylist()]
                for answer in (local, result)
            )
            if "rowsort" in header:
                wanted, rows = sorted(wanted), sorted(rows)
            assert rows == wanted, f"{path.name}: {text}"
            pids |= {task["pid"] for task in result.metrics}
    assert os.getpid() not in pids
    if path.stem == "flights":
        assert len(pids) >= 2


def test_every_demo_query_has_one_answer(flights_graph: gr.Graph, two_workers: dict[str, object]) -> None:
    for title in list(flights.QUERIES)[:3]:
        query = flights.QUERIES[title]
        local = flights_graph.query(query, engine="local")
        assert flights.same(local, flights_graph.query(query, engine="staged", partitions=7)), title
        assert flights.same(local, flights_graph.query(query, engine="ray", ray=two_workers)), title


def test_a_graph_in_memory_is_shipped(two_workers: dict[str, object]) -> None:
    graph = gr.open()
    graph.load_nodes("Person", pa.table({"name": ["Ann", "Bob"]}), key="name")
    query = "MATCH (p:Person) RETURN p.name AS n ORDER BY n"
    rows = graph.query(query, engine="ray", ray=two_workers).to_pylist()
    assert rows == [{"n": "Ann"}, {"n": "Bob"}]
    graph.load_nodes("Person", pa.table({"name": ["Cid"]}), key="name")
    assert len(graph.query(query, engine="ray", ray=two_workers)) == 3


def test_tables_of_this_process_stay_in_it(two_workers: dict[str, object]) -> None:
    graph, table = gr.open(), pa.table({"a": [1]})
    graph.register("t", table)
    for name, params in [("$t", {"t": table}), ("'t'", {})]:
        with pytest.raises(gr.UnsupportedError, match=re.escape(f"LOAD FROM {name} on Ray")):
            graph.query(f"LOAD FROM {name} AS row RETURN row", params, engine="ray", ray=two_workers)


def test_no_task_reads_a_graph_that_is_gone(tmp_path: Path, two_workers: dict[str, object]) -> None:
    path = tmp_path / "g.grism"
    text = "MATCH (w:Word) RETURN count(*) AS n, max(w.rank) AS m"
    found = []
    graph = gr.open(path)
    for count in (3000, 2000):
        if path.exists():
            shutil.rmtree(path)
        gr.open(path).load_nodes("Word", pa.table({"rank": range(count)}), key="rank")
        found += [handle.query(text, engine="ray", ray=two_workers).to_pylist() for handle in (graph, gr.open(path))]
    assert [rows[0]["n"] for rows in found] == [3000, 3000, 2000, 2000]
    assert [rows[0]["m"] for rows in found] == [2999, 2999, 1999, 1999]


def test_long_chains_are_planned_and_run_in_a_moment(two_workers: dict[str, object]) -> None:
    people = small_graphs.people(gr.open())
    terms = range(10_000)
    clauses = " ".join(f"WITH p, x + {term} AS x" for term in range(1_000))
    chains = {
        "OR": "MATCH (p:Person) WHERE " + " OR ".join(f"p.age = {1_000 + term}" for term in terms) + " OR p.age = 31",
        "AND": "MATCH (p:Person) WHERE " + " AND ".join(f"p.age <> {1_000 + term}" for term in terms),
        "+": "MATCH (p:Person) WHERE " + " + ".join(f"p.age * {term}" for term in terms) + " > 0",
        "WITH": f"MATCH (p:Person) WITH p, 0 AS x {clauses} WITH p WHERE x > 0",
    }
    for name, text in chains.items():
        text += " RETURN count(*) AS c"
        expected = people.query(text, engine="local").to_pylist()
        begun = time.monotonic()
        assert people.query(text, engine="ray", ray=two_workers, partitions=3).to_pylist() == expected, name
        seconds = time.monotonic() - begun
        print(f"\n{name}, long, on Ray: {seconds:.2f} s")
        # A fifth of that on a quiet machine.
        assert seconds < 20, name


def test_errors_keep_their_kind_across_ray(flights_graph: gr.Graph, two_workers: dict[str, object]) -> None:
    with pytest.raises(gr.InvalidDataError, match="division by zero"):
        flights_graph.query("MATCH (f:FLIGHT) RETURN sum(f.distance / (f.month - 1))", engine="ray", ray=two_workers)
    endless = "MATCH (a:FLIGHT), (b:FLIGHT) WHERE a.distance + b.distance < 0 RETURN count(*)"
    with pytest.raises(gr.CancelledError, match="ran out of time"):
        flights_graph.query(endless, engine="ray", ray=two_workers, timeout=1.0)


def test_ray_that_is_not_there_is_an_error_of_its_own(flights_graph: gr.Graph) -> None:
    ray.shutdown()
    with pytest.raises(gr.UnavailableError, match="Ray is not reachable at 127.0.0.1:1"):
        flights_graph.query("RETURN 1", engine="ray", ray={"address": "127.0.0.1:1"})
    with pytest.raises(gr.UnavailableError, match="takes jobs"):
        gr.submit("RETURN 1", graph=flights_graph.uri, address="http://127.0.0.1:1")
    with pytest.raises(gr.InvalidQueryError, match="cannot see the local path"):
        gr.submit("RETURN 1", graph=flights_graph.uri, address="http://10.0.0.1:8265")


def test_rust_reads_the_shared_mapping(flights_graph: gr.Graph, two_workers: dict[str, object]) -> None:
    cluster.connect({})
    pool = cluster._pool(2, None)
    query = flights_graph._handle.plan_distributed(WIDE, None, {"partitions": 2})
    run = cluster._Run(query, pool, None, None)
    run._drive()
    refs = [ref for task in run._finished for ref in run._outputs[cluster._key(task)]]
    for ref in refs:
        buffer = ray.get(ref)
        base, length, addresses = _native.bundle_addresses(buffer)
        mapped = np.frombuffer(buffer, dtype=np.uint8)
        assert length > 1 << 20
        assert base == mapped.ctypes.data, "Rust sees the memory that Python sees"
        assert base == np.frombuffer(ray.get(ref), dtype=np.uint8).ctypes.data, "which is the object store's mapping"
        assert addresses
        assert all(base <= address < base + length for address in addresses), "and reads its columns within it"
        assert all(address % 64 == 0 for address in addresses), "at aligned addresses"
        assert not mapped.flags.writeable


class Fault:
    """Watches the events of a query and strikes once."""

    def __init__(self, strike: Any) -> None:
        self.strike = strike
        self.events: list[dict[str, Any]] = []
        self.struck = False

    def __call__(self, event: dict[str, Any]) -> None:
        """Takes an event."""
        self.events.append(event)
        if not self.struck and self.strike(self.events):
            self.struck = True


def test_a_killed_actor_costs_a_retry(flights_graph: gr.Graph, two_workers: dict[str, object]) -> None:
    expected = flights_graph.query(WIDE, engine="local").to_arrow().num_rows
    killed: list[tuple[str, int]] = []

    def strike(events: list[dict[str, Any]]) -> bool:
        """Kills a worker that has finished a map task as soon as it has another."""
        last = events[-1]
        if last["event"] != "launch" or last["task"]["stage"] != 0:
            return False
        launched = {tuple(event["task"].values()): event["worker"] for event in events if event["event"] == "launch"}
        for event in events:
            if event["event"] == "task_finished" and launched[tuple(event["task"].values())] == last["worker"]:
                killed.append((last["worker"], event["statistics"]["pid"]))
                pid = event["statistics"]["pid"]
                # The launch goes out right after this event; the signal must not come before it.
                threading.Timer(0.02, os.kill, (pid, signal.SIGKILL)).start()
                return True
        return False

    fault = Fault(strike)
    result = flights_graph.query(WIDE, engine="ray", ray={**two_workers, "partitions": 6}, progress=fault)
    assert fault.struck
    lost = [event for event in fault.events if event["event"] == "worker_lost"]
    assert [event["worker"] for event in lost] == [killed[0][0]], "the fault fired"
    assert len(result) == expected
    attempts = {(task["stage"], task["task"]): task["attempts"] for task in result.metrics}
    assert sum(attempts.values()) == len(attempts) + 1, "only the task that ran was run again"
    again = [task for task, made in attempts.items() if made > 1]
    assert again[0][0] == 0


def test_a_removed_node_costs_what_it_held(flights_graph: gr.Graph) -> None:
    ray.shutdown()
    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 2, "include_dashboard": False})
    second = nodes.add_node(num_cpus=1)
    ray.init(address=nodes.address, log_to_driver=False, logging_level="error")
    try:
        expected = flights_graph.query(WIDE, engine="local").to_arrow().num_rows
        options = {"address": nodes.address, "workers": 3, "partitions": 3}
        flights_graph.query("RETURN 1 AS warm", engine="ray", ray=options)
        pool = cluster._pool(3, None)
        located = {name: ray.get(node_of(actor)) for name, actor in pool.actors.items()}
        victims = {name for name, node in located.items() if node == second.node_id}
        assert victims, "a worker is on the node that will go"

        def strike(events: list[dict[str, Any]]) -> bool:
            """Removes the node when the last map task is done."""
            done = [event for event in events if event["event"] == "task_finished" and event["task"]["stage"] == 0]
            if len(done) < 3:
                return False
            nodes.remove_node(second, allow_graceful=False)
            return True

        fault = Fault(strike)
        result = flights_graph.query(WIDE, engine="ray", ray=options, progress=fault)
        assert fault.struck
        assert len(result) == expected
        where = {tuple(event["task"].values()): event["worker"] for event in fault.events if event["event"] == "launch"}
        gone = {event["task"]["task"] for event in fault.events if event["event"] == "output_lost"}
        held = {task for (stage, task, attempt), worker in where.items() if stage == 0 and worker in victims}
        assert gone, "the fault fired: outputs were lost"
        assert gone == held
        attempts = {(task["stage"], task["task"]): task["attempts"] for task in result.metrics}
        assert {task for (stage, task), made in attempts.items() if stage == 0 and made > 1} == held
    finally:
        ray.shutdown()
        nodes.shutdown()


def node_of(actor: Any) -> Any:
    """The node that an actor is on."""
    return actor.node.remote()


def test_a_rust_program_reaches_the_same_actors(flights_graph: gr.Graph) -> None:
    command = Path(__file__).parents[2] / "target" / "debug" / "grism"
    query = "MATCH (f:FLIGHT)-[:carrier]->(a {carrier: 'UA'}) RETURN count(*) AS n"
    environment = {**os.environ, "GRISM_PYTHON": sys.executable, "RAY_ADDRESS": "local"}

    def run(text: str, *options: str) -> subprocess.CompletedProcess[str]:
        arguments = [str(command), "query", flights_graph.uri, text, "--engine", "ray", "--format", "json", *options]
        return subprocess.run(arguments, env=environment, capture_output=True, text=True, timeout=120, check=False)

    assert json.loads(run(query).stdout) == {"n": 58665}
    failed = run("MATCH (f:FLIGHT) RETURN sum(1 / (f.month - 1))")
    assert failed.returncode == 4
    assert "InvalidData: division by zero" in failed.stderr
    endless = "MATCH (a:FLIGHT), (b:FLIGHT) WHERE a.distance + b.distance < 0 RETURN count(*)"
    late = run(endless, "--timeout", "1")
    assert "Cancelled: the query ran out of time" in late.stderr
