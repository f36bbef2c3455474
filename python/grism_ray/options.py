"""The options that calls take as keywords: their names and types, for editors and type checkers, and for the calls."""

from __future__ import annotations

import inspect
import os
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from grism_ray import _native

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

Engine = Literal["local", "staged", "ray", "auto"]
"""Where a query runs: in this process, in stages in this process, or in Ray actors.

``auto`` is Ray for a graph on disk of 50 million rows or more, where the program is connected to a cluster, else local.
"""

BadRows = Literal["error", "reject"]
"""What becomes of a row that cannot be read, or whose key is null or taken."""

Missing = Literal["error", "reject", "create"]
"""What becomes of a hyperedge whose member does not exist."""

OnConflict = Literal["error", "skip", "update"]
"""What becomes of a row whose key is taken."""

FileFormat = Literal["csv", "json", "parquet", "arrow", "lance"]
"""The form of a file."""

Compression = Literal["none", "gzip", "zstd"]
"""How a file of text is packed."""

FunctionKind = Literal["scalar", "aggregate", "table"]
"""Whether a function of the user's gives a value for a row, a value for a group, or rows."""

FunctionOver = Literal["values", "arrow"]
"""Whether a function is called for Python's values, or for arrays of many rows."""

NullHandling = Literal["skip", "pass"]
"""Whether an aggregate gets rows in which an argument is null."""

ExplainFormat = Literal["text", "json", "dot", "mermaid", "svg"]
"""The form of a plan."""


class OpenSettings(TypedDict, total=False):
    """How a graph is opened."""

    create: bool | None
    """Whether a graph that is not there is made."""
    snapshot: int | None
    """The number of the snapshot to read."""
    at: datetime | None
    """The time whose newest snapshot is read; one without zone is taken as UTC."""
    tag: str | None
    """The tag of the snapshot to read."""
    storage_options: Mapping[str, str] | None
    """Options of the object store, as ``aws_endpoint``."""


class QuerySettings(TypedDict, total=False):
    """How a query is run; ``None`` is the default of each."""

    threads: int | None
    """Threads: of the local and the staged engine by default all cores; on Ray those of each worker, by default one."""
    memory_limit: int | None
    """Bytes that the query may hold, on Ray each worker; past them it spills or fails."""
    timeout: float | None
    """Seconds after which it is cancelled."""
    batch_rows: int | None
    """Rows of a batch."""
    snapshot: int | None
    """The number of the snapshot that it reads; by default the newest."""
    partitions: int | None
    """Partitions of the staged engine and of Ray."""
    resources: Mapping[str, float] | None
    """What this process has for operators that need it, as ``{"gpu": 1}``; of the local and the staged engine."""
    adjacency_replication_limit: int | None
    """Bytes of adjacency that every task may read whole."""
    broadcast_rows: int | None
    """Rows of a join's side that are sent to every task."""
    rewrites: Literal["none"] | Sequence[str] | None
    """Names of rules of the optimizer to leave out, as EXPLAIN VERBOSE shows them.

    ``"none"`` runs no rule that can be left out. The answer is the same, and may take longer.
    """


class ExplainSettings(QuerySettings, total=False):
    """What a plan is shown with; ``None`` is the default of each."""

    analyze: bool | None
    """Run the query, and show what was measured."""
    distributed: bool | None
    """Show stages and exchanges."""
    verbose: bool | None
    """Show what each rule of the optimizer changed."""
    costs: bool | None
    """Show how many rows are expected."""
    buffers: bool | None
    """Show memory, temporary files, bytes read and the cache; needs ``analyze``, with which it is the default."""
    timing: bool | None
    """Show times and threads; needs ``analyze``, with which it is the default."""
    format: ExplainFormat
    """The form of the plan: ``json`` is described in ``docs/explain.md``."""
    engine: Engine
    """Where ``analyze`` runs the query; ``auto`` is local."""
    ray: RayOptions | None
    """How Ray is reached."""


class ExecuteSettings(QuerySettings, total=False):
    """How statements are run."""

    engine: Engine
    """Where queries among them run."""


class RayOptions(TypedDict, total=False):
    """How Ray is reached, and what ``ray.init`` takes."""

    address: str | None
    """``host:port``, ``ray://host:port``, ``auto`` or ``local``."""
    workers: int | None
    """Worker actors; by default one for each CPU."""
    connect_timeout: float
    """Seconds to wait for the address."""
    partitions: int | None
    """Partitions of a stage; by default as many as workers."""
    memory_limit: int | None
    """Bytes that a worker may hold."""
    worker_module: str | None
    """The extension module that workers import in place of Grism's own; by default the one that this process has."""
    resource_timeout: float | None
    """Seconds to wait for a worker with the resources that an operator needs; by default 60."""
    num_cpus: int | None
    num_gpus: int | None
    resources: dict[str, float] | None
    labels: dict[str, str] | None
    object_store_memory: int | None
    local_mode: bool
    ignore_reinit_error: bool
    include_dashboard: bool | None
    dashboard_host: str
    dashboard_port: int | None
    job_config: Any
    configure_logging: bool
    logging_level: int | str
    logging_format: str | None
    logging_config: Any
    log_to_driver: bool | None
    namespace: str | None
    runtime_env: dict[str, Any] | None
    enable_resource_isolation: bool
    cgroup_path: str | None
    system_reserved_cpu: float | None
    system_reserved_memory: int | None
    proxy_server_url: str | None


class FileSettings(TypedDict, total=False):
    """How files are read; ``None`` is the default of each."""

    format: FileFormat | None
    """By default told by the ending of the name."""
    compression: Compression | None
    """By default told by the ending of the name."""
    delimiter: str | None
    """What stands between the values of a CSV file; by default told by its beginning."""
    quote: str | None
    """What stands around values that hold delimiters; by default told by the beginning."""
    header: bool | None
    """Whether the first line of a CSV file names its columns; by default unless all its values are numbers or dates."""
    encoding: str | None
    """The encoding of text files, as ``latin1``; by default told by their beginnings."""
    null: str | Sequence[str] | None
    """The texts that stand for null in a CSV file, beside the empty one."""
    types: Mapping[str, str] | None
    """The types of columns by name, as ``{"zip": "string", "born": "date %d.%m.%Y"}``."""
    date_format: str | None
    """How dates of text files are written, as ``%d.%m.%Y``; by default as in ISO 8601."""
    timestamp_format: str | None
    """How dates with times of text files are written, as ``%d.%m.%Y %H:%M``; by default as in ISO 8601."""
    storage_options: Mapping[str, str] | None
    """Options of the object store that the files lie in."""


class LoadSettings(FileSettings, total=False):
    """How nodes are loaded."""

    bad_rows: BadRows
    """What becomes of a row that cannot be read, or whose key is null or taken."""
    rejects: str | os.PathLike[str] | None
    """The CSV file that rejected rows go to."""
    memory_limit: int | None
    """Bytes that the load may hold."""
    on_conflict: OnConflict
    """What becomes of a row whose key is taken."""
    incremental: bool | str | None
    """Whether files are taken once only; or the growing column, above whose greatest value so far rows are taken."""
    dry_run: bool
    """Whether the tables are only checked and shown, as ``LoadReport.preview``, and nothing is loaded."""
    progress: bool | None
    """Whether rows and rate are shown; by default in a terminal."""


class HyperedgeLoadSettings(LoadSettings, total=False):
    """How hyperedges are loaded."""

    key: str | None
    """The column that is the key; by default the key that the type has."""
    missing: Missing
    """What becomes of a row whose member does not exist."""
    group_by: str | None
    """The column whose values tell which rows are one hyperedge; by default each row is one."""
    split: str | None
    """What stands between members in a text of a role that takes many."""


def known(settings: Iterable[str], options: type, whose: str = "", call: Callable[..., Any] | None = None) -> None:
    """Raises ``InvalidQueryError`` for a name that is not among the options, with the nearest one.

    The names of the other arguments of ``call`` may be what was meant, too.
    """
    names: frozenset[str] = getattr(options, "__optional_keys__", frozenset())
    if names.issuperset(settings):
        return
    if call is not None:
        names |= inspect.signature(call).parameters.keys() - {"self", "settings"}
    _native.check_options(list(settings), whose, sorted(names))


def known_to_ray(options: Mapping[str, Any]) -> None:
    """Raises ``InvalidQueryError`` for an option that neither Grism nor ``ray.init`` knows, with the nearest one."""
    names = [name for name in options if not name.startswith("_")]
    known(names, RayOptions, " for Ray")


def split_load(settings: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Of the settings of a load those that are about its files, and the others, but for ``progress``."""
    of_files: frozenset[str] = getattr(FileSettings, "__optional_keys__", frozenset())
    files = {name: value for name, value in settings.items() if name in of_files}
    others = {name: value for name, value in settings.items() if name not in of_files and name != "progress"}
    if others.get("rejects") is not None:
        others["rejects"] = path_of(others["rejects"])
    return files, others


def path_of(path: str | os.PathLike[str]) -> str:
    """A path or URI as text; ``~`` at the start of a path is the home directory."""
    text = os.fspath(path)
    return os.path.expanduser(text) if text.startswith("~") else text
