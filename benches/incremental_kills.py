"""Kills an incremental load at random points until it is done: nothing may be there twice, and nothing may be missing.

python benches/incremental_kills.py --kills 100 --files 1000
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import grism_ray as gr

ROWS = 20
"""Rows of a file."""

LOADER = "import sys, grism_ray as gr; gr.open(sys.argv[1]).load_nodes('A', sys.argv[2], key='id', incremental=True)"


def written(directory: Path, files: int) -> str:
    """Writes the files; the pattern that they match."""
    directory.mkdir()
    for number in range(files):
        lines = [f"{number * ROWS + row},{number}" for row in range(ROWS)]
        (directory / f"part-{number:05}.csv").write_text("\n".join(["id,file", *lines]) + "\n")
    return f"{directory}/*.csv"


def main() -> None:
    """Kills and checks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as directory:
        pattern = written(Path(directory) / "files", arguments.files)
        graph = f"{directory}/g.grism"
        command = [sys.executable, "-c", LOADER, graph, pattern]
        begun = time.monotonic()
        kills, runs, points = 0, 0, set()
        # The graph begins anew where a load came to its end, so that kills hit every stage of it.
        while kills < arguments.kills:
            runs += 1
            child = subprocess.Popen(command)
            time.sleep(0.15 + rng.random() ** 2 * 3)
            child.send_signal(signal.SIGKILL)
            if child.wait() == -signal.SIGKILL:
                kills += 1
                points.add(len(gr.open(graph).history()))
                continue
            check(graph, arguments.files)
            subprocess.run(["rm", "-r", graph], check=True)
        subprocess.run(command, check=True)
        check(graph, arguments.files)
        seconds = time.monotonic() - begun
    print(f"{kills} kills in {runs} runs, after {len(points)} different snapshots: nothing twice, nothing missing")
    print(f"{arguments.files} files of {ROWS} rows, {seconds:.0f} s")


def check(path: str, files: int) -> None:
    """Fails where the graph has not exactly the rows of the files."""
    graph = gr.open(path)
    found = graph.query("MATCH (a:A) RETURN a.id AS id").to_arrow()["id"].to_pylist()
    if sorted(found) != list(range(files * ROWS)):
        message = f"{len(found)} rows, {len(set(found))} different, of {files * ROWS}"
        raise SystemExit(message)
    taken = len(graph.loaded_files("A"))
    problems = graph.check()["problems"]
    if taken != files or problems:
        message = f"{taken} files of {files} are known; {problems}"
        raise SystemExit(message)


if __name__ == "__main__":
    main()
