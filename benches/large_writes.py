"""SET, DELETE, MERGE and CREATE over many rows under a memory limit, on a graph on disk, with the peaks.

python benches/large_writes.py [--rows 10000000] [--limit 512] [--steps create,merge,...]

Each step runs in a process of its own on the graph that the steps before it made, whose peak is what the system says
of it; what of that are mapped files, above all the code of the extension, stands beside it. `again` is a MERGE that
finds half of its rows, `random` a SET of a tenth of the nodes in the order of another property, `detach` deletes nodes
with their edges.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

STATEMENTS = {
    "create": "MATCH (n:Source) CREATE (:Copy {id: n.id, name: n.name, half: n.id / 2})",
    "merge": "MATCH (n:Source) MERGE (m:Target {id: n.id}) ON CREATE SET m.name = n.name",
    "again": "MATCH (n:Source) MERGE (m:Target {id: n.id * 2}) ON MATCH SET m.seen = true ON CREATE SET m.seen = false",
    "set": "MATCH (n:Source) SET n.id = n.id + 1, n.name = n.name + '!', n.before = n.id",
    "random": "MATCH (n:Source) WHERE n.key % 10 = 0 WITH n ORDER BY n.key SET n.key = -1, n.late = n.name",
    "edges": "MATCH (n:Source) CREATE (n)-[:NEXT {at: n.id}]->(:End)",
    "edge_set": "MATCH (:Source)-[e:NEXT]->() SET e.at = e.at + 1",
    "detach": "MATCH (n:Source) WHERE n.before % 2 = 0 DETACH DELETE n",
    "delete": "MATCH (n:Copy) DELETE n",
}
COUNTS = (
    "MATCH (n:Copy) RETURN count(*) AS n, sum(n.half) AS m",
    "MATCH (n:Target) RETURN count(*) AS n, count(n.name) AS m",
    "MATCH (n:Target) RETURN count(*) AS n, count(n.seen) AS m",
    "MATCH (n:Source) RETURN count(*) AS n, sum(n.id - n.before) AS m",
    "MATCH (n:Source) RETURN count(n.late) AS n, sum(CASE n.key WHEN -1 THEN 1 ELSE 0 END) AS m",
    "MATCH ()-[e:NEXT]->() RETURN count(*) AS n, sum(e.at) AS m",
    "MATCH ()-[e:NEXT]->() RETURN count(*) AS n, sum(e.at) AS m",
    "MATCH ()-[e:NEXT]->() RETURN count(*) AS n, sum(e.at) AS m",
    "MATCH (n:Copy) RETURN count(*) AS n, 0 AS m",
)


def load(directory: Path, rows: int, limit: int) -> None:
    """Makes the graph: nodes with a number, a text, and a key that runs through them in another order."""
    import pyarrow as pa
    import pyarrow.parquet

    import grism_ray as gr

    step = 100_000
    schema = pa.schema([("id", pa.int64()), ("name", pa.string()), ("key", pa.int64())])
    with pa.parquet.ParquetWriter(directory / "nodes.parquet", schema) as writer:
        for start in range(0, rows, step):
            ids = range(start, min(rows, start + step))
            columns = [list(ids), [f"name of {i}" for i in ids], [i * 7_919 % 1_000_003 for i in ids]]
            writer.write_table(pa.table(columns, schema=schema))
    with gr.open(directory / "g.grism") as hg:
        hg.load_nodes("Source", directory / "nodes.parquet", key="id", memory_limit=limit, progress=False)


def step(name: str, directory: Path, limit: int) -> None:
    """Runs one statement in this process, and prints its time, the peak, and what is counted afterwards."""
    import grism_ray as gr

    hg = gr.open(directory / "g.grism")
    begun = time.perf_counter()
    written = hg.execute(STATEMENTS[name], memory_limit=limit).written
    seconds = time.perf_counter() - begun
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    peak, mapped = (int(status[field].split()[0]) / 1024 for field in ("VmHWM", "RssFile"))
    found = {name: count for name, count in (written or {}).items() if count}
    print(f"{name:8} {seconds:7.1f} s   peak {peak:5.0f} MB, code and files {mapped:4.0f} MB   {found}", flush=True)


def count(name: str, directory: Path) -> None:
    """Prints what a step left, in a process of its own."""
    import grism_ray as gr

    text = COUNTS[list(STATEMENTS).index(name)]
    print(f"{'':8} {gr.open(directory / 'g.grism').query(text, engine='local').to_pylist()}", flush=True)


def main() -> None:
    """Prints two lines for each step."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--limit", type=int, default=512, help="MiB")
    parser.add_argument("--steps", default=",".join(STATEMENTS))
    parser.add_argument("--check", action="store_true", help="verify the graph at the end")
    parser.add_argument("--step", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.step:
        name, directory, limit = arguments.step
        if name == "load":
            load(Path(directory), arguments.rows, int(limit))
        elif name == "check":
            import grism_ray as gr

            print("problems:", gr.open(Path(directory) / "g.grism").check()["problems"])
        elif name.startswith("count-"):
            count(name.removeprefix("count-"), Path(directory))
        else:
            step(name, Path(directory), int(limit))
        return
    with tempfile.TemporaryDirectory() as directory:
        print(f"{arguments.rows:,} rows, limit {arguments.limit} MiB", flush=True)
        names = arguments.steps.split(",")
        all_steps = ["load", *(part for name in names for part in (name, f"count-{name}"))]
        for name in [*all_steps, *(["check"] if arguments.check else [])]:
            own = ["--step", name, directory, str(arguments.limit << 20), "--rows", str(arguments.rows)]
            subprocess.run([sys.executable, __file__, *own], check=True)


if __name__ == "__main__":
    main()
