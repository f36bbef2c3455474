"""Frames: lazy, immutable queries built by method calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from grism_ray.expressions import Expr, as_column, as_expr

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from grism_ray import _native
    from grism_ray.options import Engine, ExplainSettings, QuerySettings, RayOptions
    from grism_ray.result import Result
    from grism_ray.session import Graph


def _named(columns: tuple[Any, ...], named: dict[str, Any]) -> list[tuple[_native.Expression, str]]:
    pairs = []
    for column in columns:
        if not isinstance(column, str):
            message = "an expression needs a name: pass it as a keyword"
            raise TypeError(message)
        pairs.append((as_column(column)._native, column))
    pairs.extend((as_column(value)._native, name) for name, value in named.items())
    return pairs


class Frame:
    """A lazy table of rows, one of whose columns is the entity that expansions start from."""

    def __init__(self, graph: Graph, native: _native.Frame) -> None:
        self._graph = graph
        self._native = native

    def _with(self, native: _native.Frame) -> Frame:
        return Frame(self._graph, native)

    def filter(self, predicate: Expr) -> Frame:
        """The rows for which ``predicate`` is true."""
        return self._with(self._native.filter(as_expr(predicate)._native))

    def expand(self, name: str, from_role: str | None = None, to_role: str | None = None) -> Frame:
        """Goes through hyperedges of the type ``name`` to their members, which become current."""
        return self._with(self._native.expand(name, from_role, to_role))

    def at(self, name: str) -> Frame:
        """The same rows, with the entity in the column ``name`` as the current one."""
        return self._with(self._native.at(name))

    def cypher(self, clauses: str, params: Mapping[str, Any] | None = None) -> Frame:
        """Goes on with clauses of openCypher that read: the columns are variables, the variables afterwards columns.

        ``frame.cypher("OPTIONAL MATCH (n0)-[:KNOWS*1..3]->(m) WHERE m.age > $age", {"age": 30})``
        """
        return self._with(self._graph._handle.extend(self._native, clauses, None if params is None else dict(params)))

    def unwind(self, items: Any, name: str) -> Frame:
        """A row for each element of a list, in the column ``name``."""
        return self._with(self._native.unwind(as_column(items)._native, name))

    def union(self, other: Frame) -> Frame:
        """The rows of both frames, which have the same columns."""
        return self._with(self._native.union(other._native))

    def select(self, *columns: str, **named: Any) -> Frame:
        """Exactly these columns."""
        return self._with(self._native.select(_named(columns, named)))

    def group_by(self, *columns: str, **named: Any) -> Grouped:
        """Groups by columns; ``agg`` says what becomes of each group."""
        return Grouped(self, _named(columns, named))

    def agg(self, *aggregates: Expr, **named: Expr) -> Frame:
        """Aggregates all rows as one group."""
        return Grouped(self, []).agg(*aggregates, **named)

    def distinct(self) -> Frame:
        """Each different row once."""
        return self._with(self._native.distinct())

    def order_by(self, *columns: Any, descending: bool = False) -> Frame:
        """The rows in order."""
        return self._with(self._native.order_by([(as_column(column)._native, descending) for column in columns]))

    def limit(self, fetch: int | None, skip: int = 0) -> Frame:
        """At most ``fetch`` rows after the first ``skip``."""
        return self._with(self._native.limit(skip, fetch))

    def apply(self, operator: Callable[..., _native.Frame], *args: Any, **kwargs: Any) -> Frame:
        """Goes on with an operator of another extension module: ``frame.apply(module.median, ["city"], "age")``.

        ``operator`` is a function of a module that is built on Grism's crates and was imported before ``grism_ray``,
        whose extension it takes the place of; it gets the frame and the other arguments.
        """
        return self._with(operator(self._native, *args, **kwargs))

    def explain(self, **settings: Unpack[ExplainSettings]) -> str:
        """The plan of the frame as text; the options are those of ``Graph.explain``."""
        return self._graph._explain(self._native, settings)

    def collect(
        self,
        engine: Engine = "auto",
        *,
        ray: RayOptions | None = None,
        progress: Callable[[dict[str, Any]], None] | None = None,
        **settings: Unpack[QuerySettings],
    ) -> Result:
        """Runs the frame; the options are those of ``Graph.query``."""
        return self._graph._collect(self._native, engine, ray, progress, settings)

    def __repr__(self) -> str:
        return f"{self._native!r}"


class Grouped:
    """A frame with groups."""

    def __init__(self, frame: Frame, keys: list[tuple[_native.Expression, str]]) -> None:
        self._frame = frame
        self._keys = keys

    def agg(self, *aggregates: Expr, **named: Expr) -> Frame:
        """One row for each group: keys, then aggregates."""
        pairs = [(aggregate._native, f"_{index}") for index, aggregate in enumerate(aggregates)]
        pairs.extend((aggregate._native, name) for name, aggregate in named.items())
        return self._frame._with(self._frame._native.aggregate(self._keys, pairs))
