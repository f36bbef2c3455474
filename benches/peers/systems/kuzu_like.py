"""Kuzu and Ladybug, which goes on where Kuzu ended: their statements and their Python packages agree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from peers.systems.system import Row, System, named

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import ModuleType

    from peers.data.graph import Edges, Graph


class KuzuLike(System):
    """A database in a file, with tables of nodes and of relationships."""

    module: ModuleType

    def version(self) -> str:
        """The version of the package."""
        return str(self.module.__version__)

    def open(self) -> None:
        """Opens the file."""
        self.database = self.module.Database(str(self.place), max_num_threads=self.threads)
        self.connection = self.module.Connection(self.database, num_threads=self.threads)
        self.prepared: dict[str, Any] = {}
        self.projected = False

    def load(self, directory: Path) -> None:
        """Declares the tables and copies the files."""
        for statement in declarations(self.graph):
            self.connection.execute(statement)
        for nodes in self.graph.nodes:
            self.connection.execute(f"COPY {nodes.label} FROM '{directory / nodes.path}' (HEADER=true)")
        for edges in self.graph.edges:
            ends = f", FROM='{edges.source}', TO='{edges.target}'" if several(self.graph, edges) else ""
            self.connection.execute(f"COPY {edges.type} FROM '{directory / edges.path}' (HEADER=true{ends})")

    def run(self, text: str, parameters: Mapping[str, Any]) -> list[Row]:
        """Runs Cypher, prepared once for each text; algorithms find the whole graph as ``everything``."""
        if "'everything'" in text and not self.projected:
            labels = [nodes.label for nodes in self.graph.nodes]
            types = sorted({edges.type for edges in self.graph.edges})
            self.connection.execute(f"CALL project_graph('everything', {labels}, {types})")
            self.projected = True
        if text not in self.prepared:
            self.prepared[text] = self.connection.prepare(text, named(text, parameters))
        result = self.connection.execute(self.prepared[text], named(text, parameters))
        return [tuple(row) for row in result.get_all()]


def several(graph: Graph, edges: Edges) -> bool:
    """Whether edges of this type connect several pairs of labels."""
    return sum(other.type == edges.type for other in graph.edges) > 1


def declarations(graph: Graph) -> list[str]:
    """The statements that declare the tables of nodes and of relationships."""
    statements = []
    for nodes in graph.nodes:
        columns = ", ".join(f"{name} {kind}" for name, kind in nodes.columns.items())
        statements.append(f"CREATE NODE TABLE {nodes.label}({columns}, PRIMARY KEY({nodes.key}))")
    for type in dict.fromkeys(edges.type for edges in graph.edges):
        own = [edges for edges in graph.edges if edges.type == type]
        parts = [f"FROM {edges.source} TO {edges.target}" for edges in own]
        parts += [f"{name} {kind}" for name, kind in own[0].properties.items()]
        statements.append(f"CREATE REL TABLE {type}({', '.join(parts)})")
    return statements
