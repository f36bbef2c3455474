"""Results: sequences of rows, frames of other libraries, entities as mappings, and what notebooks show."""

from __future__ import annotations

import copy
import json
import pickle
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import grism_ray as gr

if TYPE_CHECKING:
    from pathlib import Path

EXACT = 2**53 + 1


@pytest.fixture
def harbour() -> gr.Graph:
    """Two ships, a port without properties, and a voyage of both ships."""
    graph = gr.open()
    graph.execute("CREATE HYPEREDGE TYPE VOYAGE (flagship Ship, escort Ship*, port Port?)")
    graph.execute(
        "CREATE (a:Ship {name: 'Vasa', guns: 64}), (b:Ship {name: 'Kalmar'}), (p:Port), "
        "(v:VOYAGE {year: 1628})-[:flagship]->(a), (v)-[:escort]->(b), (v)-[:port]->(p), (a)-[:MET {n: 1}]->(b)"
    )
    return graph


def rows(graph: gr.Graph, text: str, engine: Any = "local") -> gr.Result:
    return graph.query(text, engine=engine)


def test_a_result_is_a_sequence_that_is_true(harbour: gr.Graph) -> None:
    result = rows(harbour, "MATCH (s:Ship) RETURN s.name AS name, s.guns AS guns ORDER BY name")
    assert list(result) == result.to_pylist() == result[:]
    assert result[0] == {"name": "Kalmar", "guns": None}
    assert result[-1]["name"] == "Vasa"
    assert result[::-1][0]["name"] == "Vasa"
    assert result["guns"] == [None, 64]
    assert bool(rows(harbour, "MATCH (n:Ship {name: 'none'}) RETURN n"))
    for missing, error in ((2, IndexError), ("gun", KeyError)):
        with pytest.raises(error):
            result[missing]
    assert "Kalmar" in repr(result)
    assert "2 rows" in repr(result)
    assert "nodes created: 1" in repr(harbour.execute("CREATE (:Buoy)"))


def test_many_rows_are_iterated_and_indexed_across_batches() -> None:
    result = rows(gr.open(), "UNWIND range(1, 20000) AS x RETURN x")
    assert [row["x"] for row in result] == list(range(1, 20_001))
    assert result[12_345]["x"] == 12_346
    assert [row["x"] for row in result[9_999:10_002]] == [10_000, 10_001, 10_002]


@pytest.mark.parametrize("engine", ["local", "staged"])
def test_entities_are_mappings_with_attributes_and_in_sets(harbour: gr.Graph, engine: str) -> None:
    ship, voyage = (
        rows(harbour, text, engine)[0]["x"]
        for text in ("MATCH (x:Ship {guns: 64}) RETURN x", "MATCH (x:VOYAGE) RETURN x")
    )
    assert (ship["name"], ship.name, ship.get("mast"), dict(ship)) == ("Vasa", "Vasa", None, ship.properties)
    assert (voyage.type, voyage.year, list(voyage)) == ("VOYAGE", 1628, ["year"])
    assert ship in {ship}
    assert voyage in {voyage: 1}
    for whole in (ship, voyage):
        assert pickle.loads(pickle.dumps(whole)) == copy.deepcopy(whole) == whole
        with pytest.raises(AttributeError, match="no property 'mast'"):
            whole.mast  # noqa: B018 - the attribute is what is tested
        with pytest.raises(AttributeError, match="cannot be changed"):
            whole.name = "Mary"
    port = rows(harbour, "MATCH (x:Port) RETURN x", engine)[0]["x"]
    assert port
    assert len(port) == 0
    path = rows(harbour, "MATCH x = (:Ship)-[:MET]->(:Ship) RETURN x", engine)[0]["x"]
    assert path["nodes"] == path.nodes
    assert len({path, copy.deepcopy(path)}) == 1
    assert [type(step).__name__ for step in path.relationships] == ["Hyperedge"]


@pytest.mark.parametrize("engine", ["local", "staged"])
def test_a_map_with_the_keys_of_an_entity_stays_a_map(harbour: gr.Graph, engine: str) -> None:
    own = "{id: 1, labels: ['x'], properties: {a: 1}}"
    assert rows(harbour, f"RETURN {own} AS m", engine)[0]["m"] == {"id": 1, "labels": ["x"], "properties": {"a": 1}}
    found = rows(harbour, f"MATCH (s:Ship) WITH s, {own} AS m RETURN m, s LIMIT 1", engine)[0]
    assert (type(found["m"]), type(found["s"])) == (dict, gr.Node)
    for text in (
        "MATCH (s:Ship) RETURN s AS x UNION MATCH (s:Port) RETURN s AS x",
        "MATCH (x:Ship) RETURN DISTINCT x ORDER BY x.name LIMIT 1",
    ):
        assert {type(row["x"]) for row in rows(harbour, text, engine)} == {gr.Node}
    assert isinstance(harbour.execute("CREATE (x:Buoy {n: 1}) RETURN x")[0]["x"], gr.Node)
    assert isinstance(harbour.nodes("Port").collect()[0]["n0"], gr.Node)


def test_frames_of_other_libraries_have_structs_intervals_and_zones(harbour: gr.Graph) -> None:
    result = rows(
        harbour,
        "MATCH (s:Ship) WITH collect(s) AS ships RETURN ships, duration('P1M2DT3.5S') AS long, "
        "duration('P1DT1S') AS short, datetime('2031-07-01T12:00[Europe/Stockholm]') AS zoned, "
        "localdatetime('9999-12-31T00:00') AS far, time('10:00+01:00') AS clock",
    )
    schema = result.to_arrow().schema
    item = schema.field("ships").type.value_type
    assert item.field("properties").type == pa.struct({"guns": pa.int64(), "name": pa.string()})
    assert schema.field("long").type == schema.field("short").type == pa.month_day_nano_interval()
    assert schema.field("zoned").type == pa.timestamp("ns", "Europe/Stockholm")
    assert schema.field("far").type == pa.timestamp("us")
    row = result.to_arrow().to_pylist()[0]
    assert row["long"] == pa.MonthDayNano([1, 2, 3_500_000_000])
    assert row["clock"] == "10:00+01:00"
    frame = result.to_pandas()
    assert str(frame["zoned"][0]) == "2031-07-01 12:00:00+02:00"
    assert frame["ships"][0][0]["properties"]["guns"] == 64
    polars = result.to_polars()
    assert polars["long"][0] == "P1M2DT3.5S"
    assert polars["short"][0].total_seconds() == 86_401
    assert polars["ships"][0][1]["properties"] == {"guns": None, "name": "Kalmar"}


def test_integers_beside_floats_are_floats_where_all_are_exact(tmp_path: Path) -> None:
    graph = gr.open()
    graph.execute("CREATE (:P {id: 1, x: 1, y: 9007199254740993}), (:P {id: 2, x: 2.5, y: 0.5}), (:P {id: 3})")
    result = rows(graph, "MATCH (p:P) RETURN p.x AS x, p.y AS y, [p.x, 1.5] AS l, p AS p ORDER BY p.id")
    assert result["x"] == [1, 2.5, None]
    table = result.to_arrow()
    assert table["x"].to_pylist() == result.to_polars()["x"].to_list() == [1.0, 2.5, None]
    assert result.to_pandas()["x"].tolist()[:2] == [1.0, 2.5]
    assert table["l"].to_pylist() == [[1.0, 1.5], [2.5, 1.5], [None, 1.5]]
    assert table["y"].to_pylist() == ["9007199254740993", "0.5", None]
    graph.execute(f"COPY P TO '{tmp_path}/p.parquet'")
    assert pq.read_table(tmp_path / "p.parquet")["x"].to_pylist() == [1.0, 2.5, None]
    graph.execute(f"COPY (MATCH (p:P) RETURN p.x AS x ORDER BY p.id) TO '{tmp_path}/p.csv'")
    assert (tmp_path / "p.csv").read_text().split() == ["x", "1", "2.5"]


def test_json_files_have_values_of_any_type_as_they_are(tmp_path: Path) -> None:
    graph = gr.open()
    values = [1, 2.5, 2.0, "a\n", True, [1, "b", None], {"k": {"l": []}}, {}]
    graph.execute(f"COPY (UNWIND $values AS x RETURN x, [x] AS l) TO '{tmp_path}/a.jsonl'", {"values": values})
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert [line["x"] for line in lines] == values
    assert [type(line["x"]) for line in lines] == [type(value) for value in values]
    assert [line["l"] for line in lines] == [[value] for value in values]
    graph.execute("CREATE (:P {id: 1, x: 1}), (:P {id: 2, x: 2.5})")
    graph.execute(f"COPY P TO '{tmp_path}/p.jsonl'")
    copy = gr.open()
    copy.load_nodes("P", tmp_path / "p.jsonl", "id")
    assert rows(copy, "MATCH (p:P) RETURN p.x AS x ORDER BY p.id")["x"] == [1, 2.5]


def test_frames_of_pandas_keep_times_at_every_depth(harbour: gr.Graph) -> None:
    harbour.execute(
        "MATCH (s:Ship {name: 'Vasa'}) SET s.sunk = datetime('1961-04-24T16:00[Europe/Stockholm]'), "
        "s.day = date('1961-04-24')"
    )
    text = (
        "MATCH (s:Ship {name: 'Vasa'}) RETURN s, [s] AS l, {t: s.sunk, d: duration('P1M')} AS m, "
        "date('+12000-01-01') AS far, localdatetime('+12000-01-01T00:00') AS late, duration('P1M') AS d, "
        "[date('+12000-01-01')] AS days, datetime('+12000-01-01T00:00Z') AS zoned, "
        "localtime('10:00:00.000000007') AS fine"
    )
    result = rows(harbour, text)
    sunk = result[0]["s"].sunk
    for backend in (None, "numpy_nullable"):
        frame = result.to_pandas(dtype_backend=backend)
        for node in (frame["s"][0], frame["l"][0][0]):
            assert node["properties"]["sunk"] == sunk == frame["m"][0]["t"]
            assert node["properties"]["sunk"].tzinfo.key == "Europe/Stockholm"
            assert node["properties"]["day"] == result[0]["s"].day
        assert frame["m"][0]["d"] == gr.Duration(months=1)
    for backend in (None, "numpy_nullable", "pyarrow"):
        frame = result.to_pandas(dtype_backend=backend)
        assert repr(frame)
        assert list(frame.dtypes)
        assert frame["far"][0] == result[0]["far"]
        assert frame["days"][0][0] == result[0]["far"]
        assert frame["zoned"][0] == "+12000-01-01T00:00Z"
        assert frame["fine"][0] == result[0]["fine"]
        assert str(frame["late"][0]).startswith(("12000-01-01", "+12000-01-01"))


def test_integers_stay_whole_beside_null_at_every_depth() -> None:
    text = f"UNWIND [{EXACT}, null] AS x RETURN x, [x] AS l, {{a: x}} AS m"
    result = rows(gr.open(), text)
    for backend in (None, "numpy_nullable", "pyarrow"):
        frame = result.to_pandas(dtype_backend=backend)
        assert int(frame["x"][0]) == EXACT
        assert pd.isna(frame["x"][1])
        assert int(frame["l"][0][0]) == EXACT
        assert int(frame["m"][0]["a"]) == EXACT
    assert rows(gr.open(), "RETURN 1 AS x").to_pandas()["x"].dtype == "int64"
    with pytest.raises(ValueError, match="numpy_nullable or pyarrow"):
        result.to_pandas(dtype_backend="numpy")  # type: ignore[arg-type]


def test_bare_nodes_and_empty_maps_are_written_to_every_form(harbour: gr.Graph, tmp_path: Path) -> None:
    text = "MATCH (p:Port) RETURN p, properties(p) AS m, [p] AS l, {} AS e"
    assert rows(harbour, text).to_arrow().schema.field("e").type == pa.struct([])
    for ending in ("parquet", "arrow", "jsonl"):
        harbour.execute(f"COPY ({text}) TO '{tmp_path}/out.{ending}'")
    written = pq.read_table(tmp_path / "out.parquet").to_pylist()[0]
    assert (written["e"], written["m"], written["p"]["properties"]) == ("{}", "{}", "{}")
    harbour.execute(f"COPY (RETURN duration('P1M') AS d) TO '{tmp_path}/d.parquet'")
    assert pq.read_table(tmp_path / "d.parquet").to_pylist() == [{"d": "P1M"}]


def test_files_of_text_have_zones_and_durations_as_cypher_writes_them(tmp_path: Path) -> None:
    text = "RETURN datetime('2031-07-01T12:00[Europe/Stockholm]') AS z, [duration('P1DT2S')] AS d"
    graph = gr.open()
    graph.execute(f"COPY ({text}) TO '{tmp_path}/a.jsonl'")
    assert json.loads((tmp_path / "a.jsonl").read_text()) == {
        "z": "2031-07-01T12:00+02:00[Europe/Stockholm]",
        "d": ["P1DT2S"],
    }
    text = "RETURN datetime('2031-07-01T12:00[Europe/Stockholm]') AS z, duration('P1DT2S') AS d"
    graph.execute(f"COPY ({text}) TO '{tmp_path}/a.csv'")
    assert "2031-07-01T12:00+02:00[Europe/Stockholm],P1DT2S" in (tmp_path / "a.csv").read_text()


def test_notebooks_show_tables_and_pictures(harbour: gr.Graph) -> None:
    harbour.execute("MATCH (s:Ship {guns: 64}) SET s.name = '<Vasa & co>'")
    plain = rows(harbour, "MATCH (s:Ship) RETURN s.name AS name")._repr_html_()
    assert "&lt;Vasa &amp; co&gt;" in plain
    assert "<svg" not in plain
    hull = rows(harbour, "MATCH (s:Ship), (v:VOYAGE)-[i]->(m) RETURN s, m, i, [v] AS v")._repr_html_()
    assert "stroke-linejoin" in hull
    assert "<Vasa" not in hull
    edge = rows(harbour, "MATCH p = (:Ship)-[:MET]->(:Ship) RETURN p")._repr_html_()
    assert ">MET<" in edge
    assert edge == rows(harbour, "MATCH p = (:Ship)-[:MET]->(:Ship) RETURN p")._repr_html_()
    harbour.execute("CREATE HYPEREDGE TYPE RECORD (about VOYAGE)")
    harbour.execute("MATCH (v:VOYAGE) CREATE (:RECORD)-[:about]->(v)")
    squares = rows(harbour, "MATCH p = (:RECORD)-[:about]->(:VOYAGE)-[:escort]->(:Ship) RETURN p")._repr_html_()
    assert "<rect" in squares
    assert ">about<" in squares
    for text in (
        "MATCH (a)-[r:MET]->(b) RETURN a, r, b",
        "MATCH ()-[r:MET]->() RETURN r",
        "MATCH ()-[r:MET]->() RETURN collect(r) AS l",
    ):
        assert rows(harbour, text)._repr_html_().count(">MET<") == 1, text
    for text in ("MATCH (v:VOYAGE) RETURN collect(v) AS l", "MATCH (v:VOYAGE) RETURN v"):
        shown = rows(harbour, text)._repr_html_()
        assert "VOYAGE: flagship, escort, port" in shown, text
        assert ">Kalmar<" in shown, text
    harbour.execute("UNWIND range(1, 50) AS n CREATE (:Ship {name: 'x' + n})-[:MET]->(:Ship)")
    assert "<svg" not in rows(harbour, "MATCH p = (:Ship)-[:MET]->(:Ship) RETURN collect(p) AS p")._repr_html_()
