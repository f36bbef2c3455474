"""Writers and readers of one graph at the same time, in processes of their own.

Each commit adds two nodes and the hyperedge that binds them. Readers check at every snapshot they meet that there are
twice as many nodes as hyperedges, and that every hyperedge binds the two nodes of its own number.

    python benches/writers.py --seconds 60
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import grism_ray as gr

ADD = """
CREATE (a:Point {n: $n, writer: $w}), (b:Point {n: $n, writer: $w}),
       (l:LINK {n: $n, writer: $w})-[:first]->(a), (l)-[:second]->(b)
"""
COUNTS = "MATCH (p:Point) RETURN count(*) AS n"
LINKS = "MATCH (l:LINK) RETURN count(*) AS n"
BOUND = """
MATCH (a:Point)<-[:first]-(l:LINK)-[:second]->(b:Point)
WHERE a.n = l.n AND b.n = l.n AND a.writer = l.writer AND b.writer = l.writer AND id(a) <> id(b)
RETURN count(*) AS n
"""


def write(path: str, writer: int, seconds: float, out: Any) -> None:
    """Commits until the time is over; reports how many commits there were, and their times."""
    graph = gr.open(path)
    times = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        begun = time.monotonic()
        graph.execute(ADD, {"n": len(times), "w": writer})
        times.append(time.monotonic() - begun)
    out.put(
        {
            "kind": "writer",
            "number": writer,
            "commits": len(times),
            "slowest": max(times),
            "mean": sum(times) / len(times),
        }
    )


def read(path: str, reader: int, seconds: float, out: Any) -> None:
    """Checks the newest snapshot again and again; reports how many were checked, and what was wrong."""
    checked, wrong = set(), []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        newest = gr.open(path).history()[-1].snapshot
        if newest in checked:
            time.sleep(0.01)
            continue
        graph = gr.open(path, snapshot=newest)
        points, links, bound = (graph.query(text).to_pylist()[0]["n"] for text in (COUNTS, LINKS, BOUND))
        if points != 2 * links or bound != links:
            wrong.append(
                f"snapshot {newest}: {points} nodes, {links} hyperedges, {bound} of them bound as they should be"
            )
        checked.add(newest)
    out.put({"kind": "reader", "number": reader, "snapshots": len(checked), "wrong": wrong})


def run(path: str, seconds: float, writers: int = 4, readers: int = 2) -> dict[str, Any]:
    """Runs the processes; their reports, and what the graph holds afterwards."""
    graph = gr.open(path)
    graph.execute("CREATE HYPEREDGE TYPE LINK (first Point, second Point)")
    context = multiprocessing.get_context("spawn")
    out = context.Queue()
    tasks = [(write, number) for number in range(writers)] + [(read, number) for number in range(readers)]
    processes = [context.Process(target=task, args=(path, number, seconds, out)) for task, number in tasks]
    for process in processes:
        process.start()
    reports = [out.get(timeout=seconds + 120) for _ in processes]
    for process in processes:
        process.join()
    commits = sum(report.get("commits", 0) for report in reports)
    links = graph.query(LINKS).to_pylist()[0]["n"]
    return {
        "reports": sorted(reports, key=lambda report: (report["kind"], report["number"])),
        "commits": commits,
        "hyperedges": links,
        "lost": commits - links,
        "check": graph.check(),
    }


def main() -> int:
    """Prints the figures; 1 where something was lost or torn."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long the processes write and read")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        found = run(str(Path(directory) / "writers.grism"), arguments.seconds)
    print(json.dumps(found, indent=2))
    torn = [line for report in found["reports"] for line in report.get("wrong", [])]
    return 1 if torn or found["lost"] or found["check"]["problems"] else 0


if __name__ == "__main__":
    sys.exit(main())
