"""What comes back: results, load reports, and entities as values."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

    from grism_ray._native import Batches


@dataclass(frozen=True)
class Node:
    """A node: its id, its labels and its properties."""

    id: int
    labels: list[str]
    properties: dict[str, Any] = field(hash=False)


@dataclass(frozen=True)
class Hyperedge:
    """A hyperedge, binary edges included: its id, its type and its properties."""

    id: int
    type: str
    properties: dict[str, Any] = field(hash=False)


@dataclass(frozen=True)
class Incidence:
    """An incidence: the hyperedge, the role, the place within it, and the member, both by id."""

    hyperedge: int
    role: str
    position: int
    member: int


@dataclass(frozen=True)
class Path:
    """A path: its nodes, and between each two of them a hyperedge or an incidence."""

    nodes: list[Any] = field(hash=False)
    relationships: list[Any] = field(hash=False)


@dataclass(frozen=True)
class Duration:
    """A length of time in parts that do not convert into each other; usable as a parameter."""

    months: int = 0
    days: int = 0
    seconds: int = 0
    nanoseconds: int = 0


@dataclass(frozen=True)
class LoadReport:
    """The counts of a load."""

    target: str
    rows: int
    loaded: int
    rejected: int
    created: dict[str, int]
    missing: dict[str, int]
    unbound: dict[str, int]
    snapshot: int
    seconds: float
    rejects_written: int = 0
    """Rows that the reject file holds."""
    warnings: list[str] = field(default_factory=list)
    """What there is to say of the source that is no error."""

    @classmethod
    def _of(cls, report: dict[str, Any]) -> LoadReport:
        elapsed = report.pop("elapsed")
        return cls(**report, seconds=elapsed["secs"] + elapsed["nanos"] / 1e9)

    def __str__(self) -> str:
        parts = [f"{self.target}: {self.loaded} of {self.rows} rows loaded"]
        if self.rejected:
            parts.append(f"{self.rejected} rejected")
        parts += [f"{count} without {role}" for role, count in self.unbound.items()]
        parts += [f"{count} with a missing {role}" for role, count in self.missing.items()]
        parts += [f"{count} {label} created" for label, count in self.created.items()]
        rate = self.rows / max(self.seconds, 1e-9)
        line = f"{', '.join(parts)} ({self.seconds:.2f} s, {rate:.0f} rows/s, snapshot {self.snapshot})"
        return "\n".join([line, *(f"warning: {warning}" for warning in self.warnings)])


@dataclass(frozen=True)
class SnapshotInfo:
    """One line of a graph's history."""

    snapshot: int
    committed_at: datetime
    operation: str
    added: int
    updated: int
    deleted: int

    @classmethod
    def _of(cls, line: dict[str, Any]) -> SnapshotInfo:
        epoch = datetime(1970, 1, 1, tzinfo=UTC)
        return cls(**{**line, "committed_at": epoch + timedelta(milliseconds=line["committed_at"])})


@dataclass(frozen=True)
class TableDiff:
    """How one label set or type differs between two snapshots: ids of entities."""

    added: list[int]
    removed: list[int]
    changed: list[int]


def _entity(value: Any) -> Any:
    """Entities within values become objects."""
    if isinstance(value, dict):
        keys = list(value)
        if keys == ["id", "labels", "properties"]:
            return Node(value["id"], value["labels"], _known(value["properties"]))
        if keys == ["id", "type", "properties"]:
            return Hyperedge(value["id"], value["type"], _known(value["properties"]))
    return value


def _known(properties: dict[str, Any]) -> dict[str, Any]:
    """The properties that are not null: of a table's columns, those that the entity has."""
    return {key: value for key, value in properties.items() if value is not None}


class Result:
    """All rows of a query."""

    def __init__(
        self,
        batches: Batches,
        warnings: list[str],
        metrics: list[dict[str, Any]],
        load: LoadReport | None = None,
        written: dict[str, int] | None = None,
    ) -> None:
        self._batches = batches
        self.warnings = warnings
        """What is odd about the query: unknown labels, types and properties."""
        self.metrics = metrics
        """For each task of a staged run: stage, task, attempts, worker, pid, rows, bytes, micros."""
        self.load = load
        """The report of a load."""
        self.written = written
        """What a query wrote: nodes and hyperedges created and deleted, properties set, labels added and removed."""

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return self._batches.columns

    def __len__(self) -> int:
        return self._batches.num_rows

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """The rows as an Arrow C stream."""
        return self._batches.__arrow_c_stream__(requested_schema)

    def to_pylist(self) -> list[dict[str, Any]]:
        """A dict for each row; nodes and hyperedges as objects."""
        rows: list[dict[str, Any]] = self._batches.to_pylist()
        return [{name: _entity(value) for name, value in row.items()} for row in rows]

    def to_arrow(self) -> pyarrow.Table:
        """A pyarrow table."""
        import pyarrow

        return pyarrow.table(self)

    def to_pandas(self) -> pandas.DataFrame:
        """A pandas frame."""
        frame: pandas.DataFrame = self.to_arrow().to_pandas()
        return frame

    def to_polars(self) -> polars.DataFrame:
        """A polars frame."""
        import polars

        frame = polars.from_arrow(self.to_arrow())
        return frame if isinstance(frame, polars.DataFrame) else frame.to_frame()

    def show(self, limit: int = 20) -> None:
        """Prints the first rows, and the warnings to standard error."""
        for warning in self.warnings:
            print(f"warning: {warning}", file=sys.stderr)
        print(self._batches.to_text(limit))
        if len(self) > limit:
            print(f"… {len(self) - limit} more rows")

    def __repr__(self) -> str:
        return f"Result({len(self)} rows, columns {self.columns})"
