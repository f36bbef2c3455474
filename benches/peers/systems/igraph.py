"""igraph: the edges of one type as a graph in memory, a hypergraph as a graph of items and teams."""

from __future__ import annotations

from typing import TYPE_CHECKING

import igraph
import numpy as np

from peers.systems.expression import Expressions, read_pairs, rows

if TYPE_CHECKING:
    from pathlib import Path


class IGraph(Expressions):
    """A graph ``g``; of a hypergraph its items come before its teams, and ``items`` says how many they are."""

    def version(self) -> str:
        """The version of the package."""
        return str(igraph.__version__)

    def load(self, directory: Path) -> None:
        """Reads the edges of the first type."""
        [edges] = self.graph.edges
        pairs = read_pairs(directory / edges.path)
        count = items = rows(directory / f"{edges.target}.csv")
        if self.graph.reified:
            count += rows(directory / f"{edges.source}.csv")
            pairs = np.column_stack([pairs[:, 0] + items, pairs[:, 1]])
        self.names = {"g": igraph.Graph(n=count, edges=pairs, directed=not self.graph.reified), "items": items}


SYSTEM = IGraph
