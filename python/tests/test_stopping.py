"""What stops a query: Ctrl-C, a time limit, a result that nobody reads on. Everything stops with it, at once."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
import ray

import grism_ray as gr
import shared
from grism_ray import cluster

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

COMMAND = shared.ROOT / "target" / "debug" / "grism"
LIMIT = 0.5
"""Seconds after which nothing may run any more: 0.2 on a quiet machine, and this on one that does other work."""
BEFORE = 0.4
"""Seconds for which a query runs before it is stopped."""
LOOK = 0.02
"""Seconds over which it is measured whether a process works."""
TRIES = 3
"""The machine may be busy with other work; one try of these must be in time."""
TICKS = os.sysconf("SC_CLK_TCK")

LONG = {
    "cross product": "MATCH (a:P), (b:P), (c:P) RETURN count(*) AS n, sum(a.i * b.i + c.i) AS s",
    "unwinds": "UNWIND range(1, 100000) AS a UNWIND range(1, 100000) AS b WITH a, b WHERE a * b = -1 RETURN a, b",
    "paths": "MATCH (a:P)-[:R*1..12]->(b) RETURN count(*) AS n, max(b.i) AS m",
    "shortest paths": "MATCH p = allShortestPaths((a:P)-[:R*]->(b:P)) WHERE a.i < b.i RETURN count(p) AS n",
    "chain": "MATCH (a:P)-[:R]->(b)-[:R]->(c)-[:R]->(d)-[:R]->(e) WHERE a.i + c.i = d.i - e.i RETURN count(*) AS n",
    "sort across types": "UNWIND range(1, 30000000) AS i WITH CASE i % 2 WHEN 0 THEN i ELSE toString(i) END AS x "
    "RETURN x ORDER BY x",
    "groups": "UNWIND range(1, 50000000) AS i RETURN i % 10000000 AS k, count(*) AS n, sum(i) AS s",
    "collect": "UNWIND range(1, 30000000) AS i WITH collect(DISTINCT toString(i)) AS l RETURN size(l) AS n",
    "join": "UNWIND range(1, 20000000) AS i MATCH (p:P) WHERE p.i = i % 5000 RETURN count(*) AS n, sum(p.i) AS s",
    "comprehension": "RETURN size([x IN range(1, 20000) | size([y IN range(1, 20000) WHERE y % 3 = x % 3])]) AS n",
    "reduce": "RETURN reduce(s = 0, x IN range(1, 100000000) | s + x) AS n",
    "quantifier": "RETURN any(x IN range(1, 100000000) WHERE x < 0) AS n",
}
WRITES = {
    "create": "UNWIND range(1, 20000000) AS i CREATE (:Q {i: i, s: toString(i)})",
    "create edges": "MATCH (a:P), (b:P) CREATE (a)-[:S {w: a.i}]->(b)",
    "merge": "UNWIND range(1, 10000000) AS i MERGE (:M {i: i})",
    "set": "MATCH (a:P), (b:P) SET a.x = b.i, b.y = a.i",
    "delete": "MATCH (a:P)-[r:R]->(b), (c:P) DELETE r",
}
NODES = 3000


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> gr.Graph:
    """Nodes, each with an edge to the next twenty."""
    graph = gr.open(tmp_path_factory.mktemp("stopping") / "chain.grism")
    graph.execute("UNWIND range(1, $n) AS i CREATE (:P {i: i})", {"n": NODES})
    graph.execute("MATCH (a:P), (b:P) WHERE a.i < b.i <= a.i + 20 CREATE (a)-[:R]->(b)")
    return graph


def seconds_of(pids: Iterable[int]) -> float:
    """The processor time of processes that are there."""
    total = 0.0
    for pid in pids:
        with contextlib.suppress(FileNotFoundError):
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            total += (int(fields[11]) + int(fields[12])) / TICKS
    return total


def idle_after(pids: list[int]) -> float:
    """Seconds until processes do nothing any more; a tenth of a core is something, since others may take the rest."""
    begun = time.monotonic()
    while time.monotonic() - begun < 10 * LIMIT:
        first = time.monotonic()
        # Of this process the clock is finer than that of the system.
        before = time.process_time() if pids == [os.getpid()] else seconds_of(pids)
        time.sleep(LOOK if pids == [os.getpid()] else 5 * LOOK)
        worked = (time.process_time() if pids == [os.getpid()] else seconds_of(pids)) - before
        if worked < 0.1 * (time.monotonic() - first):
            return first - begun
    return time.monotonic() - begun


def late(stop: Callable[[], float], pids: list[int]) -> float:
    """Seconds from the time at which something had to stop until all of it had, in the best of some tries."""
    best = 10 * LIMIT
    for _ in range(TRIES):
        due = stop()
        back = time.monotonic()
        best = min(best, max(0.0, back - due) + idle_after(pids))
        if best < LIMIT:
            break
    return best


def interrupted(run: Callable[[], Any]) -> float:
    """Runs something until Ctrl-C; when that came."""
    due = time.monotonic() + BEFORE
    timer = threading.Timer(BEFORE, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        run()
    timer.cancel()
    return due


def out_of_time(run: Callable[[], Any]) -> float:
    """Runs something with a time limit; when that ended."""
    due = time.monotonic() + BEFORE
    with pytest.raises(gr.CancelledError, match="out of time"):
        run()
    return due


@pytest.mark.parametrize("engine", ["local", "staged"])
@pytest.mark.parametrize("name", LONG)
def test_ctrl_c_stops_all_work_and_the_next_query_answers(chain: gr.Graph, engine: Any, name: str) -> None:
    assert late(lambda: interrupted(lambda: chain.query(LONG[name], engine=engine)), [os.getpid()]) < LIMIT
    begun = time.monotonic()
    assert chain.query("MATCH (p:P) RETURN count(*) AS n", engine=engine)["n"] == [NODES]
    assert time.monotonic() - begun < 1


def test_handlers_of_signals_are_called_while_a_query_works_on_the_thread_that_asks(chain: gr.Graph) -> None:
    calls: list[float] = []
    before = signal.signal(signal.SIGALRM, lambda *_: calls.append(time.monotonic()))
    signal.setitimer(signal.ITIMER_REAL, LOOK, LOOK)
    try:
        size, took, begun = 1000, 0.0, 0.0
        while took < BEFORE:
            size, begun = 2 * size, time.monotonic()
            found = chain.query("RETURN reduce(s = 0, x IN range(1, $n) | s + x) AS n", {"n": size})
            took = time.monotonic() - begun
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    # What a handler does not raise stops nothing.
    assert found["n"] == [size * (size + 1) // 2]
    assert sum(begun < call < begun + took for call in calls) > 2, "one may be called at the end"


@pytest.mark.parametrize("engine", ["local", "staged"])
@pytest.mark.parametrize("name", ["cross product", "paths", "sort across types", "comprehension", "reduce"])
def test_a_time_limit_stops_all_work(chain: gr.Graph, engine: Any, name: str) -> None:
    query = lambda: chain.query(LONG[name], engine=engine, timeout=BEFORE)  # noqa: E731
    assert late(lambda: out_of_time(query), [os.getpid()]) < LIMIT


@pytest.mark.parametrize("name", WRITES)
def test_ctrl_c_and_a_time_limit_stop_writes_and_nothing_is_written(chain: gr.Graph, name: str) -> None:
    before = chain.history()
    assert late(lambda: interrupted(lambda: chain.execute(WRITES[name])), [os.getpid()]) < LIMIT
    assert late(lambda: out_of_time(lambda: chain.execute(WRITES[name], timeout=BEFORE)), [os.getpid()]) < LIMIT
    assert chain.history() == before


@pytest.mark.parametrize("where", ["memory", "disk"])
def test_ctrl_c_stops_a_load_and_its_commit(tmp_path: Path, where: str) -> None:
    graph = gr.open() if where == "memory" else gr.open(tmp_path / "load.grism")
    keys = pa.array(range(1_000_000))
    rows = pa.table({"k": keys, "s": keys.cast(pa.string())})
    begun = time.monotonic()
    graph.load_nodes("First", rows, "k")
    whole = time.monotonic() - begun
    for share in (0.3, 0.6, 0.9):
        timer = threading.Timer(share * whole, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        before = graph.history()
        try:
            graph.load_nodes(f"Part{int(10 * share)}", rows, "k")
        except KeyboardInterrupt:
            stopped = idle_after([os.getpid()])
            assert stopped < 2 * LIMIT, "storage writes what it has begun"
            # Ctrl-C may come behind the publication of the commit: then all of it is there.
            after = graph.history()
            loaded = (
                graph.query(f"MATCH (n:Part{int(10 * share)}) RETURN count(*) AS n")["n"] if after != before else [0]
            )
            assert (len(after) - len(before), loaded) in ((0, [0]), (1, [1_000_000]))
        timer.cancel()


def test_a_stream_that_is_closed_or_forgotten_stops_all_work(chain: gr.Graph) -> None:
    text = "MATCH (a:P), (b:P), (c:P) WHERE a.i + b.i > c.i RETURN a.i AS x, c.i AS y"

    def closed() -> float:
        stream = chain.stream(text)
        next(stream)
        stream.close()  # type: ignore[attr-defined]
        return time.monotonic()

    def forgotten() -> float:
        stream = chain.stream(text)
        next(stream)
        del stream
        return time.monotonic()

    assert late(closed, [os.getpid()]) < LIMIT
    assert late(forgotten, [os.getpid()]) < LIMIT


@pytest.mark.parametrize("name", ["cross product", "paths", "comprehension"])
def test_everything_stops_on_ray(chain: gr.Graph, two_workers: dict[str, object], name: str) -> None:
    options: dict[str, Any] = {"engine": "ray", "ray": two_workers}
    chain.query("RETURN 1 AS warm", **options)
    pool = cluster._pool(2, None)
    pids = [os.getpid(), *ray.get([actor.pid.remote() for actor in pool.actors.values()])]
    pool.release()
    assert late(lambda: interrupted(lambda: chain.query(LONG[name], **options)), pids) < 2 * LIMIT
    assert late(lambda: out_of_time(lambda: chain.query(LONG[name], timeout=BEFORE, **options)), pids) < 2 * LIMIT
    begun = time.monotonic()
    assert chain.query("MATCH (p:P) RETURN count(*) AS n", **options)["n"] == [NODES]
    assert time.monotonic() - begun < 2


def test_workers_of_ray_have_threads(chain: gr.Graph, two_workers: dict[str, object]) -> None:
    counted = chain.query(
        "MATCH (p:P) RETURN p.i % 7 AS k, count(*) AS n", engine="ray", ray={**two_workers, "workers": 1}, threads=2
    )
    assert len(counted) == 7
    assert {task["worker"] for task in counted.metrics} == {"worker-0"}
    assert {task["task"] for task in counted.metrics if task["stage"] == 0} == {0, 1}
    with pytest.raises(gr.UnsupportedError, match="resources among the settings of a query on Ray"):
        chain.query("RETURN 1", engine="ray", ray=two_workers, resources={"gpu": 1})


def test_jobs_take_the_settings_of_queries() -> None:
    with pytest.raises(gr.UnsupportedError, match="resources of a job"):
        gr.submit("RETURN 1", "g", "http://127.0.0.1:1", resources={"gpu": 1})
    with pytest.raises(gr.InvalidQueryError, match="memory_limit"):
        gr.submit("RETURN 1", "g", "http://127.0.0.1:1", memory_limt=1)  # type: ignore[call-arg]


@pytest.mark.parametrize("engine", ["local", "staged"])
@pytest.mark.parametrize("statement", [LONG["cross product"], LONG["reduce"], WRITES["create"]])
def test_ctrl_c_and_a_time_limit_end_the_command(chain: gr.Graph, engine: str, statement: str) -> None:
    given = [str(COMMAND), "query", chain.uri, statement, "--engine", engine]

    def ended() -> float:
        process = subprocess.Popen(given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        time.sleep(2 * BEFORE)
        process.send_signal(signal.SIGINT)
        due = time.monotonic()
        _, told = process.communicate(timeout=10)
        assert process.returncode == 9, told
        return due

    # The process ends, too.
    assert late(ended, [os.getpid()]) < 2 * LIMIT
    begun = time.monotonic()
    done = subprocess.run([*given, "--timeout", str(BEFORE)], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 9
    assert "ran out of time" in done.stderr
    assert time.monotonic() - begun < 10 * LIMIT
