"""Rows of databases: a query over SQLite, DuckDB or PostgreSQL as a table that is loaded or read."""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from grism_ray import _native

if TYPE_CHECKING:
    from collections.abc import Iterator

BATCH_ROWS = 65_536
"""Rows of a batch of DuckDB."""


def sql(uri: str, query: str) -> DatabaseQuery:
    """The rows of a query over a database, as a table for ``load_nodes``, ``load_hyperedges`` and ``LOAD FROM $table``.

    ``uri`` is ``sqlite:///people.db`` (``sqlite:////data/people.db`` for an absolute path), ``duckdb:///people.duckdb``
    or ``postgresql://user@host/database``. The query runs when the rows are read, each time, and they come in batches.

    Raises ``UnsupportedError`` for another database or a driver that is not installed, ``NotFoundError`` for a file
    that does not exist, ``UnavailableError`` for a server that cannot be reached, ``InvalidQueryError`` for a wrong
    query: the first two here, the others when the rows are read.
    """
    return DatabaseQuery(uri, query)


class DatabaseQuery:
    """The rows of a query over a database, with the Arrow C stream."""

    def __init__(self, uri: str, query: str) -> None:
        scheme = uri.partition("://")[0].lower()
        if scheme not in _DRIVERS:
            message = f"the database `{scheme}`; sqlite://, duckdb:// and postgresql:// are known"
            raise _native.UnsupportedError(message)
        self._uri, self._scheme, self.query = uri, scheme, query
        self._path = None if scheme.startswith("postgres") else _path(uri)
        _module(scheme)

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """Runs the query."""
        pyarrow = _module("arrow")
        batches = self._batches()
        schema = next(batches)
        # The batches hold the connection until the last of them was read.
        return pyarrow.RecordBatchReader.from_batches(schema, batches).__arrow_c_stream__(requested_schema)

    def _batches(self) -> Iterator[Any]:
        """The schema of the rows, and then the rows."""
        if self._scheme == "duckdb":
            duckdb = _module("duckdb")
            with self._meaning(duckdb.Error), duckdb.connect(self._path, read_only=True) as connection:
                relation = connection.sql(self.query)
                if relation is None:
                    message = f"{self}: this is no query that has rows: {self.query}"
                    raise _native.InvalidQueryError(message)
                # The method has had two names.
                read = getattr(relation, "to_arrow_reader", None) or relation.fetch_arrow_reader
                reader = read(BATCH_ROWS)
                yield reader.schema
                yield from reader
            return
        driver, errors = _module(self._scheme), _module("errors")
        place = self._uri if self._path is None else self._path
        with self._meaning(errors.Error), driver.connect(place) as connection, connection.cursor() as cursor:
            cursor.execute(self.query)
            reader = cursor.fetch_record_batch()
            yield reader.schema
            yield from reader

    def _meaning(self, errors: type[Exception]) -> _Meaning:
        return _Meaning(str(self), errors)

    def __str__(self) -> str:
        shown = urlsplit(self._uri)
        host = shown.netloc.rpartition("@")[2]
        return f"{self._scheme}://{host}{shown.path}"

    def __repr__(self) -> str:
        return f"sql({str(self)!r}, {self.query!r})"


class _Meaning:
    """Gives errors of a driver the kinds that Grism's have."""

    def __init__(self, place: str, errors: type[Exception]) -> None:
        self._place, self._errors = place, errors

    def __enter__(self) -> None: ...

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if not isinstance(error, self._errors):
            return
        text = f"{self._place}: {error}"
        is_query = any(own.__name__ == "ProgrammingError" for own in type(error).__mro__)
        raise (_native.InvalidQueryError if is_query else _native.UnavailableError)(text) from error


_DRIVERS = {
    "sqlite": ("adbc_driver_sqlite.dbapi", "sqlite"),
    "duckdb": ("duckdb", "duckdb"),
    "postgresql": ("adbc_driver_postgresql.dbapi", "postgres"),
    "postgres": ("adbc_driver_postgresql.dbapi", "postgres"),
    "errors": ("adbc_driver_manager.dbapi", "sqlite"),
    "arrow": ("pyarrow", "arrow"),
}
"""The module of each database, and the extra of this package that installs it."""


def _module(name: str) -> Any:
    module, extra = _DRIVERS[name]
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0].replace("_", "-")
        message = f"this needs {package}, which is not installed: pip install 'grism-ray[{extra}]'"
        raise _native.UnsupportedError(message) from error


def _path(uri: str) -> str:
    """The path of a database in a file, which must exist: a driver would make an empty one."""
    rest = uri.partition("://")[2]
    path = os.path.expanduser(unquote(rest.removeprefix("/")))
    if not os.path.exists(path):
        message = f"there is no database {path}"
        if not rest.startswith("/"):
            message += f"; a path follows three slashes, as {uri.partition('://')[0]}:///{rest}"
        raise _native.NotFoundError(message)
    return path
