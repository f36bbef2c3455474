"""NeuG: a database in a directory; embedded, it runs a query on one thread."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import neug

from peers.systems.kuzu_like import declarations
from peers.systems.system import Row, System, named

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class NeuG(System):
    """NeuG, whose statements are those of Kuzu but for options of COPY."""

    def version(self) -> str:
        """The version of the package."""
        return str(neug.__version__)

    def open(self) -> None:
        """Opens the directory."""
        logging.getLogger("neug").setLevel(logging.WARNING)
        self.database = neug.Database(str(self.place), mode="w", max_thread_num=self.threads)
        self.connection = self.database.connect()

    def load(self, directory: Path) -> None:
        """Declares the tables and copies the files, and writes a checkpoint, since a process may be killed later."""
        for statement in declarations(self.graph):
            self.connection.execute(statement)
        options = 'HEADER=true, DELIMITER=","'
        for nodes in self.graph.nodes:
            self.connection.execute(f'COPY {nodes.label} FROM "{directory / nodes.path}" ({options})')
        for edges in self.graph.edges:
            ends = f'from="{edges.source}", to="{edges.target}", {options}'
            self.connection.execute(f'COPY {edges.type} FROM "{directory / edges.path}" ({ends})')
        self.connection.close()
        self.database.close()
        self.open()

    def run(self, text: str, parameters: Mapping[str, Any]) -> list[Row]:
        """Runs Cypher."""
        own = named(text, parameters)
        return [tuple(row) for row in self.connection.execute(text, access_mode="r", parameters=own or None)]


SYSTEM = NeuG
