"""Memory limits of queries and loads that run at the same time: each keeps to its own, and none feels another's."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

import grism_ray as gr

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROWS = 200_000
SMALL = 24 << 20
# Holds every text: far more than the small limit.
COLLECT = "MATCH (n:N) RETURN size(collect(DISTINCT n.text)) AS n"
# Holds every text as well, but a sort can do so in files.
SORT = "MATCH (n:N) WITH n.text AS text ORDER BY text DESC RETURN head(collect(left(text, 10))) AS first, count(*) AS n"


@pytest.fixture(params=["memory", "disk"])
def graph(request: pytest.FixtureRequest, tmp_path: Path) -> gr.Graph:
    """Nodes with long texts."""
    graph = gr.open() if request.param == "memory" else gr.open(tmp_path / "g.grism")
    texts = [f"{key:07}{'x' * 250}" for key in range(ROWS)]
    graph.load_nodes("N", pa.table({"key": range(ROWS), "text": texts}), key="key")
    return graph


def test_two_queries_at_once_keep_to_their_own_limits(graph: gr.Graph) -> None:
    def limited() -> str:
        with pytest.raises(gr.ResourceExhaustedError, match=f"of {SMALL} are in use; raise the memory limit"):
            graph.query(COLLECT, engine="local", memory_limit=SMALL).to_pylist()
        return "refused"

    def free() -> object:
        return graph.query(COLLECT, engine="local").to_pylist()

    with ThreadPoolExecutor() as threads:
        running = [threads.submit(run) for run in (limited, free, limited, free)]
        assert [one.result() for one in running] == ["refused", [{"n": ROWS}], "refused", [{"n": ROWS}]]


def test_a_sort_spills_within_its_limit_while_another_does_not(graph: gr.Graph) -> None:
    def sort(limit: int | None) -> object:
        return graph.query(SORT, engine="local", memory_limit=limit).to_pylist()

    with ThreadPoolExecutor() as threads:
        first, second = threads.map(sort, (SMALL, None))
    assert first == second == [{"first": f"{ROWS - 1:07}xxx", "n": ROWS}]


def test_loads_and_writes_with_different_limits_run_at_once(tmp_path: Path) -> None:
    def loaded(name: str, limit: int | None) -> tuple[int, object]:
        graph = gr.open(tmp_path / f"{name}.grism")
        table = pa.table({"key": range(50_000), "text": [f"text {key}" for key in range(50_000)]})
        report = graph.load_nodes("N", table, key="key", memory_limit=limit)
        graph.execute("MATCH (n:N) WHERE n.key % 2 = 0 SET n.text = null, n.half = n.key / 2", memory_limit=limit)
        query = "MATCH (n:N) RETURN count(n.text) AS texts, sum(n.half) AS halves"
        return report.loaded, graph.query(query, memory_limit=limit).to_pylist()

    with ThreadPoolExecutor() as threads:
        both = list(threads.map(loaded, ("small", "free"), (32 << 20, None)))
    assert both == [(50_000, [{"texts": 25_000, "halves": sum(range(25_000))}])] * 2


def test_what_a_query_held_is_given_back_at_its_end(graph: gr.Graph) -> None:
    """Many queries, of which some fail or are left, one after the other: a limit that fits one always does."""
    limit = 160 << 20

    def read() -> None:
        assert graph.query(COLLECT, engine="local", memory_limit=limit).to_pylist() == [{"n": ROWS}]

    def left() -> None:
        stream = graph.stream("MATCH (n:N) RETURN n.text AS text", engine="local", memory_limit=limit)
        assert next(stream).num_rows > 0
        stream.close()

    steps: list[Callable[[], None]] = [read, left] * 3
    for step in steps:
        step()
