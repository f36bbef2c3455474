"""Loads: every form of file, and files that are broken."""

from __future__ import annotations

import csv
import gzip
import json
from datetime import date
from typing import TYPE_CHECKING, Any

import lance
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

import grism_ray as gr

if TYPE_CHECKING:
    from pathlib import Path

ROWS = 20_000
TABLE = pa.table(
    {
        "id": list(range(ROWS)),
        "name": [None if i % 7 == 0 else f'p "{i}",\nof {i}' for i in range(ROWS)],
        "score": [i / 4 for i in range(ROWS)],
        "since": [date(2000 + i % 20, 1, 2) for i in range(ROWS)],
        "is_new": [i % 3 == 0 for i in range(ROWS)],
    }
)


def texts(row: dict[str, object]) -> list[str]:
    return ["" if value is None else str(value) for value in row.values()]


def write(path: Path, ending: str) -> None:
    rows = TABLE.to_pylist()
    if ending.startswith("csv"):
        packed = ending.endswith("gz")
        with gzip.open(path, "wt", newline="") if packed else path.open("w", newline="") as file:
            out = csv.writer(file)
            out.writerow(TABLE.column_names)
            out.writerows(map(texts, rows))
    elif ending == "jsonl":
        path.write_text("".join(json.dumps({**row, "since": str(row["since"])}) + "\n" for row in rows))
    elif ending == "parquet":
        pq.write_table(TABLE, path, row_group_size=3000)
    elif ending == "arrow":
        feather.write_feather(TABLE, str(path))
    else:
        lance.write_dataset(TABLE, str(path))


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "jsonl", "parquet", "arrow", "lance"])
def test_every_form_of_file_gives_the_same_rows(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"people.{ending}"
    write(path, ending)
    graph = gr.open(tmp_path / "g.grism")
    types = {"since": "date"} if ending == "jsonl" else None
    report = graph.load_nodes("Person", path, key="id", types=types)
    assert (report.rows, report.loaded, report.rejected) == (ROWS, ROWS, 0)
    columns = ", ".join(f"p.{name} AS {name}" for name in TABLE.column_names)
    found = graph.query(f"MATCH (p:Person) RETURN {columns} ORDER BY id").to_pylist()
    assert found == TABLE.to_pylist()


def test_many_files_are_one_load_and_columns_may_change_places(tmp_path: Path) -> None:
    for part in range(3):
        names = ["id", "name"] if part != 1 else ["name", "id"]
        lines = [",".join(str({"id": part * 10 + i, "name": f"n{i}"}[name]) for name in names) for i in range(10)]
        (tmp_path / f"part-{part}.csv").write_text("\n".join([",".join(names), *lines]))
    graph = gr.open()
    assert graph.load_nodes("Person", f"{tmp_path}/part-*.csv", key="id").loaded == 30
    assert len(graph.history()) == 2
    again = gr.open()
    assert again.load_nodes("Person", [tmp_path / "part-2.csv", tmp_path / "part-0.csv"], key="id").loaded == 20
    (tmp_path / "part-3.csv").write_text("id,nam\n99,x\n")
    with pytest.raises(gr.InvalidDataError, match="part-3.csv: the column `nam` is not in the files before"):
        gr.open().load_nodes("Person", f"{tmp_path}/part-*.csv", key="id")
    with pytest.raises(gr.NotFoundError, match="no file matches"):
        graph.load_nodes("Person", f"{tmp_path}/none-*.csv", key="id")


def test_csv_is_read_as_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "odd.txt"
    path.write_bytes(b"\xef\xbb\xbf'a b';zip;n\r\n'x;''y';007;1\r\n\r\nNA;008;NA\r\n'two\r\nlines';009;3")
    graph = gr.open()
    report = graph.load_nodes("Row", path, key="zip", format="csv", delimiter=";", quote="'", null="NA")
    assert report.loaded == 3
    found = graph.query("MATCH (r:Row) RETURN r.`a b` AS a, r.zip AS zip, r.n AS n ORDER BY zip").to_pylist()
    assert found == [
        {"a": "x;'y", "zip": "007", "n": 1},
        {"a": None, "zip": "008", "n": None},
        {"a": "two\r\nlines", "zip": "009", "n": 3},
    ]
    plain = tmp_path / "plain.csv"
    plain.write_text("1,2\n3,4\n")
    other = gr.open()
    other.load_nodes("Row", plain, key="column_1", header=False, types={"column_2": "string"})
    assert other.query("MATCH (r:Row) RETURN r.column_2 AS c ORDER BY c").to_pylist() == [{"c": "2"}, {"c": "4"}]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("cut.csv.gz", gzip.compress(b"id\n" + b"".join(b"%d\n" % i for i in range(9999)))[:-300], "cut off"),
        ("not.csv.gz", b"id\n1\n", "not.csv.gz"),
        ("not.csv.zst", b"id\n1\n", "not.csv.zst"),
        ("empty.csv", b"", "the file is empty"),
        ("wide.csv", "id\n1\n".encode("utf-32"), "UTF-32"),
        ("mixed.csv", b"id,n\n1,\xc3\xa9\xe9\n", "line 2: column `n`: .* is not UTF-8"),
        ("short.csv", b"id,n\n1,2\n3\n", "line 3: 1 values, and the file has 2 columns"),
        ("twice.csv", b"id,n\n1,2\n2,3\n1,4\n", "line 4: the key `id` = '1' is taken already"),
        ("null.csv", b"id,n\n1,2\n,3\n", "line 3: the key `id` is null"),
        ("same.csv", b"id,id\n1,2\n", "names the column `id` twice"),
        ("quote.csv", b'id,n\n1,"2\n3,4\n', "line 2"),
        ("bad.jsonl", b'{"id": 1}\n{"id": \n', "line 2"),
        ("cut.parquet", b"PAR1 and nothing more", "cut.parquet"),
        ("cut.arrow", b"ARROW1 and nothing more", "cut.arrow"),
        ("what.xlsx", b"", "the file format `xlsx` is not supported"),
    ],
)
def test_a_broken_file_is_named_and_leaves_nothing(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    graph = gr.open(tmp_path / "g.grism")
    with pytest.raises((gr.InvalidDataError, gr.UnsupportedError), match=message):
        graph.load_nodes("Thing", path, key="id")
    assert len(graph.history()) == 1
    assert graph.execute("SHOW LABELS").to_pylist() == []


def test_columns_may_be_called_as_anything(tmp_path: Path) -> None:
    names = ["_id", "_labels", "_rowid", "_distance", "__index", "a.b", "#x", "x~2"]
    path = tmp_path / "names.csv"
    path.write_text(",".join(["id", *names]) + "\n" + ",".join(str(i) for i in range(len(names) + 1)) + "\n")
    for graph in (gr.open(), gr.open(tmp_path / "g.grism")):
        graph.load_nodes("T", path, key="id")
        found = graph.query("MATCH (t:T) RETURN properties(t) AS p").to_pylist()[0]["p"]
        assert found == {"id": 0, **{name: i for i, name in enumerate(names, 1)}}


def test_rejects_are_told_and_all_are_kept(tmp_path: Path) -> None:
    path, rejects = tmp_path / "many.csv", tmp_path / "rejects.csv"
    with path.open("w") as file:
        file.write("id,n\n")
        file.writelines(f"{i},{i}\n" if i % 2 == 0 or i < 3000 else f"{i},x{i}\n" for i in range(250_000))
    graph = gr.open(tmp_path / "g.grism")
    with pytest.raises(gr.InvalidDataError, match="line 3003: column `n`: 'x3001' is no Int64"):
        graph.load_nodes("Row", path, key="id", types={"n": "int"})
    with pytest.raises(gr.InvalidQueryError, match="no reject file is named"):
        graph.load_nodes("Row", path, key="id", bad_rows="reject")
    report = graph.load_nodes("Row", path, key="id", bad_rows="reject", rejects=rejects)
    assert (report.rows, report.loaded, report.rejected) == (250_000, 126_500, 123_500)
    assert report.rejects_written == 123_500
    with rejects.open() as file:
        lines = list(csv.reader(file))
    assert len(lines) == 123_501
    assert lines[0] == ["_file", "_line", "_column", "_reason", "id", "n"]
    assert lines[1] == [str(path), "3003", "n", "column `n`: 'x3001' is no Int64", "3001", "x3001"]
    assert graph.query("MATCH (r:Row) RETURN count(*) AS n, sum(r.n) AS s").to_pylist() == [
        {"n": 126_500, "s": sum(i for i in range(250_000) if i % 2 == 0 or i < 3000)}
    ]


def test_keys_meet_as_integers_and_as_texts(tmp_path: Path) -> None:
    graph = gr.open(tmp_path / "g.grism")
    graph.load_nodes("A", pa.table({"id": [1, 20, 3_000_000_000]}), key="id")
    graph.load_nodes("B", pa.table({"id": ["1", "020", "x"]}), key="id")
    ends = {"source": ("A", "a"), "target": ("B", "b")}
    table = pa.table({"a": ["1", "20", "3000000000"], "b": ["x", "020", "1"]})
    assert graph.load_hyperedges("R", table, ends).loaded == 3
    with pytest.raises(gr.InvalidDataError, match="'020' does not exist"):
        graph.load_hyperedges("R", pa.table({"a": ["020"], "b": ["x"]}), ends)
    assert graph.load_hyperedges("R", pa.table({"a": [1], "b": [1]}), ends).loaded == 1
    with pytest.raises(gr.InvalidDataError, match="keys are integers or texts"):
        graph.load_hyperedges("R", pa.table({"a": [1.5], "b": [1]}), ends)
    report = graph.load_hyperedges("R", pa.table({"a": [7, 7], "b": ["x", "y"]}), ends, missing="create")
    assert report.created == {"A": 1, "B": 1}
    assert graph.query("MATCH (:A {id: 7})-[:R]->(b) RETURN b.id AS b ORDER BY b").to_pylist() == [
        {"b": "x"},
        {"b": "y"},
    ]
    assert graph.check()["problems"] == []


def test_a_stream_is_read_as_it_comes(tmp_path: Path) -> None:
    schema = pa.schema({"id": pa.int64()})

    def batches(broken: bool) -> object:
        for part in range(50):
            yield pa.record_batch({"id": list(range(part * 1000, part * 1000 + 1000))}, schema=schema)
        if broken:
            message = "the source broke"
            raise OSError(message)

    graph = gr.open(tmp_path / "g.grism")
    broken = pa.RecordBatchReader.from_batches(schema, batches(True))
    with pytest.raises(gr.GrismError, match="the source broke"):
        graph.load_nodes("N", broken, key="id")
    assert len(graph.history()) == 1
    whole = pa.RecordBatchReader.from_batches(schema, batches(False))
    assert graph.load_nodes("N", whole, key="id", memory_limit=1 << 20).loaded == 50_000
    assert graph.query("MATCH (n:N) RETURN count(DISTINCT n.id) AS n").to_pylist() == [{"n": 50_000}]


def test_codes_and_long_numbers_stay_texts(tmp_path: Path) -> None:
    path = tmp_path / "codes.csv"
    path.write_text("id,zip,long\na,01234,12345678901234567890\nb,02345,1\n")
    graph = gr.open()
    graph.load_nodes("A", path, key="id")
    found = graph.query("MATCH (a:A) RETURN a.zip AS zip, a.long AS long ORDER BY zip").to_pylist()
    assert found == [{"zip": "01234", "long": "12345678901234567890"}, {"zip": "02345", "long": "1"}]
    path.write_text("id,n\n" + "".join(f"{i},{i}\n" for i in range(1500)) + "x,007\n")
    graph = gr.open()
    report = graph.load_nodes("A", path, key="id", types={"id": "string"})
    assert "line 1502: column `n`: '007' is a code" in report.warnings[0]
    assert graph.query("MATCH (a:A) WHERE a.n IN ['007', '3'] RETURN count(*) AS n").to_pylist() == [{"n": 2}]
    graph = gr.open()
    graph.load_nodes("A", path, key="id", types={"id": "string", "n": "int"})
    assert graph.query("MATCH (a:A {id: 'x'}) RETURN a.n AS n").to_pylist() == [{"n": 7}]


def test_a_header_alone_tells_no_types(tmp_path: Path) -> None:
    (tmp_path / "1.csv").write_text("id,n\n")
    (tmp_path / "2.csv").write_text("id,n\n5,1\n")
    graph = gr.open()
    assert graph.load_nodes("A", f"{tmp_path}/*.csv", key="id").loaded == 1
    assert graph.query("MATCH (a:A) RETURN a.id AS id, a.n AS n").to_pylist() == [{"id": 5, "n": 1}]
    empty = gr.open()
    assert empty.load_nodes("A", tmp_path / "1.csv", key="id").loaded == 0
    assert empty.query("MATCH (a:A) RETURN count(*) AS n").to_pylist() == [{"n": 0}]


def test_tabs_stand_between_the_values_of_tsv(tmp_path: Path) -> None:
    path = tmp_path / "t.tsv"
    path.write_text("id\tname\n1\ta,b\n")
    graph = gr.open()
    graph.load_nodes("A", path, key="id")
    assert graph.query("MATCH (a:A) RETURN a.name AS n").to_pylist() == [{"n": "a,b"}]


def test_a_quote_within_a_plain_value_is_itself(tmp_path: Path) -> None:
    path = tmp_path / "q.csv"
    rows = 300_000
    with path.open("w") as file:
        file.write('id,name\n0,5" pipe\n')
        file.writelines(f'{i},"a ""{i}""\nb"\n' for i in range(1, rows))
    graph = gr.open(tmp_path / "g.grism")
    assert graph.load_nodes("A", path, key="id").loaded == rows
    found = graph.query("MATCH (a:A) WHERE a.id IN [0, 299999] RETURN a.name AS n ORDER BY a.id").to_pylist()
    assert found == [{"n": '5" pipe'}, {"n": 'a "299999"\nb'}]


def test_json_lines_that_do_not_fit_are_rejected_alone(tmp_path: Path) -> None:
    path, rejects = tmp_path / "r.jsonl", tmp_path / "rejects.csv"
    path.write_text('{"id": 1, "a": 2}\n{"id": 2, "a":\n{"id": 3, "a": "x"}\n{"id": 4, "b": [1]}\n')
    graph = gr.open()
    report = graph.load_nodes("A", path, key="id", bad_rows="reject", rejects=rejects)
    assert (report.loaded, report.rejected) == (3, 1)
    found = graph.query("MATCH (a:A) RETURN a.id AS id, a.a AS a, a.b AS b ORDER BY id").to_pylist()
    assert [row["a"] for row in found] == [2, "x", None]
    with pytest.raises(gr.InvalidQueryError, match="one of the files that are loaded"):
        graph.load_nodes("R", rejects, key="_line", bad_rows="reject", rejects=rejects)


def test_members_have_the_label_that_is_asked_for(tmp_path: Path) -> None:
    graph = gr.open(tmp_path / "g.grism")
    graph.load_nodes("A", pa.table({"id": [1, 2, 3]}), key="id")
    graph.execute("MATCH (n:A {id: 1}) SET n:B")
    graph.execute("MATCH (n:A {id: 3}) REMOVE n:A")
    ends = {"source": ("B", "a"), "target": ("A", "b")}
    table = pa.table({"a": [1, 2, 9], "b": [1, 2, 3]})
    report = graph.load_hyperedges("E", table, ends, missing="create")
    assert report.created == {"A": 1, "B": 2}
    text = "MATCH (x)-[:E]->(y) RETURN x.id AS x, labels(x) AS lx, y.id AS y, labels(y) AS ly ORDER BY x"
    assert graph.query(text).to_pylist() == [
        {"x": 1, "lx": ["A", "B"], "y": 1, "ly": ["A", "B"]},
        {"x": 2, "lx": ["B"], "y": 2, "ly": ["A"]},
        {"x": 9, "lx": ["B"], "y": 3, "ly": ["A"]},
    ]
    assert graph.load_nodes("B", pa.table({"id": [7]}), key="id").loaded == 1
    assert graph.check()["problems"] == []


def test_created_members_have_keys_of_their_type(tmp_path: Path) -> None:
    graph = gr.open(tmp_path / "g.grism")
    graph.load_nodes("P", pa.table({"id": [1, 2, 7]}), key="id")
    ends = {"source": ("P", "a"), "target": ("P", "b")}
    table = pa.table({"a": ["1", "x", "50", None], "b": ["2", "1", "+7", "60"]})
    first = table.slice(0, 1)
    with pytest.raises(gr.InvalidDataError, match="row 4: the role `source` is required"):
        graph.load_hyperedges("E", pa.concat_tables([first, first, first, table.slice(3)]), ends, missing="create")
    with pytest.raises(gr.InvalidDataError, match="row 2: source 'x' is no Int64, as keys of P are"):
        graph.load_hyperedges("E", table.slice(0, 3), ends, missing="create")
    rejects = tmp_path / "rejects.csv"
    report = graph.load_hyperedges("E", table, ends, missing="create", bad_rows="reject", rejects=rejects)
    assert (report.loaded, report.rejected, report.created) == (1, 3, {})
    assert graph.query("MATCH (p:P) RETURN count(*) AS n").to_pylist() == [{"n": 3}]
    assert len(rejects.read_text().splitlines()) == 4


def test_file_uris_name_what_their_escapes_say(tmp_path: Path) -> None:
    place = tmp_path / "run [1]"
    for directory, name in ((place, "Ann"), (tmp_path / "run 1", "Bob")):
        directory.mkdir()
        pq.write_table(pa.table({"name": [name]}), directory / "people.parquet")
    graph = gr.open((place / "g.grism").as_uri())
    assert (place / "g.grism").is_dir()
    # The brackets are those of the directory, and the star is one of a pattern.
    report = graph.load_nodes("Person", place.as_uri() + "/*.parquet", key="name")
    assert report.loaded == 1
    out = place / "out.csv"
    graph.execute(f"COPY Person TO '{out.as_uri().replace('.', '%2E')}'")
    assert out.read_text().split() == ["name", "Ann"]
    with pytest.raises(gr.InvalidDataError, match="absolute path"):
        graph.execute("COPY Person TO 'file://host/out.csv'")
    with pytest.raises(gr.NotFoundError, match="no file matches"):
        graph.load_nodes("Person", (tmp_path / "run 1" / "pe*.parquet").as_uri(), key="name")


@pytest.mark.parametrize("reject", [False, True])
def test_a_column_that_is_empty_at_first_has_the_type_of_what_comes(tmp_path: Path, reject: bool) -> None:
    options: dict[str, Any] = {"bad_rows": "reject", "rejects": str(tmp_path / "bad.csv")} if reject else {}
    empty = "".join(f"{row},,,\n" for row in range(1100))
    (tmp_path / "a.csv").write_text(f"id,n,day,text\n{empty}5000,7,2026-01-02,x\n")
    for part, row in enumerate(["1,,,", "2,7,2026-01-02,x"]):
        (tmp_path / f"p{part}.csv").write_text(f"id,n,day,text\n{row}\n")
    for files in (tmp_path / "a.csv", str(tmp_path / "p*.csv")):
        graph = gr.open()
        report = graph.load_nodes("T", files, key="id", **options)
        assert report.rejected == 0
        found = graph.query("MATCH (t:T) WHERE t.n > 1 RETURN t.n AS n, t.day AS day, t.text AS text").to_pylist()
        assert found == [{"n": 7, "day": date(2026, 1, 2), "text": "x"}]
