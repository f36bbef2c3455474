"""XGI: a hypergraph in memory, in Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

import xgi

from peers.systems.expression import Expressions, read_pairs, rows

if TYPE_CHECKING:
    from pathlib import Path


class Xgi(Expressions):
    """A hypergraph ``h``."""

    def version(self) -> str:
        """The version of the package."""
        return str(xgi.__version__)

    def load(self, directory: Path) -> None:
        """Reads the incidences."""
        [edges] = self.graph.edges
        hypergraph = xgi.Hypergraph()
        hypergraph.add_nodes_from(range(rows(directory / f"{edges.target}.csv")))
        members: dict[int, list[int]] = {}
        for team, item in read_pairs(directory / edges.path).tolist():
            members.setdefault(team, []).append(item)
        hypergraph.add_edges_from(members)
        self.names = {"h": hypergraph, "xgi": xgi}


SYSTEM = Xgi
