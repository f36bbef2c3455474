"""The process of one system with one graph: loads, then answers what it is asked, a line of JSON for each.

python -m peers.worker SYSTEM GRAPH DIRECTORY PLACE THREADS MEMORY_LIMIT
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from peers.answers import plain
from peers.data import GRAPHS
from peers.data.graph import parameters
from peers.systems import open_system
from peers.systems.system import Settings

if TYPE_CHECKING:
    from peers.systems.system import Row, System


class Worker:
    """A system with a graph."""

    def __init__(self, system: System, directory: Path) -> None:
        self.system = system
        self.directory = directory
        self.parameters = parameters(directory)

    def handle(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer to one request, which is to load the graph, to open what is stored, or a query."""
        reset_peak()
        begun = time.perf_counter()
        if request["do"] == "ask":
            return self._measured(request["text"], request["each"], request["runs"], request["seconds"])
        if request["do"] == "load":
            self.system.remove()
            self.system.open()
            begun = time.perf_counter()
            self.system.load(self.directory)
        else:
            self.system.open()
        milliseconds = (time.perf_counter() - begun) * 1e3
        return {"milliseconds": [milliseconds], "peak": peak(), "version": self.system.version()}

    def _measured(self, text: str, each: str, runs: int, seconds: float) -> dict[str, Any]:
        """Times and answer of a query, in so many warm runs as end within ``seconds``, and at most ``runs``.

        The first run stands apart, since it warms the system.
        """
        calls = [{"key": key} for key in self.parameters[each]] if each else [self.parameters]
        times: list[float] = []
        rows: list[Row] = []
        begun = time.perf_counter()
        while len(times) <= runs:
            started = time.perf_counter()
            if times and started - begun + times[-1] / 1e3 * len(calls) > seconds:
                break
            rows = [row for parameters in calls for row in self.system.run(text, parameters)]
            times.append((time.perf_counter() - started) * 1e3 / len(calls))
        return {"first": times[0], "milliseconds": times[1:] or times, "peak": peak(), "answer": plain(rows)}


def reset_peak() -> None:
    """Forgets the peak of memory so far, where the operating system can."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def peak() -> float | None:
    """Most memory since then in MiB, where the operating system counts it."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), None)


def main() -> None:
    """Serves requests until the input ends."""
    name, graph, directory, place, threads, memory_limit = sys.argv[1:]
    settings = Settings(int(threads), int(memory_limit) or None)
    # What libraries print must not stand among the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    worker = None
    for line in sys.stdin:
        try:
            if worker is None:
                worker = Worker(open_system(name, GRAPHS[graph], Path(place), settings), Path(directory))
            answer = worker.handle(json.loads(line))
        except ImportError as error:
            answer = {"error": str(error), "absent": True}
        # Whatever else a system raises is its answer.
        except Exception as error:  # noqa: BLE001
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()
    if worker is not None:
        worker.system.close()
    # Threads of libraries need not end well.
    os._exit(0)


if __name__ == "__main__":
    main()
