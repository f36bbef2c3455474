"""Parameters: what the libraries for data hold arrives as the value that it is, or is refused by name."""

from __future__ import annotations

import collections
import datetime as dt
import decimal
import enum
import types
import uuid
import zoneinfo
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import grism_ray as gr

GRAPH = gr.open()
STOCKHOLM = zoneinfo.ZoneInfo("Europe/Stockholm")


class Rank(enum.Enum):
    """A plain enumeration."""

    LOW = 4


def given(value: Any, text: str = "$x") -> Any:
    return GRAPH.query(f"RETURN {text} AS x", {"x": value}, engine="local")[0]["x"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (uuid.UUID(int=77), str(uuid.UUID(int=77))),
        (Rank.LOW, 4),
        (bytearray(b"ab"), b"ab"),
        (memoryview(b"abcd")[::2], b"ac"),
        (range(3), [0, 1, 2]),
        (collections.deque(["q"]), ["q"]),
        (types.MappingProxyType({"k": 1}), {"k": 1}),
        (gr.Duration(seconds=1, nanoseconds=3_000_000_000), gr.Duration(seconds=4)),
        (np.longdouble(0.25), 0.25),
        (np.datetime64("2031", "Y"), dt.date(2031, 1, 1)),
        (np.datetime64("2031-02", "M"), dt.date(2031, 2, 1)),
        (np.datetime64("2031-02-03T04", "h"), dt.datetime(2031, 2, 3, 4)),
        (np.datetime64(-1, "ms"), dt.datetime(1969, 12, 31, 23, 59, 59, 999_000)),
        (np.datetime64(7_000, "ps"), "1970-01-01T00:00:00.000000007"),
        (np.timedelta64(3, "Y"), gr.Duration(months=36)),
        (np.timedelta64(2, "W"), gr.Duration(days=14)),
        (np.timedelta64(-1, "ns"), gr.Duration(seconds=-1, nanoseconds=999_999_999)),
        (np.timedelta64("NaT"), None),
        (np.array(6), 6),
        (np.array([["a"], ["b"]]), [["a"], ["b"]]),
        (np.ma.array([1, 2], mask=[False, True]), [1, None]),
        (np.array([1, "x", None], dtype=object), [1, "x", None]),
        (np.array(["2031-01-01", "NaT"], dtype="M8[s]"), [dt.datetime(2031, 1, 1), None]),
        (pd.NaT, None),
        (pd.NA, None),
        (pd.Timestamp("2031-05-06 07:08:09.000000123"), "2031-05-06T07:08:09.000000123"),
        (pd.Timedelta("2 days 1.25s"), gr.Duration(days=2, seconds=1, nanoseconds=250_000_000)),
        (pd.Series([5, None], dtype="Int64"), [5, None]),
        (pd.Series(["a", None]), ["a", None]),
        (pd.Series([2.5, 3.5]), [2.5, 3.5]),
        (pd.Categorical(["u", "v"]), ["u", "v"]),
        (pl.Series([dt.date(2031, 1, 1), None]), [dt.date(2031, 1, 1), None]),
        (pl.Series([[1], None]), [[1], None]),
        (pa.scalar(9, pa.uint8()), 9),
        (pa.chunked_array([["a"], ["b"]]), ["a", "b"]),
        (pa.array([{"k": 2}]), [{"k": 2}]),
        (pa.array(["x", "y", "x"]).dictionary_encode(), ["x", "y", "x"]),
        (pa.array([[1], [2, 3]], pa.large_list(pa.int16())), [[1], [2, 3]]),
        (pa.array([uuid.UUID(int=5).bytes], pa.uuid()), [str(uuid.UUID(int=5))]),
        (pa.array([90], pa.duration("s")), [gr.Duration(seconds=90)]),
    ],
    ids=repr,
)
def test_a_value_arrives_as_what_it_is(value: Any, expected: Any) -> None:
    found = given(value, "toString($x)") if isinstance(expected, str) and not isinstance(value, str) else given(value)
    assert found == expected


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (decimal.Decimal("0.1"), gr.UnsupportedError, "Decimal.*int\\(x\\), float\\(x\\) or str\\(x\\)"),
        (pa.array([decimal.Decimal("0.1")]), gr.UnsupportedError, "decimal"),
        ({1}, gr.UnsupportedError, "set.*pass a list"),
        ({7: 1}, gr.InvalidQueryError, "keys of a map are texts, and 7 is none"),
        (object(), gr.UnsupportedError, "Python type object"),
        (np.longdouble(1) / 3, gr.InvalidQueryError, "does not fit into 64 bits"),
        (np.uint64(2**63), gr.InvalidQueryError, "64 bits"),
        (10**5000, gr.InvalidQueryError, "an integer of 16610 bits"),
        (pa.array([2**63], pa.uint64()), gr.InvalidQueryError, "64 bits"),
        (np.datetime64(7, "ps"), gr.InvalidQueryError, "unit ps"),
        (np.timedelta64(5), gr.InvalidQueryError, "no unit"),
        (np.complex64(1), gr.UnsupportedError, "complex64"),
        (pd.Period("2031-01"), gr.UnsupportedError, "Period"),
        (pd.DataFrame({"a": [1]}), gr.UnsupportedError, "load the table"),
        (pl.DataFrame({"a": [1]}), gr.UnsupportedError, "load the table"),
        (pa.table({"a": [1]}), gr.UnsupportedError, "load the table"),
        (gr.Node(1, ["A"], {}), gr.UnsupportedError, "Node.*pass its id"),
        (dt.time(1, tzinfo=STOCKHOLM), gr.InvalidQueryError, "does not depend on the day"),
        (
            dt.datetime(2031, 1, 1, tzinfo=dt.timezone(dt.timedelta(microseconds=5))),
            gr.InvalidQueryError,
            "whole seconds",
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_no_value_stands_for_is_refused(value: Any, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        given(value)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"x": "\ud800"}, r"the parameter `x`: the text '\\ud800' holds half of a surrogate pair"),
        ({"x": [{"\udfff": 1}]}, "the parameter `x`: .*surrogate"),
        ({"\ud800": 1}, "the name of a parameter: .*surrogate"),
        ({1: 1}, "the name of a parameter: a text is needed, not 1"),
        ({"x": [gr.Duration(months=2**63)]}, "the parameter `x`: months must be an integer of 64 bits"),
        ({"x": gr.Duration(seconds=2**63 - 1, nanoseconds=10**9)}, "the parameter `x`: .*past 64 bits"),
        ({"x": 2**63}, "the parameter `x`: the integer 9223372036854775808 does not fit"),
    ],
)
def test_a_parameter_out_of_range_is_refused_by_name(params: dict[Any, Any], message: str) -> None:
    with pytest.raises(gr.InvalidQueryError, match=message):
        GRAPH.query("RETURN 1", params, engine="local")
    with pytest.raises(gr.InvalidQueryError, match="surrogate"):
        GRAPH.query("RETURN '\ud800'")
    with (
        gr.open().transaction() as transaction,
        pytest.raises(gr.InvalidQueryError, match="the property `x`: .*64 bits"),
    ):
        transaction.create_node("A", x=2**63)


@pytest.mark.parametrize(
    "length", [dt.timedelta(days=1), dt.timedelta(hours=-1), dt.timedelta(days=-2, microseconds=7), dt.timedelta(0)]
)
def test_a_length_of_time_is_the_same_wherever_it_comes_from(length: dt.timedelta) -> None:
    graph = gr.open()
    graph.load_nodes("T", pl.DataFrame({"id": [1], "d": [length]}), "id")
    for values in (
        [length],
        pl.Series([length]),
        pa.array([length]),
        pa.array([length], pa.duration("ns")),
        pd.Series([length]),
        np.array([length], dtype="m8[us]"),
        [np.timedelta64(length)],
    ):
        assert graph.query("MATCH (t:T) WHERE t.d IN $x RETURN t", {"x": values}, engine="local").to_pylist(), values


def test_the_hour_that_comes_twice_is_the_one_that_was_given() -> None:
    for fold in (0, 1):
        moment = dt.datetime(2031, 10, 26, 2, 15, fold=fold, tzinfo=STOCKHOLM)
        assert given(moment, "$x.offset") == ("+02:00", "+01:00")[fold]
        back = given(moment)
        assert (back.fold, back.utcoffset()) == (fold, moment.utcoffset())
        for text in (
            "datetime(toString($x))",
            "datetime($x)",
            "$x + duration('P0D')",
            "datetime.truncate('minute', $x)",
        ):
            assert given(moment, f"{text} = $x") is True, text


def test_instants_of_arrow_have_their_zone() -> None:
    seconds = int(dt.datetime(2031, 7, 1, tzinfo=dt.UTC).timestamp())
    for zone, text in (
        ("Europe/Stockholm", "2031-07-01T02:00+02:00[Europe/Stockholm]"),
        ("-03:30", "2031-06-30T20:30-03:30"),
        ("UTC", "2031-07-01T00:00Z"),
    ):
        assert given(pa.array([seconds], pa.timestamp("s", zone)), "toString($x[0])") == text


def test_nanoseconds_come_back_and_can_be_given_again() -> None:
    for text in ("localdatetime('2031-01-01T00:00:00.123456789')", "localtime('01:02:03.000000004')"):
        found = GRAPH.query(f"RETURN {text} AS x", engine="local")[0]["x"]
        assert found.nanosecond in (789, 4)
        assert given(found) == found
        assert given(found, f"$x = {text}") is True


def test_a_value_within_itself_or_too_deep_is_refused() -> None:
    ring: list[Any] = [1]
    ring.append({"ring": ring})
    with pytest.raises(gr.InvalidQueryError, match="contains itself"):
        given(ring)
    array = np.array([None, 1], dtype=object)
    array[0] = array
    with pytest.raises(gr.InvalidQueryError, match="contains itself"):
        given(array)
    for wrap in (lambda inner: [inner], lambda inner: {"k": inner}):
        deep: Any = 0
        for _ in range(200_000):
            deep = wrap(deep)
        with pytest.raises(gr.InvalidQueryError, match="levels deep"):
            given(deep)
    twice = [1, 2]
    assert given([twice, twice]) == [[1, 2], [1, 2]]


class Once:
    """Rows that can be read once, as those of a cursor."""

    def __init__(self, table: pa.Table) -> None:
        self._table: pa.Table | None = table

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """The rows."""
        table, self._table = self._table, None
        assert table is not None
        return table.__arrow_c_stream__(requested_schema)


def test_anything_with_the_arrow_c_stream_is_loaded() -> None:
    graph = gr.open()
    table = pa.table({"k": [1, 2, 3]})
    sources = [
        table,
        table.to_reader(),
        table.to_batches()[0],
        Once(table),
        pl.DataFrame({"k": [1, 2, 3]}),
        pd.DataFrame({"k": [1, 2, 3]}),
        duckdb.sql("SELECT k FROM range(1, 4) t(k)"),
        graph.query("UNWIND [1, 2, 3] AS k RETURN k", engine="local"),
    ]
    for number, source in enumerate(sources):
        assert graph.load_nodes(f"L{number}", source, "k").loaded == 3
    with pytest.raises(gr.InvalidDataError, match="a table is needed.*not dict"):
        graph.load_nodes("L", {"k": [1]}, "k")
