"""Grism: a graph in memory, on disk, or on disk and run by Ray's workers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grism_ray
from grism_ray.options import QuerySettings, RayOptions
from peers.systems.system import Row, System, named

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from grism_ray.many import HyperedgeSource, Sources
    from grism_ray.session import Prepared
    from peers.data.graph import Edges


class Grism(System):
    """A graph; ``kind`` is ``memory``, ``disk`` or ``ray``."""

    def version(self) -> str:
        """The version of the package."""
        return str(grism_ray.__version__)

    def open(self) -> None:
        """Opens the directory, or a graph in memory."""
        self.opened = grism_ray.open(None if self.kind == "memory" else self.place)
        self.prepared: dict[str, Prepared] = {}
        if self.kind == "ray":
            import ray

            ray.init(address="local", num_cpus=self.threads, include_dashboard=False, log_to_driver=False)

    def close(self) -> None:
        """Stops Ray."""
        if self.kind == "ray":
            import ray

            ray.shutdown()

    def load(self, directory: Path) -> None:
        """Loads everything in one call."""
        graph = self.graph
        types, hyperedges = graph.hyperedges(directory) if graph.hyperedges else ({}, {})
        declared: list[HyperedgeSource] = [{**source, "type": name} for name, source in hyperedges.items()]
        edges = [binary(edges, directory) for edges in graph.edges if edges.source not in graph.reified]
        sources: Sources = {
            "types": types,
            "nodes": {
                nodes.label: {"files": directory / nodes.path, "key": nodes.key}
                for nodes in graph.nodes
                if nodes.label not in graph.reified
            },
            "hyperedges": [*declared, *edges],
        }
        self.opened.load(sources, progress=False)

    def run(self, text: str, parameters: Mapping[str, Any]) -> list[Row]:
        """Runs Cypher, prepared once for each text."""
        own = named(text, parameters)
        if text not in self.prepared:
            self.prepared[text] = self.opened.prepare(text)
        if self.kind == "ray":
            ray = RayOptions(workers=self.threads)
            result = self.prepared[text].query(own, engine="ray", ray=ray, memory_limit=self.memory_limit)
        else:
            settings = QuerySettings(threads=self.threads, memory_limit=self.memory_limit)
            result = self.prepared[text].query(own, engine="local", **settings)
        return [tuple(row.values()) for row in result.to_pylist()]


def binary(edges: Edges, directory: Path) -> HyperedgeSource:
    """The source of binary edges, whose file names its first two columns as it likes."""
    with (directory / edges.path).open() as lines:
        source, target, *_ = next(lines).strip().replace('"', "").split(",")
    roles = {"source": (edges.source, source), "target": (edges.target, target)}
    return {"type": edges.type, "files": directory / edges.path, "roles": roles}


SYSTEM = Grism
