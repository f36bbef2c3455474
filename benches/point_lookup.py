"""Point lookups by key on a million nodes, with and without an index.

python benches/point_lookup.py
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from pathlib import Path

import pyarrow as pa

import grism_ray as gr

NODES = 1_000_000
LOOKUP = "MATCH (p:Person {id: $id}) RETURN p.name AS name"


def lookups(graph: gr.Graph, count: int) -> list[float]:
    """The times of so many lookups of random keys, in milliseconds."""
    choose = random.Random(count)
    times = []
    for _ in range(count):
        key = choose.randrange(NODES)
        begun = time.perf_counter()
        found = graph.query(LOOKUP, {"id": key}, engine="local").to_pylist()
        times.append((time.perf_counter() - begun) * 1e3)
        assert found == [{"name": f"person {key}"}]
    return times


def main() -> None:
    """Prints the plan and the times."""
    with tempfile.TemporaryDirectory() as directory:
        graph = gr.open(Path(directory) / "g.grism")
        people = pa.table({"id": range(NODES), "name": [f"person {i}" for i in range(NODES)]})
        graph.load_nodes("Person", people, key="id")
        lookups(graph, 20)
        print(f"without an index: median {statistics.median(lookups(graph, 50)):.2f} ms")
        begun = time.perf_counter()
        graph.execute("CREATE INDEX FOR (p:Person) ON (p.id)")
        print(f"CREATE INDEX: {time.perf_counter() - begun:.2f} s")
        print(graph.explain(LOOKUP, {"id": 5}).rstrip())
        lookups(graph, 1000)
        times = sorted(lookups(graph, 5000))
        print(f"with it: median {statistics.median(times):.2f} ms, 99 % within {times[-50]:.2f} ms")


if __name__ == "__main__":
    main()
