"""A query as a Ray job: a cluster with a dashboard is started here, and the query is submitted to it.

python examples/ray_job.py
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import ray

import flights
import grism_ray as gr


def main() -> None:
    """Loads the flights, submits one query, and prints its result."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "flights.grism"
        with gr.open(path) as graph:
            flights.load(graph)
        context = ray.init(
            address="local", num_cpus=2, include_dashboard=True, log_to_driver=False, logging_level="error"
        )
        try:
            job = gr.submit(
                flights.QUERIES["top destination pairs"],
                graph=path,
                address=f"http://{context.dashboard_url}",
                workers=2,
            )
            print(f"submitted {job.id}")
            result = job.result(timeout=120)
            print(
                f"{job.status()}: the result is in {Path(job.output).name}, made by tasks of "
                f"{len({task['pid'] for task in result.metrics})} worker processes"
            )
            result.show()
        finally:
            ray.shutdown()


if __name__ == "__main__":
    main()
