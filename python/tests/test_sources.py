"""Where rows come from: text files of any form, the web, databases, tables that are only read; and dry runs."""

from __future__ import annotations

import bz2
import gzip
import http.server
import io
import lzma
import os
import pwd
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest

import grism_ray as gr
import shared

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMAND = shared.ROOT / "target" / "debug" / "grism"


def rows(graph: gr.Graph, label: str = "T", order: str = "id") -> list[dict[str, Any]]:
    """The properties of the nodes, in order."""
    found = graph.query(f"MATCH (t:{label}) RETURN properties(t) AS p ORDER BY t.`{order}`").to_pylist()
    return [row["p"] for row in found]


def loaded(path: Path, key: str = "id", **settings: Any) -> tuple[list[dict[str, Any]], gr.LoadReport]:
    """The nodes that a file becomes, and the report."""
    graph = gr.open()
    report = graph.load_nodes("T", path, key=key, **settings)
    return rows(graph, order=key), report


ANN_AND_BO = [{"id": 1, "name": "Ann"}, {"id": 2, "name": "Bo"}]


@pytest.mark.parametrize(
    ("name", "content", "how"),
    [
        ("a.csv", b"id,name\n1,Ann\n2,Bo\n", "CSV in UTF-8, ',' between values and '\"' around them, with a header"),
        ("a.csv", b"id;name\n1;Ann\n2;Bo\n", "';' between"),
        ("a.txt", b"id\tname\r\n1\tAnn\r\n2\tBo\r\n", "a tab between"),
        ("a.tsv", b"id\tname\n1\tAnn\n2\tBo", "a tab between"),
        ("a.csv", b"id|name\n1|Ann\n2|Bo\n", "'|' between"),
        ("a.csv", b"id;name\n1;'Ann'\n2;'Bo'\n", "''' around"),
        ("a.csv", b"\xef\xbb\xbfid;name\n1;Ann\n2;Bo\n", "CSV in UTF-8, ';'"),
        ("a.csv", "id;name\n1;Ann\n2;Bo\n".encode("utf-16"), "CSV in UTF-16LE, ';'"),
        ("a.csv", "id,name\n1,Ann\n2,Bo\n".encode("utf-16-be"), "CSV in UTF-16BE, ','"),
        ("a.json", '[{"id": 1, "name": "Ann"},\n {"id": 2, "name": "Bo"}]'.encode("utf-16"), "JSON in UTF-16LE"),
        ("a.csv.gz", gzip.compress(b"id;name\n1;Ann\n2;Bo\n"), "';' between"),
        ("a.csv", gzip.compress(b"id,name\n1,Ann\n2,Bo\n"), "',' between"),
        ("a", gzip.compress(b'{"id": 1, "name": "Ann"}\n{"id": 2, "name": "Bo"}'), "JSON in UTF-8, one object a line"),
        ("a", b"id,name\n1,Ann\n2,Bo\n", "',' between"),
    ],
)
def test_text_files_are_read_as_they_are_made_and_it_is_shown(
    tmp_path: Path, name: str, content: bytes, how: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    found, report = loaded(path)
    assert found == ANN_AND_BO
    (line,) = report.read_as
    assert line.startswith(f"{path}: ")
    assert how in line
    assert report.warnings == []
    assert f"read: {line}" in str(report)


def test_what_is_said_is_not_told(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id;name\n1;Ann\n")
    assert loaded(path, delimiter=",", key="id;name")[0] == [{"id;name": "1;Ann"}]
    path.write_text("1,2\n3,4\n")
    assert loaded(path, key="column_1")[0] == [{"column_1": 1, "column_2": 2}, {"column_1": 3, "column_2": 4}]
    path.write_text("Ann,1\nBo,2\n")
    assert loaded(path, key="column_2", types={"column_1": "string"})[0][0] == {"column_1": "Ann", "column_2": 1}
    path.write_text("1,2\n3,4\n")
    assert loaded(path, key="1")[0] == [{"1": 3, "2": 4}]
    assert loaded(path, header=True, key="2")[0] == [{"1": 3, "2": 4}]
    path.write_text("id,text\n1,a;b\n2,\"c;d\"\n3,'e'\n")
    assert [row["text"] for row in loaded(path)[0]] == ["a;b", "c;d", "'e'"]


def test_bytes_that_are_no_utf_8_are_guessed_about_aloud(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("id;name\n1;José\n2;Größe €\n".encode("cp1252"))
    found, report = loaded(path)
    assert [row["name"] for row in found] == ["José", "Größe €"]
    assert "windows-1252" in report.read_as[0]
    (warning,) = report.warnings
    assert "line 2 holds '1;José'" in warning
    found, report = loaded(path, encoding="latin1")
    assert (found[0]["name"], report.warnings) == ("José", [])
    path.write_bytes("id,name\n1,Łódź\n".encode("cp1250"))
    assert loaded(path, encoding="windows-1250")[0] == [{"id": 1, "name": "Łódź"}]
    # Broken bytes in UTF-8 stay broken, and where rows are rejected, so do they.
    path.write_bytes(b"id,name\n1,Gr\xc3\xb6\xdfe\n")
    with pytest.raises(gr.InvalidDataError, match="line 2: column `name`: .* is not UTF-8"):
        loaded(path)
    path.write_bytes(b"id,name\n1,Jos\xe9\n2,b\n")
    report = loaded(path, bad_rows="reject", rejects=tmp_path / "r.csv")[1]
    assert (report.rejected, report.loaded) == (1, 1)
    assert b",1,Jos\xe9\n" in (tmp_path / "r.csv").read_bytes()
    with pytest.raises(gr.InvalidDataError, match="line 2: this is no UTF-8; name the encoding"):
        gr.open().query(f"LOAD FROM '{path}' AS row RETURN row")
    found = gr.open().query(f"LOAD FROM '{path}' (ENCODING 'latin1') AS row RETURN row.name AS n").to_pylist()
    assert found[0] == {"n": "José"}
    with pytest.raises(gr.UnsupportedError, match="the encoding `klingon`"):
        loaded(path, encoding="klingon")


def test_rejected_rows_of_another_encoding_are_utf_8_with_their_lines(tmp_path: Path) -> None:
    path, rejects = tmp_path / "a.csv", tmp_path / "r.csv"
    path.write_text('id;name\n1;"x\ny"\nzwei;Größe\n', encoding="utf-16")
    graph = gr.open()
    graph.load_nodes("T", path, key="id", types={"id": "int"}, bad_rows="reject", rejects=rejects)
    line = rejects.read_text(encoding="utf-8").splitlines()[1]
    assert line.startswith(f"{path};4;id;")
    assert line.endswith(";zwei;Größe")


def test_words_for_null_are_named_and_only_null_where_one_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,age\n1,30\n2,NA\n3,-\n4,41\n")
    found, report = loaded(path)
    assert [row["age"] for row in found] == ["30", "NA", "-", "41"]
    assert "name 'NA', '-' as null" in report.warnings[0]
    found, report = loaded(path, null=["NA", "-"])
    assert [row.get("age") for row in found] == [30, None, None, 41]
    assert report.warnings == []
    graph = gr.open()
    graph.execute(f"COPY T FROM '{path}' (KEY id, NULL 'NA', NULL '-')")
    assert [row.get("age") for row in rows(graph)] == [30, None, None, 41]


def test_dates_are_read_in_the_form_that_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,born,seen\n1,03.02.1990,03.02.2024 14:05\n2,,31.12.2024 00:00\n")
    settings = {"date_format": "%d.%m.%Y", "timestamp_format": "%d.%m.%Y %H:%M"}
    expected = {"id": 1, "born": date(1990, 2, 3), "seen": datetime(2024, 2, 3, 14, 5)}
    assert loaded(path, **settings)[0][0] == expected
    types = {"born": "date %d.%m.%Y", "seen": "localdatetime %d.%m.%Y %H:%M"}
    assert loaded(path, types=types)[0][0] == expected
    graph = gr.open()
    graph.execute(f"COPY T FROM '{path}' (KEY id, TYPE born 'date %d.%m.%Y', TIMESTAMP_FORMAT '%d.%m.%Y %H:%M')")
    assert rows(graph)[0] == expected
    path.write_text("id,born\n1,03.02.1990\n2,1990-02-03\n")
    with pytest.raises(
        gr.InvalidDataError, match="line 3: column `born`: '1990-02-03' is no Date in the form %d.%m.%Y"
    ):
        loaded(path, types={"born": "date %d.%m.%Y"})
    # In a frame and in JSON, too.
    frame = pl.DataFrame({"id": [1], "born": ["3/2/1990"]})
    graph = gr.open()
    graph.load_nodes("T", frame, key="id", types={"born": "date %d/%m/%Y"})
    assert rows(graph) == [{"id": 1, "born": date(1990, 2, 3)}]
    lines = tmp_path / "a.jsonl"
    lines.write_text('{"id": 1, "born": "3/2/1990"}\n{"id": 2, "born": null}\n')
    assert loaded(lines, types={"born": "date"}, date_format="%d/%m/%Y")[0][0] == {"id": 1, "born": date(1990, 2, 3)}
    with pytest.raises(gr.InvalidQueryError, match="no form of dates"):
        loaded(path, date_format="%Q")


def bytes_of(write: Any) -> bytes:
    buffer = io.BytesIO()
    write(buffer)
    return buffer.getvalue()


TABLE = pa.table({"id": [1, 2], "name": ["Ann", "Bo"]})


def test_files_of_another_form_than_their_name_says(tmp_path: Path) -> None:
    parquet = bytes_of(lambda file: pq.write_table(TABLE, file))
    unnamed = tmp_path / "data"
    unnamed.write_bytes(parquet)
    assert loaded(unnamed)[0] == ANN_AND_BO
    with pa.ipc.new_stream(unnamed, TABLE.schema) as writer:
        writer.write_table(TABLE)
    assert loaded(unnamed)[0] == ANN_AND_BO
    sheet = bytes_of(lambda file: zipfile.ZipFile(file, "w").writestr("xl/workbook.xml", "x"))
    for name, content, message in [
        ("a.csv", parquet, "its name says CSV, and by its first bytes it is a file of Parquet: name the format"),
        ("a.parquet", b"id,name\n", "its name says Parquet, and its first bytes do not"),
        ("a.csv.gz", b"id\n1\n", "its name says gzip, and its first bytes do not"),
        ("a.csv", sheet, "format `xlsx` by its first bytes.*pandas.read_excel"),
        ("a.xlsx", sheet, "format `xlsx`.*pandas.read_excel"),
        ("a.xls", b"", "format `xls`.*pandas.read_excel"),
        ("a.ods", b"", "format `ods`.*pandas.read_excel"),
        ("a.csv.bz2", bz2.compress(b"id\n1\n"), "format `bz2`.*unpack it"),
        ("a.csv.xz", lzma.compress(b"id\n1\n"), "format `xz`.*unpack it"),
        ("a.zip", b"", "format `zip`.*unpack it"),
        ("a.avro", b"Obj\x01", "format `avro`.*pyarrow"),
        ("a.orc", b"ORC\x00", "format `orc`.*pyarrow"),
    ]:
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises((gr.InvalidDataError, gr.UnsupportedError), match=message):
            loaded(path)
    # Texts may begin with the same letters.
    for name in ["PAR1", "ARROW1", "ORC", "BZh91AY", "abcdefg,DUCK"]:
        path = tmp_path / "text.csv"
        path.write_text(f"{name}\tid\nx\t1\n")
        assert loaded(path)[1].loaded == 1
    right = tmp_path / "right.csv"
    right.write_bytes(parquet)
    assert loaded(right, format="parquet")[0] == ANN_AND_BO


class Site(http.server.BaseHTTPRequestHandler):
    """A few files, and answers that are none."""

    files: dict[str, bytes]
    authorizations: list[str | None]

    def do_GET(self) -> None:
        """Answers."""
        self.authorizations.append(self.headers.get("authorization"))
        path = self.path.partition("?")[0]
        if path == "/moved":
            self.send_response(302)
            self.send_header("location", "/people.csv")
            self.end_headers()
        elif path == "/broken":
            self.send_error(503)
        elif path in self.files:
            self.send_response(200)
            self.send_header("content-length", str(len(self.files[path]) + (9 if path == "/cut.csv" else 0)))
            self.end_headers()
            self.wfile.write(self.files[path])
        else:
            self.send_error(404)

    def log_message(self, *_: Any) -> None:
        """Nobody reads it."""


@pytest.fixture
def site() -> Iterator[str]:
    csv = b"id;name\n1;Ann\n2;Bo\n"
    Site.files = {"/people.csv": csv, "/export": csv, "/cut.csv": csv}
    Site.files["/p.parquet"] = bytes_of(lambda file: pq.write_table(TABLE, file))
    Site.authorizations = []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_files_are_read_from_the_web(site: str) -> None:
    for path in ["people.csv", "p.parquet", "moved", "export?format=csv&key=secret"]:
        graph = gr.open()
        graph.load_nodes("T", f"http://{site}/{path}", key="id")
        assert rows(graph) == ANN_AND_BO, path
    graph = gr.open()
    report = graph.load_nodes("T", f"http://ann:secret@{site}/people.csv?token=secret", key="id")
    assert Site.authorizations[-1] == "Basic YW5uOnNlY3JldA=="
    assert report.read_as[0].startswith(f"http://{site}/people.csv: CSV")
    found = graph.query(f"LOAD FROM 'http://{site}/people.csv' AS row RETURN row.name AS n ORDER BY n").to_pylist()
    assert found == [{"n": "Ann"}, {"n": "Bo"}]
    found = graph.query(f"LOAD CSV FROM 'http://{site}/people.csv' AS row RETURN count(*) AS n").to_pylist()
    assert found == [{"n": 3}]
    for path, error, message in [
        ("none.csv", gr.NotFoundError, f"there is no http://{site}/none.csv"),
        ("broken", gr.UnavailableError, "the server answers 503"),
        ("cut.csv", gr.UnavailableError, f"http://{site}/cut.csv: "),
    ]:
        with pytest.raises(error, match=message) as raised:
            graph.load_nodes("U", f"http://ann:secret@{site}/{path}", key="id")
        assert "secret" not in str(raised.value)
    with pytest.raises(gr.UnavailableError, match="http://127.0.0.1:1/a.csv: "):
        graph.load_nodes("U", "http://127.0.0.1:1/a.csv", key="id")


@pytest.fixture
def databases(tmp_path: Path) -> list[str]:
    """A database of SQLite and one of DuckDB, with a table each."""
    small, columns = tmp_path / "small.db", tmp_path / "c.duckdb"
    with sqlite3.connect(small) as connection:
        connection.execute("CREATE TABLE t (id INTEGER, name TEXT)")
        connection.executemany("INSERT INTO t VALUES (?, ?)", [(1, "Ann"), (2, "Bo")])
    connection.close()
    with duckdb.connect(str(columns)) as analytic:
        analytic.execute("CREATE TABLE t AS SELECT * FROM (VALUES (1, 'Ann'), (2, 'Bo')) v(id, name)")
    return [f"sqlite:///{small}", f"duckdb:///{columns}"]


def test_databases_are_read_by_a_query(databases: list[str]) -> None:
    for uri in databases:
        source = gr.sql(uri, "SELECT id, name FROM t ORDER BY id")
        graph = gr.open()
        assert graph.load_nodes("T", source, key="id").loaded == 2
        assert rows(graph) == ANN_AND_BO
        read = "LOAD FROM $people AS row RETURN row.id AS id, row.name AS name ORDER BY id"
        for engine in ["local", "staged"]:
            assert graph.query(read, {"people": source}, engine=engine).to_pylist() == ANN_AND_BO
        with pytest.raises(gr.InvalidQueryError, match="nothing"):
            graph.load_nodes("U", gr.sql(uri, "SELECT * FROM nothing"), key="id")
        with pytest.raises(gr.InvalidQueryError, match="nothing"):
            graph.query(read, {"people": gr.sql(uri, "SELECT * FROM nothing")})
    with pytest.raises(gr.NotFoundError, match="there is no database"):
        gr.sql("sqlite:///nowhere.db", "SELECT 1")
    with pytest.raises(gr.UnsupportedError, match="the database `oracle`"):
        gr.sql("oracle://host/db", "SELECT 1")
    server = gr.sql("postgresql://ann:secret@127.0.0.1:1/db", "SELECT 1 AS id")
    with pytest.raises(gr.UnavailableError, match="postgresql://127.0.0.1:1/db: ") as raised:
        gr.open().load_nodes("T", server, key="id")
    assert "secret" not in str(raised.value) + repr(server)


@pytest.fixture
def server() -> Iterator[str]:
    """A PostgreSQL server, where one is installed; it does not run as root."""
    if shutil.which("initdb") is None or shutil.which("pg_ctl") is None:
        pytest.skip("PostgreSQL is not installed")
    place = Path(tempfile.mkdtemp(prefix="grism-pg"))
    user = None
    if os.getuid() == 0:
        user = next((own.pw_name for own in pwd.getpwall() if own.pw_name == "postgres"), None)
        if user is None:
            pytest.skip("PostgreSQL does not run as root")
        shutil.chown(place, user)

    def run(*command: str) -> None:
        subprocess.run(command, check=True, user=user, cwd=place, stdout=subprocess.DEVNULL, timeout=60)

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    run("initdb", "-D", "data", "-A", "trust", "-U", "ann", "--no-sync")
    options = f"-p {port} -k {place} -c listen_addresses=127.0.0.1 -c fsync=off"
    run("pg_ctl", "-D", "data", "-l", "log", "-w", "-o", options, "start")
    try:
        yield f"postgresql://ann@127.0.0.1:{port}/postgres"
    finally:
        run("pg_ctl", "-D", "data", "-m", "immediate", "stop")
        shutil.rmtree(place)


def test_postgresql_is_read_by_a_query(server: str) -> None:
    text = """SELECT * FROM (VALUES (1, 'Ann', date '1990-02-03', ARRAY['a', 'b'], '{"a": 1}'::jsonb),
        (2, NULL, NULL, NULL, NULL)) t(id, name, born, tags, more)"""
    source = gr.sql(server, text)
    graph = gr.open()
    graph.load_nodes("T", source, key="id")
    expected = {"id": 1, "name": "Ann", "born": date(1990, 2, 3), "tags": ["a", "b"], "more": '{"a": 1}'}
    assert rows(graph) == [expected, {"id": 2}]
    assert graph.query("LOAD FROM $t AS row RETURN row ORDER BY row.id LIMIT 1", {"t": source}).to_pylist() == [
        {"row": expected}
    ]
    with pytest.raises(gr.InvalidQueryError, match='relation "nothing" does not exist'):
        graph.load_nodes("U", gr.sql(server, "SELECT * FROM nothing"), key="id")


def test_a_driver_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch, databases: list[str]) -> None:
    monkeypatch.setitem(sys.modules, "adbc_driver_sqlite.dbapi", None)
    with pytest.raises(gr.UnsupportedError, match="pip install 'grism-ray\\[sqlite\\]'"):
        gr.sql(databases[0], "SELECT 1")


FRAME = pa.table(
    {
        "id": [1, 2, 3],
        "name": ["Ann", None, "Cy"],
        "tags": [["a", "b"], [], None],
        "at": [{"x": 1}, {"x": None}, None],
        "born": pa.array([date(1990, 2, 3), None, date(2000, 1, 1)]),
    }
)


def tables_of(table: pa.Table) -> list[Any]:
    connection = duckdb.connect()
    connection.register("t", table)
    return [table, table.to_batches()[0], pl.from_arrow(table), connection.sql("SELECT * FROM t")]


@pytest.mark.parametrize("engine", ["local", "staged"])
@pytest.mark.parametrize("place", ["memory", "disk"])
def test_rows_of_tables_are_read_without_loading_them(tmp_path: Path, place: str, engine: gr.options.Engine) -> None:
    graph = gr.open() if place == "memory" else gr.open(tmp_path / "g.grism")
    graph.execute("CREATE (:P {id: 1, age: 30}), (:P {id: 3, age: 50})")
    for table in tables_of(FRAME):
        found = graph.query("LOAD FROM $t AS row RETURN row ORDER BY row.id", {"t": table}, engine=engine).to_pylist()
        assert found == [{"row": row} for row in FRAME.to_pylist()]
        joined = "LOAD FROM $t AS row MATCH (p:P {id: row.id}) RETURN row.name AS n, p.age AS a ORDER BY a"
        assert graph.query(joined, {"t": table}, engine=engine).to_pylist() == [
            {"n": "Ann", "a": 30},
            {"n": "Cy", "a": 50},
        ]
        graph.register("people", table)
        count = "UNWIND [1, 2] AS x LOAD FROM 'people' AS row WITH x, row WHERE row.id > x RETURN x, count(*) AS n"
        assert graph.query(f"{count} ORDER BY x", engine=engine).to_pylist() == [{"x": 1, "n": 2}, {"x": 2, "n": 1}]
    assert graph.query("LOAD FROM 'people' AS row RETURN count(row.tags) AS n", engine=engine).to_pylist() == [{"n": 2}]
    graph.unregister("people")
    with pytest.raises(gr.NotFoundError, match="no table is registered as 'people'"):
        graph.query("LOAD FROM 'people' AS row RETURN row", engine=engine)
    with pytest.raises(gr.NotFoundError, match="no table is registered as `people`"):
        graph.unregister("people")


def test_rows_of_tables_are_written(tmp_path: Path) -> None:
    graph = gr.open(tmp_path / "g.grism")
    params = {"t": pd.DataFrame({"id": [1, 2, 2], "name": ["Ann", "Bo", "Bo"]})}
    graph.execute("LOAD FROM $t AS row MERGE (p:P {id: row.id}) SET p.name = row.name", params)
    assert rows(graph, "P") == ANN_AND_BO
    with graph.transaction() as tx:
        tx.graph.execute("LOAD FROM $t AS row MATCH (p:P {id: row.id}) CREATE (p)-[:SAW]->(:Q {of: row.id})", params)
    graph.execute("LOAD FROM $t AS row CALL (row) { CREATE (:R {id: row.id}) } IN TRANSACTIONS OF 2 ROWS", params)
    counts = "RETURN COUNT { (:P)-[:SAW]->(:Q) } AS q, COUNT { (:R) } AS r"
    assert graph.query(counts).to_pylist() == [{"q": 3, "r": 3}]


def test_a_stream_is_read_once_and_other_values_are_refused() -> None:
    graph = gr.open()
    text = "LOAD FROM $t AS row RETURN count(*) AS n"
    assert graph.query(text, {"t": FRAME.to_reader()}).to_pylist() == [{"n": 3}]
    with pytest.raises(gr.InvalidQueryError, match="\\$t: this is a stream.*read before"):
        graph.query(f"UNWIND [1, 2] AS x {text}", {"t": FRAME.to_reader()})
    with pytest.raises(gr.InvalidQueryError, match="UNWIND reads from a list"):
        graph.query(text, {"t": [{"a": 1}]})
    with pytest.raises(gr.UnsupportedError, match="LOAD FROM \\$t AS row reads its rows, or load the table"):
        graph.query("RETURN $t AS t", {"t": FRAME})
    with pytest.raises(gr.UnsupportedError, match="Decimal.* is held by no type"):
        graph.query(text, {"t": pa.table({"a": pa.array([1], pa.decimal128(5, 2))})})
    with pytest.raises(gr.InvalidDataError, match="two columns are called `a`"):
        graph.query(text, {"t": pa.table([[1], [2]], names=["a", "a"])})
    graph.register("t", FRAME)
    with pytest.raises(gr.UnsupportedError, match="LOAD FROM 't' on Ray"):
        graph._handle.plan_distributed("LOAD FROM 't' AS row RETURN row", None, {})
    # Names are text like any other, and an empty table has no rows.
    graph.register("a `b`/c.csv", FRAME.slice(0, 0))
    assert graph.query("LOAD FROM $n AS row RETURN row", {"n": "a `b`/c.csv"}).to_pylist() == []


def test_files_of_every_form_are_read_as_rows(tmp_path: Path) -> None:
    graph = gr.open()
    pq.write_table(TABLE, tmp_path / "a.parquet")
    (tmp_path / "a.jsonl").write_text('{"id": 1, "name": "Ann"}\n{"id": 2, "name": "Bo"}\n')
    # A type that the first rows do not tell.
    late = "".join(f"{number},x\n" for number in range(2_000))
    (tmp_path / "late.csv").write_text(f"id,name\n{late}x7,y\n")
    for name in ["a.parquet", "a.jsonl"]:
        text = f"LOAD FROM '{tmp_path / name}' AS row RETURN row.id AS id, row.name AS name ORDER BY id"
        assert graph.query(text).to_pylist() == ANN_AND_BO
    text = (
        f"LOAD FROM '{tmp_path}/late.csv' AS row WITH row.id AS id WHERE id IN ['7', 'x7', 7] RETURN collect(id) AS ids"
    )
    assert graph.query(text).to_pylist() == [{"ids": ["7", "x7"]}]
    text = f"LOAD FROM '{tmp_path}/late.csv' (TYPE id 'int') AS row RETURN count(*) AS n"
    with pytest.raises(gr.InvalidDataError, match="late.csv, line 2002: column `id`: 'x7' is no Int64"):
        graph.query(text)


def test_a_dry_run_shows_what_would_load_and_loads_nothing(tmp_path: Path) -> None:
    people, papers = tmp_path / "people.csv", tmp_path / "papers.parquet"
    people.write_text("id;name\n1;Ann\n2;\n")
    pq.write_table(pa.table({"pid": [7], "author": [[1, 2]], "year": [2024]}), papers)
    graph = gr.open(tmp_path / "g.grism")
    before = len(graph.history())
    preview = graph.load_nodes("Person", people, key="id", dry_run=True).preview
    assert preview is not None
    (table,) = preview.tables
    assert [(column.name, column.type, column.used_as) for column in table.columns] == [
        ("id", "Int64", "key"),
        ("name", "String", "property"),
    ]
    assert (table.rows, table.first_rows) == (2, [["1", "Ann"], ["2", None]])
    assert "';' between values" in table.read_as
    assert len(graph.history()) == before
    graph.load_nodes("Person", people, key="id")
    graph.execute("CREATE HYPEREDGE TYPE PAPER (author Person*)")
    report = graph.load_hyperedges("PAPER", papers, group_by="pid", dry_run=True)
    text = str(report)
    for line in [
        "the rows with one `pid` a hyperedge",
        "author: List<Int64>, role author (Person)",
        "nothing was loaded",
    ]:
        assert line in text
    assert graph.query("MATCH (p:PAPER) RETURN count(*) AS n").to_pylist() == [{"n": 0}]
    with pytest.raises(gr.InvalidDataError, match="people.csv: the table has no column `idd`; did you mean `id`"):
        graph.load_nodes("Other", people, key="idd", dry_run=True)
    stream = TABLE.to_reader()
    preview = graph.load_nodes("Person", stream, key="id", dry_run=True).preview
    assert preview is not None
    assert preview.tables[0].rows is None
    assert len(stream.read_all()) == 2


def test_all_tables_are_checked_before_the_first_is_read(tmp_path: Path) -> None:
    first, second = tmp_path / "1.csv", tmp_path / "2.csv"
    first.write_text("id,name\n1,Ann\n1,again\n")
    second.write_text("idd,name\n2,Bo\n")
    graph = gr.open()
    with pytest.raises(gr.InvalidDataError, match="2.csv: the column `idd` is not in the files before"):
        graph.load_nodes("T", [first, second], key="id")
    pq.write_table(TABLE.rename_columns(["x", "name"]), tmp_path / "3.parquet")
    with pytest.raises(gr.InvalidDataError, match="3.parquet: the table has no column `id`"):
        graph.load_nodes("T", [first, tmp_path / "3.parquet"], key="id")


def test_the_command_shows_what_it_reads(tmp_path: Path) -> None:
    path, graph = tmp_path / "a.csv", tmp_path / "g.grism"
    path.write_text("id;born\n1;03.02.1990\n2;-\n")

    def load(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(COMMAND), "load", str(graph), "T", str(path), "--key", "id", *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    done = load("--dry-run", "--date-format", "%d.%m.%Y", "--null", "-", "--null", "NA")
    assert (done.returncode, done.stderr) == (0, "")
    for text in ["';' between values", "id    Int64  key", "born  Date   property", "| 1 | 1990-02-03", "| 2 | null"]:
        assert text in done.stdout
    assert not graph.exists()
    done = load("--type", "born=date %d.%m.%Y", "--null", "-")
    assert (done.returncode, done.stdout) == (0, "")
    assert "read: " in done.stderr
    opened = gr.open(graph, create=False)
    assert rows(opened) == [{"id": 1, "born": date(1990, 2, 3)}, {"id": 2}]


def test_a_large_file_of_another_encoding_is_read_within_its_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    with path.open("w", encoding="utf-16") as file:
        file.write("id;text\n")
        for number in range(60_000):
            file.write(f"{number};Größe {'x' * 300}\n")
    graph = gr.open(tmp_path / "g.grism")
    report = graph.load_nodes("T", path, key="id", memory_limit=64 << 20)
    assert report.loaded == 60_000
    found = graph.query("MATCH (t:T {id: 59999}) RETURN left(t.text, 6) AS t, size(t.text) AS n").to_pylist()
    assert found == [{"t": "Größe ", "n": 306}]


def test_packed_files_are_read_whole_whatever_they_are_called(tmp_path: Path) -> None:
    text = b"id,v\n1,a\n2,b\n"
    two = gzip.compress(text[:9]) + gzip.compress(text[9:])
    for name, content in (
        ("A.CSV.GZ", gzip.compress(text)),
        ("B.Tsv.gz", gzip.compress(text.replace(b",", b"\t"))),
        ("several.csv.gz", two),
        ("padded.csv.gz", two + bytes(300_000)),
        ("plain.csv", two),
    ):
        (tmp_path / name).write_bytes(content)
        assert loaded(tmp_path / name)[0] == [{"id": 1, "v": "a"}, {"id": 2, "v": "b"}], name
    for name, content in (("tail.csv.gz", two + b"tail"), ("cut.csv.gz", two[:-9]), ("NOT.CSV.GZ", text)):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(gr.InvalidDataError, match=name):
            loaded(tmp_path / name)


def test_options_for_files_of_other_formats_are_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"id": [1]}), tmp_path / "t.parquet")
    (tmp_path / "t.jsonl").write_text('{"id": 1}\n')
    for option, value in (("delimiter", ";"), ("quote", "'"), ("header", True), ("null", "NA"), ("date_format", "%Y")):
        for name in ("t.parquet", "t.jsonl"):
            if (option, name) == ("date_format", "t.jsonl"):
                continue
            with pytest.raises(gr.UnsupportedError, match=f"{name}: the option {option} is for files of CSV"):
                loaded(tmp_path / name, **{option: value})
    for ending, option in (("parquet", "DELIMITER ';'"), ("jsonl", "HEADER true")):
        with pytest.raises(gr.UnsupportedError, match=f"the option {option.split()[0]} is for CSV"):
            gr.open().execute(f"COPY (RETURN 1 AS x) TO '{tmp_path}/o.{ending}' ({option})")
