"""Reports: what a load did, and how snapshots follow each other and differ."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any


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

    @classmethod
    def _of(cls, report: dict[str, Any]) -> LoadReport:
        elapsed = report.pop("elapsed")
        return cls(**report, seconds=elapsed["secs"] + elapsed["nanos"] / 1e9)

    def __str__(self) -> str:
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
