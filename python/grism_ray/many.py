"""Many loads as one commit: what a mapping of them says, and their report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict, cast

from grism_ray import _native
from grism_ray.options import FileSettings, known, path_of
from grism_ray.report import LoadReport

if TYPE_CHECKING:
    import os

    from grism_ray.options import BadRows, Missing, OnConflict


class _Source(FileSettings, total=False):
    table: Any
    """A table, or files, as ``load_nodes`` takes them."""
    files: str | os.PathLike[str] | Sequence[str | os.PathLike[str]]
    """Files, where no table is given."""
    bad_rows: BadRows
    on_conflict: OnConflict
    """What becomes of a row whose key is taken."""
    rejects: str | os.PathLike[str] | None


class NodeSource(_Source, total=False):
    """A source of nodes: a table or files, their key, and how they are read."""

    label: str
    """The label, in a list of sources."""
    key: str
    """The column that the nodes are known by."""


class HyperedgeSource(_Source, total=False):
    """A source of hyperedges: a table or files, the columns of the roles, and how they are read."""

    type: str
    """The type, in a list of sources."""
    roles: Mapping[str, str | tuple[str, str]]
    """The column of each role, or its label and column; without roles, each is read from the column of its name."""
    key: str | None
    """The column that is the key; by default the key that the type has."""
    missing: Missing
    group_by: str | None
    split: str | None


class Sources(TypedDict, total=False):
    """What is loaded together."""

    types: Mapping[str, str]
    """Roles of hyperedge types that are declared unless they are already, as ``"host Person, guest Person*"``."""
    nodes: Mapping[str, NodeSource | Sequence[NodeSource]] | Sequence[NodeSource]
    """Sources of nodes by label, or a list of them."""
    hyperedges: Mapping[str, HyperedgeSource | Sequence[HyperedgeSource]] | Sequence[HyperedgeSource]
    """Sources of hyperedges by type, or a list of them."""


@dataclass(frozen=True)
class ManyReport:
    """The counts of many loads."""

    loads: list[LoadReport]
    """That of each source: those of nodes, then those of hyperedges, each in the order in which they were given."""
    snapshot: int
    seconds: float

    @classmethod
    def _of(cls, report: dict[str, Any] | list[dict[str, Any]]) -> ManyReport:
        if isinstance(report, list):
            return cls([LoadReport._of(preview) for preview in report], 0, 0.0)
        elapsed = report["elapsed"]
        loads = [LoadReport._of(load) for load in report["loads"]]
        return cls(loads, report["snapshot"], elapsed["secs"] + elapsed["nanos"] / 1e9)

    @property
    def rows(self) -> int:
        """Rows read."""
        return sum(load.rows for load in self.loads)

    @property
    def loaded(self) -> int:
        """Nodes and hyperedges added, without those that ``missing="create"`` created."""
        return sum(load.loaded for load in self.loads)

    def __str__(self) -> str:
        if any(load.preview is not None for load in self.loads):
            return "\n".join(str(load) for load in self.loads)
        rate = self.rows / max(self.seconds, 1e-9)
        total = f"{self.loaded} of {self.rows} rows loaded from {len(self.loads)} sources"
        line = f"{total} ({self.seconds:.2f} s, {rate:.0f} rows/s, snapshot {self.snapshot})"
        return "\n".join([*(str(load) for load in self.loads), line])


Job = tuple[str, Any, str | None, dict[str, Any] | None, dict[str, Any], dict[str, Any]]
_LOAD_NAMES = ("key", "on_conflict", "missing", "bad_rows", "rejects", "group_by", "split")


def jobs_of(sources: Sources) -> list[Job]:
    """The loads that a mapping names, as the engine takes them."""
    known(sources, Sources, " for a load of many sources")
    nodes = _named(sources.get("nodes", {}), "label", NodeSource)
    hyperedges = _named(sources.get("hyperedges", {}), "type", HyperedgeSource)
    return [_nodes(label, source) for label, source in nodes] + [_edges(name, source) for name, source in hyperedges]


def _named(given: Any, named_by: str, options: type) -> list[tuple[str, dict[str, Any]]]:
    """Each source with its label or type."""
    found: list[tuple[str, dict[str, Any]]] = []
    if isinstance(given, Mapping):
        for name, sources in given.items():
            several = sources if isinstance(sources, Sequence) else [sources]
            found.extend((name, dict(source)) for source in several)
    else:
        for source in given:
            source = dict(source)
            if named_by not in source:
                message = f"a source in a list needs its {named_by}"
                raise _native.InvalidQueryError(message)
            found.append((source.pop(named_by), source))
    for name, source in found:
        known(source, options, f" for the source of {name}")
    return found


def _nodes(label: str, source: dict[str, Any]) -> Job:
    if "key" not in source:
        message = f"the nodes of {label} need a key: the column that they are known by"
        raise _native.InvalidQueryError(message)
    return _job(label, source, cast("str", source.pop("key")), None)


def _edges(name: str, source: dict[str, Any]) -> Job:
    given = (source.pop("roles", None) or {}).items()
    roles = {role: (None, column) if isinstance(column, str) else tuple(column) for role, column in given}
    return _job(name, source, None, roles)


def _job(name: str, source: dict[str, Any], key: str | None, roles: dict[str, Any] | None) -> Job:
    tables = [source.pop(option) for option in ("table", "files") if option in source]
    if len(tables) != 1:
        message = f"the source of {name} needs a table or files, one of the two"
        raise _native.InvalidQueryError(message)
    settings = {option: source.pop(option) for option in _LOAD_NAMES if source.get(option) is not None}
    if "rejects" in settings:
        settings["rejects"] = path_of(settings["rejects"])
    return name, paths_of(tables[0]), key, roles, source, settings


def paths_of(table: Any) -> Any:
    """The table, or the paths of files without ``~``."""
    if isinstance(table, str):
        return path_of(table)
    return [paths_of(item) for item in table] if isinstance(table, list) else table
