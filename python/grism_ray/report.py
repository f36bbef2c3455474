"""Reports: what a load did, and how snapshots follow each other and differ."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any


@dataclass(frozen=True)
class ColumnPreview:
    """A column of a table that would be loaded: its name, its type and what it becomes."""

    name: str
    type: str
    used_as: str


@dataclass(frozen=True)
class TablePreview:
    """A table that would be loaded."""

    name: str
    """The file; empty for a table in memory."""
    read_as: str
    """How it is read."""
    bytes: int | None
    rows: int | None
    """Its rows, where they are known before all of it is read."""
    columns: list[ColumnPreview]
    first_rows: list[list[str | None]]
    """Its first rows as texts; ``None`` is null."""


@dataclass(frozen=True)
class LoadPreview:
    """What a load would read, and what of it would become what."""

    target: str
    becomes: str
    """What each row becomes."""
    tables: list[TablePreview]
    warnings: list[str]

    @classmethod
    def _of(cls, preview: dict[str, Any]) -> LoadPreview:
        tables = [
            TablePreview(**{**table, "columns": [ColumnPreview(**own) for own in table["columns"]]})
            for table in preview["tables"]
        ]
        return cls(**{**preview, "tables": tables})

    def __str__(self) -> str:
        lines = [f"{self.target}: {self.becomes}"]
        for table in self.tables:
            parts = [f"{table.name or 'table'}: {table.read_as}"]
            parts += [] if table.rows is None else [f"{table.rows} row{'' if table.rows == 1 else 's'}"]
            lines.append(", ".join(parts))
            lines += [f"  {column.name}: {column.type}, {column.used_as}" for column in table.columns]
            lines += ["  | " + " | ".join(value or "null" for value in row) for row in table.first_rows]
        lines += [f"warning: {warning}" for warning in self.warnings]
        return "\n".join([*lines, "nothing was loaded"])


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
    updated: int = 0
    """Entities that have other values than before."""
    unchanged: int = 0
    """Entities that had what the rows say."""
    skipped: int = 0
    """Rows that were left out: their key is taken, or they were taken before."""
    files: int = 0
    """Files that an incremental load took."""
    skipped_files: int = 0
    """Files that it had taken before."""
    rejects_written: int = 0
    """Rows that the reject file holds."""
    warnings: list[str] = field(default_factory=list)
    """What there is to say of the source that is no error."""
    read_as: list[str] = field(default_factory=list)
    """How text files were read, and which ones so: a line for each way."""
    preview: LoadPreview | None = None
    """What a load with ``dry_run=True`` would load; the counts are those of a load of nothing."""

    @classmethod
    def _of(cls, report: dict[str, Any]) -> LoadReport:
        if "tables" in report:
            preview = LoadPreview._of(report)
            return cls(preview.target, 0, 0, 0, {}, {}, {}, 0, 0.0, warnings=preview.warnings, preview=preview)
        elapsed = report.pop("elapsed")
        return cls(**report, seconds=elapsed["secs"] + elapsed["nanos"] / 1e9)

    def __str__(self) -> str:
        if self.preview is not None:
            return str(self.preview)
        parts = [f"{self.target}: {self.loaded} of {self.rows} rows loaded"]
        counts = ("updated", "unchanged", "skipped")
        parts += [f"{getattr(self, what)} {what}" for what in counts if getattr(self, what)]
        if self.files or self.skipped_files:
            parts.append(f"{self.files} of {self.files + self.skipped_files} files")
        if self.rejected:
            parts.append(f"{self.rejected} rejected")
        parts += [f"{count} without {role}" for role, count in self.unbound.items()]
        parts += [f"{count} with a missing {role}" for role, count in self.missing.items()]
        parts += [f"{count} {label} created" for label, count in self.created.items()]
        rate = self.rows / max(self.seconds, 1e-9)
        line = f"{', '.join(parts)} ({self.seconds:.2f} s, {rate:.0f} rows/s, snapshot {self.snapshot})"
        read = [f"read: {way}" for way in self.read_as]
        return "\n".join([line, *read, *(f"warning: {warning}" for warning in self.warnings)])


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
