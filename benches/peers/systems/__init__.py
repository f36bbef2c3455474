"""The systems that are measured: one file for each, imported only where it runs."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from peers.data.graph import Graph
    from peers.systems.system import Settings, System

PEERS = {
    "duckdb": "sql",
    "kuzu": "cypher",
    "ladybug": "cypher",
    "neug": "cypher",
    "igraph": "igraph",
    "xgi": "xgi",
}
"""The other systems in the order of the table, with the language that their queries are in."""

PLACES = ("memory", "disk", "ray")
"""Where Grism runs: in memory, on disk, and on disk by Ray's workers."""

GRAPHS = {"igraph": {"power", "teams", "big-teams"}, "xgi": {"teams", "big-teams"}}
"""The graphs of systems that do not take all of them."""


IN_MEMORY = ("igraph", "xgi", "grism memory")
"""The systems that store nothing for the next process."""


def open_system(name: str, graph: Graph, place: Path, settings: Settings) -> System:
    """A system by its name, with what it stores at ``place``; Grism has the places behind its name: ``grism disk``.

    Raises ``ImportError`` where it is not installed.
    """
    module, _, kind = name.partition(" ")
    found: System = import_module(f"peers.systems.{module}").SYSTEM(graph, place, settings, kind)
    return found
