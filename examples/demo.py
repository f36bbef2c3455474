"""The main job on real data: load the flights, ask four questions here and on a two-worker Ray, compare the answers."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import ray

import flights
import grism_ray as gr


def main() -> None:
    """Runs the demo."""
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as directory, gr.open(Path(directory) / "flights.grism") as graph:
        print("Loading the flights of New York 2013\n")
        for report in flights.load(graph):
            print(f"  {report}")
        ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="error")
        graph.query("RETURN 1 AS warm", engine="ray", ray={"workers": 2})
        for title, query in flights.QUERIES.items():
            print(f"\n{title}\n")
            times = {}
            answers = {}
            before = time.perf_counter()
            answers["local"] = graph.query(query, engine="local")
            times["local"] = time.perf_counter() - before
            before = time.perf_counter()
            answers["ray"] = graph.query(query, engine="ray", ray={"workers": 2})
            times["ray"] = time.perf_counter() - before
            answers["local"].show(5)
            workers = {task["pid"] for task in answers["ray"].metrics}
            if not flights.same(answers["local"], answers["ray"]):
                message = f"{title}: Ray gives another answer than this machine"
                raise SystemExit(message)
            print(
                f"the same answer locally in {times['local'] * 1e3:.0f} ms "
                f"and on Ray in {times['ray'] * 1e3:.0f} ms, with {len(workers)} worker processes"
            )
        ray.shutdown()
        print("\nEXPLAIN DISTRIBUTED: top destination pairs\n")
        print(graph.explain(flights.QUERIES["top destination pairs"], distributed=True))
    print(f"done in {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
