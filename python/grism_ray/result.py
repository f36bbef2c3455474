"""``Result``: all rows of a query, in every form that Python has for them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Literal, overload

from grism_ray.html import html_of, text_of
from grism_ray.pandas_frame import frame_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas
    import polars
    import pyarrow

    from grism_ray._native import Batches
    from grism_ray.picture import Connected
    from grism_ray.report import LoadReport

SHOWN_ROWS = 20
"""Rows that are shown of a result."""
CHUNK_ROWS = 1024
"""Rows that an iteration makes at a time."""


class Result:
    """All rows of a query: a sequence of dicts.

    ``for row in result``, ``result[0]``, ``result[-10:]``; ``result["name"]`` is a column. A result is true, also
    without rows: the query ran.
    """

    def __init__(
        self,
        batches: Batches,
        warnings: list[str],
        metrics: list[dict[str, Any]],
        load: LoadReport | None = None,
        written: dict[str, int] | None = None,
        connected: Connected | None = None,
    ) -> None:
        self._batches = batches
        self._connected = connected
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

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for start in range(0, len(self), CHUNK_ROWS):
            yield from self._batches.rows(start, CHUNK_ROWS)

    @overload
    def __getitem__(self, place: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, place: slice) -> list[dict[str, Any]]: ...
    @overload
    def __getitem__(self, place: str) -> list[Any]: ...

    def __getitem__(self, place: int | slice | str) -> dict[str, Any] | list[dict[str, Any]] | list[Any]:
        if isinstance(place, str):
            values = self._batches.column(place)
            if values is None:
                message = f"no column {place!r}: there are {', '.join(self.columns) or 'none'}"
                raise KeyError(message)
            return values
        places = range(len(self))[place]
        if isinstance(places, int):
            return self._batches.rows(places, 1)[0]
        if places.step == 1:
            return self._batches.rows(places.start, len(places))
        return [self._batches.rows(place, 1)[0] for place in places]

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """The rows as an Arrow C stream."""
        return self._batches.__arrow_c_stream__(requested_schema)

    def to_pylist(self) -> list[dict[str, Any]]:
        """A dict for each row; nodes and hyperedges as objects."""
        return self._batches.rows(0, len(self))

    def to_arrow(self) -> pyarrow.Table:
        """A pyarrow table: entities are structs, durations intervals, and instants have their zone."""
        import pyarrow

        return pyarrow.table(self)

    def to_pandas(self, dtype_backend: Literal["numpy_nullable", "pyarrow"] | None = None) -> pandas.DataFrame:
        """A pandas frame.

        ``dtype_backend`` is that of pandas: ``"numpy_nullable"`` has types with nulls for all columns, ``"pyarrow"``
        types of Arrow. Without it columns have numpy's types, but integers with nulls are pandas' nullable ``Int64``:
        numpy has floats only for them, and those lose digits. Times within lists, maps and entities are Python's. With
        ``"pyarrow"`` durations are ``Duration`` objects, since pandas has no type for intervals.
        """
        return frame_of(self._batches, dtype_backend)

    def to_polars(self) -> polars.DataFrame:
        """A polars frame; polars has no intervals, so durations with months are texts."""
        import polars

        return polars.DataFrame(self._batches.for_polars())

    def show(self, limit: int = SHOWN_ROWS) -> None:
        """Prints the first rows, and the warnings to standard error."""
        for warning in self.warnings:
            print(f"warning: {warning}", file=sys.stderr)
        print(self._text(limit))

    def _text(self, limit: int) -> str:
        text = self._batches.to_text(limit)
        return f"{text}\n… {len(self) - limit} more rows" if len(self) > limit else text

    def __repr__(self) -> str:
        rows = "1 row" if len(self) == 1 else f"{len(self)} rows"
        if self.columns:
            return f"{self._text(SHOWN_ROWS)}\n{rows}"
        if self.load is not None:
            return f"Result({self.load})"
        written = ", ".join(
            f"{name.replace('_', ' ')}: {count}" for name, count in (self.written or {}).items() if count
        )
        return f"Result({written or rows})"

    def _repr_html_(self) -> str:
        """The first rows as a table, and what is connected in them as a picture, for notebooks."""
        if not self.columns:
            return text_of(repr(self))
        return html_of(self[:SHOWN_ROWS], self.columns, len(self), self._connected)
