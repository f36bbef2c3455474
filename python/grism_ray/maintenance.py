"""The history of a graph and its upkeep: snapshots, tags, files."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from grism_ray import _native
from grism_ray.options import path_of
from grism_ray.report import SnapshotInfo, TableDiff

if TYPE_CHECKING:
    import os


class MaintainedGraph:
    """What an open graph has beside loads and queries."""

    def __init__(self, native: _native.Graph) -> None:
        self._graph: _native.Graph | None = native

    @property
    def _handle(self) -> _native.Graph:
        if self._graph is None:
            message = "the graph is closed"
            raise _native.InvalidQueryError(message)
        return self._graph

    def history(self) -> list[SnapshotInfo]:
        """The snapshots that can be opened, oldest first."""
        return [SnapshotInfo._of(line) for line in json.loads(self._handle.history())]

    def diff(self, older: int, newer: int) -> dict[str, TableDiff]:
        """The entities that differ between two snapshots, by label set or type; what is the same is left out."""
        tables = json.loads(self._handle.diff(older, newer))["tables"]
        return {name: TableDiff(**table) for name, table in tables.items()}

    def create_tag(self, name: str, snapshot: int = 0) -> int:
        """Names a snapshot, by default the newest; ``vacuum`` keeps it from then on. Returns its number."""
        return self._handle.create_tag(name, snapshot)

    def delete_tag(self, name: str) -> None:
        """Takes a name away."""
        self._handle.delete_tag(name)

    def tags(self) -> dict[str, int]:
        """The tags, and the numbers of their snapshots."""
        return self._handle.tags()

    def vacuum(
        self,
        *,
        retain: timedelta = timedelta(days=7),
        keep: int = 1,
        grace: timedelta = timedelta(hours=1),
        dry_run: bool = False,
    ) -> dict[str, Any]:
        """Drops snapshots older than ``retain``, but the newest ``keep`` and tagged ones, and what only they read.

        Files that no snapshot names are left for ``grace``, since a writer may be about to commit them.
        """
        return dict(json.loads(self._handle.vacuum(retain.total_seconds(), keep, grace.total_seconds(), dry_run)))

    def export_to(self, directory: str | os.PathLike[str]) -> int:
        """Writes the graph to a new directory of Parquet files; how many rows there were."""
        return self._handle.export_to(path_of(directory))

    def import_from(self, directory: str | os.PathLike[str]) -> int:
        """Fills an empty graph with what ``export_to`` wrote, as one commit; the number of the snapshot."""
        return self._handle.import_from(path_of(directory))

    def optimize(self) -> dict[str, Any]:
        """Rewrites what many small commits left, as one commit that changes no answer."""
        return dict(json.loads(self._handle.optimize()))

    def check(self, snapshot: int = 0) -> dict[str, Any]:
        """Verifies a snapshot, by default the newest: ``problems`` is empty where the graph is sound.

        Every bound member exists, incidence lists and statistics say what the hyperedges say, and no file of any
        snapshot is missing. It reads everything.
        """
        return dict(json.loads(self._handle.check(snapshot)))
