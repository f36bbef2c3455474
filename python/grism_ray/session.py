"""The session API: open a graph, load tables, run queries."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Self

from grism_ray import _native
from grism_ray.frame import Frame
from grism_ray.result import LoadReport, Result

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Mapping

AUTO_RAY_ROWS = 50_000_000
"""``engine="auto"`` stays local below this many rows."""


def open(uri: str | os.PathLike[str] | None = None, *, create: bool = True) -> Graph:
    """Opens the graph at a path or URI; without one, an empty graph in memory.

    Raises ``NotFoundError`` where there is none and ``create`` is not set, ``InvalidDataError`` where something else
    is there, ``UnsupportedError`` for a graph of a newer format.
    """
    return Graph(_native.Graph.open(None if uri is None else str(uri), create))


class Graph:
    """An open graph."""

    def __init__(self, native: _native.Graph) -> None:
        self._graph: _native.Graph | None = native

    @property
    def _handle(self) -> _native.Graph:
        if self._graph is None:
            message = "the graph is closed"
            raise _native.InvalidQueryError(message)
        return self._graph

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

    def execute(self, text: str, params: Mapping[str, Any] | None = None, **settings: Any) -> Result:
        """Runs statements of any kind, one after the other; the result is the last one's."""
        engine = settings.pop("engine", "local")
        return _collected(self._handle.execute(text, engine, _dict(params), settings))

    def query(
        self,
        text: str,
        params: Mapping[str, Any] | None = None,
        engine: str = "auto",
        *,
        ray: Mapping[str, Any] | None = None,
        progress: Callable[[dict[str, Any]], None] | None = None,
        **settings: Any,
    ) -> Result:
        """Runs one statement that reads.

        ``engine`` is ``local``, ``staged``, ``ray`` or ``auto``. ``ray`` holds options for Ray: ``address``,
        ``workers``, and what ``ray.init`` takes. ``progress`` is called with each event of a run on Ray. Settings are
        ``threads``, ``memory_limit``, ``timeout`` (seconds), ``batch_rows``, ``snapshot`` and ``partitions``.
        """
        if self._chosen(engine) == "ray":
            plan = self._planned(text, params)
            batches, query = self._on_ray(plan, ray, progress, settings)
            return _merged(list(batches), query)
        if progress is not None:
            message = 'progress is only told of a run on Ray: engine="ray"'
            raise _native.UnsupportedError(message)
        return _collected(self._handle.query(text, self._chosen(engine), _dict(params), settings))

    def prepare(self, text: str, params: Mapping[str, Any] | None = None) -> Prepared:
        """Checks one query now, and runs it as often as wanted.

        The text is parsed once. A plan is kept for each set of parameters, and serves while the schema stays as it is.
        With ``params`` its names and types are checked against the schema as well, otherwise when it runs.
        """
        self._handle.check(text, _dict(params))
        return Prepared(self, text)

    def stream(
        self,
        text: str,
        params: Mapping[str, Any] | None = None,
        engine: str = "auto",
        *,
        ray: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> Iterator[_native.Batches]:
        """The batches of a query as they come. Closing the iterator, or Ctrl-C, cancels the query."""
        if self._chosen(engine) == "ray":
            yield from self._on_ray(self._planned(text, params), ray, None, settings)[0]
            return
        stream = self._handle.query(text, self._chosen(engine), _dict(params), settings)
        try:
            yield from stream
        finally:
            stream.cancel()

    def explain(
        self,
        text: str,
        params: Mapping[str, Any] | None = None,
        *,
        analyze: bool = False,
        distributed: bool = False,
        verbose: bool = False,
        format: str = "text",
        **settings: Any,
    ) -> str:
        """The plan of a query as text."""
        if format not in ("text", "json"):
            message = f"the format `{format}` of explain() is not supported; text and json are"
            raise _native.UnsupportedError(message)
        json_form = format == "json"
        return self._handle.explain(text, _dict(params), settings, analyze, distributed, verbose, json_form)

    def load_nodes(self, label: str, table: Any, key: str, *, format: str | None = None) -> LoadReport:
        """Adds a node for each row of a table (pyarrow, pandas, polars, or the path of a file), known by ``key``."""
        return LoadReport._of(json.loads(self._handle.load_nodes(label, table, key, format)))

    def load_hyperedges(
        self,
        name: str,
        table: Any,
        roles: Mapping[str, str | tuple[str, str]],
        *,
        missing: str = "error",
        rejects: str | os.PathLike[str] | None = None,
        format: str | None = None,
    ) -> LoadReport:
        """Adds a hyperedge for each row of a table.

        ``roles`` says for each role which column holds the members' keys: ``(label, column)``, or just the column
        where the declaration names the label. ``missing`` says what becomes of a row whose member does not exist:
        ``error`` fails the load, ``reject`` writes the row to the CSV file ``rejects``, ``create`` makes a bare node.
        """
        sources = {role: (None, given) if isinstance(given, str) else tuple(given) for role, given in roles.items()}
        path = None if rejects is None else str(rejects)
        return LoadReport._of(json.loads(self._handle.load_hyperedges(name, table, sources, missing, path, format)))

    def nodes(self, label: str | None = None) -> Frame:
        """A frame of the nodes with ``label``, or of all nodes."""
        return Frame(self, self._handle.nodes(label))

    def _chosen(self, engine: str) -> str:
        if engine != "auto":
            return engine
        return "ray" if not self._handle.in_memory and self._handle.rows() >= AUTO_RAY_ROWS and _ray_runs() else "local"

    def _planned(
        self, text: str, params: Mapping[str, Any] | None
    ) -> Callable[[dict[str, Any]], _native.DistributedQuery]:
        return lambda settings: self._handle.plan_distributed(text, _dict(params), settings)

    def _on_ray(
        self,
        plan: Callable[[dict[str, Any]], _native.DistributedQuery],
        ray: Mapping[str, Any] | None,
        progress: Callable[[dict[str, Any]], None] | None,
        settings: dict[str, Any],
    ) -> tuple[Iterator[_native.Batches], _native.DistributedQuery]:
        from grism_ray.cluster import run_on_ray

        # The memory limit is the workers', which hold what a query needs.
        options = {"memory_limit": settings.get("memory_limit"), **(ray or {})}
        return run_on_ray(
            lambda partitions: plan({"partitions": partitions, **settings}), options, progress, settings.get("timeout")
        )

    def _collect(
        self, frame: _native.Frame, engine: str, ray: dict[str, Any] | None, settings: dict[str, Any]
    ) -> Result:
        if self._chosen(engine) == "ray":
            batches, query = self._on_ray(lambda own: self._handle.plan_frame(frame, own), ray, None, settings)
            return _merged(list(batches), query)
        return _collected(self._handle.collect(frame, self._chosen(engine), settings))

    def __repr__(self) -> str:
        return "Graph(closed)" if self._graph is None else f"Graph({self.uri!r})"


class Prepared:
    """A query that was checked, on the graph that it was prepared on."""

    def __init__(self, graph: Graph, text: str) -> None:
        self._graph = graph
        self.text = text

    def query(self, params: Mapping[str, Any] | None = None, engine: str = "auto", **options: Any) -> Result:
        """Runs it; the options are those of ``Graph.query``."""
        return self._graph.query(self.text, params, engine, **options)

    def __repr__(self) -> str:
        return f"Prepared({self.text!r})"


def _dict(params: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if params is None else dict(params)


def _collected(stream: _native.BatchStream) -> Result:
    batches = stream.collect()
    load = None if stream.load is None else LoadReport._of(json.loads(stream.load))
    written = None if stream.written is None else dict(stream.written)
    return Result(batches, stream.warnings, json.loads(stream.tasks), load, written)


def _merged(batches: list[_native.Batches], query: _native.DistributedQuery) -> Result:
    merged = _native.merge_batches(batches, query)
    return Result(merged, query.warnings, json.loads(query.metrics()))


def _ray_runs() -> bool:
    try:
        import ray
    except ImportError:
        return False
    return bool(ray.is_initialized())
