"""Times the demo's queries on every engine: medians of several warm runs, in milliseconds.

make bench
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

import ray

sys.path.insert(0, str(Path(__file__).parents[1] / "examples"))

import flights
import grism_ray as gr

RUNS = 5


def main() -> None:
    """Prints a row for each query."""
    ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="error")
    with tempfile.TemporaryDirectory() as directory, gr.open(Path(directory) / "flights.grism") as graph:
        flights.load(graph)
        engines = ("local", "staged", "ray")
        print(f"{'query':36}" + "".join(f"{engine:>10}" for engine in engines))
        for title, query in flights.QUERIES.items():
            medians = []
            for engine in engines:
                times = []
                # The longest query is told enough by one run after the warm one.
                for _ in range(2 if "same plane" in title else RUNS + 1):
                    start = time.perf_counter()
                    if engine == "ray":
                        graph.query(query, engine="ray", ray={"workers": 2})
                    else:
                        graph.query(query, engine=engine)
                    times.append((time.perf_counter() - start) * 1e3)
                medians.append(statistics.median(times[1:]))
            print(f"{title:36}" + "".join(f"{median:10.0f}" for median in medians))
    ray.shutdown()


if __name__ == "__main__":
    main()
