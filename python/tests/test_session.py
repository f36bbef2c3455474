"""The session API on one machine."""

from __future__ import annotations

import datetime
import json
import threading
import time
from typing import TYPE_CHECKING

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import flights
import grism_ray as gr

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def people() -> gr.Graph:
    """Three people in memory, with a meeting type."""
    graph = gr.open()
    graph.load_nodes("Person", pa.table({"name": ["Ann", "Bob", "Cid"], "age": [31, None, 19]}), key="name")
    graph.execute("CREATE HYPEREDGE TYPE MEETING (organizer Person, attendee Person*)")
    return graph


def test_tables_come_from_pyarrow_pandas_polars_and_files(people: gr.Graph, tmp_path: Path) -> None:
    people.load_nodes("City", pd.DataFrame({"name": ["Ulm"], "size": [126]}), key="name")
    people.load_nodes("Room", pl.DataFrame({"room": ["R1", "R2"]}), key="room")
    path = tmp_path / "pets.csv"
    path.write_text("name,age,born\nRex,3,2021-05-01\nTom,,2020-01-31\n")
    report = people.load_nodes("Pet", path, key="name")
    assert (report.rows, report.loaded) == (2, 2)
    rows = people.query("MATCH (p:Pet) RETURN p.name AS n, p.age AS a, p.born AS b ORDER BY n").to_pylist()
    assert rows == [
        {"n": "Rex", "a": 3, "b": datetime.date(2021, 5, 1)},
        {"n": "Tom", "a": None, "b": datetime.date(2020, 1, 31)},
    ]
    assert people.query("MATCH (r:Room) RETURN count(*) AS n").to_pylist() == [{"n": 2}]


def test_lists_of_keys_bind_a_role_many_times(people: gr.Graph) -> None:
    table = pa.table({"by": ["Ann", "Bob"], "who": [["Bob", "Cid"], []], "topic": ["Q1", "Q2"]})
    roles = {"organizer": ("Person", "by"), "attendee": ("Person", "who")}
    report = people.load_hyperedges("MEETING", table, roles=roles)
    assert report.loaded == 2
    rows = people.query("MATCH (m:MEETING)-[:attendee]->(p) RETURN m.topic AS t, p.name AS n ORDER BY n").to_pylist()
    assert rows == [{"t": "Q1", "n": "Bob"}, {"t": "Q1", "n": "Cid"}]


def test_a_result_has_every_form(people: gr.Graph) -> None:
    result = people.query("MATCH (p:Person) RETURN p.name AS name, p.age AS age ORDER BY name")
    assert result.columns == ["name", "age"]
    assert result.to_arrow().to_pydict() == {"name": ["Ann", "Bob", "Cid"], "age": [31, None, 19]}
    assert list(result.to_pandas()["name"]) == ["Ann", "Bob", "Cid"]
    assert result.to_polars().height == 3
    assert pa.RecordBatchReader.from_stream(result).read_all().num_rows == 3
    node = people.query("MATCH (p:Person {name: 'Ann'}) RETURN p").to_pylist()[0]["p"]
    assert isinstance(node, gr.Node)
    assert (node.labels, node.properties["age"]) == (["Person"], 31)


def test_parameters_have_every_plain_type(people: gr.Graph) -> None:
    given = {
        "i": 1,
        "f": 1.5,
        "s": "x",
        "b": True,
        "n": None,
        "l": [1, 2],
        "m": {"a": 1},
        "d": datetime.date(2013, 1, 1),
        "t": datetime.datetime(2013, 1, 1, 5, 30),
    }
    row = people.query("RETURN $i AS i, $f AS f, $s AS s, $b AS b, $n AS n, $l AS l, $m AS m, $d AS d, $t AS t", given)
    assert row.to_pylist() == [given]


def test_frames_make_the_answer_that_text_makes(flights_graph: gr.Graph) -> None:
    frame = (
        flights_graph.nodes("Airport")
        .filter(gr.col("faa").is_in(["EWR", "JFK"]))
        .expand("FLIGHT", from_role="origin", to_role="dest")
        .group_by("faa")
        .agg(n=gr.count())
        .order_by("n", descending=True)
        .limit(3)
    )
    text = (
        "MATCH (o:Airport)<-[:origin]-(f:FLIGHT)-[:dest]->(d) WHERE o.faa IN ['EWR', 'JFK'] "
        "RETURN d.faa AS faa, count(*) AS n ORDER BY n DESC LIMIT 3"
    )
    assert frame.collect().to_pylist() == flights_graph.query(text).to_pylist()


def test_answers_agree_with_duckdb(flights_graph: gr.Graph) -> None:
    sql = duckdb.connect()
    for name in ("flights", "airlines", "planes"):
        sql.execute(f"CREATE VIEW {name} AS SELECT * FROM '{flights.DATA / name}.parquet'")
    expected = {
        "top destination pairs": (
            "SELECT origin, dest, count(*) FROM flights GROUP BY ALL ORDER BY 3 DESC, 1, 2 LIMIT 5"
        ),
        "average delay by manufacturer": (
            "SELECT manufacturer, avg(arr_delay), count(*) FROM flights JOIN planes USING (tailnum) "
            "GROUP BY 1 ORDER BY 3 DESC, 1 LIMIT 5"
        ),
        "carriers that flew the same plane": (
            "WITH pairs AS (SELECT DISTINCT carrier, tailnum FROM flights WHERE tailnum IS NOT NULL) "
            "SELECT a.carrier, b.carrier, count(*) FROM pairs a JOIN pairs b USING (tailnum) "
            "WHERE a.carrier < b.carrier GROUP BY ALL ORDER BY 3 DESC, 1, 2"
        ),
    }
    for title, query in expected.items():
        rows = [tuple(row.values()) for row in flights_graph.query(flights.QUERIES[title], engine="local").to_pylist()]
        assert rows == [pytest.approx(row) for row in sql.execute(query).fetchall()], title


def test_three_bound_roles_are_one_operator(flights_graph: gr.Graph) -> None:
    plan = flights_graph.explain(
        "MATCH (f:FLIGHT)-[:carrier]->(a), (f)-[:origin]->(o), (f)-[:dest]->(d) RETURN a.name, o.name, d.name"
    )
    operators = [line.strip().split("(")[0] for line in plan.splitlines()]
    assert "HyperedgeScan(f:FLIGHT; roles carrier=a, origin=o, dest=d)" in plan
    assert not any("Join" in name or "RoleExpand" in name for name in operators)


def test_predicates_and_projections_reach_the_scan(flights_graph: gr.Graph) -> None:
    plan = flights_graph.explain("MATCH (f:FLIGHT) WHERE f.distance > 1000 AND f.month = 1 RETURN f.dep_delay")
    assert "HyperedgeScan(f:FLIGHT; read dep_delay; where distance > 1000 AND month = 1)" in plan


@pytest.mark.parametrize(
    ("query", "error", "message"),
    [
        ("MATCH (p:Person) RETURN q", gr.InvalidQueryError, "unknown variable `q`"),
        ("MATCH (p:Person) RETURN sise(p.name)", gr.InvalidQueryError, "did you mean `size`"),
        ("MATCH (p:Person) WHERE p.age = $x RETURN p", gr.InvalidQueryError, "parameter `\\$x` has no value"),
        ("MATCH (m:MEETING)-[:atendee]->(p) RETURN p", gr.InvalidQueryError, "did you mean `attendee`"),
        ("MATCH (p:Person", gr.InvalidQueryError, "line 1, column"),
        ("RETURN 1 - 'a'", gr.InvalidQueryError, "needs numbers, not String"),
        ("RETURN 1 / 0", gr.InvalidDataError, "division by zero"),
        ("LOAD CSV FROM 'a.csv' AS row RETURN row", gr.NotFoundError, "a.csv"),
    ],
)
def test_a_mistaken_query_says_what_is_wrong(people: gr.Graph, query: str, error: type, message: str) -> None:
    for engine in ("local", "staged"):
        with pytest.raises(error, match=message):
            people.query(query, engine=engine)


def test_unknown_names_give_warnings_with_the_nearest(people: gr.Graph) -> None:
    with pytest.warns(gr.GrismWarning, match="did you mean `Person`"):
        result = people.query("MATCH (p:Persn) RETURN p.age")
    assert "did you mean `Person`" in result.warnings[0]
    with pytest.warns(gr.GrismWarning, match="did you mean `age`"):
        result = people.query("MATCH (p:Person) RETURN p.agee AS a, count(*) AS n")
    assert "did you mean `age`" in result.warnings[0]
    assert result.to_pylist() == [{"a": None, "n": 3}]


def test_bad_loads_leave_the_graph_as_it_was(people: gr.Graph, tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text("name,age\n" + "".join(f"p{row},{row}\n" for row in range(1500)) + "last,many\n")
    with pytest.raises(gr.InvalidDataError, match=r"bad.csv, line 1502: column `age`: 'many' is no Int64"):
        people.load_nodes("Pet", path, key="name", types={"age": "int"})
    with pytest.raises(gr.NotFoundError, match="missing.csv"):
        people.load_nodes("Pet", tmp_path / "missing.csv", key="name")
    with pytest.raises(gr.InvalidDataError, match="no column `nam`; did you mean `name`"):
        people.load_nodes("Pet", pa.table({"name": ["a"]}), key="nam")
    with pytest.raises(gr.InvalidDataError, match="row 2: the key `name` = 'Ann' is taken already"):
        people.load_nodes("Person", pa.table({"name": ["Zoe", "Ann"], "age": [1, 2]}), key="name")
    table = pa.table({"by": ["Ann", "Zed"], "who": [["Bob"], ["Bob"]]})
    roles = {"organizer": ("Person", "by"), "attendee": ("Person", "who")}
    with pytest.raises(
        gr.InvalidDataError, match="1 rows bind members that do not exist.*row 2: organizer 'Zed' does not exist"
    ):
        people.load_hyperedges("MEETING", table, roles=roles)
    with pytest.raises(gr.InvalidDataError, match="bound once"):
        people.load_hyperedges("MEETING", pa.table({"by": [["Ann", "Bob"]]}), roles={"organizer": ("Person", "by")})
    with pytest.raises(gr.InvalidDataError, match="no role `organiser`; did you mean `organizer`"):
        people.load_hyperedges("MEETING", table, roles={"organiser": ("Person", "by")})
    counts = people.query("MATCH (p:Person) RETURN count(*) AS n").to_pylist()
    assert counts == [{"n": 3}]
    assert people.query("MATCH (m:MEETING) RETURN count(*) AS n").to_pylist() == [{"n": 0}]


def test_missing_members_are_rejected_or_created_as_asked(people: gr.Graph, tmp_path: Path) -> None:
    table = pa.table({"by": ["Ann", "Zed", "Zed"], "topic": ["a", "b", "c"]})
    roles = {"organizer": ("Person", "by")}
    rejects = tmp_path / "rejects.csv"
    report = people.load_hyperedges("MEETING", table, roles=roles, missing="reject", rejects=rejects)
    assert (report.loaded, report.rejected, report.missing) == (1, 2, {"organizer": 2})
    assert rejects.read_text().splitlines() == [
        "_file,_line,_column,_reason,by,topic",
        ",2,by,organizer 'Zed' does not exist,Zed,b",
        ",3,by,organizer 'Zed' does not exist,Zed,c",
    ]
    report = people.load_hyperedges("MEETING", table, roles=roles, missing="create")
    assert (report.loaded, report.created) == (3, {"Person": 1})


def test_a_directory_that_is_no_graph_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("not a graph")
    with pytest.raises(gr.InvalidDataError, match="is not a Grism graph"):
        gr.open(tmp_path)
    with pytest.raises(gr.NotFoundError, match="there is no graph"):
        gr.open(tmp_path / "nothing", create=False)
    path = tmp_path / "newer.grism"
    gr.open(path).close()
    form = path / "_grism" / "format.json"
    form.write_text(json.dumps({**json.loads(form.read_text()), "version": 99}))
    other = tmp_path / "link.grism"
    path.rename(other)
    with pytest.raises(gr.UnsupportedError, match="format version 99.*use a newer Grism"):
        gr.open(other)


def test_a_snapshot_is_opened_by_number(tmp_path: Path) -> None:
    with gr.open(tmp_path / "g.grism") as graph:
        first = graph.load_nodes("A", pa.table({"k": [1, 2]}), key="k").snapshot
        graph.load_nodes("A", pa.table({"k": [3], "extra": ["new"]}), key="k")
        query = "MATCH (a:A) RETURN a.k AS k ORDER BY k"
        assert [row["k"] for row in graph.query(query, snapshot=first).to_pylist()] == [1, 2]
        assert [row["k"] for row in graph.query(query).to_pylist()] == [1, 2, 3]
        rows = graph.query("MATCH (a:A) RETURN a.k AS k, a.extra AS e ORDER BY k").to_pylist()
        assert [row["e"] for row in rows] == [None, None, "new"]
        with pytest.raises(gr.NotFoundError, match="no snapshot 77"):
            graph.query(query, snapshot=77)


def test_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "g.grism"
    gr.open(path)
    failures: list[Exception] = []

    def write(writer: int) -> None:
        try:
            for number in range(5):
                gr.open(path).load_nodes("A", pa.table({"k": [writer * 100 + number]}), key="k")
        except gr.GrismError as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kinds = {type(failure) for failure in failures}
    assert kinds <= {gr.ConflictError}
    rows = gr.open(path).query("MATCH (a:A) RETURN count(*) AS n, count(DISTINCT a.k) AS d").to_pylist()[0]
    assert rows["n"] == rows["d"]
    assert rows["n"] >= 15 - 5 * len(failures)


def test_a_query_is_streamed_cancelled_and_timed_out(flights_graph: gr.Graph) -> None:
    endless = "MATCH (a:FLIGHT), (b:FLIGHT) WHERE a.distance + b.distance < 0 RETURN a.distance"
    start = time.perf_counter()
    with pytest.raises(gr.CancelledError, match="ran out of time"):
        flights_graph.query(endless, engine="local", timeout=0.5)
    assert time.perf_counter() - start < 5
    stream = flights_graph.stream("MATCH (f:FLIGHT) RETURN f.distance", engine="local")
    assert next(stream).num_rows > 0
    stream.close()


def test_a_memory_limit_is_an_error_and_not_the_end(flights_graph: gr.Graph) -> None:
    query = "MATCH (a:FLIGHT), (b:FLIGHT) WHERE a.distance = b.flight RETURN count(*)"
    with pytest.raises(gr.ResourceExhaustedError, match="memory limit"):
        flights_graph.query(query, engine="local", memory_limit=1 << 20)
    assert len(flights_graph.query("RETURN 1 AS one", engine="local")) == 1


def test_a_closed_graph_and_an_unknown_option_are_refused() -> None:
    graph = gr.open()
    with pytest.raises(gr.InvalidQueryError, match="no option `thread`"):
        graph.query("RETURN 1", thread=2)
    with pytest.raises(gr.InvalidQueryError, match="no engine `lokal`; did you mean `local`"):
        graph.query("RETURN 1", engine="lokal")
    graph.close()
    with pytest.raises(gr.InvalidQueryError, match="closed"):
        graph.query("RETURN 1")


def test_a_long_query_is_answered_or_refused_and_never_the_end_of_the_process(people: gr.Graph) -> None:
    chain = "RETURN 1" + " + 1" * 5000 + " AS x"
    assert people.query(chain, engine="local").to_pylist() == [{"x": 5001}]
    numbers = ", ".join("1" for _ in range(5000))
    assert people.query(f"RETURN size([{numbers}]) AS n", engine="local").to_pylist() == [{"n": 5000}]
    unions = " UNION ALL ".join("RETURN 1 AS x" for _ in range(500))
    assert len(people.query(unions, engine="local")) == 500
    chain = "RETURN 1" + " + 1" * 200_000 + " AS x"
    assert people.query(chain, engine="staged").to_pylist() == [{"x": 200_001}]
    deep = "MATCH (n:Person) WHERE " + "NOT (" * 80 + "n.age > 20" + ")" * 80 + " RETURN count(*) AS c"
    assert people.query(deep, engine="local").to_pylist() == [{"c": 1}]
    assert people.query(deep, engine="staged").to_pylist() == [{"c": 1}]


@pytest.mark.parametrize("engine", ["local", "staged"])
def test_a_union_of_entities_has_each_once_whatever_its_branches_know(engine: str) -> None:
    graph = gr.open()
    graph.execute("CREATE HYPEREDGE TYPE TALK (by Author)")
    graph.execute("CREATE (a:Author {name: 'Ann'}), (:TALK {title: 'Roles'})-[:by]->(a)")
    texts = ["MATCH (n:Author) RETURN n UNION MATCH (n) RETURN n", "MATCH (n) RETURN n UNION MATCH (n:TALK) RETURN n"]
    for text in texts:
        found = [row["n"] for row in graph.query(text, engine=engine).to_pylist()]
        assert sorted(type(entity).__name__ for entity in found) == ["Hyperedge", "Node"]
    written = graph.execute("CREATE (n:Editor) RETURN n UNION MATCH (n) RETURN n").to_pylist()
    assert sorted(type(row["n"]).__name__ for row in written) == ["Hyperedge", "Node", "Node"]
