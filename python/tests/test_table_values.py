"""Tables in memory and in files of Arrow: every value arrives as it is, at every depth, or is refused by name."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import TYPE_CHECKING

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import grism_ray as gr

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FAR = dt.datetime(9876, 5, 4, 3, 2, 1)
NEAR = dt.datetime(2024, 5, 6, 7, 8, 9)


def loaded(values: pa.Array | pa.ChunkedArray) -> gr.Graph:
    graph = gr.open()
    graph.load_nodes("T", pa.table({"id": list(range(len(values))), "v": values}), key="id")
    return graph


def arrived(values: pa.Array, what: str = "t.v") -> list[object]:
    return [row["v"] for row in loaded(values).query(f"MATCH (t:T) RETURN {what} AS v ORDER BY t.id").to_pylist()]


@pytest.mark.parametrize("unit", ["s", "ms", "us"])
@pytest.mark.parametrize("zone", [None, "UTC"])
def test_times_out_of_the_range_of_nanoseconds_are_kept(unit: str, zone: str | None) -> None:
    far, near = (time.replace(tzinfo=dt.UTC) if zone else time for time in (FAR, NEAR))
    kind = pa.timestamp(unit, zone)
    for values, of in (
        ([far, None, near], kind),
        ([[far, None], None, [near]], pa.list_(kind)),
        ([[far], [], [near]], pa.large_list(kind)),
        ([[far], [near], None], pa.list_(kind, 1)),
        ([{"a": {"b": far}}, None, {"a": None}], pa.struct({"a": pa.struct({"b": kind})})),
    ):
        assert arrived(pa.array(values, of)) == values, of
    assert arrived(pa.array([far, near, far], kind).dictionary_encode()) == [far, near, far]
    assert arrived(pa.array([[("k", far)], None, []], pa.map_(pa.string(), kind))) == [{"k": far}, None, {}]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "+05:30"])
def test_times_of_a_zone_keep_it(zone: str) -> None:
    kind = pa.timestamp("us", zone)
    summer, winter = dt.datetime(2026, 7, 1, 8, tzinfo=dt.UTC), dt.datetime(2026, 12, 1, 9, tzinfo=dt.UTC)
    values = pa.array([summer, None, winter], kind)
    hours = {"Europe/Berlin": [10, None, 10], "+05:30": [13, None, 14]}
    assert arrived(values) == [summer, None, winter]
    assert arrived(values, "t.v.hour") == hours[zone]
    assert loaded(values).query("MATCH (t:T) RETURN t.v AS v ORDER BY t.id").to_arrow()["v"].type.tz == zone
    assert arrived(pa.array([[summer, winter]], pa.list_(kind)), "t.v[1].hour") == hours[zone][2:]
    with pytest.raises(gr.InvalidDataError, match="time zone `Mars/Olympus`"):
        loaded(pa.array([0], pa.timestamp("us", "Mars/Olympus")))


def test_values_below_a_null_do_not_count() -> None:
    numbers = pa.array([2**63 + 5, 1, 2], pa.uint64())
    hidden = pa.StructArray.from_arrays([numbers], ["a"], mask=pa.array([True, False, False]))
    assert arrived(hidden) == [None, {"a": 1}, {"a": 2}]
    lists = pa.ListArray.from_arrays(pa.array([0, 1, 3], pa.int32()), numbers, mask=pa.array([True, False]))
    assert arrived(lists) == [None, [1, 2]]
    assert arrived(pa.array([[0], [1, 2], [3]]).slice(1)) == [[1, 2], [3]]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (pa.array([2**63], pa.uint64()), "column `v`: the unsigned number 9223372036854775808 is past"),
        (pa.array([[1, 2**64 - 1]], pa.list_(pa.uint64())), "column `v`: an item of a list: the unsigned number"),
        (pa.array([{"a": [2**63]}], pa.struct({"a": pa.list_(pa.uint64())})), "the field `a`: an item of a list"),
        (pa.array([2**63], pa.uint64()).dictionary_encode(), "the unsigned number"),
        (pa.array([[("k", 2**63)]], pa.map_(pa.string(), pa.uint64())), "a value of a map: the unsigned number"),
        (pa.array([Decimal("1.5")]), r"column `v`: Decimal128\(2, 1\) .* name one for it"),
        (pa.array([[Decimal(1)]]), "an item of a list: Decimal128"),
        (pa.array([[(1, 2)]], pa.map_(pa.int64(), pa.int64())), "a map whose keys are of the type Int64"),
        (pa.array([[("k", 1), ("k", 2)]], pa.map_(pa.string(), pa.int64())), "the key `k` stands twice"),
        (pa.array([86_400], pa.int32()).cast(pa.time32("s")), "86400 is no time of day"),
        (pa.StructArray.from_arrays([pa.array([1]), pa.array([2])], ["a", "a"]), "two fields of a struct"),
    ],
)
def test_what_no_value_is_is_refused_by_name(values: pa.Array, message: str) -> None:
    with pytest.raises(gr.GrismError, match=message):
        loaded(values)


def test_lengths_of_time_are_durations() -> None:
    deltas = [dt.timedelta(days=2, seconds=3, microseconds=4), None, dt.timedelta(seconds=-1)]
    texts = ["P2DT3.000004S", None, "PT-1S"]
    for unit in ("us", "ns"):
        assert arrived(pa.array(deltas, pa.duration(unit)), "toString(t.v)") == texts
    assert arrived(pa.array([deltas], pa.list_(pa.duration("us"))), "[d IN t.v | toString(d)]") == [texts]
    intervals = pa.array([pa.MonthDayNano([14, -3, 10**9])])
    assert arrived(intervals, "toString(t.v)") == ["P1Y2M-3DT1S"]


def test_days_with_a_time_keep_it() -> None:
    days = pa.array([0, 86_400_000], pa.int64()).cast(pa.timestamp("ms")).cast(pa.date64())
    assert arrived(days) == [dt.date(1970, 1, 1), dt.date(1970, 1, 2)]
    buffer = pa.array([3_600_000], pa.int64()).buffers()[1]
    hours = pa.Array.from_buffers(pa.date64(), 1, [None, buffer])
    assert arrived(hours) == [dt.datetime(1970, 1, 1, 1)]


def test_other_layouts_hold_the_same_values() -> None:
    own = uuid.UUID(int=77)
    union = pa.UnionArray.from_sparse(pa.array([0, 1, 0], pa.int8()), [pa.array([1, 2, 3]), pa.array(["a", "b", "c"])])
    for values, expected in (
        (pa.array([own.bytes, None], pa.binary(16)).cast(pa.uuid()), [str(own), None]),
        (pa.ExtensionArray.from_storage(pa.bool8(), pa.array([1, 0, None], pa.int8())), [True, False, None]),
        (pa.ListArray.from_arrays(pa.array([0, 1], pa.int32()), pa.array([own.bytes], pa.uuid())), [[str(own)]]),
        (pa.array(["{}"], pa.json_()), ["{}"]),
        (union, [1, "b", 3]),
        (pa.RunEndEncodedArray.from_arrays([2, 3], ["x", "y"]), ["x", "x", "y"]),
        (pa.array([0.5, None], pa.float16()), [0.5, None]),
        (pa.array([[1], None], pa.list_view(pa.int8())), [[1], None]),
        (pa.array([{}, None], pa.struct([])), [{}, None]),
        (pa.array([2**63 - 1], pa.uint64()), [2**63 - 1]),
    ):
        assert arrived(values) == expected, values.type


def test_extension_types_keep_their_meaning_or_are_named() -> None:
    frame = pd.DataFrame({"id": [1], "v": pd.period_range("2024-01", periods=1, freq="M")})
    with pytest.raises(gr.UnsupportedError, match=r"column `v`: the extension type pandas.period: .*to_timestamp"):
        gr.open().load_nodes("T", frame, key="id")

    class Celsius(pa.ExtensionType):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(pa.float64(), "test.celsius")

        def __arrow_ext_serialize__(self) -> bytes:
            return b""

    graph = gr.open()
    warm = pa.ExtensionArray.from_storage(Celsius(), pa.array([21.5]))
    report = graph.load_nodes("T", pa.table({"id": [1], "v": warm}), key="id")
    assert [("test.celsius" in warning, "`v`" in warning) for warning in report.warnings] == [(True, True)]
    assert "test.celsius" in str(report)
    assert graph.query("MATCH (t:T) RETURN t.v AS v").to_pylist() == [{"v": 21.5}]
    ids = pa.array([uuid.UUID(int=5).bytes], pa.uuid())
    graph.load_nodes("U", pa.table({"id": ids}), key="id")
    ends = {"source": ("U", "a"), "target": ("U", "b")}
    assert graph.load_hyperedges("SAME", pa.table({"a": ids, "b": [str(uuid.UUID(int=5))]}), ends).loaded == 1


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    table = pa.table([[1], [2]], ["id", "id"])
    with pytest.raises(gr.InvalidDataError, match="two columns are called `id`"):
        gr.open().load_nodes("T", table, key="id")
    pq.write_table(table, tmp_path / "t.parquet")
    with pytest.raises(gr.InvalidDataError, match=r"t.parquet: two columns are called `id`"):
        gr.open().load_nodes("T", tmp_path / "t.parquet", key="id")


def test_types_are_given_to_columns_of_files(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    decimals = pa.array([Decimal("12345678901234567.90"), None, Decimal("-2.00")])
    days = pa.array([NEAR.replace(hour=0, minute=0, second=0), None, None], pa.timestamp("us"))
    pq.write_table(pa.table({"id": [1, 2, 3], "v": decimals, "d": days}), path)
    for name, expected in (
        ("string", ["12345678901234567.90", None, "-2.00"]),
        ("float", [12345678901234567.9, None, -2.0]),
    ):
        graph = gr.open()
        graph.load_nodes("T", path, key="id", types={"v": name, "d": "date"})
        rows = graph.query("MATCH (t:T) RETURN t.v AS v, t.d AS d ORDER BY t.id").to_pylist()
        assert [row["v"] for row in rows] == expected
        assert rows[0]["d"] == NEAR.date()
    with pytest.raises(gr.InvalidDataError, match=r"column `v`: row 1: 12345678901234567.90 is no Int64"):
        gr.open().load_nodes("T", path, key="id", types={"v": "int"})
    with pytest.raises(gr.InvalidDataError, match="a type is given for `w`, which is no column"):
        gr.open().load_nodes("T", path, key="id", types={"w": "int"})


def test_old_times_of_parquet_keep_their_range(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    times = [FAR, NEAR, None, dt.datetime(1, 1, 1)]
    table = pa.table({"id": [1, 2, 3, 4], "v": pa.array(times, pa.timestamp("us")), "w": ["a", "b", "c", "d"]})
    pq.write_table(table, path, use_deprecated_int96_timestamps=True)
    graph = gr.open()
    graph.load_nodes("T", path, key="id")
    rows = graph.query("MATCH (t:T) RETURN t.v AS v, t.w AS w ORDER BY t.id").to_pylist()
    assert [row["v"] for row in rows] == times
    assert [row["w"] for row in rows] == ["a", "b", "c", "d"]


def test_the_unnamed_index_of_a_frame_is_no_property(tmp_path: Path) -> None:
    frame = pd.DataFrame({"name": ["Ann", "Bob", "Cid", "Dan"], "age": [31, 17, 40, 52]})
    grown = frame[frame["age"] > 18]
    grown.to_parquet(tmp_path / "grown.parquet")
    lettered = grown.set_axis(["x", "y", "z"])
    for source, warnings in ((grown, 0), (tmp_path / "grown.parquet", 0), (lettered, 1)):
        graph = gr.open()
        report = graph.load_nodes("P", source, key="name")
        assert (report.loaded, len(report.warnings)) == (3, warnings)
        assert graph.query("MATCH (p:P {name: 'Ann'}) RETURN properties(p) AS p").to_pylist() == [
            {"p": {"name": "Ann", "age": 31}}
        ]
    graph = gr.open()
    graph.load_nodes("P", grown.rename_axis("row"), key="name")
    assert graph.query("MATCH (p:P {name: 'Cid'}) RETURN p.row AS r").to_pylist() == [{"r": 2}]


def test_tables_that_differ_from_the_first_are_told(tmp_path: Path) -> None:
    for number, columns in enumerate([{"id": [1], "a": [1]}, {"id": [2], "b": ["x"]}]):
        pq.write_table(pa.table(columns), tmp_path / f"{number}.parquet")
    graph = gr.open()
    report = graph.load_nodes("T", f"{tmp_path}/*.parquet", key="id")
    assert report.loaded == 2
    assert ["1.parquet has no column `a`" in report.warnings[0], "has a column `b`" in report.warnings[1]] == [
        True,
        True,
    ]


def test_types_are_named_for_columns_of_tables() -> None:
    graph = gr.open()
    table = pa.table({"id": [1, 2], "d": [Decimal("1.50"), None], "n": ["7", "8"]})
    graph.load_nodes("T", table, key="id", types={"d": "String", "n": "Int64"})
    found = graph.query("MATCH (t:T) RETURN t.d AS d, t.n AS n ORDER BY t.id").to_pylist()
    assert found == [{"d": "1.50", "n": 7}, {"d": None, "n": 8}]
    with pytest.raises(gr.InvalidDataError, match="nope"):
        graph.load_nodes("U", table, key="id", types={"nope": "String"})


def failing_batches() -> Iterator[pa.RecordBatch]:
    yield pa.record_batch({"id": [1]})
    message = "the source is gone"
    raise RuntimeError(message)


def test_tables_that_their_library_does_not_hand_over_well_are_refused_by_name() -> None:
    objects = pl.Series("v", [object(), object()], dtype=pl.Object)
    broken_text = pa.table({"id": [1], "v": pa.array([b"caf\xe9"]).view(pa.string())})
    required = pa.schema([("id", pa.int64()), pa.field("v", pa.int64(), nullable=False)])
    for table, what in (
        (pl.DataFrame([pl.Series("id", [1, 2]), objects]), "the column `v` holds Python objects"),
        (pd.DataFrame({"id": [1, 2], "v": pd.Series([1, "a"], dtype=object)}), "cannot be read as Arrow"),
        (broken_text, "the column `v`"),
        (pa.table([pa.array([1, 2]), pa.array([None, 1])], schema=required), "cannot be read"),
        (pa.RecordBatchReader.from_batches(pa.schema([("id", pa.int64())]), failing_batches()), "the source is gone"),
    ):
        with pytest.raises(gr.InvalidDataError, match=what):
            gr.open().load_nodes("T", table, key="id")
    with pytest.raises(gr.GrismError, match="Python objects"):
        gr.open().query("RETURN $x AS x", {"x": objects})


def test_columns_of_nulls_of_polars_load() -> None:
    graph = gr.open()
    graph.load_nodes("T", pl.DataFrame({"id": [1, 2], "v": [None, None], "w": [[None], None]}), key="id")
    assert graph.query("MATCH (t:T) RETURN t.v, t.w ORDER BY t.id").to_pylist() == [
        {"t.v": None, "t.w": [None]},
        {"t.v": None, "t.w": None},
    ]


def test_types_are_given_to_numbers_at_any_depth() -> None:
    past, price = 2**63 + 5, Decimal("12345678901234567.50")
    decimals, unsigned = pa.decimal128(20, 2), pa.uint64()
    for values, kind, given, expected in (
        (past, unsigned, "string", str(past)),
        (past, unsigned, "float", float(past)),
        ([price, None], pa.list_(decimals), "List<String>", [str(price), None]),
        ([price], pa.large_list(decimals), "float", [float(price)]),
        ([[past]], pa.list_(pa.list_(unsigned)), "List<List<String>>", [[str(past)]]),
        ([Decimal(2), Decimal(3)], pa.list_(decimals), "Vector(2)", [2.0, 3.0]),
        (
            {"n": "x", "p": price, "u": [past]},
            pa.struct({"n": pa.string(), "p": decimals, "u": pa.list_(unsigned)}),
            "string",
            {"n": "x", "p": str(price), "u": [str(past)]},
        ),
        ([("k", price)], pa.map_(pa.string(), decimals), "string", {"k": str(price)}),
        (price, "dictionary", "string", str(price)),
    ):
        graph = gr.open()
        column = (
            pa.array([values, None]).dictionary_encode() if kind == "dictionary" else pa.array([values, None], kind)
        )
        graph.load_nodes("T", pa.table({"id": [1, 2], "v": column}), key="id", types={"v": given})
        found = graph.query("MATCH (t:T) RETURN t.v AS v ORDER BY t.id").to_pylist()
        assert found == [{"v": expected}, {"v": None}], (kind, given)
    table = pa.table({"id": [1], "v": pa.array([{"p": Decimal("0.50")}])})
    with pytest.raises(gr.InvalidDataError, match=r"the field `p`: 0\.50 is no Int64"):
        gr.open().load_nodes("T", table, key="id", types={"v": "int"})


@pytest.mark.parametrize("of", ["arrow", "polars", "pandas", "stream", "parquet"])
def test_rows_of_tables_with_wrong_values_are_rejected(tmp_path: Path, of: str) -> None:
    table = pa.table(
        {
            "id": [1, 2, 3, 4, 5],
            "n": ["7", "x", "9", None, "11"],
            "u": pa.array([1, 2, 2**63, None, 2**64 - 1], pa.uint64()),
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")
    source = {
        "arrow": table,
        "polars": pl.from_arrow(table),
        "pandas": table.to_pandas(types_mapper=pd.ArrowDtype),
        "stream": pa.RecordBatchReader.from_batches(table.schema, table.to_batches(2)),
        "parquet": tmp_path / "t.parquet",
    }[of]
    graph = gr.open()
    rejects = tmp_path / "rejects.csv"
    report = graph.load_nodes("T", source, key="id", types={"n": "int"}, bad_rows="reject", rejects=rejects)
    assert (report.loaded, report.rejected) == (2, 3)
    found = graph.query("MATCH (t:T) RETURN t.id, t.n, t.u ORDER BY t.id").to_pylist()
    assert found == [{"t.id": 1, "t.n": 7, "t.u": 1}, {"t.id": 4, "t.n": None, "t.u": None}]
    lines = pd.read_csv(rejects, dtype=str)
    assert lines[["_line", "_column", "id", "n", "u"]].to_numpy().tolist() == [
        ["2", "n", "2", "x", "2"],
        ["3", "u", "3", "9", str(2**63)],
        ["5", "u", "5", "11", str(2**64 - 1)],
    ]
    # A column that is wrong whatever its values are fails the load.
    decimals = pa.table({"id": [1], "v": [Decimal("1.5")]})
    with pytest.raises(gr.UnsupportedError, match="name one for it"):
        gr.open().load_nodes("T", decimals, key="id", bad_rows="reject", rejects=rejects)


def test_a_wrong_value_is_named_by_its_row() -> None:
    rows = 200_000
    table = pa.table({"id": range(rows), "v": ["1"] * (rows - 1) + ["x"]})
    with pytest.raises(gr.InvalidDataError, match=f"column `v`: row {rows}: x is no Int64"):
        gr.open().load_nodes("T", table, key="id", types={"v": "int"})


@pytest.mark.parametrize(
    "kind",
    [
        pa.list_(pa.string(), 2),
        pa.list_view(pa.string()),
        pa.large_list_view(pa.string_view()),
        pa.large_list(pa.large_string()),
        pa.list_(pa.dictionary(pa.int8(), pa.string())),
        "dictionary",
        "runs",
    ],
)
def test_members_and_properties_are_lists_of_any_layout(kind: pa.DataType | str) -> None:
    values = [["a", "b"], None, ["c", "a"]]
    column = pa.array(values, pa.list_(pa.string()) if isinstance(kind, str) else kind)
    if kind == "dictionary":
        column = pa.DictionaryArray.from_arrays([0, 1, 2], column)
    elif kind == "runs":
        column = pa.RunEndEncodedArray.from_arrays([1, 2, 3], column)
    graph = gr.open()
    graph.load_nodes("P", pa.table({"id": ["a", "b", "c"]}), key="id")
    graph.execute("CREATE HYPEREDGE TYPE M (who P*)")
    table = pa.table({"n": [1, 2, 3], "who": column, "own": column})
    assert graph.load_hyperedges("M", table, {"who": ("P", "who")}).loaded == 3
    found = graph.query("MATCH (m:M) RETURN [p IN members(m, 'who') | p.id] AS w, m.own AS o ORDER BY m.n").to_pylist()
    assert found == [{"w": own or [], "o": own} for own in values]


def test_a_named_index_of_numbers_in_sequence_is_a_column(tmp_path: Path) -> None:
    frame = pd.DataFrame({"id": [5, 6, 7, 8], "n": ["1", "2", "x", "4"]}).rename_axis("row")
    frame.to_parquet(tmp_path / "t.parquet", row_group_size=1)
    for source, rows in (
        (frame, [0, 1, 2, 3]),
        (tmp_path / "t.parquet", [0, 1, 2, 3]),
        (frame[1:], [1, 2, 3]),
        (frame[::2], [0, 2]),
    ):
        graph = gr.open()
        graph.load_nodes("T", source, key="id")
        found = graph.query("MATCH (t:T) RETURN t.row AS r ORDER BY t.id").to_pylist()
        assert [own["r"] for own in found] == rows
    graph = gr.open()
    rejects = tmp_path / "rejects.csv"
    report = graph.load_nodes("T", frame, key="row", types={"n": "int"}, bad_rows="reject", rejects=rejects)
    assert report.loaded == 3
    found = graph.query("MATCH (t:T) RETURN t.row AS r ORDER BY r").to_pylist()
    assert [own["r"] for own in found] == [0, 1, 3]


def test_parts_of_nested_tables_arrive_as_they_are() -> None:
    inner = pa.struct({"b": pa.bool_(), "l": pa.list_(pa.struct({"t": pa.timestamp("us"), "b": pa.bool_()}))})
    rows = [
        None
        if place % 5 == 3
        else {"s": None if place % 4 == 1 else {"b": place % 2 == 0, "l": [{"t": NEAR, "b": True}, None]}}
        for place in range(40)
    ]
    for kind, values in (
        (pa.struct({"s": inner}), rows),
        (pa.list_(pa.struct({"s": inner}), 2), [None if own is None else [own, None] for own in rows]),
    ):
        table = pa.table({"id": range(40), "v": pa.array(values, kind)})
        for source, expected in (
            (table.slice(7, 22), values[7:29]),
            (pa.concat_tables([table.slice(3, 9), table.slice(12)]), values[3:]),
            (pa.RecordBatchReader.from_batches(table.schema, table.to_batches(3)), values),
        ):
            graph = gr.open()
            graph.load_nodes("T", source, key="id")
            found = graph.query("MATCH (t:T) RETURN t.v AS v ORDER BY t.id").to_pylist()
            assert [row["v"] for row in found] == expected
