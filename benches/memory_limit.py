"""Loads and queries of two hops under a memory limit of a quarter of the data's size, with the peaks.

python benches/memory_limit.py [--nodes 1000000] [--edges 40000000]

The data is a CSV file of edges between random nodes. Each step runs in a process of its own, whose peak is what the
system says of it; what of that are mapped files, above all the code of the extension, stands beside it. At last two
queries run in one process, one under the limit and one without, each alone and then both at once, and two processes run
at the same time, each under the limit.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import grism_ray as gr

STEPS = ("import", "nodes", "edges", "count", "reach", "pairs", "together")
QUERIES = {
    "count": "MATCH (a:Person)-[:KNOWS]->(b)-[:KNOWS]->(c) RETURN count(*) AS n",
    "reach": "MATCH (a:Person)-[:KNOWS]->(b)-[:KNOWS]->(c) WHERE a.id < 2000 RETURN count(DISTINCT c) AS n",
    "pairs": (
        "MATCH (a:Person)-[:KNOWS]->(b)-[:KNOWS]->(c) WHERE a.id < 5000 "
        "RETURN c.id % 10 AS digit, count(*) AS n ORDER BY digit LIMIT 1"
    ),
}


def generate(directory: Path, nodes: int, edges: int) -> int:
    """Writes the files; the bytes of the edges."""
    import pyarrow as pa
    import pyarrow.csv

    pa.csv.write_csv(pa.table({"id": range(nodes)}), directory / "nodes.csv")
    generator = random.Random(7)
    with (directory / "edges.csv").open("wb") as file:
        file.write(b"a,b\n")
        for _ in range(0, edges, 1_000_000):
            count = min(1_000_000, edges)
            numbers = memoryview(generator.randbytes(8 * count)).cast("I")
            lines = (b"%d,%d\n" % (numbers[2 * i] % nodes, numbers[2 * i + 1] % nodes) for i in range(count))
            file.write(b"".join(lines))
    return (directory / "edges.csv").stat().st_size


def step(name: str, directory: Path, limit: int) -> None:
    """Runs one step in this process, and prints what it found, its time and the peak."""
    import grism_ray as gr

    begun = time.perf_counter()
    found: object = ""
    if name != "import":
        hg = gr.open(directory / "g.grism")
        if name == "nodes":
            found = hg.load_nodes("Person", directory / "nodes.csv", key="id", memory_limit=limit).loaded
        elif name == "edges":
            roles = {"source": ("Person", "a"), "target": ("Person", "b")}
            found = hg.load_hyperedges("KNOWS", directory / "edges.csv", roles=roles, memory_limit=limit).loaded
        elif name == "together":
            found = together(hg, limit)
        else:
            found = hg.query(QUERIES[name], engine="local", memory_limit=limit).to_pylist()
    seconds = time.perf_counter() - begun
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    peak, mapped = (int(status[field].split()[0]) / 1024 for field in ("VmHWM", "RssFile"))
    print(f"{name:8} {seconds:7.1f} s   peak {peak:5.0f} MB, code and files {mapped:4.0f} MB   {found}", flush=True)


def together(hg: gr.Graph, limit: int) -> str:
    """Two queries of one thread, one under the limit and one without: their seconds alone, and both at once."""

    def seconds(memory_limit: int | None) -> float:
        begun = time.perf_counter()
        hg.query(QUERIES["reach"], engine="local", threads=1, memory_limit=memory_limit).to_pylist()
        return time.perf_counter() - begun

    limits = (limit, None)
    for own in limits:
        seconds(own)
    alone = [seconds(own) for own in limits]
    with ThreadPoolExecutor() as threads:
        both = list(threads.map(seconds, limits))
    shown = [f"{one:.1f} s alone, {other:.1f} s beside the other" for one, other in zip(alone, both, strict=True)]
    return f"limited: {shown[0]}; not limited: {shown[1]}"


def main() -> None:
    """Prints a line for each step."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=1_000_000)
    parser.add_argument("--edges", type=int, default=40_000_000)
    parser.add_argument("--step", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.step:
        name, directory, limit = arguments.step
        step(name, Path(directory), int(limit))
        return
    with tempfile.TemporaryDirectory() as directory:
        size = generate(Path(directory), arguments.nodes, arguments.edges)
        limit = size // 4
        print(f"{arguments.edges:,} edges, {size / 1e6:.0f} MB of CSV, limit {limit / 2**20:.0f} MB", flush=True)
        for name in STEPS:
            subprocess.run([sys.executable, __file__, "--step", name, directory, str(limit)], check=True)
        print("two processes at once:", flush=True)
        command = [sys.executable, __file__, "--step", "count", directory, str(limit)]
        for process in [subprocess.Popen(command) for _ in range(2)]:
            if process.wait() != 0:
                sys.exit(1)


if __name__ == "__main__":
    main()
