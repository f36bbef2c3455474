"""What a graph consists of, so that each system needs one loader for all graphs."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from grism_ray.many import HyperedgeSource

PARAMETERS = "parameters.json"


class MissingDataError(Exception):
    """The files that a graph is made from are not on this machine."""


@dataclass(frozen=True)
class Nodes:
    """Nodes of one label, one a row of a file."""

    label: str
    columns: Mapping[str, str] = field(default_factory=lambda: {"id": "INT64"})
    """Names and types (INT64, DOUBLE, STRING) in the order of the file; the first one is the key."""
    file: str = ""
    """By default ``<label>.csv``."""

    @property
    def key(self) -> str:
        """The name of the column that is the key."""
        return next(iter(self.columns))

    @property
    def path(self) -> str:
        """The name of the file."""
        return self.file or f"{self.label}.csv"


@dataclass(frozen=True)
class Edges:
    """Binary edges between nodes of two labels: a file whose first two columns are the keys of both ends."""

    type: str
    source: str
    target: str
    properties: Mapping[str, str] = field(default_factory=dict)
    """Names and types of the columns behind the first two."""
    file: str = ""
    """By default ``<type>.csv``."""

    @property
    def path(self) -> str:
        """The name of the file."""
        return self.file or f"{self.type}.csv"


@dataclass(frozen=True)
class Scale:
    """How large a graph is made, and from which numbers."""

    factor: float
    """1 for the full size, 0.1 for a tenth of nodes and edges."""
    seed: int

    def of(self, count: int) -> int:
        """That part of a full count."""
        return max(1, round(count * self.factor))


@dataclass(frozen=True)
class Graph:
    """A graph as all systems see it, and as Grism sees it where it has hyperedges.

    Systems without hyperedges get a node for each of them, and an edge for each of its members.
    """

    name: str
    title: str
    prepare: Callable[[Path, Scale], Mapping[str, Any]]
    """Writes the files into a directory and gives the parameters of queries.

    Raises ``MissingDataError``.
    """
    nodes: tuple[Nodes, ...]
    edges: tuple[Edges, ...]
    hyperedges: Callable[[Path], tuple[dict[str, str], dict[str, HyperedgeSource]]] | None = None
    """The declared types and the sources of them, as ``Graph.load`` of Grism takes them."""
    reified: tuple[str, ...] = ()
    """The labels of nodes that stand for hyperedges; Grism loads neither these nor edges from them."""
    tables: Mapping[str, str] = field(default_factory=dict)
    """The tables of a relational system and their files; by default all files, under the names of labels and types."""

    def files(self) -> Mapping[str, str]:
        """The tables of a relational system and their files."""
        own = {nodes.label: nodes.path for nodes in self.nodes}
        return self.tables or own | {edges.type: edges.path for edges in self.edges}


def parameters(directory: Path) -> dict[str, Any]:
    """The parameters of queries over the graph that lies in a directory."""
    return dict(json.loads((directory / PARAMETERS).read_text()))
