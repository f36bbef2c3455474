"""Results as pandas frames: values that neither numpy nor pandas has a type for are Python objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas

    from grism_ray._native import Batches

Backend = Literal["numpy_nullable", "pyarrow"]

_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896
"""The days since 1970-01-01 that Python's dates are within."""
_MICROSECONDS_PER_DAY = 86_400_000_000
_NANOSECONDS = 1_000
"""Those of a microsecond, the finest part of Python's times."""


def frame_of(batches: Batches, backend: Backend | None) -> pandas.DataFrame:
    """The rows as a frame.

    Lists, maps and entities that hold times, or integers beside null, are Python's own lists and dicts, since numpy has
    numbers in place of times, and floats in place of such integers. Dates past the year 9999 are
    texts, and so are instants then; times of day with nanoseconds are ``NanoTime``.
    """
    import pandas
    import pyarrow

    table = pyarrow.table(batches)
    if backend == "pyarrow":
        mapper: Any = pandas.ArrowDtype
    elif backend == "numpy_nullable":
        mapper = {
            pyarrow.int64(): pandas.Int64Dtype(),
            pyarrow.float64(): pandas.Float64Dtype(),
            pyarrow.bool_(): pandas.BooleanDtype(),
            pyarrow.string(): pandas.StringDtype(),
        }.get
    elif backend is None:
        mapper = None
    else:
        message = f"dtype_backend is numpy_nullable or pyarrow, not {backend!r}"
        raise ValueError(message)
    kept = table
    objects = [place for place, column in enumerate(table.columns) if _are_objects(column, backend)]
    for place in objects:
        kept = kept.set_column(place, table.field(place).name, pyarrow.nulls(len(table)))
    frame: pandas.DataFrame = kept.to_pandas(types_mapper=mapper)
    for place in objects:
        frame.isetitem(place, pandas.Series(batches.objects(place), dtype=object, index=frame.index))
    for place, column in enumerate(table.columns):
        if backend is None and pyarrow.types.is_integer(column.type) and column.null_count:
            frame.isetitem(place, pandas.array(column.to_pylist(), dtype="Int64"))
    return frame


def _are_objects(column: Any, backend: Backend | None) -> bool:
    """Whether the cells of a column are Python objects, since pandas would bend or refuse them."""
    from pyarrow import types

    leaves = [leaf for chunk in column.chunks for leaf in _leaves(chunk)]
    if backend == "pyarrow":
        return column.type == _interval() or any(_is_beyond(leaf) for leaf in leaves)
    if types.is_list(column.type) or types.is_struct(column.type):
        return any(types.is_temporal(leaf.type) or (types.is_integer(leaf.type) and leaf.null_count) for leaf in leaves)
    # Times of any year without zone are numpy's.
    is_plain = types.is_timestamp(column.type) and column.type.tz is None
    return not is_plain and any(_is_beyond(leaf) for leaf in leaves)


def _interval() -> Any:
    import pyarrow

    return pyarrow.month_day_nano_interval()


def _leaves(array: Any) -> Iterator[Any]:
    """An array, or those that its lists and structs hold."""
    from pyarrow import types

    if types.is_list(array.type):
        yield from _leaves(array.flatten())
    elif types.is_struct(array.type):
        for part in array.flatten():
            yield from _leaves(part)
    else:
        yield array


def _is_beyond(array: Any) -> bool:
    """Whether an array has days, or times, that Python's own classes do not hold."""
    import pyarrow
    from pyarrow import compute, types

    if types.is_time64(array.type):
        counts = array.cast(pyarrow.int64())
        whole = compute.multiply(compute.divide(counts, _NANOSECONDS), _NANOSECONDS)
        return bool(compute.any(compute.not_equal(counts, whole)).as_py())
    if types.is_date32(array.type):
        counts, unit = array.cast(pyarrow.int32()), 1
    elif types.is_timestamp(array.type) and array.type.unit == "us":
        counts, unit = array.cast(pyarrow.int64()), _MICROSECONDS_PER_DAY
    else:
        return False
    ends = [end for end in compute.min_max(counts).as_py().values() if end is not None]
    return any(not _FIRST_DAY <= end // unit <= _LAST_DAY for end in ends)
