"""The session API: open a graph, load tables, run queries."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self, Unpack, cast

from grism_ray import _native
from grism_ray.explain import explain_run, split_explain
from grism_ray.expressions import Expr, as_expr
from grism_ray.frame import Frame
from grism_ray.maintenance import MaintainedGraph
from grism_ray.many import ManyReport, jobs_of, paths_of
from grism_ray.options import (
    ExecuteSettings,
    ExplainSettings,
    HyperedgeLoadSettings,
    LoadSettings,
    OpenSettings,
    QuerySettings,
    known,
    known_to_ray,
    path_of,
    split_load,
)
from grism_ray.progress import shown
from grism_ray.report import LoadReport
from grism_ray.result import Result
from grism_ray.transaction import Transaction
from grism_ray.warning import issue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from grism_ray.entities import Hyperedge
    from grism_ray.explain import Explain, FinishedRun, Form
    from grism_ray.functions import UserFunction
    from grism_ray.many import Sources
    from grism_ray.options import Engine, RayOptions
    from grism_ray.picture import Connected


def open(uri: str | os.PathLike[str] | None = None, **settings: Unpack[OpenSettings]) -> Graph:
    """Opens the graph at a path or URI; without one, an empty graph in memory. ``~`` is the home directory.

    A graph that is not there is made, unless ``create`` is false. ``snapshot``, ``at`` (a time; one without zone is
    taken as UTC) or ``tag`` open it as it was, to be read only. ``storage_options`` are those of an object store, as
    ``aws_endpoint``, ``aws_region`` or ``allow_http``; environment variables such as ``AWS_ACCESS_KEY_ID`` count too.

    Raises ``NotFoundError`` where there is none and ``create`` is not set, ``InvalidDataError`` where something else
    is there, ``UnsupportedError`` for a graph of a newer format.
    """
    known(settings, OpenSettings, call=open)
    snapshot, at, tag = settings.get("snapshot"), settings.get("at"), settings.get("tag")
    pinned = snapshot is not None or at is not None or tag is not None
    create = settings.get("create")
    make = not pinned if create is None else create
    options = dict(settings.get("storage_options") or {})
    native = _native.Graph.open(None if uri is None else path_of(uri), make, options)
    if pinned:
        native = native.at(snapshot, None if at is None else _milliseconds(at), tag)
    return Graph(native)


def _milliseconds(time: datetime) -> int:
    utc = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    return (utc - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


class Graph(MaintainedGraph):
    """An open graph."""

    @property
    def uri(self) -> str:
        """Where the graph lies."""
        return self._handle.uri

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the graph; what was committed stays."""
        self._graph = None

    def execute(
        self, text: str, params: Mapping[str, Any] | None = None, **settings: Unpack[ExecuteSettings]
    ) -> Result:
        """Runs statements of any kind, one after the other; the result is the last one's, with the warnings of all."""
        known(settings, ExecuteSettings, call=Graph.execute)
        others: dict[str, Any] = dict(settings)
        engine = others.pop("engine", "local")
        return _collected(self._handle.execute(text, engine, _dict(params), others))

    def query(
        self,
        text: str,
        params: Mapping[str, Any] | None = None,
        engine: Engine = "auto",
        *,
        ray: RayOptions | None = None,
        progress: Callable[[dict[str, Any]], None] | None = None,
        **settings: Unpack[QuerySettings],
    ) -> Result:
        """Runs one statement that reads.

        ``engine`` is ``local``, ``staged``, ``ray`` or ``auto``. ``ray`` holds options for Ray: ``address``,
        ``workers``, and what ``ray.init`` takes. ``progress`` is called with each event of a run on Ray. Settings are
        ``threads``, ``memory_limit``, ``timeout`` (seconds), ``batch_rows``, ``snapshot`` and ``partitions``; on Ray
        ``threads`` and ``memory_limit`` are those of each worker. ``auto`` is ``ray`` for a graph on disk of 50 million
        rows or more where this process is connected to a cluster, and ``local`` otherwise.

        What is odd about the query, such as an unknown label, is issued as ``GrismWarning`` and stays in
        ``Result.warnings``.
        """
        known(settings, QuerySettings, call=Graph.query)
        if self._chosen(engine, ray) == "ray":
            plan = self._planned(text, params)
            batches, query = self._on_ray(plan, ray, progress, settings)
            return _merged(list(batches), query, self._connected(query.snapshot))
        _check_progress(progress)
        stream = self._handle.query(text, self._chosen(engine), _dict(params), dict(settings))
        return _collected(stream, self._connected(stream.snapshot))

    def search(
        self, index: str, query: str | Sequence[float], count: int = 10, **settings: Unpack[QuerySettings]
    ) -> Result:
        """The entities that fit best, by a vector or a full-text index: columns ``entity`` and ``score``, best first.

        ``query`` is a vector, as a list or an array of numbers, or a text. ``settings`` are those of :meth:`query`. In
        a query, ``CALL db.index.search('index', $query, 10) YIELD entity, score`` goes on with patterns.

        Raises ``InvalidQueryError`` for an unknown index, and for a vector of other dimensions.
        """
        known(settings, QuerySettings, call=Graph.search)
        wanted = query if isinstance(query, str) else [float(number) for number in query]
        text = (
            "CALL db.index.search($index, $query, $count) YIELD entity, score RETURN entity, score ORDER BY score DESC"
        )
        return self.query(text, {"index": index, "query": wanted, "count": count}, **settings)

    def prepare(self, text: str, params: Mapping[str, Any] | None = None) -> Prepared:
        """Checks one query now, and runs it as often as wanted.

        The text is parsed once. A plan is kept for each set of parameters, and serves while the schema stays as it is.
        With ``params`` its names and types are checked against the schema as well, otherwise when it runs.
        """
        self._handle.check_query(text, _dict(params))
        return Prepared(self, text)

    def stream(
        self,
        text: str,
        params: Mapping[str, Any] | None = None,
        engine: Engine = "auto",
        *,
        ray: RayOptions | None = None,
        **settings: Unpack[QuerySettings],
    ) -> Iterator[_native.Batches]:
        """The batches of a query as they come. Closing the iterator, or Ctrl-C, cancels the query."""
        known(settings, QuerySettings, call=Graph.stream)
        if self._chosen(engine, ray) == "ray":
            batches, query = self._on_ray(self._planned(text, params), ray, None, settings)
            issue(query.warnings)
            yield from batches
            return
        stream = self._handle.query(text, self._chosen(engine), _dict(params), dict(settings))
        issue(stream.warnings)
        try:
            yield from stream
        finally:
            stream.cancel()

    def explain(self, text: str, params: Mapping[str, Any] | None = None, **settings: Unpack[ExplainSettings]) -> str:
        """The plan of a query: ``format`` is ``text``, ``json``, ``dot``, ``mermaid`` or ``svg``.

        ``analyze`` runs the query on ``engine`` (``local`` by default), commits what it writes, and adds what each
        operator and each clause that writes did, and a line on what would make the slowest operator faster.
        ``distributed`` shows stages and exchanges, ``verbose`` what the rules of the optimizer changed, ``costs``
        expected rows, ``buffers`` memory, files and reads, ``timing`` times and threads. The other settings are those
        of :meth:`query`.
        """
        known(settings, ExplainSettings, call=Graph.explain)

        def explain(engine: str, own: dict[str, Any], form: Form, run: FinishedRun | None) -> str:
            return self._handle.explain(text, engine, _dict(params), own, form, run)

        # What writes runs in the process that commits, whatever the engine.
        writes = settings.get("analyze") and self._handle.writes(text)
        return self._explained(explain, None if writes else self._planned(text, params), settings)

    def load_nodes(self, label: str, table: Any, key: str, **settings: Unpack[LoadSettings]) -> LoadReport:
        """Adds a node for each row of a table, known by its column ``key``.

        ``table`` is a table (pyarrow, pandas, polars, anything with ``__arrow_c_stream__``), the path or URI of a
        file, a pattern such as ``"part-*.csv.gz"``, or a list of paths. A row that cannot be read, or whose key is
        null or taken, fails the load, or goes to the CSV file ``rejects`` with ``bad_rows="reject"``.
        ``memory_limit`` are bytes that the load may hold. ``progress`` shows rows and rate; by default in a terminal.

        ``on_conflict`` says what becomes of a row whose key a node has already: ``error`` (it is a wrong row), ``skip``
        (the node stays as it is) or ``update`` (the node gets the values of the row; null leaves what it has).
        ``incremental=True`` takes files that this graph has not taken yet, several commits of some files each, and can
        be run again after it was cut off; ``incremental="created_at"`` takes rows above the greatest value that the
        column had before.

        Of files: ``format`` (csv, json, parquet, arrow, lance), ``compression`` (none, gzip, zstd), ``delimiter``,
        ``quote``, ``header``, ``encoding``, ``null`` (the texts that stand for null), ``types`` (name to type, such as
        ``{"zip": "string", "born": "date %d.%m.%Y"}``), ``date_format``, ``timestamp_format`` and ``storage_options``.
        What is not said of text files is told by their beginnings, and shown in ``LoadReport.read_as``.

        All tables are checked before the first is read. With ``dry_run=True`` they are only checked and shown:
        ``LoadReport.preview``.
        """
        known(settings, LoadSettings, " for a load", Graph.load_nodes)
        files, others = split_load(settings)
        with shown(label, settings.get("progress")) as bar:
            report = self._handle.load_nodes(label, paths_of(table), key, files, others, bar)
        return LoadReport._of(json.loads(report))

    def load_hyperedges(
        self,
        name: str,
        table: Any,
        roles: Mapping[str, str | tuple[str, str]] | None = None,
        **settings: Unpack[HyperedgeLoadSettings],
    ) -> LoadReport:
        """Adds a hyperedge for each row of a table or of files.

        ``roles`` says for each role which column holds the members' keys: ``(label, column)``, or just the column
        where the declaration names the label. ``missing`` says what becomes of a row whose member does not exist:
        ``error`` fails the load, ``reject`` writes the row to the CSV file ``rejects``, ``create`` makes a bare node.
        Without ``roles`` each role of a declared type is read from the column of its name.

        ``group_by`` names a column of keys: all rows with one key are one hyperedge, in any order. Its members of a
        role that takes many are those of its rows, in their order; what else the rows say must agree, and null says
        nothing. ``table`` may then be a list of tables, as one of papers and one of their authors, which need not have
        all of the columns. ``split`` is what stands between the members in a text of a role that takes many, as in
        ``"Ann;Bob"``; a member with it in its key is written in quotes.
        ``key`` names the column that is the key of the hyperedges: it stays a property, unique and never null. Where it
        is left out, it is the one that the type has, or the column of ``group_by`` in a first load. Roles bind
        hyperedges by the key of their type. With ``on_conflict="update"`` the roles that the rows have columns for are
        bound anew.
        The others are those of ``load_nodes``.
        """
        given_roles = (roles or {}).items()
        sources = {role: (None, given) if isinstance(given, str) else tuple(given) for role, given in given_roles}
        known(settings, HyperedgeLoadSettings, " for a load", Graph.load_hyperedges)
        files, others = split_load(settings)
        with shown(name, settings.get("progress")) as bar:
            report = self._handle.load_hyperedges(name, paths_of(table), sources, files, others, bar)
        return LoadReport._of(json.loads(report))

    def load(
        self,
        sources: Sources | str | os.PathLike[str],
        *,
        memory_limit: int | None = None,
        dry_run: bool = False,
        progress: bool | None = None,
    ) -> ManyReport:
        """Loads nodes and hyperedges from any number of tables and files, as one commit.

        ::

            hg.load({
                "types": {"MEETING": "organizer Person, attendee Person*"},
                "nodes": {"Person": {"files": "people.csv", "key": "id"}},
                "hyperedges": {
                    "MEETING": {"files": "meetings.csv", "split": ";"},
                    "KNOWS": {"table": frame, "roles": {"source": ("Person", "a"), "target": ("Person", "b")}},
                },
            })

        ``types`` are declared unless they are declared already. A label or a type has one source, or a list of them,
        each with ``table`` or ``files`` and the keywords of :meth:`load_nodes` or :meth:`load_hyperedges`.

        Nodes are loaded first, then hyperedges, those that others bind before these. Sources are read at the same time,
        and the keys of each label once. With ``missing="create"`` a node that several sources bind is created once.
        Where a source is wrong, nothing is loaded, and the error names every such source.

        A path is that of a manifest, or of a directory with a ``load.toml``, which says the same. With ``dry_run`` the
        tables are only checked and shown, as ``LoadReport.preview`` of each source, and nothing is loaded.
        """
        if isinstance(sources, (str, os.PathLike)):
            path = path_of(sources)
            with shown(path, progress) as bar:
                report = self._handle.load_manifest(path, memory_limit, dry_run, bar)
            return ManyReport._of(json.loads(report))
        jobs = jobs_of(sources)
        types = list(sources.get("types", {}).items())
        with shown(f"{len(jobs)} sources", progress) as bar:
            report = self._handle.load_many(types, jobs, memory_limit, dry_run, bar)
        return ManyReport._of(json.loads(report))

    def register(self, name: str, table: Any) -> None:
        """Gives a table a name, by which queries read its rows: ``LOAD FROM 'name' AS row``.

        ``table`` is as in ``load_nodes``, but for files. Nothing is loaded or copied: a DuckDB relation and ``sql()``
        run anew for each query, and a stream is read once. A table of the same name is forgotten.
        """
        self._handle.register(name, table)

    def unregister(self, name: str) -> None:
        """Forgets a table. Raises ``NotFoundError`` where none has the name."""
        self._handle.unregister(name)

    def register_functions(self, *functions: UserFunction | _native.NativeFunction) -> None:
        """Registers functions made with ``udf``, which queries over this graph then call by their names.

        One of the same name is replaced; a name of one of Grism's own functions is refused. They are run locally, in
        stages, and on Ray, where workers get them pickled: what a function imports must be there. Functions in Rust
        come from an extension module built on Grism's crates, which workers import.
        """
        for function in functions:
            self._handle.register_function(function)

    def functions(self) -> list[dict[str, Any]]:
        """The functions that queries may call, those of users too, as ``SHOW FUNCTIONS`` lists them."""
        return self.query("SHOW FUNCTIONS").to_pylist()

    def call(self, name: str, *arguments: Any, distinct: bool = False) -> Expr:
        """A call of a function for the expressions of frames, by its name: a registered one, or one of Grism's.

        ``hg.nodes("City").select(t=hg.call("geo.celsius", gr.col("temperature")))``. That of an aggregate stands in
        ``agg``, ``distinct`` or not.
        """
        natives = [as_expr(own)._native for own in arguments]
        return Expr(self._handle.call_function(name, natives, distinct))

    def loaded_files(self, name: str) -> dict[str, int]:
        """The files that incremental loads have taken into a label or hyperedge type, and their bytes."""
        files = json.loads(self._handle.loaded(name)).get("files", {})
        return {path: file["bytes"] for path, file in files.items()}

    def transaction(self) -> Transaction:
        """Begins a transaction: ``with hg.transaction() as tx:`` commits at its end, or forgets all on an error."""
        return Transaction(_native.Transaction(self._handle))

    def nodes(self, label: str | None = None) -> Frame:
        """A frame of the nodes with ``label``, or of all nodes."""
        return Frame(self, self._handle.nodes(label))

    def _chosen(self, engine: Engine, ray: RayOptions | None = None) -> str:
        if ray is not None and engine in ("local", "staged"):
            message = f'ray holds options of a run on Ray, and the engine is {engine}: leave it out, or engine="ray"'
            raise _native.UnsupportedError(message)
        # Without a connection ``auto`` is local, as the native part knows.
        if engine in ("local", "staged") or (engine == "auto" and not _ray_runs()):
            return engine
        return self._handle.engine_for(engine, _ray_runs())

    def _planned(
        self, text: str, params: Mapping[str, Any] | None
    ) -> Callable[[dict[str, Any]], _native.DistributedQuery]:
        return lambda settings: self._handle.plan_distributed(text, _dict(params), settings)

    def _on_ray(
        self,
        plan: Callable[[dict[str, Any]], _native.DistributedQuery],
        ray: RayOptions | None,
        progress: Callable[[dict[str, Any]], None] | None,
        settings: QuerySettings,
    ) -> tuple[Iterator[_native.Batches], _native.DistributedQuery]:
        from grism_ray.cluster import run_on_ray

        known_to_ray(ray or {})
        # The memory limit and the threads are the workers', which hold and run what a query needs.
        own = {"memory_limit": settings.get("memory_limit"), "threads": settings.get("threads")}
        options: dict[str, Any] = {**own, **(ray or {})}
        waiting = {"resource_timeout": options.pop("resource_timeout", None)}
        return run_on_ray(
            lambda partitions: plan({"partitions": partitions, **waiting, **settings}),
            options,
            progress,
            settings.get("timeout"),
        )

    def _collect(
        self,
        frame: _native.Frame,
        engine: Engine,
        ray: RayOptions | None,
        progress: Callable[[dict[str, Any]], None] | None,
        settings: QuerySettings,
    ) -> Result:
        known(settings, QuerySettings, call=Frame.collect)
        if self._chosen(engine, ray) == "ray":
            batches, query = self._on_ray(lambda own: self._handle.plan_frame(frame, own), ray, progress, settings)
            return _merged(list(batches), query, self._connected(query.snapshot))
        _check_progress(progress)
        stream = self._handle.collect(frame, self._chosen(engine), dict(settings))
        return _collected(stream, self._connected(stream.snapshot))

    def _explain(self, frame: _native.Frame, settings: ExplainSettings) -> str:
        known(settings, ExplainSettings, call=Frame.explain)

        def explain(engine: str, own: dict[str, Any], form: Form, run: FinishedRun | None) -> str:
            return self._handle.explain_frame(frame, engine, own, form, run)

        return self._explained(explain, lambda own: self._handle.plan_frame(frame, own), settings)

    def _explained(
        self,
        explain: Explain,
        plan: Callable[[dict[str, Any]], _native.DistributedQuery] | None,
        settings: ExplainSettings,
    ) -> str:
        form, others = split_explain(settings)
        ray = settings.get("ray")
        engine = self._chosen(settings.get("engine") or "local", ray)
        if plan is None or engine != "ray" or not form[0].get("analyze"):
            return explain(engine, others, form, None)

        def run(planned_with: dict[str, Any]) -> tuple[Iterator[_native.Batches], _native.DistributedQuery]:
            def noted(own: dict[str, Any]) -> _native.DistributedQuery:
                planned_with.update(own)
                return plan(own)

            return self._on_ray(noted, ray, None, cast("QuerySettings", others))

        return explain_run(explain, form, others, run)

    def _connected(self, snapshot: int | None) -> Connected | None:
        """What reads the members of hyperedges for a picture, from the snapshot that the query read."""

        def read(ids: list[int]) -> list[tuple[Hyperedge, list[Any]]]:
            try:
                return self._handle.hyperedges(ids, snapshot or 0)
            except _native.GrismError:
                # A picture of what the rows tell is drawn all the same.
                return []

        return None if snapshot is None else read

    def __repr__(self) -> str:
        return "Graph(closed)" if self._graph is None else f"Graph({_native.without_secrets(self.uri)!r})"


class Prepared:
    """A query that was checked, on the graph that it was prepared on."""

    def __init__(self, graph: Graph, text: str) -> None:
        self._graph = graph
        self.text = text

    def query(
        self,
        params: Mapping[str, Any] | None = None,
        engine: Engine = "auto",
        *,
        ray: RayOptions | None = None,
        progress: Callable[[dict[str, Any]], None] | None = None,
        **settings: Unpack[QuerySettings],
    ) -> Result:
        """Runs it; the options are those of ``Graph.query``."""
        return self._graph.query(self.text, params, engine, ray=ray, progress=progress, **settings)

    def __repr__(self) -> str:
        return f"Prepared({self.text!r})"


def _check_progress(progress: Callable[[dict[str, Any]], None] | None) -> None:
    if progress is not None:
        message = 'progress is only told of a run on Ray: engine="ray"'
        raise _native.UnsupportedError(message)


def _dict(params: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if params is None else dict(params)


def _collected(stream: _native.BatchStream, connected: Connected | None = None) -> Result:
    batches = stream.collect()
    load = None if stream.load is None else LoadReport._of(json.loads(stream.load))
    written = None if stream.written is None else dict(stream.written)
    metrics = [] if stream.tasks is None else json.loads(stream.tasks)
    warnings = stream.warnings
    issue(warnings)
    return Result(batches, warnings, metrics, load, written, connected)


def _merged(
    batches: list[_native.Batches], query: _native.DistributedQuery, connected: Connected | None = None
) -> Result:
    merged = _native.merge_batches(batches, query)
    issue(query.warnings)
    return Result(merged, query.warnings, json.loads(query.metrics()), connected=connected)


def _ray_runs() -> bool:
    ray = sys.modules.get("ray")
    return ray is not None and bool(ray.is_initialized())
