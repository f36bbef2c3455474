"""DuckDB: a table for each file, without keys or indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb

from peers.systems.system import Row, System, named

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class DuckDB(System):
    """A database in a file."""

    def version(self) -> str:
        """The version of the package."""
        return str(duckdb.__version__)

    def open(self) -> None:
        """Opens the file."""
        self.connection = duckdb.connect(str(self.place), config={"threads": self.threads})

    def load(self, directory: Path) -> None:
        """Reads each file into a table."""
        for table, file in self.graph.files().items():
            self.connection.execute(f"CREATE TABLE \"{table}\" AS FROM '{directory / file}'")
        self.connection.execute("CHECKPOINT")

    def run(self, text: str, parameters: Mapping[str, Any]) -> list[Row]:
        """Runs SQL."""
        return list(self.connection.execute(text, named(text, parameters)).fetchall())


SYSTEM = DuckDB
